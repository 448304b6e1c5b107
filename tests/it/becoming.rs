//! Becoming another user on a host: real sudo and doas, behind a real sshd, with a login that owns nothing.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use crate::site::{Done, Site, kill, operation, within};
use crate::sshd::{Road, signal};
use crate::users::{Hosted, PASSWORD, home, processes};

/// Every path below a directory, itself included.
fn below(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut all = vec![directory.to_owned()];
    let entries = fs::read_dir(directory).into_iter().flatten();
    for entry in entries.map(|entry| entry.expect("an entry")) {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            all.extend(below(&entry.path()));
        } else {
            all.push(entry.path());
        }
    }
    all
}

#[test]
fn all_of_a_deploy_belongs_to_whom_it_becomes() {
    let who = operation("who", "prepare", "", "id -un; echo $HOME; echo made > made-by-me");
    let Some(hosted) = Hosted::new(&format!("become = \"APP\"\n{who}")) else { return };
    hosted.users.allow("LOGIN ALL=(APP) NOPASSWD: ALL");
    let check = hosted.relm("check --json").ends(0).report();
    assert_eq!(check["hosts"][0]["user"], hosted.users.app.as_str());
    let deployed = hosted.relm("deploy --verbose").ends(0);
    let theirs = home(&hosted.users.app);
    deployed.says(&[&format!("web1 | {}", hosted.users.app), &format!("web1 | {}", theirs.display())]);
    let owner = fs::metadata(&theirs).expect("a home").uid();
    for path in below(&theirs.join("www")) {
        // Output that was kept for a lost connection goes when relm has gone.
        let Ok(is) = fs::symlink_metadata(&path) else { continue };
        assert_eq!(is.uid(), owner, "{}", path.display());
    }
    assert_eq!(fs::read_to_string(hosted.live("app.txt")).expect("a file"), "one\n");
    assert!(!home(&hosted.users.login).join("www").exists(), "something was made as the login");
    let run = hosted.relm("run -- id -un").ends(0);
    assert!(run.stdout.contains(&hosted.users.app), "{}", run.stdout);
    hosted.relm("verify").ends(0);
    hosted.relm("deploy").ends(0);
    hosted.relm("rollback").ends(0);

    let slow = operation("slow", "prepare", "", "sleep 73 & echo $! >TALK/inner; sleep 74");
    hosted.configure(&format!("become = \"APP\"\n{slow}"));
    let relm = hosted.site.start("deploy");
    hosted.site.await_file("talk/inner");
    kill(&relm.id().to_string(), "INT");
    Done::from(relm.wait_with_output().expect("output")).ends(130);
    assert!(within(10, || processes(&hosted.users.app).is_empty()), "something of the deploy lives on");
}

#[test]
fn a_password_is_given_once_and_its_refusal_told_plainly() {
    let table = "become = { user = \"APP\", password = \"PW\" }\n[secrets]\nPW = { file = \"password\" }\n";
    let Some(hosted) = Hosted::new(table) else { return };
    let log = hosted.site.path("talk/sudo.log");
    hosted.users.allow(&format!("Defaults:LOGIN logfile={}\nLOGIN ALL=(APP) ALL", log.display()));
    hosted.site.write("password", "wrong-password\n");
    let refused = hosted.relm("deploy").ends(3);
    let refused = refused.says(&["web1", "could not become", "incorrect password", "the secret PW", "relm check test"]);
    assert!(!refused.stderr.contains("wrong-password"), "{}", refused.stderr);
    let said = fs::read_to_string(&log).expect("sudo's log");
    assert_eq!(said.matches("incorrect password").count(), 1, "it was tried more than once:\n{said}");

    hosted.site.write("password", format!("{PASSWORD}\n"));
    hosted.relm("deploy").ends(0);
    assert_eq!(fs::read_to_string(hosted.live("app.txt")).expect("a file"), "one\n");
    // sudo does not want it now: then it must not be taken for anything else.
    hosted.users.allow("LOGIN ALL=(APP) NOPASSWD: ALL");
    let deployed = hosted.relm("deploy --verbose").ends(0);
    assert!(!deployed.stderr.contains("not found"), "{}", deployed.stderr);

    for (rule, becomes, said) in [
        ("LOGIN ALL=(APP) ALL", "\"APP\"", "a password is required"),
        ("LOGIN ALL=(APP) NOPASSWD: ALL", "\"nobody-is-called-so\"", "nobody-is-called-so"),
        ("LOGIN ALL=(APP) NOPASSWD: ALL", "\"root\"", "a password is required"),
        ("", "\"APP\"", "a password is required"),
        ("", "{ user = \"APP\", with = \"doas\" }", "doas"),
    ] {
        hosted.users.allow(rule);
        hosted.configure(&format!("become = {becomes}\n"));
        hosted.relm("deploy").ends(3).says(&["web1 is not ready", "could not become", said]);
        let check = hosted.relm("check").ends(3);
        assert!(check.stdout.contains("could not become"), "{}", check.stdout);
    }
}

