//! Busy checks: what would be disturbed is found before anything changes, and somebody has to agree.

pub(crate) mod components;

use crate::converge::take_away;
use crate::site::{Site, logged, operation, within};

/// Busy while the test says so.
fn flag(more: &str) -> String {
    format!(
        "[[busy]]\nname = \"import\"\nkind = \"command\"\nrun = '''[ ! -e \"$SITE/busy-$RELM_HOST\" ] || {{ echo import of $RELM_HOST runs; exit 1; }}'''\n{more}\n"
    )
}

#[test]
fn without_a_terminal_and_without_consent_it_is_refused_at_once() {
    let site = Site::new("web1 web2", &(flag("ask = \"Ann\"") + &logged("build", "prepare", "")));
    let first = site.deploy();
    site.take_log();
    site.write("busy-web2", "");
    let done = site.relm_with(["deploy", "--yes", "-m", "new look"]).ends(3);
    let done =
        done.says(&["import is busy on web2; nothing was changed", "import of web2 runs", "ask Ann about import"]);
    done.says(&["relm deploy --yes -m 'new look' --consent import=\"who: why\""]);
    assert_eq!((site.live(), site.take_log()), (first.clone(), vec![]));
    assert_eq!(site.host("web1").releases(), [first], "a release was begun");
    let ending = site.relm("deploy --json").ends(3).ending();
    assert_eq!(ending["reason"], "import is busy on web2; nothing was changed");
}

#[test]
fn consent_lets_it_go_on_and_stands_in_the_history() {
    let site = Site::new("web1", &flag(""));
    site.write("busy-web1", "");
    let first = {
        site.relm_with(["deploy", "--consent", "import=Ann: it can be run again"]).ends(0);
        site.live()
    };
    let history = site.relm("history --json").ends(0).report();
    let consent = serde_json::json!([{ "name": "import", "words": "Ann: it can be run again" }]);
    assert_eq!(history["entries"][0]["consents"], consent);
    assert!(site.relm("history").ends(0).stdout.contains("import: Ann: it can be run again"));
    std::fs::remove_file(site.path("busy-web1")).expect("a file");
    site.relm_with(["deploy", "--consent", "import=Ann: once more"]).ends(0);
    let history = site.relm("history --json").ends(0).report();
    assert!(history["entries"][0].get("consents").is_none(), "nothing was busy, so nothing was agreed to");
    site.write("busy-web1", "");
    site.relm(&format!("rollback --to {first}")).ends(3).says(&["import is busy on web1"]);
}

#[test]
fn a_consent_says_who_and_why_and_to_what() {
    let site = Site::new("web1", &flag(""));
    for words in ["import", "import=yes", "import=Ann:", "=Ann: why"] {
        site.relm_with(["deploy", "--consent", words]).ends(2);
    }
    site.relm_with(["deploy", "--consent", "imports=Ann: why"])
        .ends(2)
        .says(&["asks for consent to something else: import"]);
    assert!(site.host("web1").releases().is_empty());
}

#[test]
fn what_cannot_be_told_counts_as_busy() {
    let commands = [("exit 127", "exited 127"), ("sleep 60", "1 s")];
    for (command, said) in commands {
        let busy =
            format!("[[busy]]\nname = \"import\"\nkind = \"command\"\ntimeout = \"1s\"\nrun = '''{command}'''\n");
        let site = Site::new("web1", &busy);
        let done = site.relm("deploy").ends(3).says(&["cannot be looked at and counts as busy on web1"]);
        assert!(done.stderr.contains(said) || command.starts_with("sleep"), "{command}: {}", done.stderr);
    }
}

#[test]
fn a_warning_stops_nothing_and_a_block_never_asks() {
    let site = Site::new("web1", &flag("on_busy = \"warn\""));
    site.write("busy-web1", "");
    site.relm("deploy").ends(0).says(&["warning: import on web1: import of web1 runs"]);
    site.configure(&flag("on_busy = \"block\""));
    site.relm("deploy").ends(3).says(&["import is busy on web1", "--consent import="]);
}

