//! What is left when a run ends half way, and how relm tells of it and goes on.

use std::fs;

use crate::site::{Site, logged, operation};

#[test]
fn a_live_release_that_is_unfinished_is_told_and_can_be_finished() {
    let site = Site::new("web1 web2", &logged("announce", "finish", "once = true"));
    site.write("broken-announce-web1", "");
    let ending = site.relm("deploy --json").ends(4).ending();
    assert_eq!(ending["ending"], "live_but_unfinished");
    assert_eq!(ending["next"], serde_json::json!(["relm deploy test --resume"]));
    let live = site.live();
    assert_eq!(site.relm("status --json").ends(0).report()["unfinished"], serde_json::json!([live]));
    fs::remove_file(site.path("broken-announce-web1")).expect("a file");
    site.take_log();
    site.relm(&format!("deploy --release {live}")).ends(0);
    assert_eq!(site.take_log(), [format!("web1 announce {live}")]);
    assert_eq!(site.relm("status --json").ends(0).report()["unfinished"], serde_json::json!([]));
    let again = site.relm(&format!("deploy --release {live} --json")).ends(0);
    assert_eq!(again.ending()["ending"], "nothing_changed");
}

#[test]
fn a_first_deploy_that_fails_undoes_by_commands_of_their_own() {
    let settings = operation("drain", "before_flip", "undo = \"touch $SITE/undrained-$RELM_HOST\"", "true")
        + &operation("restart", "after_flip", "undo = true", "echo $RELM_HOST >> $SITE/restarts")
        + &operation("health", "after_flip", "", "false");
    let site = Site::new("web1 web2", &settings);
    site.relm("deploy").ends(1);
    for host in ["web1", "web2"] {
        assert!(site.path(format!("undrained-{host}")).exists(), "{host} stays drained");
    }
    assert_eq!(site.read("restarts").lines().count(), 2, "there is no release to run it again in");
}

#[test]
fn an_undo_that_fails_shows_the_undo_and_not_the_operation() {
    let settings = operation("drain", "before_flip", "undo = \"echo cannot undrain; exit 5\"", "true")
        + &logged("health", "after_flip", "");
    let site = Site::new("web1", &settings);
    site.deploy();
    site.write("broken-health-web1", "");
    site.relm("deploy").ends(5).says(&["undoing drain: exited 5", "$ echo cannot undrain; exit 5"]);
}

#[test]
fn a_history_that_lost_the_live_release_stops_a_clean() {
    let site = Site::new("web1", "");
    let releases = [site.deploy(), site.deploy(), site.deploy()];
    let history = site.host("web1").path(".relm/history.jsonl");
    fs::write(&history, "{\"at\":\"x\"\n").expect("a file");
    site.relm("clean-releases --keep 1").ends(3).says(&["does not tell how"]);
    fs::remove_file(&history).expect("a file");
    site.relm("clean-releases --keep 1").ends(3);
    assert_eq!(site.host("web1").releases(), releases);
    site.relm("deploy").ends(0).says(&["nothing will be cleaned"]);
}

#[test]
fn a_clean_of_nothing_has_nothing_to_do() {
    let site = Site::new("web1 web2", "");
    let ending = site.relm("clean-releases --json").ends(0).ending();
    assert_eq!(ending["ending"], "nothing_changed");
}

#[test]
fn a_root_in_whose_way_a_file_stands_is_told_before_anything_begins() {
    let site = Site::new("web1", "");
    site.write("hosts/web1/www", "a file");
    site.relm("check").ends(3);
    site.relm("deploy").ends(3).says(&["no directory"]);
}

#[test]
fn a_command_that_never_stops_talking_does_not_stop_its_own_end() {
    let site = Site::new("web1", &operation("chat", "prepare", "timeout = \"2s\"", "yes a line of output"));
    let before = std::time::Instant::now();
    site.relm("deploy").ends(1).says(&["took longer than 2 s"]);
    assert!(before.elapsed() < std::time::Duration::from_secs(30), "{:?}", before.elapsed());
}

#[test]
fn names_that_the_history_knows_are_not_given_again() {
    let site = Site::new("web1", "[release]\nkeep = 1\n");
    let names: Vec<String> = (0..4).map(|_| site.deploy()).collect();
    let mut distinct = names.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct, names, "each later than the one before");
}

/// What is taken down around a switch and comes up again, each with a line of the log.
const UP_AGAIN: &str = r#"[maintenance]
during = "switch"
on = 'true'
off = '''echo "$RELM_HOST off" >>"$SITE/log"
[ ! -e "$SITE/no-off-$RELM_HOST" ] || { rm "$SITE/no-off-$RELM_HOST"; exit 1; }'''
[[pool]]
name = "front"
roles = ["web"]
proxies = ["proxy"]
min_healthy = 0
wait = "0s"
drain = 'true'
undrain = 'echo "$RELM_SERVER undrain" >>"$SITE/log"'
server = "{{ host }}"
"#;

#[test]
fn what_came_up_in_the_switch_is_not_owed_when_the_end_fails() {
    let fails = operation("announce", "finish", "roles = [\"web\"]", "[ ! -e \"$SITE/fails-$RELM_HOST\" ]");
    let site = Site::new("web1 web2 proxy1=proxy", &(UP_AGAIN.to_owned() + &fails));
    site.deploy();
    for (file, offs) in [("fails-web2", 3), ("no-off-web2", 4)] {
        site.take_log();
        site.write(file, "");
        let done = site.relm("deploy --json").ends(4);
        assert!(!done.stdout.contains("lost the lock"), "{}", done.stdout);
        let log = site.take_log();
        let count = |word: &str| log.iter().filter(|line| line.ends_with(word)).count();
        // Where it failed it is tried once more: that is owed.
        assert_eq!((count(" undrain"), count(" off")), (2, offs), "{file}: {log:?}");
        let _ = fs::remove_file(site.path(file));
        site.relm("deploy --resume").ends(0);
    }
}