#[test]
fn a_host_without_sudo_says_so() {
    let site = Site::new("web1", "");
    site.write("Releases.toml", format!("become = \"app\"\n{}", site.read("Releases.toml")));
    std::os::unix::fs::symlink("/bin/sh", site.path("bin/sh")).expect("a link");
    let mut relm = site.command(["deploy"]);
    let done = Done::from(relm.env("PATH", site.path("bin")).output().expect("a process"));
    done.ends(3).says(&["could not become app", "sudo: not found", "sudoers"]);
}

fn as_another(more: &str, run: &str) -> String {
    let table = "[secrets]\nPW = { file = \"password\" }\nTOKEN = { file = \"token\" }\n";
    let more = format!("become = {{ user = \"APP\", password = \"PW\" }}\nsecrets = [\"TOKEN\"]\n{more}");
    table.to_owned() + &operation("work", "prepare", &more, run)
}

#[test]
fn an_operation_becomes_another_user_with_all_it_should_see() {
    let run =
        "id -un\nprintf '%s.' \"$RELM_HOST\" \"$RELM_RELEASE\" \"$RELM_REF\" \"$TOKEN\" >TALK/seen\npwd\ncat\nexit 7";
    let Some(hosted) = Hosted::new(&as_another("", run)) else { return };
    hosted.users.allow("LOGIN ALL=(APP) ALL");
    hosted.site.write("password", PASSWORD);
    hosted.site.write("token", "the-token\n");
    let open = fs::Permissions::from_mode(0o711);
    fs::set_permissions(home(&hosted.users.login), open).expect("a mode");
    let failed = hosted.relm("deploy").ends(1).says(&["exited 7", &hosted.users.app, "nothing changed"]);
    let seen = hosted.site.read("talk/seen");
    let seen: Vec<&str> = seen.split('.').collect();
    assert_eq!((seen[0], seen[seen.len() - 2]), ("web1", "the-token"), "{seen:?}\n{}", failed.stderr);
    assert!(seen.contains(&"dir code"), "{seen:?}");
    hosted.relm("check").ends(0);

    hosted.site.write("password", "not-the-password");
    let check = hosted.relm("check").ends(3);
    assert!(
        check.stdout.contains("operation work: ") && check.stdout.contains("incorrect password"),
        "{}",
        check.stdout
    );
    hosted.relm("deploy").ends(1).says(&[
        "work",
        "incorrect password",
        "cannot become",
        &format!("{} ALL=(", hosted.users.login),
        "nothing changed",
    ]);
}

#[test]
fn what_runs_as_another_user_ends_with_its_run() {
    let slow = "trap '' HUP\nsleep 71 & echo $! >TALK/inner; sleep 72";
    let Some(hosted) = Hosted::new(&as_another("timeout = \"2s\"\n", slow)) else { return };
    hosted.users.allow("LOGIN ALL=(APP) ALL");
    hosted.site.write("password", PASSWORD);
    hosted.site.write("token", "the-token\n");
    fs::set_permissions(home(&hosted.users.login), fs::Permissions::from_mode(0o711)).expect("a mode");
    let sleepers = || processes(&hosted.users.app);
    hosted.relm("deploy").ends(1).says(&["took longer than 2 s"]);
    assert!(hosted.site.path("talk/inner").exists(), "it never ran");
    assert!(within(2, || sleepers().is_empty()), "{}", sleepers());

    hosted.configure(&as_another("", &slow.replace("trap '' HUP", "trap '' HUP INT TERM")));
    fs::remove_file(hosted.site.path("talk/inner")).expect("a file");
    let relm = hosted.site.start("deploy");
    hosted.site.await_file("talk/inner");
    kill(&relm.id().to_string(), "INT");
    Done::from(relm.wait_with_output().expect("output")).ends(130);
    assert!(within(5, || sleepers().is_empty()), "{}", sleepers());
    let left = || processes(&hosted.users.login);
    assert!(within(10, || !left().contains("sleep")), "{}", left());
}

