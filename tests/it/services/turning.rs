//! Restarts by hand: batch by batch, and nothing stays down that one was begun on.

use crate::site::{Site, logged};
use crate::tasks::{interrupted, pool, service};

/// As long as `$SITE/slow` is there, web1 hangs between stop and start.
fn slow() -> String {
    let hang = "stop = '[ \"$RELM_HOST\" != web1 ] || [ ! -e \"$SITE/slow\" ] || { rm -f \"$SITE/web-$RELM_HOST\"; touch \"$SITE/begun\"; sleep 60; }; ";
    service("web", "").replace("stop = '", hang)
}

#[test]
fn a_restart_keeps_its_pools_alive() {
    let looks = logged("up", "prepare", "").replace("[[operations]]", "[[health]]").replace("run =", "command =");
    let looks = looks.replace("phase = \"prepare\"", "phase = \"after_flip\"\nwithin = \"1s\"");
    let rules =
        |keeps| pool(keeps) + &service("web", "roles = [\"web\"]\ngroup = \"all\"") + &service("jobs", "") + &looks;
    let site = Site::new("web1 web2 web3 db1=db", &rules(2));
    let live = site.deploy();
    site.take_log();
    site.relm("services restart all").ends(0).says(&["hosts restart in 3 batches: pool front keeps 2"]);
    let of = |host: &str| {
        ["out, 1 are", "stop web", "start web", &format!("up {live}"), "in"].map(|words| format!("{host} {words}"))
    };
    assert_eq!(site.take_log(), [of("web1"), of("web2"), of("web3")].concat());
    // What is not in a pool waits for nobody but the batches.
    site.relm("services restart jobs").ends(0);
    assert!(site.take_log().contains(&"db1 start jobs".to_owned()));
    // A host that is not well stays the only one that was touched.
    site.write("broken-up-web2", "");
    site.relm("services restart all").ends(1).says(&["up is broken on web2", "web2: drain:front was taken back"]);
    let log = site.take_log();
    assert!(
        !log.iter().any(|line| line.starts_with("web3")) && log.last().is_some_and(|line| line == "web2 in"),
        "{log:?}"
    );
    assert_eq!(log.iter().filter(|line| *line == "web1 in").count(), 1, "{log:?}");
    // Stopping and starting are for all at once, and a pool that never spares a host is refused.
    site.relm("services stop all").ends(0);
    assert!(!site.take_log().iter().any(|line| line.contains("out")));
    site.relm("services start all").ends(0);
    site.configure(&rules(3));
    site.relm("services restart all").ends(3).says(&["3 must stay in it"]);
}

#[test]
fn interrupted_between_stop_and_start_it_is_started_again() {
    for fleet in ["web1", "web1 web2"] {
        let site = Site::new(fleet, &slow());
        site.deploy();
        site.write("slow", "");
        let done = interrupted(&site, "services restart", "begun");
        done.ends(130).says(&["web1: restart:web was taken back", "was interrupted"]);
        assert!(site.path("web-web1").exists(), "{fleet}: {:?}", site.take_log());
    }
}

#[test]
fn killed_between_stop_and_start_it_is_told_until_it_is_up() {
    let hang = "touch \"$SITE/begun\"; while [ -e \"$SITE/slow\" ]; do sleep 0.1; done; ";
    let site = Site::new("web1", &service("web", "").replace("start = '", &format!("start = '{hang}")));
    site.deploy();
    let told = || site.relm("status").ends(0).stdout;
    site.relm("services restart").ends(0);
    assert!(!told().contains("web was"));
    std::fs::remove_file(site.path("begun")).expect("a file");
    site.write("slow", "");
    let mut relm = site.start("services restart");
    site.await_file("begun");
    crate::site::kill(&relm.id().to_string(), "KILL");
    relm.wait().expect("an end");
    let words = "web was being restarted by hand, and that was cut off";
    assert!(crate::site::within(60, || told().contains(words)), "{}", told());
    std::fs::remove_file(site.path("slow")).expect("a file");
    site.relm("services start web --wait 1m").ends(0);
    assert!(site.path("web-web1").exists() && !told().contains("web was"));
}

#[test]
fn what_does_not_start_again_is_named_with_its_host_and_what_to_type() {
    let site = Site::new("web1 web2", &(pool(1) + &service("web", "timeout = \"1s\"")));
    site.deploy();
    site.write("stuck-web", "");
    let words = ["undoing restart:web", "could not be taken back: restart:web on web1", "relm services test start web"];
    let done = site.relm("services restart").ends(1).says(&words);
    assert!(!done.stderr.contains("nothing changed"), "{}", done.stderr);
    assert!(site.path("web-web2").exists() && !site.path("out-web1").exists());
}

/// Nobody can say whether what only its own command knows came up: that is run once more, and only where it was cut short.
#[test]
fn a_command_that_restarts_is_run_again_where_it_was_cut_short() {
    let run = "echo \"$RELM_HOST restart\" >>\"$SITE/log\"; \
               [ \"$RELM_HOST,$(cat \"$SITE/slow\")\" != web2,yes ] || { echo no >\"$SITE/slow\"; touch \"$SITE/begun\"; sleep 60; }";
    let own =
        format!("[[service]]\nname = \"web\"\nkind = \"command\"\nproof = false\nserial = true\nrestart = '{run}'\n");
    let site = Site::new("web1 web2", &own);
    site.write("slow", "no");
    site.deploy();
    site.take_log();
    site.write("slow", "yes\n");
    interrupted(&site, "services restart", "begun").ends(130).says(&["web2: restart:web was taken back"]);
    assert_eq!(site.take_log(), ["web1 restart", "web2 restart", "web2 restart"]);
}

/// A database that a task restarts, and a deploy leaves alone.
#[test]
fn what_no_deploy_touches_is_turned_by_hand_and_in_tasks() {
    let rules = service("db", "strategy = \"none\"\ngroup = \"all\"") + &service("web", "");
    let busy = "[[busy]]\nname = \"import\"\nkind = \"command\"\nrun = '[ ! -e \"$SITE/busy\" ]'\n\
                only_if = \"restart:db\"\non_busy = \"block\"\n[tasks.again]\noperations = [\"restart:db\"]\n";
    let site = Site::new("web1", &(rules.clone() + busy));
    site.write("busy", "");
    site.deploy();
    site.deploy();
    site.relm("rollback").ends(0);
    let log = site.take_log();
    assert!(log.len() == 6 && !log.iter().any(|line| line.ends_with("db")), "{log:?}");
    site.relm("services status db").ends(1);
    site.relm("services start db").ends(0);
    site.relm("services status all").ends(0);
    for line in ["services restart db", "again"] {
        site.relm(line).ends(3).says(&["import is busy on web1"]);
    }
    std::fs::remove_file(site.path("busy")).expect("a file");
    site.take_log();
    site.relm("again").ends(0);
    assert_eq!(site.take_log(), ["web1 stop db", "web1 start db"]);
    let migrate = logged("migrate", "prepare", "once = true\nmigrate = { stop = [\"db\"] }");
    site.configure(&(rules + &migrate));
    site.relm("deploy").ends(2).says(&["no deploy would start \"db\" again"]);
}
