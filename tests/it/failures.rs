//! Deploys that fail: what is live then, what is said, and the exit code.

use std::fs;

use crate::chaos::disk::Disk;
use crate::site::{LOG, Site, logged, operation};

fn broken(site: &Site, operation: &str, host: &str) {
    site.write(&format!("broken-{operation}-{host}"), "");
}

#[test]
fn a_failing_preparation_changes_nothing_live_anywhere() {
    let settings = logged("build", "prepare", "") + &logged("restart", "after_flip", "");
    let site = Site::new("web1 web2 web3", &settings);
    let first = site.deploy();
    site.take_log();
    broken(&site, "build", "web2");
    let done = site.relm("deploy --json").ends(1);
    assert_eq!(done.ending()["ending"], "nothing_changed");
    assert_eq!(site.live(), first);
    assert!(!site.take_log().iter().any(|line| line.contains("restart")), "a host entered the switch");
    for host in site.hosts() {
        let failed = host.releases().pop().expect("a release");
        assert_eq!(host.state(&failed), "failed");
    }
}

#[test]
fn every_failed_host_is_named_with_its_own_last_words() {
    let run = "sleep 0.3; seq -f 'line %.0f' 30; echo \"the words of $RELM_HOST\" >&2; [ $RELM_HOST = web3 ]";
    let site = Site::new("web1 web2 web3 web4", &operation("build", "prepare", "", run));
    let done = site.relm("deploy").ends(1);
    let told = done.stderr.split_once('✘').expect("an ending").1.to_owned();
    for host in ["web1", "web2", "web4"] {
        assert!(told.contains(&format!("the words of {host}")), "{host}:\n{told}");
    }
    assert!(!told.contains("the words of web3"), "{told}");
    let failed = site.relm("deploy --json").ends(1).json();
    let failed = failed.iter().find(|event| event["event"] == "host_failed").expect("a failure");
    let said = failed["failure"]["said"].as_array().expect("lines");
    assert_eq!(said.len(), 20, "the last lines and no more");
    assert!(said.iter().any(|line| line == "line 30") && !said.iter().any(|line| line == "line 11"), "{said:?}");
    assert!(told.contains("build failed on 3 of 4 hosts"), "{told}");
}

#[test]
fn a_failing_check_stops_before_anything_is_made() {
    let site = Site::new("web1 web2", &logged("ready", "check", ""));
    broken(&site, "ready", "web2");
    let done = site.relm("deploy --json").ends(1);
    assert_eq!(done.ending()["ending"], "nothing_changed");
    let begun =
        done.json().into_iter().filter(|event| event["event"] == "step_started").map(|event| event["step"].clone());
    assert_eq!(begun.collect::<Vec<_>>(), ["ready"], "a host began to build");
    assert!(site.hosts().iter().all(|host| host.current().is_none()));
    site.relm("deploy").ends(1).says(&["ready is broken on web2"]);
}

fn switching() -> String {
    let undo = format!("undo = '''{}'''", LOG.replace("OP", "undo-drain"));
    let settings = [
        "[release]\nbatches = [2, 1]\n".to_owned(),
        logged("drain", "before_flip", &undo),
        logged("restart", "after_flip", "undo = true"),
        logged("health", "after_flip", ""),
        logged("warm", "after_flip", &format!("undo = '''{}'''", LOG.replace("OP", "undo-warm"))),
    ];
    settings.concat()
}

#[test]
fn a_failing_switch_puts_every_switched_host_back() {
    for step in ["drain", "restart", "health", "warm"] {
        let site = Site::new("web1 web2 web3 web4", &switching());
        let first = site.deploy();
        site.take_log();
        broken(&site, step, "web3");
        let done = site.relm("deploy --json").ends(1);
        assert_eq!(done.ending()["ending"], "put_back", "{step}");
        assert_eq!(site.live(), first, "{step}");
        let failed = site.host("web1").releases().pop().expect("a release");
        assert_ne!(failed, first);
        assert_eq!(site.host("web1").state(&failed), "failed", "{step}");
        let log = site.take_log();
        assert!(!log.iter().any(|line| line.starts_with("web4")), "the last batch was begun: {log:?}");
        let of = |host: &str| {
            let lines = log.iter().filter_map(|line| line.strip_prefix(&format!("{host} ")));
            lines.map(|line| line.replace(&first, "OLD").replace(&failed, "NEW")).collect::<Vec<_>>()
        };
        let forth = ["drain NEW", "restart NEW", "health NEW", "warm NEW"];
        let back = ["undo-warm OLD", "restart OLD", "undo-drain OLD"];
        assert_eq!(of("web1"), [&forth[..], &back].concat(), "{step}");
        let last = forth.iter().position(|line| line.starts_with(step)).expect("a step");
        // What failed was begun, and is undone too.
        let skipped = [2, 1, 1, 0][last];
        assert_eq!(of("web3"), [&forth[..=last], &back[skipped..]].concat(), "{step}");
    }
}

