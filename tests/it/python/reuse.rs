//! A release gets its virtualenv out of an older release's where requirements, interpreter and installer are the same.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use crate::python::{machine_s_uv, make_wheel, offer_uv, say, site};
use crate::site::{Site, kill};

const KEY: &str = include_str!("../../../src/operations/build_virtualenv/key.py");

/// Whatever is listed in a RECORD is what it says.
const VERIFY: &str = r#"
import base64, csv, glob, hashlib, os, sys, sysconfig
site = sysconfig.get_path("purelib")
seen = 0
for record in glob.glob(site + "/*.dist-info/RECORD"):
    for path, hashed, size in csv.reader(open(record)):
        if hashed:
            data = open(os.path.join(site, path), "rb").read()
            right = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            assert hashed == "sha256=" + right and int(size) == len(data), path
            seen += 1
assert seen > 4
print("right")
"#;

/// `site`, with only one host with the role that gets a virtualenv.
fn one(python: &str) -> Site {
    let site = site(&format!("{python}\nroles = [\"web\"]"));
    site.write("verify.py", VERIFY);
    site
}

/// Takes away what an installer needs.
fn lose_packages(site: &Site) {
    fs::rename(site.path("wheels"), site.path("gone")).expect("packages");
}

fn bring_packages_back(site: &Site) {
    fs::rename(site.path("gone"), site.path("wheels")).expect("packages");
}

/// Fails if a file, a link or a name below a directory holds the text.
fn holds_nowhere(directory: &Path, text: &str) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let data = match fs::symlink_metadata(&path).expect("a state").file_type() {
            kind if kind.is_symlink() => fs::read_link(&path).expect("a link").into_os_string().into_encoded_bytes(),
            kind if kind.is_dir() => {
                holds_nowhere(&path, text);
                Vec::new()
            }
            _ => fs::read(&path).expect("a file"),
        };
        let found = data.windows(text.len()).any(|part| part == text.as_bytes());
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(!found && !name.contains(text), "{} holds {text}", path.display());
    }
}

fn edit(path: &Path, text: &str) {
    let mut file = fs::OpenOptions::new().append(true).open(path).expect("a file");
    file.write_all(text.as_bytes()).expect("a file");
}

/// A file of an environment's packages.
fn package(site: &Site, release: &str, name: &str) -> std::path::PathBuf {
    let lib = site.host("web1").release(release).join("python_env/lib");
    let python = fs::read_dir(lib).expect("lib").next().expect("an entry").expect("an entry").path();
    python.join("site-packages").join(name)
}

fn works_at_its_own_path(site: &Site, old: &str, pip: bool) {
    let new = site.live();
    assert_ne!(new, old);
    let release = site.host("web1").release(&new);
    holds_nowhere(&release.join("python_env"), old);
    let env = release.join("python_env").display().to_string();
    assert_eq!(say(site, "python_env/bin/shoplib-say"), "1.0\n");
    assert!(say(site, "head -n 3 python_env/bin/shopdep-say").contains(&env));
    assert_eq!(say(site, "python_env/bin/python -c 'import sys; print(sys.prefix)'"), format!("{env}\n"));
    assert_eq!(say(site, ". python_env/bin/activate; echo $VIRTUAL_ENV"), format!("{env}\n"));
    let trace = say(site, "python_env/bin/python -c 'import shopdep_more; shopdep_more.where()' 2>&1; true");
    assert!(trace.contains(&format!("File \"{env}/lib")), "{trace}");
    let cached = say(site, "python_env/bin/python -v -c 'import shopdep_more' 2>&1 | grep 'matches.*shopdep_more'");
    assert!(cached.contains("__pycache__"), "what was compiled is not used: {cached}");
    assert_eq!(say(site, "python_env/bin/python \"$SITE/verify.py\""), "right\n");
    if pip {
        assert_eq!(say(site, "python_env/bin/python -m pip check"), "No broken requirements found.\n");
    }
}

fn runs_no_installer(site: &Site, pip: bool) {
    let first = site.deploy();
    lose_packages(site);
    site.relm("deploy -v").ends(0).says(&[&format!("reused the virtualenv of {first}")]);
    works_at_its_own_path(site, &first, pip);
    // Its likeness may be the next one's origin, and the older ones may go.
    let second = site.live();
    site.relm("deploy -v").ends(0).says(&[&format!("reused the virtualenv of {second}")]);
    site.relm("clean-releases --keep 1").ends(0);
    assert!(!site.host("web1").release(&first).exists());
    let second_s = site.host("web1").release(&second);
    fs::rename(&second_s, site.path("second")).expect("the release before");
    works_at_its_own_path(site, &first, pip);
    works_at_its_own_path(site, &second, pip);
    fs::rename(site.path("second"), second_s).expect("the release before");
    // What was linked to is not taken for edited, with the other link or without.
    site.relm(&format!("verify --release {second}")).ends(0);
    site.relm("verify").ends(0);
    // An edit of a module stays in its release.
    let third = site.live();
    if pip {
        edit(&package(site, &third, "shopdep.py"), "edited = 1\n");
        assert!(!fs::read_to_string(package(site, &second, "shopdep.py")).expect("a file").contains("edited"));
    }
    bring_packages_back(site);
    site.write("code/requirements.txt", "shopdep==2.0\n");
    let done = site.relm("deploy -v").ends(0);
    assert!(!done.stderr.contains("reused"), "{}", done.stderr);
    assert_eq!(say(site, "python_env/bin/shopdep-say"), "2.0\n");
}

