//! Operations that are skipped where a command says so, that tell whether they have changed anything, and where they run.

use crate::fleet::Fleet;
use crate::site::{Site, operation};

/// What became of a step on a host.
#[track_caller]
fn outcome(events: &[serde_json::Value], step: &str, host: &str) -> serde_json::Value {
    let of = |event: &&serde_json::Value| {
        event["event"] == "host_finished" && event["step"] == step && event["host"] == host
    };
    let ended = events.iter().find(of);
    ended.unwrap_or_else(|| panic!("{step} has not ended on {host}: {events:#?}"))["outcome"].clone()
}

const ASKS: &str = "unless = '[ -e \"$SITE/skip-$RELM_HOST\" ]'";

fn assets() -> String {
    operation("assets", "prepare", ASKS, "echo ran >>\"$SITE/runs-$RELM_HOST\"")
}

#[test]
fn an_operation_is_skipped_where_a_command_says_so() {
    let site = Site::new("web1 web2", &assets());
    site.write("skip-web2", "");
    let shown = site.relm("deploy --dry-run").ends(0).stdout;
    let words = "assets is skipped on a host where this exits with 0: [ -e \"$SITE/skip-$RELM_HOST\" ]";
    assert!(shown.contains(words), "{shown}");
    let done = site.relm("deploy --json").ends(0).json();
    assert_eq!(outcome(&done, "assets", "web1"), "changed");
    assert_eq!(outcome(&done, "assets", "web2")["skipped"], "its unless says that it need not run");
    assert_eq!((site.read("runs-web1").as_str(), site.path("runs-web2").exists()), ("ran\n", false));
    site.relm("deploy").ends(0).says(&["skipped: its unless says that it need not run"]);
    site.relm("verify").ends(0);
}

/// What was skipped is done for whoever goes on with the deploy; another condition is another operation.
#[test]
fn a_resumed_deploy_does_not_ask_again_unless_the_question_is_another() {
    let broken = operation("broken", "prepare", "", "[ ! -e \"$SITE/broken\" ]");
    let site = Site::new("web1", &(assets() + &broken));
    site.write("skip-web1", "");
    site.write("broken", "");
    site.relm("deploy").ends(1);
    std::fs::remove_file(site.path("skip-web1")).expect("a file");
    site.relm("deploy --resume").ends(1);
    assert!(!site.path("runs-web1").exists());
    let (_, other) = ASKS.split_once("= ").expect("a value");
    let settings = assets().replace(other, "'[ -e \"$SITE/other\" ]'") + &broken;
    site.configure(&settings);
    site.relm("deploy --resume").ends(1);
    assert_eq!(site.read("runs-web1"), "ran\n");
    for more in ["changed_if = \"ran\"\nunless", "cwd = \"/\"\nunless"] {
        site.configure(&settings.replace("unless", more));
        site.write("runs-web1", "");
        site.relm("deploy --resume").ends(1);
        assert_eq!(site.read("runs-web1"), "ran\n", "{more}");
        site.relm("deploy --resume").ends(1);
        assert_eq!(site.read("runs-web1"), "ran\n", "{more}");
    }
    std::fs::remove_file(site.path("broken")).expect("a file");
    site.relm("deploy --resume").ends(0);
}

#[test]
fn what_cannot_be_asked_fails_the_operation() {
    let site = Site::new("web1", &assets().replace("[ -e", "no-such-look"));
    let done = site.relm("deploy").ends(1);
    done.says(&["unless exited 127, which is neither yes (0) nor no (1): assets was not run", "no-such-look"]);
    assert!(!site.path("runs-web1").exists());
}

#[test]
fn what_a_command_prints_says_whether_it_has_changed_anything() {
    let run = "cat \"$SITE/says-$RELM_HOST\"";
    let collect = operation("collect", "prepare", "changed_if = \"^[1-9][0-9]* files? copied\"", run);
    let site = Site::new("web1 web2", &collect);
    site.write("says-web1", "0 files copied\n");
    site.write("says-web2", "120 files copied, 3 unmodified\n");
    let done = site.relm("deploy --json").ends(0).json();
    let became = ["web1", "web2"].map(|host| outcome(&done, "collect", host));
    assert_eq!(became, ["already_done", "changed"]);
    site.relm("deploy -v").ends(0).says(&["0 files copied", "120 files copied"]);
}