#[test]
fn a_first_deploy_is_put_back_to_nothing() {
    let site = Site::new("web1 web2", &switching());
    broken(&site, "health", "web2");
    let ending = site.relm("deploy --json").ends(1).ending();
    assert_eq!(ending["ending"], "put_back");
    assert_eq!(ending["hosts"], serde_json::json!({ "web1": null, "web2": null }));
    assert!(site.hosts().iter().all(|host| host.current().is_none()));
    fs::remove_file(site.path("broken-health-web2")).expect("a file");
    site.deploy();
}

#[test]
fn a_flip_that_finds_another_current_fails_and_all_are_put_back() {
    // web2's link is changed by somebody else meanwhile, and set right by the undo.
    let meanwhile = r#"[ $RELM_HOST != web2 ] || { cd "$HOME/www/test" && rm current && ln -s releases/2001-01-01_00.00.00 current; }"#;
    let undo =
        r#"[ $RELM_HOST != web2 ] || { cd "$HOME/www/test" && rm current && ln -s releases/$RELM_RELEASE current; }"#;
    let site = Site::new("web1 web2", "");
    let first = site.deploy();
    site.configure(
        &("[release]\nbatches = [1]\n".to_owned()
            + &operation("meddle", "before_flip", &format!("undo = '''{undo}'''"), meanwhile)),
    );
    let done = site.relm("deploy --json").ends(1);
    assert_eq!(done.ending()["ending"], "put_back");
    assert!(done.stdout.contains("somebody else has changed it"), "{}", done.stdout);
    assert_eq!(site.live(), first);
}

#[test]
fn hosts_that_cannot_be_put_back_are_a_mixed_fleet() {
    // The old release of web1 vanishes, so web1 must keep the new one while web2 keeps the old one.
    let vanish = r#"[ $RELM_HOST != web2 ] || { rm -rf "$SITE"/hosts/web1/www/test/releases/OLD; exit 1; }"#;
    let site = Site::new("web1 web2", "");
    let first = site.deploy();
    let settings = operation("break", "after_flip", "", &vanish.replace("OLD", &first));
    site.configure(&("[release]\nbatches = [1]\n".to_owned() + &settings));
    let done = site.relm("deploy --json").ends(5);
    let ending = done.ending();
    assert_eq!(ending["ending"], "mixed");
    assert_eq!(ending["hosts"]["web2"], first.as_str());
    let kept = site.host("web1").current().expect("a release");
    assert_eq!(ending["hosts"]["web1"], kept.as_str());
    assert_ne!(kept, first);
    let back = done.json().into_iter().find(|event| event["event"] == "host_put_back" && event["host"] == "web1");
    assert!(back.expect("an event")["failure"]["said"].to_string().contains("is not there"), "{}", done.stdout);
    assert_eq!(site.host("web1").state(&kept), "complete", "what is live has not failed");
    let status = site.relm("status --json").ends(0).report();
    assert_eq!(status["in_step"], false);
}

#[test]
fn an_undo_is_on_the_disk_before_it_begins() {
    let settings = operation("hold", "prepare", "undo = '''echo undo >>\"$SITE/synced\"'''", "true");
    let site = Site::new("web1", &(settings + &logged("build", "prepare", "")));
    site.shadow("sync", "echo \"$*\" >>\"$SITE/synced\"");
    broken(&site, "build", "web1");
    site.relm("deploy").ends(1);
    let synced = fs::read_to_string(site.path("synced")).expect("a file");
    let (before, _) = synced.split_once("undo\n").expect("an undo");
    assert!(
        before.lines().any(|line| line.split(char::is_whitespace).any(|path| path.ends_with("/steps"))),
        "{synced}"
    );
}

#[test]
fn a_restart_that_fills_the_disk_is_put_back() {
    let site = Site::new("web1 web2", "");
    let Some(disk) = Disk::mount(&site.path("hosts/web1")) else { return };
    let first = site.deploy();
    // Not even the block that the history ends in has room for a line.
    let fill = r#"cd "$SITE/hosts/web1/www/test/.relm" && rm -f lock/reserve && truncate -s %65536 history.jsonl
cat /dev/zero >"$SITE/hosts/web1/filler"; exit 1"#;
    site.configure(&operation("restart", "after_flip", "", &format!("[ $RELM_HOST = web1 ] || exit 0\n{fill}")));
    let done = site.relm("deploy --json").ends(1);
    assert_eq!(done.ending()["ending"], "put_back", "{}", done.stdout);
    assert_eq!(site.live(), first);
    assert!(done.stdout.contains("could not be written down"), "{}", done.stdout);
    disk.mend();
    site.configure("");
    site.relm("deploy --resume").ends(0);
    assert_ne!(site.live(), first);
}

