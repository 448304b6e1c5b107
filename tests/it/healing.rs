//! Hosts that run the fleet's release and where something of it lacks: what it takes to be in step again, and no more.

use serde_json::json;

use crate::converge::{bring_back, take_away};
use crate::resume::{WAITS, killed_in};
use crate::site::{LOG, Site, logged, operation};
use crate::tasks::service;

const PAGE: &str = "[maintenance]\nroles = [\"web\"]\nflag = \"shared/down\"\nduring = \"switch\"\n";

fn broken(site: &Site, operation: &str, host: &str) {
    site.write(&format!("broken-{operation}-{host}"), "");
}

fn mend(site: &Site, operation: &str, host: &str) {
    std::fs::remove_file(site.path(format!("broken-{operation}-{host}"))).expect("a file");
}

fn is_on(site: &Site, host: &str) -> bool {
    site.host(host).path("shared/down").exists()
}

/// Restarts, and logs whether the page is on meanwhile.
fn restart() -> String {
    let page = r#"[ -e "$HOME/www/test/shared/down" ] && page=on || page=off"#;
    let log = r#"echo "$RELM_HOST restart with the page $page" >>"$SITE/log""#;
    operation(
        "restart",
        "after_flip",
        "undo = true",
        &format!("{page}\n{log}\n[ ! -e \"$SITE/broken-restart-$RELM_HOST\" ]"),
    )
}

#[test]
fn a_deploy_that_was_put_back_behind_the_page_leaves_nothing_to_do() {
    let site = Site::new("web1 web2", &format!("{PAGE}{}{}", restart(), logged("health", "after_flip", "")));
    let first = site.deploy();
    broken(&site, "health", "web2");
    site.relm("deploy").ends(1);
    site.take_log();
    assert_eq!(site.relm("status --json").ends(0).report()["in_step"], true);
    site.relm("converge").ends(0).says(&["there was nothing to do"]);
    assert_eq!((site.take_log(), site.live()), (Vec::new(), first));
}

#[test]
fn what_is_started_again_is_started_behind_the_page() {
    let rules = format!("[lock]\ngrace = \"1s\"\n[release]\nbatches = [1]\n{PAGE}");
    let slow = operation("slow", "after_flip", &format!("undo = '''{WAITS}'''"), "true");
    let probe = operation("probe", "after_flip", "roles = [\"db\"]", "true");
    let settings = rules + &restart() + &slow + &probe + &logged("health", "after_flip", "");
    let site = Site::new("web1 web2 db1=db", &settings);
    site.deploy();
    let first = site.deploy();
    broken(&site, "health", "web2");
    killed_in(&site, "deploy", "web1");
    mend(&site, "health", "web2");
    assert_eq!(site.live(), first);
    let status = site.relm("status --json").ends(0).report();
    assert!(status["hosts"][0]["maintenance"].is_string() || status["lock"].is_object(), "{status}");
    site.take_log();
    // However it fails, what is live stays live.
    broken(&site, "restart", "web1");
    let done = site.relm("converge --wait 1m --json");
    assert!(matches!(done.code, Some(1 | 5)), "{}", done.stdout);
    assert_eq!(done.ending()["hosts"], json!({ "web1": first, "web2": first, "db1": first }));
    mend(&site, "restart", "web1");
    site.take_log();
    let done = site.relm("converge").ends(0);
    assert!(done.stderr.contains("web1: put back to") && !done.stderr.contains("has its role"), "{}", done.stderr);
    assert!(!done.stderr.contains("will run"), "{}", done.stderr);
    let log = site.take_log();
    let restarts: Vec<&String> = log.iter().filter(|line| line.contains("restart")).collect();
    assert_eq!(restarts, ["web1 restart with the page on"], "{log:?}");
    assert!(!is_on(&site, "web1") && !is_on(&site, "web2"));
    site.relm("converge").ends(0).says(&["there was nothing to do"]);
}

#[test]
fn a_page_that_stays_on_is_named_and_switched_off_by_the_next_run() {
    let page = format!("{PAGE}on = \"true\"\noff = '''[ ! -e \"$SITE/broken-off-$RELM_HOST\" ]'''\n");
    let site = Site::new("web1 web2", &format!("{page}{}{}", restart(), logged("health", "after_flip", "")));
    let first = site.deploy();
    broken(&site, "health", "web1");
    broken(&site, "off", "web2");
    let ending = site.relm("deploy --json").ends(5).ending();
    assert_eq!(
        (&ending["ending"], &ending["reason"]),
        (&json!("mixed"), &json!("this could not be taken back: maintenance:on on web2"))
    );
    let next = ["relm maintenance off test", "relm converge test", "relm deploy test --resume"];
    assert_eq!((&ending["next"], site.live()), (&json!(next), first.clone()));
    assert!(!is_on(&site, "web1") && is_on(&site, "web2"));
    let status = site.relm("status --json").ends(0).report();
    assert!(
        status["hosts"][1]["maintenance"].is_string() && status["hosts"][0].get("maintenance").is_none(),
        "{status}"
    );
    site.relm("check").ends(0).shows(&["web2: note: maintenance is on", "relm maintenance off test"]);
    site.take_log();
    // Again in vain, and then not.
    site.relm("converge").ends(4);
    mend(&site, "off", "web2");
    site.relm("converge").ends(0).says(&["web2: maintenance was left on by a run and is switched off"]);
    assert!(!is_on(&site, "web2") && site.live() == first);
    assert_eq!(site.take_log(), Vec::<String>::new(), "nothing lacked but that");
    site.relm("converge").ends(0).says(&["there was nothing to do"]);
    // What a person has switched on, or wanted to keep, stays.
    site.relm("maintenance on").ends(0);
    site.relm("converge").ends(0).says(&["there was nothing to do", "web1: maintenance is on"]);
    assert!(is_on(&site, "web1"));
}