#[test]
fn a_lost_connection_ends_nothing_of_another_user_either() {
    let run = "echo begun | tee TALK/begun; until [ -e TALK/go ]; do sleep 0.1; done; echo \"$TOKEN\" done >&2; echo x >>TALK/runs.$(id -u)";
    let one =
        as_another("", run).replace("\"work\"", "\"one\"").replace("begun", "one").replace("TALK/go", "TALK/one.go");
    let two = operation("two", "prepare", "", &run.replace("begun", "two").replace("TALK/go", "TALK/two.go"));
    let Some(hosted) =
        Hosted::new(&format!("become = \"APP\"\n{}", one.replacen("user = \"APP\"", "user = \"LOGIN\"", 1) + &two))
    else {
        return;
    };
    // From the login to the application's user, and for one operation back again.
    hosted.users.allow("LOGIN ALL=(APP) NOPASSWD: ALL\nAPP ALL=(LOGIN) NOPASSWD: ALL");
    hosted.site.write("password", PASSWORD);
    hosted.site.write("token", "the-token\n");
    fs::set_permissions(home(&hosted.users.app), fs::Permissions::from_mode(0o711)).expect("a mode");
    let relm = hosted.site.start("deploy --verbose");
    for name in ["one", "two"] {
        hosted.site.await_file(&format!("talk/{name}"));
        for session in hosted.sshd.sessions() {
            signal("KILL", session);
        }
        hosted.site.write(&format!("talk/{name}.go"), "");
    }
    let done = Done::from(relm.wait_with_output().expect("output")).ends(0);
    done.says(&["web1 | one", "[TOKEN] done", "web1 | two", "connecting again"]);
    let runs = fs::read_dir(hosted.site.path("talk")).expect("a directory").flatten();
    let runs = runs.filter(|entry| entry.file_name().to_string_lossy().starts_with("runs."));
    let runs: Vec<u64> = runs.map(|entry| entry.metadata().expect("a file").len()).collect();
    assert_eq!(runs, [2, 2], "each ran once");
}

