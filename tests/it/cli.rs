//! What one types: help, exit codes, complaints, refusals.

use crate::site::{Site, operation};

const COMMANDS: [&str; 14] = [
    "deploy",
    "rollback",
    "setup-release",
    "clean-releases",
    "releases",
    "status",
    "history",
    "check",
    "verify",
    "run",
    "tasks",
    "trust",
    "init",
    "",
];

#[test]
fn every_command_has_help_that_needs_no_file() {
    let site = Site::new("web1", "");
    std::fs::remove_file(site.path("Releases.toml")).expect("a file");
    for command in COMMANDS {
        for flag in ["--help", "-h"] {
            let done = site.relm(&format!("{command} {flag}")).ends(0);
            assert!(done.stdout.contains("Usage: relm"), "{command}:\n{}", done.stdout);
            assert!(done.stdout.contains("--config") && done.stdout.contains("--json"), "{command}");
            assert_eq!(done.stderr, "");
        }
    }
    let all = site.relm("--help").ends(0).stdout;
    for command in COMMANDS {
        assert!(all.contains(command), "{command}:\n{all}");
    }
    assert!(site.relm("--version").ends(0).stdout.starts_with("relm "));
    assert!(site.relm("deploy --help").stdout.contains("--release <NAME>"));
}

#[test]
fn mistakes_in_typing_are_usage_errors() {
    let site = Site::new("web1", "");
    for line in [
        "",
        "deplyo",
        "deploy nope",
        "deploy --nope",
        "deploy test too-many",
        "deploy --dir a --archive b",
        "deploy --dir a --ref b",
        "deploy --ref b --archive c",
        "deploy --ref main",
        "deploy --release 2026",
        "deploy --config nowhere.toml",
        "deploy --hosts web1",
        "rollback --hosts web1",
        "setup-release --hosts web1",
        "clean-releases --hosts web1",
        "status --hosts web9",
        "status --hosts ../x",
        "rollback --to",
        "trust test",
        "trust test web9",
    ] {
        let done = site.relm(line).ends(2);
        assert!(!done.stderr.is_empty(), "{line}: nothing is said");
        assert!(!done.stderr.contains("panicked"), "{line}:\n{}", done.stderr);
        assert_eq!(done.stdout, "", "{line}");
    }
    assert!(!site.path("hosts/web1").exists(), "a host was touched");
}

#[test]
fn unknown_names_are_answered_with_known_ones() {
    let site = Site::new("web1 web2", "");
    site.relm("deploy tset").ends(2).says(&["tset", "test", "did you mean"]);
    site.relm("status --hosts web3").ends(2).says(&["web3", "web1", "web2"]);
    site.relm("setup-release --roles wbe").ends(2).says(&["wbe", "web"]);
    site.relm("trust test web3").ends(2).says(&["web3", "web1"]);
    site.relm("trust test web1").ends(0);
}

#[test]
fn without_a_file_one_is_offered() {
    let site = Site::new("web1", "");
    std::fs::remove_file(site.path("Releases.toml")).expect("a file");
    site.relm("deploy").ends(2).says(&["Releases.toml", "relm init"]);
    site.relm("init").ends(0);
    site.relm("tasks").ends(0);
    let written = site.read("Releases.toml");
    site.relm("init").ends(2);
    assert_eq!(site.read("Releases.toml"), written, "init wrote over a file");
}

#[test]
fn all_mistakes_in_the_file_are_told_at_once() {
    let site = Site::new("web1", "");
    site.configure(
        "[release]\nkep = 3\n[[operations]]\nname = \"x\"\nphase = \"prepar\"\nroles = [\"nobody\"]\nrun = \"true\"\n",
    );
    site.relm("deploy").ends(2).says(&["kep", "keep", "prepar", "prepare", "Releases.toml"]);
    site.configure("[source]\n");
    site.relm("status").ends(2).says(&["source"]);
    assert!(!site.path("hosts/web1").exists(), "a host was touched");
}

#[test]
fn the_nearest_file_upwards_is_read() {
    let site = Site::new("web1", "");
    site.write("code/deep/er/x", "");
    let mut deploy = site.command(["deploy"]);
    let output = deploy.current_dir(site.path("code/deep/er")).output().expect("a process");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let live = site.live();
    let mut elsewhere = site.command(["status", "--json", "--config"]);
    let output = elsewhere.arg(site.path("Releases.toml")).current_dir("/").output().expect("a process");
    assert!(String::from_utf8_lossy(&output.stdout).contains(&live));
}