#[test]
fn a_wait_ends_when_nothing_is_busy_and_pauses_when_it_was_in_vain() {
    let site = Site::new("web1", &flag("on_busy = \"wait\"\nevery = \"1s\"\nmax = \"1m\""));
    site.write("busy-web1", "");
    let mut run = site.start("deploy");
    std::fs::remove_file(site.path("busy-web1")).expect("a file");
    assert!(within(20, || run.try_wait().expect("a process").is_some()), "it did not go on");
    site.live();
    site.configure(&flag("on_busy = \"wait\"\nevery = \"1s\"\nmax = \"1s\""));
    site.write("busy-web1", "");
    let ending = site.relm("deploy --json").ends(75).ending();
    assert_eq!(ending["ending"], "paused");
    assert_eq!(ending["next"][0], "relm deploy --json");
    assert_eq!(site.host("web1").releases().len(), 1, "nothing was begun");
}

#[test]
fn a_check_tells_what_is_busy() {
    let site = Site::new("web1 web2", &flag("ask = \"Ann\""));
    site.relm("check").ends(0);
    site.write("busy-web2", "");
    let report = site.relm("check --json").ends(3).report();
    assert_eq!(report["busy"][0]["host"], "web2");
    assert_eq!(report["busy"][0]["doing"], serde_json::json!(["import of web2 runs"]));
    let done = site.relm("check").ends(3);
    assert!(done.stdout.contains("web2: busy: import: import of web2 runs"), "{}", done.stdout);
}

/// A look is not got rid of by naming other hosts.
#[test]
fn what_a_command_line_leaves_out_counts_as_busy() {
    let site = Site::new("web1 db1=db", &flag("roles = [\"db\"]\non_busy = \"block\""));
    site.relm("setup-release").ends(0);
    let name = site.host("web1").releases().pop().expect("a release");
    site.relm("check --hosts web1").ends(0);
    let typed = format!("deploy --release {name} --roles web");
    let done = site.relm(&typed).ends(3).says(&["--roles leaves out every host with the role db"]);
    done.says(&["name what import is looked at on in --roles too", "--consent import="]);
    assert_eq!(site.host("web1").current(), None);
    site.relm(&format!("deploy --release {name} --roles web,db")).ends(0);
}

/// What nobody looks at may be busy: a component on hosts of other roles, or an environment that has none of them.
#[test]
fn what_is_looked_at_on_no_host_counts_as_busy() {
    let look = |more: &str| {
        let import = flag(&format!("roles = [\"db\"]\n{more}")).replace("[[busy]]", "[[components.player.busy]]");
        format!("[components.player]\nroles = [\"player\"]\nsource = {{ dir = \"code\" }}\n{import}")
    };
    let site = Site::new("form1=player db1=db", &look("on_busy = \"block\"\nask = \"Ann\""));
    let report = site.relm("check test player --json").ends(3).report();
    let reason = "no host of test/player has the role db";
    assert_eq!((&report["ready"], &report["busy"][0]["unknown"]), (&false.into(), &reason.into()));
    assert!(report["busy"][0].get("host").is_none(), "{report}");
    site.relm("check test player --hosts form1").ends(0);
    let done = site.relm("deploy test player").ends(3).says(&["import is looked at on no host and counts as busy"]);
    done.says(&[
        reason,
        "name a role in [[busy]] import",
        "on_busy = \"warn\"",
        "ask Ann about import",
        "--consent import=",
    ]);
    assert!(!site.host("form1").path("components/player/releases").exists(), "something was begun");
    let told = site.relm("deploy test player --dry-run").ends(0).stdout;
    assert!(told.contains("would be refused: import is looked at on no host"), "{told}");
    site.configure(&look("on_busy = \"wait\"\nmax = \"1h\""));
    site.relm("deploy test player").ends(3).says(&[reason]);
    // In the course of the task nobody would look either.
    let tell = logged("tell", "finish", "").replace("[[operations]]", "[[components.player.operations]]");
    site.configure(&(look("when = [\"before:tell\"]") + &tell));
    site.relm("deploy test player").ends(3).says(&[reason]);
    site.relm_with(["deploy", "test", "player", "--consent", "import=Ann: db1 does nothing"]).ends(0);
    site.configure(&look("on_busy = \"warn\""));
    site.relm("deploy test player")
        .ends(0)
        .says(&["warning: import on no host: cannot be told: no host of test/player"]);
}