/// Services, health, looks, pools and maintenance: what is done around the code. Relm's own records stay the login's.
#[test]
fn everything_in_the_file_can_be_done_as_another_user() {
    let note = |what: &str| format!("echo {what} $(id -un) $RELM_HOST >>TALK/done");
    let becoming = "become = { user = \"APP\", password = \"PW\" }\n";
    let settings = format!(
        "[secrets]\nPW = {{ file = \"password\" }}\n\
         [[service]]\nname = \"web\"\nkind = \"command\"\ntemplates = [\"web.conf\"]\ninto = \"TALK\"\n{becoming}\
         start = \"{start}; sleep 3000 </dev/null >/dev/null 2>&1 & echo $! >TALK/pid\"\nstop = \"{stop}; [ ! -e TALK/pid ] || kill $(cat TALK/pid)\"\n\
         status = \"kill -s 0 $(cat TALK/pid)\"\npids = \"cat TALK/pid 2>/dev/null\"\n\
         [[health]]\nname = \"well\"\ncommand = \"{health}\"\n{becoming}\
         [[busy]]\nname = \"quiet\"\nkind = \"command\"\nrun = \"{busy}\"\n{becoming}\
         [[busy]]\nname = \"seen\"\nkind = \"process\"\npattern = \"[s]udo -S.*APP|relm_theirs|script=\"\n{becoming}\
         [[pool]]\nname = \"pool\"\nroles = [\"web\"]\nmin_healthy = 0\ndrain = \"{out}\"\nundrain = \"{back}\"\n{becoming}\
         [maintenance]\non = \"{on}\"\noff = \"{off}\"\nflag = \"flag\"\nduring = \"switch\"\n{becoming}",
        start = note("start"),
        stop = note("stop"),
        health = note("health"),
        busy = note("busy"),
        out = note("drain"),
        back = note("undrain"),
        on = note("$RELM_MAINTENANCE"),
        off = note("off"),
    );
    let Some(hosted) = Hosted::new("") else { return };
    hosted.site.write("web.conf", "web of {{ release }}\n");
    hosted.configure(&settings);
    hosted.users.allow("LOGIN ALL=(APP) ALL");
    hosted.site.write("password", PASSWORD);
    fs::set_permissions(home(&hosted.users.login), fs::Permissions::from_mode(0o711)).expect("a mode");
    let (app, login) = (&hosted.users.app, &hosted.users.login);
    let took = || {
        let text = hosted.site.read("talk/done");
        fs::remove_file(hosted.site.path("talk/done")).expect("a file");
        let line = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!(words[1..], [app, "web1"], "{line}");
            words[0].to_owned()
        };
        text.lines().map(line).collect::<Vec<_>>()
    };
    hosted.relm("deploy").ends(0);
    assert_eq!(took(), ["busy", "short", "drain", "stop", "start", "health", "undrain", "off"]);
    let base = home(login).join("www/test");
    let owner = |path: &Path| fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).uid();
    assert_eq!(owner(&base.join(".relm/services/web")), owner(&home(login)), "a record is the login's");
    assert_eq!(owner(&hosted.site.path("talk/web.conf")), owner(&home(app)), "what is installed is the other's");
    assert!(processes(app).contains("sleep 3000"), "{}", processes(app));

    let stands = hosted.relm("services status --json").report();
    let program = &stands["services"][0]["programs"][0];
    assert_eq!(program["state"], "running", "{stands}");
    assert!(program["releases"][0].is_string(), "where it runs from is seen: {stands}");
    hosted.relm("rollback --yes").ends(3);
    hosted.relm("deploy").ends(0);
    hosted.relm("rollback --yes").ends(0);
    assert_eq!(took().iter().filter(|word| *word == "start").count(), 2);
    hosted.relm("services stop").ends(0);
    hosted.relm("maintenance on --long").ends(0);
    assert_eq!(took(), ["busy", "stop", "long"]);
    assert!(!processes(app).contains("sleep"), "{}", processes(app));

    hosted.users.allow("");
    let check = hosted.relm("check").ends(3);
    assert!(check.stdout.contains("service web: "), "{}", check.stdout);
    hosted.relm("services start").ends(1).says(&["cannot become", "sudoers"]);
}

