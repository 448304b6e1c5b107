//! Tasks of the file's own, in what is live: what they take down comes up again when they fail.

use crate::site::{Done, Site, kill, logged, operation, within};

/// A service of commands, which runs while `$SITE/NAME-HOST` is there, and logs what is done to it.
pub(crate) fn service(name: &str, more: &str) -> String {
    let log = |word: &str| format!("echo \"$RELM_HOST {word} {name}\" >>\"$SITE/log\"");
    format!(
        "[[service]]\nname = \"{name}\"\nkind = \"command\"\nproof = false\n{more}\n\
         start = '[ ! -e \"$SITE/stuck-{name}\" ] && {} && touch \"$SITE/{name}-$RELM_HOST\"'\n\
         stop = '{} && rm -f \"$SITE/{name}-$RELM_HOST\"'\nstatus = '[ -e \"$SITE/{name}-$RELM_HOST\" ]'\n",
        log("start"),
        log("stop"),
    )
}

/// A pool of commands: a host is out while `$SITE/out-HOST` is there.
pub(crate) fn pool(keeps: usize) -> String {
    format!(
        "[[pool]]\nname = \"front\"\nroles = [\"web\"]\nwait = \"0s\"\nmin_healthy = {keeps}\n\
         drain = 'touch \"$SITE/out-$RELM_HOST\"; echo \"$RELM_HOST out, $(ls \"$SITE\" | grep -c ^out-) are\" >>\"$SITE/log\"'\n\
         undrain = 'rm -f \"$SITE/out-$RELM_HOST\"; echo \"$RELM_HOST in\" >>\"$SITE/log\"'\n"
    )
}

fn task(operations: &str) -> String {
    format!("[tasks.turn]\noperations = [{operations}]\n")
}

const RULES: &str = "[maintenance]\nroles = [\"web\"]\nflag = \"shared/down\"\n";

fn is_up(site: &Site, path: &str) -> bool {
    site.path(path).exists()
}

/// What the words of the file write for a migration that meets no worker, and the migration is going to fail.
fn about_to_fail(fleet: &str, workers: &str, migrate: &str) -> Site {
    let words = r#""stop:workers", "migrate", "start:workers""#;
    let settings = service("workers", workers) + &logged("migrate", "prepare", migrate) + &task(words);
    let site = Site::new(fleet, &settings);
    site.deploy();
    site.take_log();
    site.write("broken-migrate-web1", "");
    site
}

#[test]
fn what_a_failed_task_has_stopped_runs_again_and_that_is_told() {
    let site = about_to_fail("web1 web2", "", "once = true");
    let done = site.relm("turn").ends(1);
    let done =
        done.says(&["migrate is broken", "web1: stop:workers was taken back", "web2: stop:workers was taken back"]);
    assert!(done.stderr.contains("relm turn test"), "{}", done.stderr);
    assert!(is_up(&site, "workers-web1") && is_up(&site, "workers-web2"), "{:?}", site.take_log());
    std::fs::remove_file(site.path("broken-migrate-web1")).expect("a file");
    site.take_log();
    site.relm("turn").ends(0);
    let log = site.take_log();
    assert_eq!(log.iter().filter(|line| line.contains("start")).count(), 2, "{log:?}");
    assert!(log[2].contains("migrate"), "{log:?}");
}

#[test]
fn what_cannot_be_started_again_is_named_with_what_to_type() {
    let site = about_to_fail("web1", "timeout = \"1s\"", "");
    site.write("stuck-workers", "");
    let done = site.relm("turn").ends(1);
    let done = done.says(&["undoing stop:workers", "could not be taken back: stop:workers on web1"]);
    let done = done.says(&["relm services test start workers"]);
    assert!(!done.stderr.contains("nothing changed"), "{}", done.stderr);
}

