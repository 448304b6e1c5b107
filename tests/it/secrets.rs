//! Secrets: where they come from, who gets them, and what is told when they are not there.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, symlink};

use crate::site::{Done, Site, operation, within};
use crate::sshd::children;

const TABLE: &str = "[secrets]\nTOKEN = { env = \"MY_TOKEN\" }\nKEY = { file = \"key\" }\nPRINTED = { command = \"cat printed\" }\n\
                     [[secret_files]]\npath = \"config/deep/key\"\nsecret = \"KEY\"\n";

fn site(more: &str) -> Site {
    let site = Site::new("web1=web db1=db", &format!("{TABLE}{more}"));
    site.write("key", "line one\nline two\n");
    site.write("printed", "from-a-command\n");
    site
}

fn with_token(site: &Site, token: &str, line: &str) -> Done {
    Done::from(site.command(line.split_whitespace()).env("MY_TOKEN", token).output().expect("a process"))
}

#[test]
fn a_secret_that_is_missing_stops_before_any_host_and_all_are_told() {
    let asked =
        "TYPED = { ask = true }\nSHORT = { command = \"echo abc\" }\nUNUSED = { env = \"NOT_SET_EITHER\" }\n[[secret";
    let all = operation("all", "prepare", "secrets = [\"TOKEN\", \"PRINTED\", \"TYPED\", \"SHORT\"]", "true");
    let site = site(&all);
    let file = site.read("Releases.toml").replace("[[secret", asked);
    site.write("Releases.toml", file);
    fs::remove_file(site.path("key")).expect("a file");
    fs::remove_file(site.path("printed")).expect("a file");
    let refused = site.relm("deploy").ends(2).says(&[
        "5 secrets are missing",
        "no host was touched",
        "TOKEN: the variable MY_TOKEN is not set",
        "KEY: cannot read",
        "PRINTED: `cat printed` failed",
        "TYPED: it has to be asked for",
        "SHORT: what `echo abc` prints is shorter than 4",
    ]);
    assert!(!refused.stderr.contains("UNUSED"), "what nothing needs is not looked for: {}", refused.stderr);
    assert!(!site.path("hosts/web1").exists(), "a host was touched");
    let check = site.relm("check").ends(3);
    assert!(check.stdout.contains("the secret TOKEN is missing: the variable MY_TOKEN is not set"), "{}", check.stdout);
    // Looking takes no secret, nor does going back take those that build a release.
    site.relm("status").ends(0);
    site.relm("deploy --dry-run").ends(0);
    site.relm("rollback").ends(3).says(&["no"]);
}

#[test]
fn an_operation_gets_what_it_lists_and_a_new_value_is_no_new_step() {
    let list = "roles = [\"web\"]\nsecrets = [\"TOKEN\", \"PRINTED\", \"KEY\"]";
    let work = operation("work", "prepare", list, "printf '%s\\n' \"$TOKEN|$PRINTED|$KEY\" >> \"$SITE/got\"");
    let other = operation(
        "other",
        "prepare",
        "roles = [\"web\"]",
        "echo \"[$TOKEN$MY_TOKEN]\" >> \"$SITE/other\"; [ -e \"$SITE/fine\" ]",
    );
    let site = site(&(work + &other));
    with_token(&site, "it's $HOME \\n `id` \"q\"", "deploy").ends(1);
    assert_eq!(site.read("got"), "it's $HOME \\n `id` \"q\"|from-a-command|line one\nline two\n");
    assert!(site.read("other").lines().all(|line| line == "[]"), "{}", site.read("other"));
    let key = |host: &str| {
        let host = site.host(host);
        let release = host.releases().pop().expect("a release");
        host.release(&release).join("config/deep/key")
    };
    for host in ["web1", "db1"] {
        assert_eq!(fs::read_to_string(key(host)).expect("a file"), "line one\nline two\n");
        assert_eq!(fs::metadata(key(host)).expect("a file").mode() & 0o7777, 0o600);
    }
    site.write("fine", "");
    site.write("key", "another one\n");
    with_token(&site, "rotated", "deploy --resume").ends(0);
    assert_eq!(site.read("got").lines().count(), 2, "done already, whatever its secrets are now");
    with_token(&site, "rotated", "verify").ends(0);
    with_token(&site, "rotated", "deploy").ends(0);
    assert!(site.read("got").ends_with("rotated|from-a-command|another one\n"), "{}", site.read("got"));
    assert_eq!(fs::read_to_string(key("db1")).expect("a file"), "another one\n");
}