/// The login may write nothing there, and not even read it.
#[test]
fn a_template_goes_to_a_place_that_is_root_s_and_comes_back() {
    let Some(hosted) = Hosted::new("") else { return };
    let (site, users) = (&hosted.site, &hosted.users);
    let table = "[[templates]]\nsrc = \"shop.conf\"\ndest = \"TALK/etc/shop.conf\"\nmode = \"0440\"\ngroup = \"APP\"\nbecome = \"root\"\n\
        check = \"id -u >>TALK/looked && grep -q ^of {file}\"\n";
    let last = operation("last", "after_flip", "", "[ ! -e TALK/broken ]");
    let place = site.path("talk/etc/shop.conf");
    fs::create_dir(site.path("talk/etc")).expect("a directory");
    fs::set_permissions(site.path("talk/etc"), fs::Permissions::from_mode(0o755)).expect("a mode");
    fs::write(&place, "root's own\n").expect("a file");
    fs::set_permissions(&place, fs::Permissions::from_mode(0o400)).expect("a mode");
    let stands = |text: &str| {
        assert_eq!(fs::read_to_string(&place).expect("a file"), text);
        let (is, app) = (fs::metadata(&place).expect("a file"), fs::metadata(home(&users.app)).expect("a home"));
        let wanted = if text.starts_with("root") { (0o400, 0, 0) } else { (0o440, 0, app.gid()) };
        assert_eq!((is.mode() & 0o7777, is.uid(), is.gid()), wanted, "{text}");
    };
    site.write("shop.conf", "of {{ release }}\n");
    hosted.configure(&format!("{table}{last}[release]\nkeep = 2\n"));
    users.allow("");
    let check = hosted.relm("check").ends(3);
    assert!(check.stdout.contains("template ") && check.stdout.contains("cannot become root"), "{}", check.stdout);
    hosted.relm("deploy").ends(1).says(&["write_templates", "cannot become root", "nothing is live yet"]);
    users.allow("LOGIN ALL=(root) NOPASSWD: ALL");
    site.write("talk/broken", "");
    hosted.relm("deploy").ends(1);
    stands("root's own\n");
    fs::remove_file(site.path("talk/broken")).expect("a file");
    let deployed = || {
        hosted.relm("deploy").ends(0);
        let live = fs::read_link(home(&users.login).join("www/test/current")).expect("a link");
        format!("of {}\n", live.file_name().expect("a name").display())
    };
    let first = deployed();
    stands(&first);
    stands(&deployed());
    assert_eq!(site.read("talk/looked").lines().collect::<std::collections::BTreeSet<_>>().len(), 1, "root looks");
    hosted.relm("rollback --yes").ends(0);
    stands(&first);
    hosted.relm("verify").ends(0);
    for _ in 0..3 {
        stands(&deployed());
    }
    site.write("shop.conf", "nothing\n");
    hosted.relm("deploy").ends(1).says(&["the check of", "the file was put nowhere"]);
    hosted.configure("");
    hosted.relm("deploy").ends(0);
    stands("root's own\n");
}

/// Only root gives files away: whoever logs in may not, whoever it becomes may.
#[test]
fn a_secret_file_belongs_to_whom_it_should_or_nothing_is_live() {
    let table = "[secrets]\nKEY = { file = \"key\" }\n[[secret_files]]\npath = \"config/key\"\nsecret = \"KEY\"\n";
    let Some(hosted) = Hosted::new("") else { return };
    hosted.site.write("key", "s3cret of a file\n");
    let users = &hosted.users;
    hosted.configure(&format!("{table}owner = \"APP\"\nmode = \"0400\"\n"));
    let told = format!("{} may not give config/key to {}", users.login, users.app);
    hosted.relm("deploy").ends(1).says(&["write_secrets", &told, "nothing is live yet"]);
    let key = |user: &str| home(user).join("www/test/current/config/key");

    hosted.configure(&format!("{table}group = \"LOGIN\"\nmode = \"0640\"\n"));
    hosted.relm("deploy").ends(0);
    assert_eq!(fs::metadata(key(&users.login)).expect("a file").mode() & 0o7777, 0o640);

    users.allow("LOGIN ALL=(root) NOPASSWD: ALL");
    let root = home(&users.app).join("www");
    hosted.configure(&format!(
        "become = \"root\"\n{table}owner = \"APP\"\ngroup = \"APP\"\nmode = \"0440\"\n[release]\nroot = \"{}\"\n",
        root.display()
    ));
    hosted.relm("deploy").ends(0);
    hosted.relm("verify").ends(0);
    let is = fs::metadata(key(&users.app)).expect("a file");
    let app = fs::metadata(home(&users.app)).expect("a home");
    assert_eq!((is.mode() & 0o7777, is.uid(), is.gid()), (0o440, app.uid(), app.gid()));
}

/// The host does not know that nobody listens: its pipes are full, and a command that talks waits for ever.
#[test]
fn a_network_that_breaks_without_a_word_holds_up_nobody_s_commands() {
    let talk = "echo begun >TALK/begun; until [ -e TALK/go ]; do sleep 0.1; done\n\
                head -c 12000000 /dev/zero | tr '\\0' x | fold -w 999; echo done >TALK/done";
    let talk = operation("talk", "prepare", "timeout = \"60s\"", talk);
    let Some(hosted) = Hosted::new("") else { return };
    hosted.users.allow("LOGIN ALL=(APP) NOPASSWD: ALL");
    let (road, port) = (Road::to(hosted.sshd.port()), hosted.sshd.port());
    hosted.sshd.configure(&format!(
        "Host web1\n  User {}\n  Port {}\n  HostKeyAlias [127.0.0.1]:{port}\n  ServerAliveInterval 1\n  ServerAliveCountMax 2\n",
        hosted.users.login,
        road.port()
    ));
    for becoming in ["", "become = \"APP\"\n"] {
        for file in ["begun", "go", "done"] {
            let _ = fs::remove_file(hosted.site.path("talk").join(file));
        }
        hosted.configure(&format!("{becoming}{talk}"));
        let relm = hosted.site.start("deploy");
        hosted.site.await_file("talk/begun");
        road.freeze();
        hosted.site.write("talk/go", "");
        Done::from(relm.wait_with_output().expect("output")).ends(0).says(&["connecting again"]);
        assert!(hosted.site.path("talk/done").exists());
    }
}