/// In the reverse order: whoever gets requests again, and sees no page, finds the service running.
#[test]
fn all_that_a_failed_task_took_down_comes_up_in_reverse_order() {
    let words =
        r#""maintenance:on", "drain:front", "stop:web", "boom", "start:web", "undrain:front", "maintenance:off""#;
    let down = r#"ls "$HOME/www/test/shared" >>"$SITE/log"; [ ! -e "$SITE/broken" ]"#;
    let rules = |more: &str| {
        format!("{RULES}{more}\n{}{}", pool(0), service("web", ""))
            + &operation("boom", "prepare", "", down)
            + &task(words)
    };
    let site = Site::new("web1 web2", &rules(""));
    site.deploy();
    site.take_log();
    site.write("broken", "");
    site.relm("turn").ends(1).says(&["web2: stop:web, drain:front, maintenance:on was taken back"]);
    let log = site.take_log();
    for host in ["web1", "web2"] {
        let at = |words: &str| log.iter().rposition(|line| *line == format!("{host} {words}"));
        assert!(at("start web").is_some() && at("start web") < at("in"), "{log:?}");
        assert!(!site.host(host).path("shared/down").exists() && is_up(&site, &format!("web-{host}")), "{log:?}");
    }
    assert!(log.contains(&"down".to_owned()) && !is_up(&site, "out-web1"), "{log:?}");
    // What the file wants to keep stays, and what a person has switched on.
    site.configure(&rules("keep_on_failure = true"));
    site.relm("turn").ends(1);
    assert!(site.host("web1").path("shared/down").exists() && is_up(&site, "web-web1"));
    site.relm("maintenance off").ends(0);
    site.configure(&rules(""));
    site.relm("maintenance on").ends(0);
    site.relm("turn").ends(1);
    assert!(site.host("web1").path("shared/down").exists() && is_up(&site, "web-web1"));
}

/// Nobody starts twice what runs, and what somebody else had stopped is theirs.
#[test]
fn what_is_up_again_or_was_down_before_is_left_as_it_is() {
    let words = r#""stop:web", "start:web", "stop:jobs", "boom""#;
    let blind = service("web", "").replace("status =", "reload =");
    let settings = blind + &service("jobs", "") + &logged("boom", "prepare", "") + &task(words);
    let site = Site::new("web1", &settings);
    site.deploy();
    site.relm("services stop jobs").ends(0);
    site.write("broken-boom-web1", "");
    site.take_log();
    site.relm("turn").ends(1);
    let log = site.take_log();
    assert_eq!(log[..2], ["web1 stop web", "web1 start web"]);
    assert!(log.len() == 3 && log[2].contains("boom") && !is_up(&site, "jobs-web1"), "{log:?}");
}

