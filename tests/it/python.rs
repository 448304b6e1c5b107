//! Virtualenvs: built at their final path, from what the files ask for, by uv or by venv and pip. No network: the
//! packages are wheels made here.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::site::{Done, Site, operation};

mod reuse;

/// A site whose requirements come from wheels made for it.
pub(crate) fn site(python: &str) -> Site {
    let site = Site::new("web1=web db1=db", "");
    let wheels = site.path("wheels");
    std::fs::create_dir(&wheels).expect("a directory");
    for (name, version, needs) in
        [("shopdep", "1.0", None), ("shopdep", "2.0", None), ("shoplib", "1.0", Some("shopdep"))]
    {
        make_wheel(&wheels, name, version, needs);
    }
    let offline = format!("args = [\"--no-index\", \"--find-links\", '{}']", wheels.display());
    site.configure(&format!("[python]\n{python}\n{offline}\n"));
    site.write("code/requirements.txt", "shoplib==1.0\nshopdep==1.0\n");
    site
}

/// A wheel with one module, and a command named after it.
fn make_wheel(directory: &Path, name: &str, version: &str, needs: Option<&str>) {
    let file = File::create(directory.join(format!("{name}-{version}-py3-none-any.whl"))).expect("a file");
    let mut wheel = zip::ZipWriter::new(file);
    let info = format!("{name}-{version}.dist-info");
    let requires = needs.map(|needs| format!("Requires-Dist: {needs}\n")).unwrap_or_default();
    let files = [
        (format!("{name}.py"), format!("version = {version:?}\ndef main(): print(version)\n")),
        (format!("{name}_more/__init__.py"), "def where(): raise LookupError(__file__)\n".into()),
        (format!("{info}/METADATA"), format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}")),
        (
            format!("{info}/WHEEL"),
            "Wheel-Version: 1.0\nGenerator: relm\nRoot-Is-Purelib: true\nTag: py3-none-any\n".into(),
        ),
        (format!("{info}/entry_points.txt"), format!("[console_scripts]\n{name}-say = {name}:main\n")),
    ];
    let list = files.iter().fold(String::new(), |list, (path, text)| list + &listed(path, text));
    let list = (format!("{info}/RECORD"), format!("{list}{info}/RECORD,,\n"));
    for (path, text) in files.into_iter().chain([list]) {
        wheel.start_file(path, zip::write::SimpleFileOptions::default()).expect("an entry");
        wheel.write_all(text.as_bytes()).expect("an entry");
    }
    wheel.finish().expect("a wheel");
}

/// A line of a wheel's RECORD.
fn listed(path: &str, text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let bits = digest.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)).collect::<Vec<u8>>();
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".as_bytes();
    let digit = |six: &[u8]| six.iter().fold(0, |sum, bit| sum * 2 + usize::from(*bit)) << (6 - six.len());
    let hash: String = bits.chunks(6).map(|six| char::from(digits[digit(six)])).collect();
    format!("{path},sha256={hash},{}\n", text.len())
}

/// uv as `tests/run` installs it, or one of the machine.
pub(crate) fn offer_uv(site: &Site) {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin/uv");
    let uv = if tools.exists() { tools } else { machine_s_uv().expect("uv is missing: tests/run installs it") };
    site.shadow("uv", &format!("#!/bin/sh\nexec '{}' \"$@\"\n", uv.display()));
}

fn machine_s_uv() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|directory| directory.join("uv")).find(|uv| uv.exists())
}

pub(crate) fn say(site: &Site, command: &str) -> String {
    site.relm_with(["run", "--hosts", "web1", "--", "sh", "-c", command]).ends(0).stdout.replace("web1 | ", "")
}

fn holds_exactly_what_is_asked_for(site: &Site) {
    site.relm("deploy").ends(0);
    let release = say(site, "pwd").trim().to_owned();
    assert_eq!(say(site, "python_env/bin/shoplib-say"), "1.0\n");
    let shebang = say(site, "head -n 1 python_env/bin/shopdep-say");
    assert!(shebang.contains(&format!("{release}/python_env")), "{shebang} is not of {release}");
    // What the next release does not ask for is not in it, and nothing of it points to the release before.
    site.write("code/requirements.txt", "shopdep==2.0\n");
    site.relm("deploy").ends(0);
    assert_eq!(say(site, "python_env/bin/shopdep-say"), "2.0\n");
    assert_eq!(say(site, "python_env/bin/python -c 'import shoplib' 2>/dev/null || echo absent"), "absent\n");
    let stale = say(site, &format!("grep -rlF {release} python_env | head -n 3; true"));
    assert_eq!(stale, "", "paths of the release before");
}

#[test]
fn pip_builds_what_the_files_ask_for() {
    holds_exactly_what_is_asked_for(&site("installer = \"pip\"\nroles = [\"web\"]"));
}