#[test]
fn it_is_looked_for_only_if_the_task_runs_what_disturbs_it() {
    let restart = operation("restart", "after_flip", "", "true");
    let site = Site::new("web1", &(flag("only_if = \"restart\"") + &restart));
    site.write("busy-web1", "");
    site.relm("deploy").ends(3);
    // A private release disturbs nobody.
    site.relm("setup-release").ends(0);
    let other = restart.replace("\"restart\"", "\"reload\"");
    site.configure(&(flag("only_if = \"restart\"") + &other));
    site.relm("deploy").ends(2).says(&["there is no operation \"restart\""]);
}

#[test]
fn what_is_not_there_is_answered_with_what_is() {
    let site = Site::new("web1=web", "");
    site.relm("services test restart").ends(3).says(&["has no services", "next", "[[service]]"]);
    site.relm("run --roles wbe -- true").ends(2).says(&["no host of test has the role", "next", "--roles web"]);
}

#[test]
fn turning_a_service_by_hand_asks_too() {
    let service = "[[service]]\nname = \"crawler\"\nkind = \"command\"\nproof = false\nrestart = 'echo restart >> \"$SITE/turned\"'\nstart = 'echo start >> \"$SITE/turned\"'\nstop = 'echo stop >> \"$SITE/turned\"'\n";
    let only = "ask = \"Ann\"\nonly_if = \"restart:crawler\"";
    let site = Site::new("web1", &(flag("ask = \"Ann\"") + service));
    site.relm("deploy").ends(0);
    site.write("busy-web1", "");
    let turned = site.read("turned");
    let done =
        site.relm("services test restart crawler").ends(3).says(&["import is busy on web1", "ask Ann about import"]);
    done.says(&["relm services test restart crawler --consent import=\"who: why\""]);
    site.relm("services test stop").ends(3);
    site.configure(&(flag(only) + service));
    site.relm("services test restart").ends(3).says(&["import is busy on web1"]);
    assert_eq!(site.read("turned"), turned);
    site.relm("services test start").ends(0);
    site.relm_with(["services", "test", "restart", "--consent", "import=Ann: it can be run again"]).ends(0);
    site.relm("services test restart crawlr").ends(3).says(&["next", "relm services test status crawler"]);
    // Right before a turn it pauses, and says the same.
    site.configure(&(flag("ask = \"Ann\"\nwhen = [\"before:restart:crawler\"]") + service));
    let ending = site.relm("services test restart crawler --json").ends(75).ending();
    let again = "relm services test restart crawler";
    let next = serde_json::json!([again, "ask Ann about import", format!("{again} --consent import=\"who: why\"")]);
    assert_eq!(ending["next"], next);
}

/// What a restart would kill defers it: everything is ready, nothing has flipped, and somebody may agree.
#[test]
fn before_an_operation_of_the_switch_the_run_is_paused_with_all_hosts_ready() {
    let settings = |more: &str| {
        let when = format!("when = [\"before:restart\"]\nask = \"Ann\"\n{more}");
        flag(&when) + &logged("build", "prepare", "") + &logged("restart", "after_flip", "")
    };
    let site = Site::new("web1 web2", &settings(""));
    let first = site.deploy();
    site.write("busy-web2", "");
    site.take_log();
    let ending = site.relm("deploy --json").ends(75).ending();
    assert_eq!(ending["ending"], "paused");
    let reason = "import_before_restart on web2 is busy: import of web2 runs";
    assert_eq!((&ending["reason"], &ending["next"][0]), (&reason.into(), &"relm deploy test --resume".into()));
    assert_eq!(site.live(), first);
    let log = site.take_log();
    assert!(log.len() == 2 && log.iter().all(|line| line.contains(" build ")), "{log:?}");
    let second = site.host("web1").releases().pop().expect("a release");
    assert!(site.hosts().iter().all(|host| host.state(&second) == "complete"), "it is not ready");
    let done = site.relm("deploy --resume").ends(75);
    done.says(&["ask Ann about import", "relm deploy test --resume --consent import=\"who: why\""]);
    site.relm_with(["deploy", "--resume", "--consent", "import=Ann: it can be run again"]).ends(0);
    assert_eq!(site.live(), second);
    let history = site.relm("history --json").ends(0).report();
    assert_eq!(history["entries"][0]["consents"][0]["name"], "import");
    let done = site.relm("rollback").ends(75).says(&["import_before_restart on web2 is busy", "ask Ann about import"]);
    done.says(&["relm rollback test --consent import="]);
    site.configure(&settings("on_busy = \"warn\""));
    site.relm("rollback").ends(0);
    assert_eq!(site.live(), first);
}