#[test]
fn people_read_what_could_not_be_put_back_and_what_mends_it() {
    let page = format!("{PAGE}on = \"true\"\noff = '''[ ! -e \"$SITE/broken-off-$RELM_HOST\" ]'''\n");
    let site = Site::new("web1 web2", &format!("{page}{}", logged("health", "after_flip", "")));
    site.deploy();
    broken(&site, "health", "web1");
    broken(&site, "off", "web2");
    let done = site.relm("deploy").ends(5);
    let words = [
        "not all of it could be put back",
        "maintenance:on on web2",
        "relm maintenance off test",
        "relm converge test",
    ];
    assert!(!done.says(&words).stderr.contains("as before"));
}

#[test]
fn a_restart_that_was_not_undone_is_told_and_done_again() {
    let undo = format!("undo = '''{}; [ ! -e \"$SITE/broken-undo-$RELM_HOST\" ]'''", LOG.replace("OP", "undo"));
    let settings = logged("restart", "after_flip", &undo) + &logged("health", "after_flip", "");
    let site = Site::new("web1 web2", &settings);
    site.deploy();
    let first = site.deploy();
    broken(&site, "health", "web1");
    broken(&site, "undo", "web2");
    let ending = site.relm("deploy --json").ends(5).ending();
    assert_eq!(ending["next"], json!(["relm converge test", "relm deploy test --resume"]));
    mend(&site, "health", "web1");
    let status = site.relm("status --json").ends(0).report();
    assert_eq!(status["in_step"], false, "{status}");
    assert!(
        status["hosts"][1].to_string().contains("not to the end") && status["hosts"][0].get("trouble").is_none(),
        "{status}"
    );
    let told = site.relm("status").ends(0).stdout;
    assert!(told.contains("not to the end") && !told.contains("did not answer"), "{told}");
    site.relm("check").ends(0).shows(&["web2: note: put back after a failed switch", "relm converge test"]);
    site.take_log();
    site.relm("converge").ends(0);
    assert_eq!(site.take_log(), [format!("web2 restart {first}"), format!("web2 health {first}")]);
    assert_eq!(site.relm("status --json").ends(0).report()["in_step"], true);
}

/// It is broken there, and that is what the run failed of. But nobody is told that all is as before.
#[test]
fn a_restart_that_fails_as_its_own_inverse_too_is_told_and_done_again() {
    let site = Site::new("web1 web2", &logged("restart", "after_flip", "undo = true"));
    let first = site.deploy();
    broken(&site, "restart", "web2");
    let done = site.relm("deploy").ends(1).says(&["restart on web2", "relm converge test"]);
    assert!(!done.stderr.contains("as before"), "{}", done.stderr);
    assert_eq!(site.relm("status --json").ends(0).report()["in_step"], false);
    mend(&site, "restart", "web2");
    site.take_log();
    site.relm("converge").ends(0);
    assert_eq!(site.take_log(), [format!("web2 restart {first}")]);
    site.relm("converge").ends(0).says(&["there was nothing to do"]);
}

/// What hosts in step have left is told by the whole file, and not by what there is to do on the others.
#[test]
fn what_runs_on_hosts_in_step_is_not_called_forgotten() {
    const ONE_MAY_MISS: &str = "[release]\nmax_unreachable = 1\n";
    let published = "[[publish]]\nfrom = \"share\"\nto = \"~/docroot\"\nmode = \"mirror\"\n";
    let beat = service("beat", "templates = [\"templates/beat.conf\"]\ninto = \"conf.d\"");
    let site = Site::new("web1 web2 web3", "");
    site.write("templates/beat.conf", "{{ host }}\n");
    site.write("code/share/index.html", "one\n");
    site.configure(&format!("{ONE_MAY_MISS}{beat}{published}"));
    site.deploy();
    let behind = || {
        take_away(&site, "web1");
        site.relm("deploy").ends(0);
        bring_back(&site, "web1");
    };
    behind();
    for task in ["converge --dry-run", "converge"] {
        let done = site.relm(task).ends(0);
        let told = done.stdout + &done.stderr;
        assert!(!told.contains("is not in Releases.toml any more"), "{task}: {told}");
    }
    site.live();
    // What the file has no more is told of all of them.
    site.configure(ONE_MAY_MISS);
    behind();
    let done = site.relm("converge").ends(0);
    for host in ["web1", "web2", "web3"] {
        assert!(done.stderr.contains(&format!("{host}: the service beat is not in")), "{}", done.stderr);
    }
}