#[test]
fn uv_builds_what_the_files_ask_for() {
    let site = site("installer = \"uv\"");
    offer_uv(&site);
    holds_exactly_what_is_asked_for(&site);
}

#[test]
fn uv_is_taken_where_the_host_has_it_and_pip_where_not() {
    let site = site("requirements = [\"requirements.txt\", \"more/extra.txt\"]");
    site.write("code/requirements.txt", "shopdep==1.0\n");
    site.write("code/more/extra.txt", "shoplib\n");
    offer_uv(&site);
    site.relm("deploy -v").ends(0).says(&["uv venv"]);
    site.unshadow("uv");
    if machine_s_uv().is_none() {
        site.relm("deploy -v").ends(0).says(&["python3 -m venv"]);
    }
    assert_eq!(say(&site, "python_env/bin/shoplib-say"), "1.0\n");
}

#[test]
fn uv_is_brought_to_hosts_that_lack_it() {
    let site = site("installer = \"uv\"\nroles = [\"web\"]\nbring_uv = \"uv\"");
    let path = site.path_without(&["uv"]);
    let relm = || Done::from(site.command(["deploy", "-v"]).env("PATH", &path).output().expect("a process"));
    let is_brought = || relm().ends(0).says(&["uv venv"]).stderr.contains("no uv is on this host: bringing one");
    // Nothing to be brought, and then a uv.
    relm().ends(1).says(&["what is to be sent cannot be read: ", "/uv: No such file"]);
    offer_uv(&site);
    std::fs::rename(site.path("bin/uv"), site.path("uv")).expect("a uv");
    assert!(is_brought());
    let tools = site.host("web1").path(".relm/tools");
    let there = || std::fs::read_dir(&tools).expect("tools").map(|entry| entry.expect("an entry").path()).collect();
    let first: Vec<PathBuf> = there();
    assert!(
        first.len() == 1 && std::fs::read(&first[0]).expect("a uv") == std::fs::read(site.path("uv")).expect("a uv")
    );
    // It stays, unless it is not what it was.
    site.write("code/requirements.txt", "shopdep==2.0\n");
    assert!(!is_brought());
    std::fs::write(&first[0], "damaged").expect("a file");
    site.write("code/requirements.txt", "shopdep==1.0\n");
    assert!(is_brought());
    assert!(there() == first && say(&site, "python_env/bin/shopdep-say") == "1.0\n");

    // One for another kind of machine.
    std::fs::write(&first[0], "damaged").expect("a file");
    site.write("uv", "\x7fELF");
    site.write("code/requirements.txt", "shopdep==2.0\n");
    relm().ends(1).says(&["the uv that was brought does not run on this host", "uv is not on this host, and Releases"]);
    assert_eq!(there(), first, "it is not kept");
}

#[test]
fn a_failing_install_leaves_the_release_failed_and_shows_the_installer_s_words() {
    let site = site("installer = \"pip\"\nroles = [\"web\"]");
    let good = site.deploy();
    site.write("code/requirements.txt", "shopdep==9.0\n");
    let done = site.relm("deploy").ends(1);
    done.says(&["build_virtualenv failed", "No matching distribution found for shopdep==9.0", "nothing changed"]);
    for host in site.hosts() {
        assert_eq!(host.current().as_deref(), Some(good.as_str()));
        let failed = host.releases().into_iter().find(|name| *name != good).expect("the failed release");
        assert_eq!(host.state(&failed), "failed");
    }
}

#[test]
fn what_is_missing_on_the_host_is_said() {
    let site = site("python = \"python9\"");
    site.relm("deploy").ends(1).says(&["python9 is not on this host"]);
    site.configure("[python]\nrequirements = [\"no.txt\"]\ninstaller = \"pip\"\n");
    site.relm("deploy").ends(1).says(&["the release has no no.txt"]);
    site.configure("[python]\nproject = true\ninstaller = \"pip\"\n");
    site.write("code/pyproject.toml", "[project]\nname = \"shop\"\nversion = \"1\"\n");
    site.write("code/uv.lock", "version = 1\n");
    site.relm("deploy").ends(1).says(&["uv.lock needs uv"]);
}

#[test]
fn a_lock_file_is_followed_by_uv() {
    let site = site("project = true");
    offer_uv(&site);
    let project = "[project]\nname = \"shop\"\nversion = \"1\"\nrequires-python = \">=3.8\"\ndependencies = []\n";
    let lock = "version = 1\nrequires-python = \">=3.8\"\n\n[[package]]\nname = \"shop\"\nversion = \"1\"\nsource = { virtual = \".\" }\n";
    site.write("code/pyproject.toml", project);
    site.write("code/uv.lock", lock);
    site.relm("deploy").ends(0);
    assert_eq!(say(&site, "python_env/bin/python -c 'import sys; print(sys.prefix != sys.base_prefix)'"), "True\n");
    site.write("code/pyproject.toml", project.replace("[]", "[\"shopdep\"]"));
    site.relm("deploy").ends(1).says(&["build_virtualenv failed"]);
}