#[test]
fn without_a_terminal_a_needed_answer_is_an_error_at_once() {
    let site = Site::new("web1", "");
    let text = site.read("Releases.toml").replace("[env.test.hosts]", "[env.test]\nconfirm = true\n[env.test.hosts]");
    site.write("Releases.toml", text);
    for line in ["deploy", "setup-release", "deploy --json"] {
        site.relm(line).ends(3).says(&["--yes"]);
    }
    assert!(site.host("web1").releases().is_empty());
    site.relm("deploy --dry-run").ends(0);
    site.relm("deploy --yes").ends(0);
    site.relm("deploy --yes").ends(0);
    site.relm("rollback").ends(3).says(&["--yes"]);
    site.relm("--yes rollback").ends(0);
}

#[test]
fn data_goes_to_stdout_and_all_else_to_stderr() {
    let site = Site::new("web1", "");
    let done = site.relm("deploy").ends(0);
    assert_eq!(done.stdout, "");
    assert!(done.stderr.contains("upload_code"));
    for line in ["status", "releases", "history", "check", "tasks", "status --json", "tasks --json"] {
        let done = site.relm(line).ends(0);
        assert!(!done.stdout.is_empty() && done.stderr.is_empty(), "{line}: {}", done.stderr);
        assert!(!done.stdout.contains('\u{1b}'), "{line}: colours in a pipe");
    }
}

#[test]
fn tasks_are_listed_a_line_each() {
    let task = "[tasks.mine]\nabout = \"My own\"\noperations = [\"x\"]\n";
    let site = Site::new("web1", &(operation("x", "finish", "", "true") + task));
    let text = site.relm("tasks").ends(0).stdout;
    for command in COMMANDS.into_iter().filter(|command| !command.is_empty()).chain(["mine"]) {
        let lines = text.lines().filter(|line| line.split_whitespace().next() == Some(command));
        assert_eq!(lines.count(), 1, "{command}:\n{text}");
    }
    assert!(text.contains("My own"));
    assert!(!text.contains("debug"), "{text}");
}

#[test]
fn hosts_are_named_with_their_own_words_when_verbose() {
    let site = Site::new("web1 web2", &operation("say", "prepare", "", "echo hello from $RELM_HOST"));
    assert!(!site.relm("deploy").ends(0).stderr.contains("hello"));
    site.relm("deploy -v").ends(0).says(&["web1 | hello from web1", "web2 | hello from web2"]);
}

#[test]
fn a_reader_that_goes_away_is_no_crash() {
    let site = Site::new("web1", "");
    site.deploy();
    for line in [
        "status",
        "status --json",
        "releases",
        "history",
        "check",
        "tasks",
        "deploy --dry-run",
        "setup-release",
        "run -- seq 20000",
        "clean-releases --dry-run",
    ] {
        let mut child = site.start(line);
        drop(child.stdout.take());
        let done = crate::site::Done::from(child.wait_with_output().expect("an end"));
        assert!(!done.stderr.contains("panicked"), "{line}:\n{}", done.stderr);
    }
}

/// Moves the file to where nobody looks by themselves, and says how it can be named there.
fn moved(site: &Site) -> [String; 2] {
    let text = std::fs::read_to_string(site.path("Releases.toml")).expect("a file");
    let text = text.replace("dir = \"code\"", "dir = \"../code\"").replace("local:", "local:../");
    site.write("a place/Releases.toml", text);
    // What is found in this directory is another file, of another environment.
    site.write("Releases.toml", "[source]\ndir = \"code\"\n[env.other.hosts]\nx = { address = \"local:x\" }\n");
    [site.path("a place/Releases.toml").display().to_string(), "a place/Releases.toml".to_owned()]
}

