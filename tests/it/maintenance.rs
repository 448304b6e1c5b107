//! Maintenance: on while it should be, and never for longer.

use crate::resume::{WAITS, killed};
use crate::site::{Site, kill, logged, operation, within};

const RULES: &str = "[maintenance]\nroles = [\"web\"]\nflag = \"shared/down\"\nlong_flag = \"shared/down-long\"\n\
                     during = \"switch\"\n";

/// Logs whether it is on, right before a host switches.
fn seen() -> String {
    operation("seen", "before_flip", "", r#"ls "$HOME/www/test/shared" >> "$SITE/log""#)
}

fn is_on(site: &Site, host: &str) -> bool {
    site.host(host).path("shared/down").exists()
}

#[test]
fn it_is_on_while_hosts_switch_and_off_before_and_after() {
    let batches = "[release]\nbatches = [1]\n";
    let site = Site::new("web1 web2", &format!("{batches}{RULES}{}{}", seen(), logged("late", "prepare", "")));
    let first = site.deploy();
    let log = site.take_log();
    assert_eq!(log.iter().filter(|line| *line == "down").count(), 2, "{log:?}");
    assert!(!is_on(&site, "web1") && !is_on(&site, "web2"));
    site.deploy();
    site.take_log();
    site.relm("rollback").ends(0);
    assert_eq!(site.take_log(), ["down", "down"]);
    assert!(!is_on(&site, "web1") && site.live() == first);
}

#[test]
fn whatever_fails_it_is_cleared() {
    let site = Site::new("web1 web2=db", &format!("{RULES}{}{}", seen(), logged("health", "after_flip", "")));
    let first = site.deploy();
    site.take_log();
    site.write("broken-health-web2", "");
    site.relm("deploy").ends(1);
    assert!(site.take_log().contains(&"down".to_owned()) && !is_on(&site, "web1"));
    assert_eq!(site.live(), first);
    // A resumed run switches it on again, and off.
    std::fs::remove_file(site.path("broken-health-web2")).expect("a file");
    site.relm("deploy --resume").ends(0);
    assert!(site.take_log().contains(&"down".to_owned()) && !is_on(&site, "web1"));
    // What the file wants to keep stays.
    site.configure(&format!("{RULES}keep_on_failure = true\n{}", logged("health", "after_flip", "")));
    site.write("broken-health-web1", "");
    site.relm("deploy").ends(1);
    assert!(is_on(&site, "web1"));
    site.relm("maintenance off").ends(0);
    assert!(!is_on(&site, "web1"));
}

#[test]
fn the_history_tells_who_switched_it_and_why() {
    let site = Site::new("web1 web2", &format!("{RULES}{}", logged("health", "after_flip", "")));
    let entries = |site: &Site| {
        let report = site.relm("history --json").ends(0).report();
        let entries = report["entries"].as_array().expect("entries").iter();
        let words = |entry: &serde_json::Value, key: &str| entry[key].as_str().unwrap_or("-").to_owned();
        entries.map(|entry| [words(entry, "task"), words(entry, "message"), words(entry, "by")]).collect::<Vec<_>>()
    };
    let entry = |task: &str, message: &str| [task.to_owned(), message.to_owned(), "tester".to_owned()];
    site.relm("maintenance off").ends(0);
    assert_eq!(entries(&site), Vec::<[String; 3]>::new(), "it was not on");
    let live = site.deploy();
    let about = format!("deploy of {live}");
    let run = [entry("maintenance off", &about), entry("deploy", "-"), entry("maintenance on", &about)];
    assert_eq!(entries(&site), run);
    site.relm_with(["maintenance", "on", "-m", "moving the database"]).ends(0);
    site.relm("maintenance off").ends(0);
    site.relm("maintenance on --long").ends(0);
    let by_hand = [
        entry("maintenance on", "for a long time"),
        entry("maintenance off", "-"),
        entry("maintenance on", "moving the database"),
    ];
    assert_eq!(entries(&site)[..3], by_hand);
    let text = site.relm("history").ends(0).stdout;
    assert!(text.lines().any(|line| line.contains("maintenance on") && line.contains("moving the database")), "{text}");
    // On by hand: a deploy leaves it on, and has nothing to tell of it.
    let before = entries(&site).len();
    site.deploy();
    assert_eq!(entries(&site).len(), before + 1);
    site.relm("rollback").ends(0);
    assert_eq!(site.live(), live, "notes mean nothing to a rollback");
    site.relm("maintenance off").ends(0);
    // Put back: off again, and told.
    site.write("broken-health-web2", "");
    site.relm("deploy").ends(1);
    let tasks: Vec<String> = entries(&site).into_iter().map(|[task, ..]| task).collect();
    assert_eq!(tasks[0], "maintenance off");
    assert!(
        tasks[..5].contains(&"put_back".to_owned()) && tasks[..5].contains(&"maintenance on".to_owned()),
        "{tasks:?}"
    );
}

/// What is read of the history at a time is bounded: a switch must not fall out of it for notes.
#[test]
fn however_many_notes_there_are_a_rollback_finds_its_way() {
    let site = Site::new("web1", RULES);
    let first = site.deploy();
    let second = site.deploy();
    let host = site.host("web1");
    let file = |name: &str| std::fs::read_to_string(host.path(format!(".relm/{name}"))).expect("a file");
    let history = file("history.jsonl");
    let before = file("notes.jsonl").lines().count();
    site.relm("maintenance on").ends(0);
    site.relm("maintenance off").ends(0);
    site.relm("lock steal -m hurry").ends(0);
    site.relm("lock release").ends(0);
    assert_eq!((file("notes.jsonl").lines().count(), file("history.jsonl")), (before + 3, history));
    std::fs::write(host.path(".relm/notes.jsonl"), file("notes.jsonl").repeat(200)).expect("a file");
    let told = site.relm("history --json").ends(0).report();
    let tasks: Vec<_> =
        told["entries"].as_array().expect("entries").iter().map(|entry| entry["task"].clone()).collect();
    assert_eq!(tasks[..3], ["lock steal", "maintenance off", "maintenance on"]);
    assert_eq!(tasks.iter().filter(|task| *task == "deploy").count(), 2, "{tasks:?}");
    let status = site.relm("status --json").ends(0).report();
    assert!(status["hosts"][0]["since"].is_string() && status.to_string().contains(second.as_str()), "{status}");
    site.relm("clean-releases").ends(0);
    site.relm("rollback").ends(0);
    assert_eq!(site.live(), first);
}

#[test]
fn what_is_on_already_is_told_once() {
    let refuses = r#"[ ! -e "$SITE/refuse" ]"#;
    let site = Site::new("web1", &format!("[maintenance]\non = '''{refuses}'''\noff = 'true'\n"));
    site.deploy();
    let told = |site: &Site| {
        let report = site.relm("history --json").ends(0).report();
        let entries = report["entries"].as_array().expect("entries").iter();
        entries.filter(|entry| entry["task"] != "deploy").count()
    };
    for (words, wanted) in [
        ("on", 1),
        ("on", 1),
        ("on --long", 2),
        ("on --long", 2),
        ("on", 3),
        ("off", 4),
        ("off", 4),
        ("on -m why", 5),
        ("off", 6),
    ] {
        site.relm(&format!("maintenance {words}")).ends(0);
        assert_eq!(told(&site), wanted, "{words}");
    }
    // What could not be switched on was not on.
    site.write("refuse", "");
    assert_ne!(site.relm("maintenance on").code, Some(0));
    assert_eq!(told(&site), 6);
    std::fs::remove_file(site.path("refuse")).expect("a file");
    site.relm("maintenance on").ends(0);
    assert_eq!(told(&site), 7);
    let status = site.relm("status --json").ends(0).report();
    assert_eq!(status["hosts"][0]["maintenance"], "hand");
}

#[test]
fn interrupted_in_the_switch_or_after_it_it_is_cleared() {
    for phase in ["before_flip", "after_flip", "finish"] {
        let slow = operation("slow", phase, "", r#"[ ! -e "$SITE/slow" ] || { touch "$SITE/begun"; sleep 60; }"#);
        let site = Site::new("web1", &format!("{RULES}{slow}"));
        site.deploy();
        site.write("slow", "");
        let mut run = site.start("deploy");
        site.await_file("begun");
        kill(&run.id().to_string(), "INT");
        assert!(within(20, || run.try_wait().expect("a status").is_some()), "relm does not end");
        assert!(!is_on(&site, "web1"), "{phase}");
    }
}

/// Once all hosts have switched nothing is undone any more.
#[test]
fn what_was_not_switched_off_at_the_end_is_tried_again() {
    let off = r#"[ -e "$SITE/tried" ] || { touch "$SITE/tried"; exit 1; }"#;
    let site = Site::new("web1", &format!("{RULES}on = \"true\"\noff = '''{off}'''\n"));
    let done = site.relm("deploy --json").ends(4);
    assert_eq!(done.ending()["ending"], "live_but_unfinished");
    assert!(!is_on(&site, "web1"));
    site.relm("deploy --resume").ends(0);
}

#[test]
fn what_a_person_switched_on_no_deploy_switches_off() {
    let site = Site::new("web1 db1=db", RULES);
    site.relm("maintenance on").ends(0);
    assert!(is_on(&site, "web1") && !is_on(&site, "db1"));
    site.relm("deploy").ends(0).says(&["web1: maintenance is on, switched on by hand", "relm maintenance off test"]);
    assert!(is_on(&site, "web1"));
    let status = site.relm("status").ends(0).stdout;
    assert_eq!(status.lines().filter(|line| line.contains("in maintenance, by hand")).count(), 1, "{status}");
    let report = site.relm("status --json").ends(0).report();
    assert_eq!((&report["hosts"][0]["maintenance"], report["hosts"][1].get("maintenance")), (&"hand".into(), None));
    let check = site.relm("check").ends(0).stdout;
    assert!(check.contains("web1: note: maintenance is on") && !check.contains("db1: note"), "{check}");
    site.relm("maintenance on --long").ends(0);
    assert!(!is_on(&site, "web1") && site.host("web1").path("shared/down-long").exists());
    site.relm("maintenance off").ends(0);
    assert!(!site.host("web1").path("shared/down-long").exists());
}

#[test]
fn commands_switch_it_too_and_without_rules_it_says_so() {
    let say = |word: &str| format!("echo \"{word} $RELM_MAINTENANCE $RELM_HOST\" >> \"$SITE/log\"");
    let rules = format!("[maintenance]\nduring = \"switch\"\non = '''{}'''\noff = '''{}'''\n", say("on"), say("off"));
    let site = Site::new("web1", &rules);
    site.deploy();
    assert_eq!(site.take_log(), ["on short web1", "off short web1"]);
    site.relm("maintenance on --long").ends(0);
    assert_eq!(site.take_log(), ["on long web1"]);
    site.configure("");
    site.relm("maintenance on").ends(3).says(&["test has no [maintenance]"]);
}

/// A killed relm takes nothing back: whoever goes on does, however that ends. Once while a host switches, once when all have.
#[test]
fn what_a_killed_run_left_down_comes_up_although_a_resumed_one_fails() {
    let pool = r#"[[pool]]
name = "shop"
roles = ["web"]
min_healthy = 0
drain = '''touch "$SITE/out-$RELM_HOST"'''
undrain = '''rm -f "$SITE/out-$RELM_HOST"'''
"#;
    let slow_off = format!("on = \"true\"\noff = '''{WAITS}'''\n");
    let ready = operation("ready", "check", "", r#"[ ! -e "$SITE/unready" ]"#);
    let in_switch = format!("{RULES}{pool}{}", operation("slow", "after_flip", "", WAITS));
    let at_its_end = format!("{RULES}{slow_off}{pool}");
    for (in_switch, rules, next) in [
        (true, &in_switch, "deploy --resume"),
        (false, &at_its_end, "deploy --resume"),
        (true, &in_switch, "deploy"),
        (false, &at_its_end, "deploy"),
    ] {
        let site = Site::new("web1 web2", &format!("[lock]\ngrace = \"1s\"\n{rules}{ready}"));
        site.deploy();
        killed(&site, "web1");
        assert!(is_on(&site, "web1"), "relm was killed over it");
        let is_out = || ["out-web1", "out-web2"].iter().any(|name| site.path(name).exists());
        assert_eq!(is_out(), in_switch);
        site.write("unready", "");
        assert_ne!(site.relm(&format!("{next} --wait 1m")).code, Some(0));
        assert!(!is_on(&site, "web1") && !is_on(&site, "web2") && !is_out(), "it stays down: {next}, {in_switch}");
    }
}

#[test]
fn a_resumed_switch_has_it_on_again() {
    let rules = format!("[lock]\ngrace = \"1s\"\n{RULES}{}{}", operation("slow", "before_flip", "", WAITS), seen());
    let site = Site::new("web1", &rules);
    site.deploy();
    site.take_log();
    killed(&site, "web1");
    site.relm("maintenance off --wait 1m").ends(0);
    assert!(!is_on(&site, "web1"));
    site.relm("deploy --resume --wait 1m").ends(0);
    assert_eq!(site.take_log(), ["down"]);
    assert!(!is_on(&site, "web1"));
}

/// Visitors see the page as long as any host is on its way back.
#[test]
fn it_is_on_until_every_host_is_back() {
    let look = r#"undo = '''[ $RELM_HOST = web1 ] || sleep 1
ls "$SITE/hosts/web1/www/test/shared" >> "$SITE/log"'''"#;
    let rules =
        format!("{RULES}{}{}", operation("restart", "after_flip", look, "true"), logged("health", "after_flip", ""));
    let site = Site::new("web1 web2", &rules);
    site.deploy();
    site.take_log();
    site.write("broken-health-web2", "");
    site.relm("deploy").ends(1);
    let seen = site.take_log().iter().filter(|line| *line == "down").count();
    assert_eq!(seen, 2);
    assert!(!is_on(&site, "web1"));
}