#[test]
fn a_task_that_only_stops_leaves_it_stopped() {
    let site = Site::new("web1", &(service("web", "") + &task(r#""stop:web""#)));
    site.deploy();
    site.relm("turn").ends(0);
    assert!(!is_up(&site, "web-web1"));
}

#[test]
fn interrupted_a_task_leaves_nothing_down() {
    let words =
        r#""maintenance:on", "drain:front", "stop:web", "slow", "start:web", "undrain:front", "maintenance:off""#;
    let slow = r#"[ ! -e "$SITE/slow" ] || { touch "$SITE/begun"; sleep 60; }"#;
    for fleet in ["web1", "web1 web2"] {
        let settings = format!("{RULES}{}{}", pool(0), service("web", "")) + &operation("slow", "prepare", "", slow);
        let site = Site::new(fleet, &(settings + &task(words)));
        site.deploy();
        site.write("slow", "");
        let done = interrupted(&site, "turn", "begun");
        done.ends(130).says(&["stop:web, drain:front, maintenance:on was taken back"]);
        assert!(is_up(&site, "web-web1") && !is_up(&site, "out-web1"), "{fleet}");
        assert!(!site.host("web1").path("shared/down").exists(), "{fleet}");
    }
}

/// Killed, a run takes nothing back; what it was to bring up again is known to the hosts.
#[test]
fn what_a_killed_task_left_down_is_told_until_it_is_up() {
    let slow = r#"[ ! -e "$SITE/slow" ] || { touch "$SITE/begun"; while [ -e "$SITE/slow" ]; do sleep 0.1; done; }"#;
    let settings = service("web", "") + &operation("slow", "prepare", "", slow);
    let tasks = task(r#""stop:web", "slow", "start:web""#) + "[tasks.down]\noperations = [\"stop:web\"]\n";
    let site = Site::new("web1", &(settings + &tasks));
    site.deploy();
    let told = || site.relm("status").ends(0).stdout;
    let words = "web was taken down by the task turn, which did not come to its end";
    site.relm("turn").ends(0);
    assert!(!told().contains("web was"));
    // What is to stay down is no oversight.
    site.relm("down").ends(0);
    assert!(!is_up(&site, "web-web1") && !told().contains("web was"));
    site.relm("services start web").ends(0);
    site.write("slow", "");
    let mut relm = site.start("turn");
    site.await_file("begun");
    kill(&relm.id().to_string(), "KILL");
    relm.wait().expect("an end");
    assert!(!is_up(&site, "web-web1"));
    std::fs::remove_file(site.path("slow")).expect("a file");
    assert!(within(60, || told().contains(words)), "{}", told());
    let said = site.relm("check").ends(0).stdout;
    assert!(said.contains(words) && said.contains("`relm services test start web` starts it as it was"), "{said}");
    site.relm("turn --wait 1m").ends(0);
    assert!(is_up(&site, "web-web1") && !told().contains("web was"));
}

/// The same of a host that a task, or a restart by hand, had out of its pool. Whoever takes it out knows it: with `proxies`, another host.
#[test]
fn a_host_that_a_killed_run_left_out_of_its_pool_is_told_until_it_is_in() {
    let slow = r#"[ ! -e "$SITE/slow" ] || { touch "$SITE/begun"; while [ -e "$SITE/slow" ]; do sleep 0.1; done; }"#;
    let web = service("web", "roles = [\"web\"]").replace("stop = '", &format!("stop = '{slow}; "));
    let slow = operation("slow", "prepare", "roles = [\"web\"]", slow);
    let words = task(r#""drain:front", "slow", "undrain:front""#) + "[tasks.out]\noperations = [\"drain:front\"]\n";
    for (proxies, typed, how) in [
        ("", "turn", "taken out of pool front by the task turn, which did not come to its end"),
        ("proxies = [\"proxy\"]\n", "turn", "taken out of pool front by the task turn, which did not come to its end"),
        ("proxies = [\"proxy\"]\n", "services restart", "taken out of pool front for a restart by hand"),
    ] {
        let settings = pool(0) + proxies + &web + &slow + &words;
        let site = Site::new("web1 web2 proxy1=proxy", &settings);
        site.deploy();
        let told = || site.relm("status").ends(0).stdout;
        site.relm(typed).ends(0);
        // What is to stay out is no oversight.
        site.relm("out").ends(0);
        assert!(is_up(&site, "out-web1") && !told().contains("out of"), "{}", told());
        site.relm("deploy").ends(0);
        site.write("slow", "");
        let mut relm = site.start(typed);
        site.await_file("begun");
        kill(&relm.id().to_string(), "KILL");
        relm.wait().expect("an end");
        std::fs::remove_file(site.path("slow")).expect("a file");
        assert!(within(60, || told().contains(how)), "{}", told());
        assert!(told().contains("to take in again:   relm converge test"), "{}", told());
        let report = site.relm("status --json").ends(0).report();
        let by = if typed == "turn" { "task:turn" } else { "restart" };
        assert_eq!(report["hosts"][0]["drained"], serde_json::json!({ "front": by }));
        site.relm("check").ends(0).shows(&[how, "`relm converge test` takes it in again"]);
        site.relm("services start --wait 1m").ends(0);
        site.take_log();
        site.relm("converge").ends(0).says(&["taken out of a pool by a run that did not take it in, and comes in"]);
        assert!(!is_up(&site, "out-web1") && !is_up(&site, "out-web2") && !told().contains("out of"), "{}", told());
        let log = site.take_log();
        assert!(!log.is_empty() && log.iter().all(|line| line.ends_with(" in")), "nothing lacked but that: {log:?}");
        site.relm("converge").ends(0).says(&["there was nothing to do"]);
    }
}

/// `undo = true` is a command that is its own inverse.
#[test]
fn operations_of_the_file_are_taken_back_in_what_is_live() {
    let words = r#""warm", "turn-off", "boom""#;
    let settings = logged("warm", "after_flip", "undo = true")
        + &logged("turn-off", "prepare", "undo = 'echo turned on >>\"$SITE/log\"'")
        + &logged("boom", "prepare", "");
    let site = Site::new("web1", &(settings + &task(words)));
    let live = site.deploy();
    site.take_log();
    site.write("broken-boom-web1", "");
    site.relm("turn").ends(1).says(&["turn-off, warm was taken back"]);
    let of = |name: &str| format!("web1 {name} {live}");
    assert_eq!(site.take_log(), [of("warm"), of("turn-off"), of("boom"), "turned on".to_owned(), of("warm")]);
}

/// Starts a command line, and sends it Ctrl-C when `$SITE/FILE` is there.
pub(crate) fn interrupted(site: &Site, line: &str, file: &str) -> Done {
    let mut child = site.start(line);
    site.await_file(file);
    kill(&child.id().to_string(), "INT");
    assert!(within(15, || child.try_wait().expect("a status").is_some()), "relm does not end");
    Done::from(child.wait_with_output().expect("output"))
}

/// As a deploy does: batch by batch, and what is done before and behind is done for all.
#[test]
fn a_task_that_drains_leaves_enough_of_a_pool() {
    let words = r#""before", "drain:front", "stop:web", "start:web", "undrain:front", "behind""#;
    let all = logged("before", "prepare", "") + &logged("behind", "prepare", "");
    let rules = |words: &str| pool(1) + &service("web", "") + &all + &task(words);
    let site = Site::new("web1 web2 web3", &rules(words));
    let live = site.deploy();
    site.take_log();
    let done = site.relm("turn").ends(0).says(&["hosts go in 2 batches: pool front keeps 1"]);
    assert!(!done.stderr.contains("hosts switch"), "{}", done.stderr);
    let log = site.take_log();
    assert!(!log.iter().any(|line| line.contains("3 are")), "{log:?}");
    let at = |words: String| log.iter().position(|line| *line == words).expect("a line");
    assert!(at("web2 in".into()) < at("web3 out, 1 are".into()), "{log:?}");
    assert!(at(format!("web3 before {live}")) < 3 && at(format!("web1 behind {live}")) >= log.len() - 3, "{log:?}");
    // What fails behind all that, or in it, leaves nothing down.
    for (broken, file) in [("behind", "broken-behind-web3"), ("start", "stuck-web")] {
        site.write(file, "");
        site.relm("turn").ends(1);
        assert!(!is_up(&site, "out-web1") && !is_up(&site, "out-web3"), "{broken}");
        std::fs::remove_file(site.path(file)).expect("a file");
        site.relm("services start").ends(0);
    }
}

#[test]
fn a_task_that_would_leave_too_few_of_a_pool_is_refused() {
    let all = pool(1) + &service("web", "") + &logged("migrate", "prepare", "once = true");
    let site = Site::new("web1 web2", &all);
    site.deploy();
    site.take_log();
    site.configure(&(all.clone() + &task(r#""drain:front", "stop:web""#)));
    let words = ["takes every host out of pool front", "1 must stay in it", r#""stop:web", "undrain:front"]"#];
    site.relm("turn").ends(3).says(&words);
    site.configure(&(all.clone() + &task(r#""drain:front", "migrate", "restart:web", "undrain:front""#)));
    let words =
        ["migrate runs once, and stands between drain:front and undrain:front", r#"["migrate", "drain:front","#];
    site.relm("turn").ends(3).says(&words);
    site.configure(&(all.replace("min_healthy = 1", "min_healthy = 2") + &task(r#""drain:front", "undrain:front""#)));
    site.relm("turn").ends(3).says(&["pool front has 2 hosts (web1 web2) and 2 must stay in it"]);
    assert!(site.take_log().is_empty());
}