#[test]
fn unchanged_requirements_run_no_pip() {
    runs_no_installer(&one("installer = \"pip\""), true);
}

#[test]
fn unchanged_requirements_run_no_uv_but_to_ask_its_version() {
    let site = one("installer = \"uv\"");
    offer_uv(&site);
    runs_no_installer(&site, false);
}

#[test]
fn a_virtualenv_that_was_touched_is_built_anew_and_only_that_one() {
    let site = site("installer = \"pip\"");
    let first = site.deploy();
    edit(&package(&site, &first, "shopdep.py"), "edited = 1\n");
    let done = site.relm("deploy -v").ends(0);
    done.says(&[
        &format!("web1 | the virtualenv of {first} is not as it was built, and not used again: lib"),
        "shopdep.py",
        &format!("db1  | reused the virtualenv of {first}"),
    ]);
    let second = site.live();
    assert!(!fs::read_to_string(package(&site, &second, "shopdep.py")).expect("a file").contains("edited"));
    // What is not one of its files counts, too; a mode or an owner set anew does not.
    fs::write(package(&site, &second, "more.pth"), "").expect("a file");
    let db1 = site.host("db1").release(&second).join("python_env/lib");
    assert!(Command::new("chmod").arg("-R").arg("u+w").arg(db1).status().expect("chmod").success());
    let words = format!("web1 | the virtualenv of {second} is not as it was built");
    site.relm("deploy -v").ends(0).says(&[&words, "more.pth", &format!("db1  | reused the virtualenv of {second}")]);
}

/// uv links files out of its cache, so that an edit in one environment is an edit of the cache.
#[test]
fn an_edit_that_has_reached_uv_s_cache_does_not_come_back() {
    let site = one("installer = \"uv\"");
    offer_uv(&site);
    let first = site.deploy();
    edit(&package(&site, &first, "shopdep.py"), "edited = 1\n");
    site.relm("deploy -v").ends(0).says(&["is not as it was built", "edited in the cache of uv"]);
    assert!(!fs::read_to_string(package(&site, &site.live(), "shopdep.py")).expect("a file").contains("edited"));
}

#[test]
fn open_versions_are_looked_up_again_unless_the_file_says_otherwise() {
    let site = one("installer = \"pip\"");
    let configure = |reuse: &str| {
        let wheels = site.path("wheels");
        let args = format!("args = [\"--no-index\", \"--find-links\", {wheels:?}]\nroles = [\"web\"]");
        site.configure(&format!("[python]\ninstaller = \"pip\"\n{args}\n{reuse}"));
    };
    site.write("code/requirements.txt", "shopdep==2.0\n-r more.txt\n");
    site.write("code/more.txt", "shoplib\n");
    configure("");
    site.deploy();
    make_wheel(&site.path("wheels"), "shoplib", "1.1", None);
    site.relm("deploy -v").ends(0).says(&["more.txt, requirement 1, asks for no exact version"]);
    assert_eq!(say(&site, "python_env/bin/shoplib-say"), "1.1\n");
    make_wheel(&site.path("wheels"), "shoplib", "1.2", None);
    configure("reuse = \"always\"");
    site.relm("deploy").ends(0);
    site.relm("deploy -v").ends(0).says(&["reused the virtualenv"]);
    configure("reuse = \"never\"");
    let done = site.relm("deploy -v").ends(0);
    assert!(!done.stderr.contains("reused"), "{}", done.stderr);
    assert_eq!(say(&site, "python_env/bin/shoplib-say"), "1.2\n");
}

#[test]
fn a_virtualenv_whose_installer_was_killed_is_not_used_again() {
    let site = one("installer = \"uv\"");
    offer_uv(&site);
    let uv = fs::read_to_string(site.path("bin/uv")).expect("a file");
    let stuck = "case $1 in pip) echo half > python_env/half; echo $$ > \"$SITE/pid\"; mv \"$SITE/pid\" \"$SITE/stuck\"; sleep 600 ;; esac\n";
    site.write("bin/uv", uv.replace("exec ", &format!("{stuck}exec ")));
    let run = site.start("deploy");
    site.await_file("stuck");
    kill(site.read("stuck").trim(), "KILL");
    let done = crate::site::Done::from(run.wait_with_output().expect("a process"));
    done.ends(1);
    site.write("bin/uv", uv);
    site.relm("deploy -v").ends(0).says(&["no release here has a virtualenv for the same requirements"]);
    works_at_its_own_path(&site, "half", false);
}