#[test]
fn what_is_told_to_type_names_the_file_that_was_named() {
    let site = Site::new("web1", &operation("fails", "prepare", "", "[ ! -e \"$SITE/broken\" ]"));
    for file in moved(&site) {
        let relm = |args: &[&str]| site.relm_with(["--config", &file].into_iter().chain(args.iter().copied()));
        let told = |rest: &str| format!("relm --config '{file}' {rest}");
        site.write("broken", "");
        let failed = relm(&["deploy", "--json"]).ends(1);
        let next = failed.ending()["next"][0].as_str().expect("a command").to_owned();
        assert_eq!(next, told("deploy test --resume"));
        std::fs::remove_file(site.path("broken")).expect("a file");
        // It is a command for a shell, and goes on with that very release.
        let typed = format!("relm() {{ {} \"$@\"; }}; {next}", env!("CARGO_BIN_EXE_relm"));
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &typed]).current_dir(site.path("")).env("SITE", site.path("")).env("HOME", site.path("home"));
        let again = shell.output().expect("a shell");
        assert!(again.status.success(), "{typed}: {}", String::from_utf8_lossy(&again.stderr));
        relm(&["keep", "test", "2001-01-01_00.00.00", "--days", "3"]).ends(3).says(&[&told("releases test")]);
        relm(&["lock", "steal"]).ends(2).says(&[&told("lock steal -m")]);
        relm(&["lock", "take"]).ends(0).says(&[&told("lock release test")]);
        relm(&["lock", "release"]).ends(0);
        relm(&["dpeloy"]).ends(2).says(&[&told("deploy")]);
    }
    site.relm("lock steal").ends(2).says(&["next   relm lock steal -m"]);
}

#[test]
fn what_programs_ask_for_in_json_is_json() {
    let site = Site::new("web1", "");
    let taken = site.relm("lock take --json -m moving").ends(0).report();
    assert_eq!((&taken["env"], &taken["taken"]["reason"]), (&"test".into(), &"moving".into()));
    let given = site.relm("lock release --json").ends(0).report();
    assert!(given["taken"].is_null() && given["holder"].is_null(), "{given}");
    assert!(site.relm("lock release --json").ends(0).report()["taken"].is_null());
    let stolen = site.relm("lock steal --json -m hurry").ends(0).report();
    assert_eq!(stolen["taken"]["reason"], "hurry");
    let trust = site.relm("trust test web1 --json").ends(0).report();
    assert_eq!((&trust["host"], &trust["machines"]), (&"web1".into(), &serde_json::json!([])));
}

#[test]
fn commands_that_read_can_be_about_some_hosts() {
    let site = Site::new("web1 web2", "");
    site.deploy();
    let shown = site.relm("lock show --hosts web2 --json").ends(0).report();
    assert_eq!(shown["hosts"].as_array().map(Vec::len), Some(1));
    site.write("code/app.txt", "two\n");
    let apart = site.deploy();
    site.host("web2").repoint(&format!("releases/{}", site.host("web2").releases()[0]));
    assert!(site.relm("diff --hosts web1").ends(0).stdout.contains("the very same code"));
    let two = site.relm("diff --hosts web2 --json").ends(0).report();
    assert_ne!(two["from"]["release"], apart.as_str());
    assert_eq!(two["files"]["changed"], serde_json::json!(["app.txt"]));
    site.relm("diff test other --hosts web1").ends(2);
    site.relm("config --hosts web1").ends(2).says(&["--hosts chooses hosts to ask, and it asks none"]);
    site.relm("lock take --hosts web1").ends(2).says(&["lock take is for all hosts"]);
}

#[test]
fn words_in_another_order_are_told_in_the_right_one() {
    let site = Site::new("web1", "[maintenance]\nflag = \"down\"\n");
    site.relm("maintenance test on").ends(2).says(&["next   relm maintenance on test\n"]);
    site.relm("lock test show --json").ends(2).says(&["next   relm lock show test --json\n"]);
    site.relm_with(["lock", "test", "steal", "-m", "no time"]).ends(2).says(&["relm lock steal test -m 'no time'\n"]);
    assert!(!site.relm("lock shwo").ends(2).stderr.contains("next"));
}

#[test]
fn help_is_for_what_there_is() {
    let site = Site::new("web1", "[tasks.mine]\noperations = [\"clean_releases\"]\n");
    site.relm("mine --help").ends(0).shows(&["Usage: relm mine [", "--keep-days"]);
    site.relm("mien --help").ends(2).says(&["no task \"mien\"", "relm mine"]);
    let file = site.path("Releases.toml").display().to_string();
    std::fs::rename(&file, site.path("Other.toml")).expect("a move");
    site.relm("mine --help").ends(2).says(&["no command \"mine\""]);
    site.relm("mine --config Other.toml --help").ends(0).shows(&["--keep-days"]);
}