#[test]
fn before_an_operation_it_is_looked_for_in_time_and_waited_for() {
    let more = "when = [\"before:migrate\"]\non_busy = \"wait\"\nevery = \"1s\"\nmax = \"1m\"";
    let start = operation("start", "prepare", "once = true", "touch \"$SITE/busy-web2\" \"$SITE/started\"");
    let site = Site::new("web1 web2", &(flag(more) + &start + &logged("migrate", "prepare", "once = true")));
    let mut run = site.start("deploy");
    site.await_file("started");
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert!(run.try_wait().expect("a process").is_none() && site.take_log().is_empty(), "it did not wait");
    std::fs::remove_file(site.path("busy-web2")).expect("a file");
    assert!(within(30, || run.try_wait().expect("a process").is_some_and(|status| status.success())));
    assert_eq!(site.take_log().len(), 1);
    // Here the operation is waited for in vain, and nothing behind it is run.
    site.configure(&(flag(&more.replace("1m", "1s")) + &start + &logged("migrate", "prepare", "once = true")));
    site.relm("deploy").ends(75).says(&["import_before_migrate", "web2", "is busy"]);
    assert!(site.take_log().is_empty());
}

/// A look is nothing that runs on a host alone: one that cannot be made counts as busy, by its own rule.
#[test]
fn what_cannot_be_looked_at_in_the_course_of_a_run_counts_as_busy_before_it() {
    let looked = |roles: &str, more: &str| {
        let look = flag(&format!("roles = {roles}\nwhen = [\"before:restart\"]\n{more}"));
        format!("[release]\nmax_unreachable = 1\n{look}{}", logged("restart", "after_flip", "roles = [\"web\"]"))
    };
    let site = Site::new("web1 web2 db1=db", &looked("[\"db\"]", "ask = \"Ann\""));
    let first = site.deploy();
    site.deploy();
    take_away(&site, "db1");
    let said = "import cannot be looked at and counts as busy on db1";
    for task in ["deploy", "rollback"] {
        let done = site.relm(task).ends(3).says(&[said, "ask Ann about import"]);
        done.says(&[&format!("relm {task} --consent import=")]);
    }
    assert!(site.relm("deploy --dry-run").ends(0).stdout.contains(&format!("would be refused: {said}")));
    site.relm_with(["rollback", "--consent", "import=Ann: db1 is off"]).ends(0);
    assert_eq!(site.host("web1").current(), Some(first));
    site.configure(&looked("[\"db\"]", "on_busy = \"warn\""));
    site.relm("deploy").ends(0).says(&["warning: import on db1: cannot be told: it cannot be reached"]);
    // Where it can be looked at, it is looked at in time.
    site.configure(&looked("[\"db\", \"web\"]", ""));
    site.write("busy-web2", "");
    let done = site.relm("deploy").ends(3).says(&[said]);
    assert!(!done.stderr.contains("web2 runs"), "{}", done.stderr);
    // What does run there and nowhere else is refused, and what was typed is what to type again.
    site.configure(&format!("[release]\nmax_unreachable = 1\n{}", logged("restart", "after_flip", "roles = [\"db\"]")));
    for task in ["deploy", "rollback"] {
        let next = format!("bring it back, and then   relm {task}\n");
        site.relm(task).ends(3).says(&["restart runs nowhere but on db1, which cannot be reached", &next]);
    }
}