#[test]
fn a_command_of_one_s_own_installs_into_the_active_environment() {
    let command = "python -m pip install --no-index --find-links \\\"$SITE/wheels\\\" shopdep==2.0";
    let site = site(&format!("command = \"{command}\"\ninstaller = \"pip\"\nroles = [\"web\"]"));
    site.relm("deploy").ends(0);
    assert_eq!(say(&site, "python_env/bin/shopdep-say"), "2.0\n");
    assert!(!site.host("db1").path("www/test/current/python_env").exists(), "only hosts with the role get one");
}

#[test]
fn the_app_s_operations_find_the_environment_ready() {
    let site = site("installer = \"pip\"\nroles = [\"web\"]");
    let wheels = site.path("wheels");
    let python = format!(
        "[python]\ninstaller = \"pip\"\nroles = [\"web\"]\nargs = [\"--no-index\", \"--find-links\", {wheels:?}]\n"
    );
    let check = operation("check", "prepare", "roles = [\"web\"]", "python_env/bin/shoplib-say > said");
    site.configure(&format!("{python}{check}"));
    site.relm("deploy").ends(0);
    assert_eq!(say(&site, "cat said"), "1.0\n");
}

/// After the packages, into whichever virtualenv it is; and another one is built when it is another command.
fn runs_what_comes_afterwards(site: &Site, more: &str) {
    let settings = |version: &str| {
        format!(
            "[python]\n{more}\nroles = [\"web\"]\noffline = \"{}\"\n\
             post = [\"pip install 'shopdep=={version}'\", \"python -c 'import shopdep; print(shopdep.version)' >>$SITE/log\"]\n",
            site.path("wheels").display()
        )
    };
    site.write("code/requirements.txt", "shopdep==1.0\n");
    site.configure(&settings("2.0"));
    site.relm("deploy").ends(0);
    assert_eq!(say(site, "python_env/bin/shopdep-say"), "2.0\n");
    assert_eq!(site.take_log(), ["2.0"]);
    site.relm("deploy -v").ends(0).says(&["reused the virtualenv"]);
    assert_eq!(say(site, "python_env/bin/shopdep-say"), "2.0\n");
    assert_eq!(site.take_log(), [""; 0]);
    site.configure(&settings("1.0"));
    site.relm("deploy").ends(0);
    assert_eq!((say(site, "python_env/bin/shopdep-say").as_str(), site.take_log()), ("1.0\n", vec!["1.0".to_owned()]));
    let live = site.live();
    site.configure(&settings("3.0"));
    site.relm("deploy").ends(1).says(&["a command of `post` exited with 1"]);
    assert_eq!(site.live(), live);
}

#[test]
fn commands_for_afterwards_see_pip() {
    runs_what_comes_afterwards(&site(""), "installer = \"pip\"");
}

#[test]
fn commands_for_afterwards_see_uv_as_pip() {
    let site = site("");
    offer_uv(&site);
    runs_what_comes_afterwards(&site, "installer = \"uv\"");
}

#[test]
fn the_installer_sees_variables_and_a_directory_of_the_release() {
    let site = site("");
    let wheels = site.path("wheels");
    site.write("code/requirements.txt", "shopdep==1.0\n");
    let settings = "[python]\ninstaller = \"pip\"\nroles = [\"web\"]\n";
    let told = format!("[environment]\nPIP_NO_INDEX = \"1\"\nPIP_FIND_LINKS = \"{}\"\n", wheels.display());
    site.configure(&format!("{settings}{told}"));
    site.relm("deploy").ends(0);
    assert_eq!(say(&site, "python_env/bin/shopdep-say"), "1.0\n");
    // Wheels that come with the code; they are asked for in the same words in every release.
    site.write(
        "code/wheels/shopdep-2.0-py3-none-any.whl",
        std::fs::read(wheels.join("shopdep-2.0-py3-none-any.whl")).expect("a wheel"),
    );
    site.write("code/requirements.txt", "shopdep==2.0\n");
    site.configure(&format!("{settings}offline = \"wheels\"\n"));
    site.relm("deploy").ends(0);
    assert_eq!(say(&site, "python_env/bin/shopdep-say"), "2.0\n");
    site.relm("deploy -v").ends(0).says(&["reused the virtualenv"]);
    site.write("code/requirements.txt", "shopdep==1.0\n");
    site.relm("deploy").ends(1).says(&["build_virtualenv failed"]);
}