/// Each line: requirements, a second file, why there is no reuse.
const ASKED: &[(&str, &str, &str)] = &[
    ("a==1.0", "", ""),
    ("# nothing\n\na == 1.0 ; python_version > '3'  # why\nb[x,y]===2", "", ""),
    ("a==1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n--index-url https://x/simple", "", ""),
    ("a>=1.0", "", "requirements.txt, requirement 1, asks for no exact version"),
    ("a==1.*", "", "requirements.txt, requirement 1, asks for no exact version"),
    ("a==1.0,<2", "", "requirements.txt, requirement 1, asks for no exact version"),
    ("A_b\n-c more.txt", "a-B==1.0", ""),
    ("-r more.txt", "a==1", ""),
    ("-rmore.txt", "a", "more.txt, requirement 1, asks for no exact version"),
    ("--requirement=more.txt", "-e .", "more.txt, requirement 1, is editable"),
    ("-e lib", "", "requirements.txt, requirement 1, is editable"),
    ("--editable=./lib", "", "requirements.txt, requirement 1, is editable"),
    ("./lib", "", "requirements.txt, requirement 1, is a directory"),
    (".", "", "requirements.txt, requirement 1, is a directory"),
    ("a @ file:///srv/lib", "", "requirements.txt, requirement 1, is a directory"),
    ("./more.txt", "as good as a wheel", ""),
    ("a @ https://x/a.whl", "", "requirements.txt, requirement 1, is an address without a hash or a commit"),
    ("a @ https://x/a.whl#sha256=00", "", ""),
    ("git+https://x/a@main", "", "requirements.txt, requirement 1, is an address without a hash or a commit"),
    ("git+https://x/a@0123456789012345678901234567890123456789#egg=a", "", ""),
    ("-r https://x/more.txt", "", "requirements.txt, requirement 1, includes a file from elsewhere"),
    ("-r absent.txt", "", "absent.txt cannot be read"),
];

/// Runs Python after the key's program, in a directory.
fn ask(directory: &Path, then: &str) -> String {
    let done = Command::new("python3").arg("-c").arg(format!("{KEY}\n{then}")).current_dir(directory).output();
    let done = done.expect("python3");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("UTF-8")
}

#[test]
fn what_files_ask_for_is_understood() {
    let directory = tempfile::tempdir().expect("a directory");
    let then = "asked = Asked(os.getcwd())\nasked.file('requirements.txt')\nprint('; '.join(asked.reasons('pinned')))";
    fs::create_dir(directory.path().join("lib")).expect("a directory");
    for (requirements, more, why) in ASKED {
        fs::write(directory.path().join("requirements.txt"), requirements).expect("a file");
        fs::write(directory.path().join("more.txt"), more).expect("a file");
        assert_eq!(ask(directory.path(), then).trim_end(), *why, "{requirements}");
    }
}

#[test]
fn whatever_a_virtualenv_depends_on_changes_its_key() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str, text: &str| fs::write(directory.path().join(name), text).expect("a file");
    let key = |first: &str, args: &str| {
        let call = format!("key(os.getcwd(), 'pinned', 'py', 'uv 1', 'requirements', ['requirements.txt'], {args})[0]");
        ask(directory.path(), &format!("{first}\nprint({call})"))
    };
    file("requirements.txt", "a @ file:./a.whl\n-r more.txt\nb @ https://${TOKEN}@x/b#sha256=00");
    file("more.txt", "c==1");
    file("a.whl", "one");
    let mut keys = vec![key("", "[]")];
    assert_eq!(key("", "[]"), keys[0], "the same has the same key");
    keys.push(key("", "['--pre']"));
    keys.push(key("sys.version = 'other'", "[]"));
    keys.push(key("os.__file__ = os.path.abspath('more.txt')", "[]"));
    keys.push(key("os.environ['PIP_INDEX_URL'] = 'https://other'", "[]"));
    keys.push(key("os.environ['TOKEN'] = 'other'", "[]"));
    file("more.txt", "c==2");
    keys.push(key("", "[]"));
    keys.push(key("os.__file__ = os.path.abspath('more.txt')", "[]"));
    file("a.whl", "two");
    keys.push(key("", "[]"));
    file("uv.toml", "");
    keys.push(key("", "[]"));
    let different: std::collections::BTreeSet<_> = keys.iter().collect();
    assert_eq!(different.len(), keys.len(), "{keys:?}");
}

#[test]
fn another_interpreter_or_installer_builds_anew() {
    let site = site("roles = [\"web\"]");
    offer_uv(&site);
    site.deploy();
    if machine_s_uv().is_none() {
        site.unshadow("uv");
        site.relm("deploy -v").ends(0).says(&["no release here has a virtualenv for the same", "python3 -m venv"]);
    }
    let python = ask(&site.path(""), "print(sys.executable)");
    std::os::unix::fs::symlink(python.trim(), site.path("bin/python9")).expect("a link");
    let text = site.read("Releases.toml").replace("[python]", "[python]\npython = \"python9\"");
    site.write("Releases.toml", text);
    site.relm("deploy -v").ends(0).says(&["no release here has a virtualenv for the same"]);
    site.relm("deploy -v").ends(0).says(&["reused the virtualenv"]);
}