/// A pam module that takes a password for once, as those for one-time passwords do.
#[test]
fn a_password_that_is_good_for_once_is_refused_at_once() {
    let Some(hosted) = Hosted::new("") else { return };
    let service = Path::new("/etc/pam.d").join(&hosted.users.login);
    let _gone = Gone(&service);
    let taken = hosted.site.path("talk/taken");
    hosted.site.write("talk/pam", format!("#!/bin/sh\nmkdir {}\n", taken.display()));
    fs::set_permissions(hosted.site.path("talk/pam"), fs::Permissions::from_mode(0o755)).expect("a mode");
    let rules = format!(
        "auth sufficient pam_exec.so quiet expose_authtok {}\nauth required pam_deny.so\naccount required pam_permit.so\n\
         session required pam_permit.so\n",
        hosted.site.path("talk/pam").display()
    );
    fs::write(&service, rules).expect("rules");
    hosted.users.allow("Defaults:LOGIN pam_service=LOGIN\nLOGIN ALL=(APP) ALL");
    hosted.site.write("password", PASSWORD);
    let secret = "[secrets]\nPW = { file = \"password\" }\n";
    let all = format!("become = {{ user = \"APP\", password = \"PW\" }}\n{secret}");
    let one = secret.to_owned() + &operation("one", "prepare", "become = { user = \"APP\", password = \"PW\" }", "id");
    for (settings, code) in [(all, 3), (one, 1)] {
        let _ = fs::remove_dir(&taken);
        hosted.configure(&settings);
        let refused = hosted.relm("deploy").ends(code).says(&["incorrect password attempts"]);
        assert!(taken.exists(), "it was not even taken once: {}", refused.stderr);
        assert!(!refused.stderr.contains("no longer answers") && !refused.stderr.contains(" took longer"));
        assert!(within(5, || processes(&hosted.users.app).is_empty()), "{}", processes(&hosted.users.app));
    }
}

/// Takes a file away again.
struct Gone<'p>(&'p Path);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.0);
    }
}

/// doas has one file of rules, so all of it is one test.
#[test]
fn doas_does_what_sudo_does() {
    let rules = Path::new("/etc/doas.conf");
    if rules.exists() {
        assert!(std::env::var_os("CI").is_none(), "CI has a doas.conf of its own");
        eprintln!("\n*** SKIPPED: doas. This machine has an /etc/doas.conf that is not to be touched ***\n");
        return;
    }
    let work = operation("work", "prepare", "become = { user = \"root\", with = \"doas\" }", "id -un; echo $RELM_HOST");
    let Some(hosted) = Hosted::new(&format!("become = {{ user = \"APP\", with = \"doas\" }}\n{work}")) else { return };
    let _gone = Gone(rules);
    let users = &hosted.users;
    let text = format!("permit nopass {} as {}\npermit nopass {1} as root\n", users.login, users.app);
    fs::write(rules, text).expect("rules");
    hosted.relm("check").ends(0);
    hosted.relm("deploy --verbose").ends(0).says(&["web1 | root", "web1 | web1"]);
    let owner = Command::new("stat").args(["-c", "%U"]).arg(hosted.live("app.txt")).output().expect("stat");
    assert_eq!(String::from_utf8_lossy(&owner.stdout).trim(), users.app);
    fs::write(rules, format!("permit nopass {} as {}\n", users.login, users.app)).expect("rules");
    hosted.relm("deploy").ends(1).says(&["cannot become root here", "doas.conf", "nothing changed"]);
}