#[test]
fn a_mixed_fleet_is_said_host_by_host() {
    let site = Site::new("web1 web2", "");
    let first = site.deploy();
    let run = "rm -rf \"$SITE\"/hosts/web1/www/test/releases/OLD; exit 1".replace("OLD", &first);
    site.configure(&operation("break", "after_flip", "", &run));
    let done = site.relm("deploy").ends(5);
    let told = done.stderr.split_once('✘').expect("an ending").1.to_owned();
    let kept = site.host("web1").current().expect("a release");
    for words in ["web1", "web2", &first, &kept] {
        assert!(told.contains(words), "{words}:\n{told}");
    }
}

#[test]
fn an_undo_that_fails_stops_no_other_and_is_told() {
    let undo = format!("undo = '''{}; exit 9'''", LOG.replace("OP", "undo-warm"));
    let settings = logged("restart", "after_flip", "undo = true")
        + &logged("warm", "after_flip", &undo)
        + &logged("health", "after_flip", "");
    let site = Site::new("web1 web2", &settings);
    let first = site.deploy();
    site.take_log();
    broken(&site, "health", "web1");
    site.relm("deploy").ends(5).says(&["undoing warm", "not all of it could be put back", "relm converge test"]);
    assert_eq!(site.live(), first);
    let undone = site.take_log().into_iter().filter(|line| line.ends_with(&first)).count();
    assert_eq!(undone, 4, "restart and warm, on both hosts");
}

#[test]
fn a_failure_after_the_switch_leaves_the_new_release_live() {
    let site = Site::new("web1 web2", &logged("announce", "finish", ""));
    let first = site.deploy();
    broken(&site, "announce", "web2");
    let done = site.relm("deploy --json").ends(4);
    let ending = done.ending();
    assert_eq!(ending["ending"], "live_but_unfinished");
    let second = site.live();
    assert_ne!(second, first);
    assert_eq!(ending["hosts"], serde_json::json!({ "web1": second, "web2": second }));
    assert_eq!(site.host("web1").state(&second), "complete");
}

#[test]
fn a_failing_clean_is_only_a_warning() {
    let site = Site::new("web1", "[release]\nkeep = 1\n");
    let first = site.deploy();
    site.deploy();
    site.shadow("mv", "case \"$*\" in *.trash-*) echo no removing >&2; exit 1 ;; esac\nexec \"$REAL\" \"$@\"");
    let done = site.relm("deploy --json").ends(0);
    assert_eq!(done.ending()["ending"], "succeeded");
    let warned = done.json().into_iter().find(|event| event["event"] == "warning").expect("a warning");
    assert!(warned["message"].as_str().expect("a sentence").contains("no removing"), "{warned}");
    assert!(site.host("web1").release(&first).is_dir());
}

#[test]
fn hosts_that_disagreed_before_are_put_back_each_to_its_own() {
    let site = Site::new("web1 web2", &logged("health", "after_flip", ""));
    let [a, b] = [site.deploy(), site.deploy()];
    site.host("web2").repoint(&format!("releases/{a}"));
    broken(&site, "health", "web2");
    let ending = site.relm("deploy --json").ends(1).ending();
    assert_eq!(ending["ending"], "put_back");
    assert_eq!(ending["hosts"], serde_json::json!({ "web1": b, "web2": a }));
    fs::remove_file(site.path("broken-health-web2")).expect("a file");
    site.relm(&format!("deploy --release {b}")).ends(0);
    assert_eq!(site.live(), b, "a deploy brings them together");
}

#[test]
fn a_host_that_cannot_make_a_release_leaves_none_on_the_others() {
    let site = Site::new("web1 web2", "");
    fs::create_dir_all(site.host("web2").path("")).expect("a directory");
    fs::write(site.host("web2").path("releases"), "a file").expect("a file");
    let done = site.relm("deploy --json").ends(3);
    assert_eq!(done.ending()["ending"], "nothing_changed");
    assert!(done.stderr.contains("web2"), "{}", done.stderr);
    assert!(site.host("web1").releases().is_empty(), "web1 was touched");
}