#[test]
fn an_environment_has_secrets_from_elsewhere_and_roles_keep_files_to_themselves() {
    let site = site(&operation("work", "prepare", "secrets = [\"TOKEN\"]", "echo got $TOKEN"));
    let file = site.read("Releases.toml");
    let file = file.replace("secret = \"KEY\"\n", "secret = \"KEY\"\nroles = [\"db\"]\n");
    site.write(
        "Releases.toml",
        file.replace("[env.test.hosts]", "[env.test.secrets]\nTOKEN = { file = \"of-test\" }\n[env.test.hosts]"),
    );
    site.write("of-test", "of-the-environment\n");
    site.relm("deploy --verbose").ends(0).says(&["got [TOKEN]"]);
    let live = site.live();
    assert!(!site.host("web1").release(&live).join("config").exists());
    assert!(site.host("db1").release(&live).join("config/deep/key").exists());
}

#[test]
fn a_link_of_the_source_leads_no_secret_out_of_the_release() {
    let site = site("");
    fs::create_dir(site.path("outside")).expect("a directory");
    symlink(site.path("outside"), site.path("code/config")).expect("a link");
    let refused = with_token(&site, "a-token", "deploy").ends(1);
    refused.says(&["write_secrets", "config is a link in this release", "nothing is live yet"]);
    assert_eq!(fs::read_dir(site.path("outside")).expect("a directory").count(), 0);
    fs::remove_file(site.path("code/config")).expect("a link");
    // A link in the file's own place gives way to the file.
    fs::create_dir_all(site.path("code/config/deep")).expect("a directory");
    symlink("/etc/hostname", site.path("code/config/deep/key")).expect("a link");
    with_token(&site, "a-token", "deploy").ends(0);
    let key = site.host("web1").release(&site.live()).join("config/deep/key");
    assert!(fs::symlink_metadata(key).expect("a file").is_file());
}

#[test]
fn what_is_asked_for_is_asked_once_and_not_shown() {
    let asked = "[secrets]\nTYPED = { ask = true }\n";
    let work =
        |name: &str| operation(name, "prepare", "secrets = [\"TYPED\"]", "echo \"$RELM_HOST $TYPED\" >> \"$SITE/got\"");
    let site = Site::new("web1 db1", &format!("{asked}{}{}", work("one"), work("two")));
    let relm = site.command(["deploy"]);
    // `script` has a terminal for it.
    let mut terminal = std::process::Command::new("script");
    let line = format!("{} deploy", env!("CARGO_BIN_EXE_relm"));
    terminal.args(["-qefc", &line, "/dev/null"]).current_dir(site.path("")).env_clear();
    terminal.envs(relm.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("TERM", "dumb");
    terminal.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut terminal = terminal.spawn().expect("script belongs to bsdutils");
    let mut keyboard = terminal.stdin.take().expect("its input");
    let mut screen = terminal.stdout.take().expect("its output");
    let mut shown = String::new();
    while !shown.contains("TYPED: ") {
        let mut byte = [0];
        assert!(screen.read(&mut byte).expect("output") > 0, "it ended without asking: {shown}");
        shown.push(char::from(byte[0]));
    }
    // It asks first and then hides what is typed.
    let relm = *children(terminal.id()).first().expect("relm runs");
    let tty = fs::read_link(format!("/proc/{relm}/fd/0")).expect("a terminal");
    let hides = || {
        let settings = std::process::Command::new("stty").arg("-F").arg(&tty).arg("-a").output().expect("stty");
        String::from_utf8_lossy(&settings.stdout).split_whitespace().any(|word| word == "-echo")
    };
    assert!(within(10, hides), "what is typed would be shown");
    keyboard.write_all(b"typed by hand\n").expect("a line");
    let mut rest = Vec::new();
    screen.read_to_end(&mut rest).expect("output");
    let shown = shown + &String::from_utf8_lossy(&rest);
    assert!(terminal.wait().expect("a status").success(), "{shown}");
    assert!(shown.matches("TYPED: ").count() == 1 && !shown.contains("typed by hand"), "{shown}");
    let mut got: Vec<String> = site.read("got").lines().map(str::to_owned).collect();
    got.sort();
    assert_eq!(got, ["db1 typed by hand", "db1 typed by hand", "web1 typed by hand", "web1 typed by hand"]);
}

/// A check of the target sees what it sees before a deploy; whoever has not its secret can go back all the same.
#[test]
fn a_rollback_needs_the_secrets_of_checks_and_says_how_to_do_without() {
    let site = site(&operation("fits", "check", "secrets = [\"TOKEN\"]", "[ \"$TOKEN\" = abcdef ]"));
    with_token(&site, "abcdef", "deploy").ends(0);
    let first = site.live();
    with_token(&site, "abcdef", "deploy").ends(0);
    site.relm("rollback").ends(2).says(&["TOKEN is missing", "relm rollback --no-checks"]);
    with_token(&site, "another", "rollback").ends(1);
    site.relm("rollback --no-checks").ends(0);
    assert_eq!(site.live(), first);
}