/// A page that somebody has put up stays when a deploy fails that found it so.
#[test]
fn only_what_ran_is_taken_back() {
    let page = operation(
        "page",
        "before_flip",
        "unless = '[ -e \"$SITE/page-$RELM_HOST\" ]'\nundo = 'rm \"$SITE/page-$RELM_HOST\"'",
        "touch \"$SITE/page-$RELM_HOST\"",
    );
    let site = Site::new("web1 web2", &(page + &operation("broken", "after_flip", "", "[ ! -e \"$SITE/broken\" ]")));
    site.deploy();
    std::fs::remove_file(site.path("page-web2")).expect("a file");
    site.write("broken", "");
    let live = site.live();
    site.relm("deploy").ends(1);
    assert_eq!(site.live(), live);
    assert_eq!((site.path("page-web1").exists(), site.path("page-web2").exists()), (true, false));
}

#[test]
fn commands_and_what_goes_with_them_run_where_the_file_says() {
    let more = "cwd = \"front\"\nunless = '[ -e here-before ]'\nretry = { times = 2, every = \"1s\" }";
    let build = operation("build", "prepare", more, "pwd >\"$SITE/at\"; [ -e tried ] || { touch tried; false; }");
    let shared = operation("shared", "after_flip", "cwd = \"{{ shared_path }}/media\"", "pwd >\"$SITE/media\"");
    let site = Site::new("web1", &(build + &shared + "[release]\nshared_dirs = [\"media\"]\n"));
    site.relm("deploy").ends(1).says(&["/front is no directory here", "build was not run"]);
    site.write("code/front/a.js", "");
    let name = site.deploy();
    assert!(site.read("at").trim().ends_with(&format!("releases/{name}/front")), "{}", site.read("at"));
    assert!(site.read("media").trim().ends_with("www/test/shared/media"), "{}", site.read("media"));
    site.write("code/front/here-before", "");
    site.write("at", "");
    site.deploy();
    assert_eq!(site.read("at"), "");
}

/// Before a first deploy there is no release to stand in; a directory that needs none is there all the same.
#[test]
fn what_undoes_a_first_deploy_stands_where_it_should() {
    let undo = "cwd = \"{{ shared_path }}/media\"\nundo = 'pwd >\"$SITE/undone\"'";
    let site = Site::new(
        "web1",
        &("[release]\nshared_dirs = [\"media\"]\n".to_owned()
            + &operation("page", "before_flip", undo, "true")
            + &operation("broken", "after_flip", "", "exit 1")),
    );
    site.relm("deploy").ends(1);
    assert!(site.read("undone").trim().ends_with("/shared/media"), "{}", site.read("undone"));
}

/// What a command prints goes two ways over whatever sshd has made of its output.
#[test]
fn it_is_the_same_over_ssh() {
    // A host that fails keeps those that have not begun from beginning.
    let asked = "touch \"$HOME/../asked-$RELM_HOST\"; [ \"$RELM_HOST\" = web2 ]";
    let others = "until [ -e \"$HOME/../asked-web1\" ] && [ -e \"$HOME/../asked-web2\" ]; do sleep 0.1; done";
    let more = format!("cwd = \"static\"\nunless = '{asked}'\nchanged_if = \"^odd\"");
    let run = format!("cat it*; [ $RELM_HOST != db1 ] || {{ {others}; exit 3; }}");
    let show = operation("show", "prepare", &more, &run);
    let Some(fleet) = Fleet::start_with(&show) else { return };
    let done = fleet.relm(&["deploy", "--json"]).ends(1);
    let events = done.json();
    assert_eq!(outcome(&events, "show", "web1"), "changed");
    assert_eq!(outcome(&events, "show", "web2")["skipped"], "its unless says that it need not run");
    assert!(done.stdout.contains("exited 3"), "{}", done.stdout);
    fleet.configure(&show.replace("^odd", "^even").replace("exit 3", "exit 0"));
    let events = fleet.relm(&["deploy", "--resume", "--json"]).ends(0).json();
    let became = ["web1", "db1"].map(|host| outcome(&events, "show", host));
    assert_eq!(became, ["already_done", "already_done"]);
}
