//! supervisord.

use std::fs;

use super::{directory_of, program, runs_from, supervisord};
use crate::site::{Site, logged};

const CONF: &str = "[program:shop]\ncommand=python3 {{ release_path }}/app.py {{ host }}\ndirectory={{ release_path }}\n\
                    startsecs=1\nstartretries=0\nautorestart=unexpected\n";

const SERVICE: &str = "[[service]]\nname = \"shop\"\nkind = \"supervisor\"\nroles = [\"web\"]\ngroup = \"all\"\n\
                       templates = [\"templates/shop.conf\"]\ninto = \"conf.d\"\ntimeout = \"15s\"\n\
                       control = 'supervisorctl -c \"$HOME/supervisord.conf\"'\n";

/// Runs until it is told to end.
const APP: &str = "import signal\nsignal.pause()\n";

fn site(fleet: &str, more: &str) -> Site {
    let site = Site::new(fleet, "");
    site.write("templates/shop.conf", CONF);
    site.write("code/app.py", APP);
    site.configure(&format!("{SERVICE}{more}"));
    site
}

#[test]
fn processes_follow_the_release_forward_and_back() {
    let site = site("web1 web2 db1=db", "");
    let _daemons = [supervisord(&site, "web1"), supervisord(&site, "web2")];
    let first = site.deploy();
    let before = runs_from(&site, "web1", &first);
    assert_eq!(directory_of(before), site.host("web1").release(&first));
    let rendered =
        fs::read_to_string(site.host("web2").release(&first).join("services/shop/shop.conf")).expect("a file");
    assert!(
        rendered.contains("app.py web2") && !site.host("db1").release(&first).join("services").exists(),
        "{rendered}"
    );
    let second = site.deploy();
    let after = runs_from(&site, "web1", &second);
    runs_from(&site, "web2", &second);
    assert_ne!(before, after);
    site.relm("rollback").ends(0);
    runs_from(&site, "web1", &first);
    runs_from(&site, "web2", &first);
    // What `relm verify` holds against its seals are the release's own files too.
    site.relm("verify").ends(0);
}

#[test]
fn a_release_whose_service_does_not_start_is_put_back_with_its_files() {
    let site = site("web1", "");
    let _daemon = supervisord(&site, "web1");
    let first = site.deploy();
    site.write("code/app.py", "import sys\nsys.exit('no such module')\n");
    site.write("templates/shop.conf", format!("{CONF}environment=NEW=yes\n"));
    site.relm("deploy").ends(1).says(&["no such module", "shop does not run", "as before"]);
    runs_from(&site, "web1", &first);
    assert!(!fs::read_to_string(site.path("hosts/web1/conf.d/shop.conf")).expect("a file").contains("NEW"));
}

/// `redirect_stderr` leaves no log of stderr, a program may be silent, and what clears /tmp clears supervisord's logs.
#[test]
fn the_last_words_are_told_wherever_they_are() {
    let site = site("web1", "");
    let _daemon = supervisord(&site, "web1");
    let fails = |conf: &str, app: &str| {
        site.write("templates/shop.conf", format!("{CONF}{conf}"));
        site.write("code/app.py", app);
        let done = site.relm("deploy").ends(1).says(&["shop does not run"]);
        assert!(!done.stderr.contains("ERROR (no log file)\n"), "{}", done.stderr);
        done
    };
    let words = "import sys\nprint('on stdout')\nsys.exit('no such module')\n";
    fails("", words).says(&["shop, at last on stderr:", "no such module", "shop, at last on stdout:", "on stdout"]);
    let one = fails("redirect_stderr=true\n", words).says(&["at last on stdout:", "on stdout", "no such module"]);
    assert!(!one.stderr.contains("no last words"), "{}", one.stderr);
    let silent = "import sys\nsys.exit(1)\n";
    fails("redirect_stderr=true\n", silent)
        .says(&["shop left no last words (stderr: ERROR (no log file), stdout: nothing)"]);
    let logs = site.path("hosts/web1/*---supervisor-*.log");
    let cleared = format!(
        "import glob, os, sys\nfor log in glob.glob({logs:?}):\n    os.remove(log)\nsys.exit('no such module')\n"
    );
    fails("", &cleared)
        .says(&["shop left no last words (stderr: ERROR (no log file), stdout: ERROR (no log file))", "FATAL"]);
}

#[test]
fn a_first_deploy_that_fails_leaves_nothing_running() {
    let site = site("web1", &logged("health", "after_flip", ""));
    let _daemon = supervisord(&site, "web1");
    site.write("broken-health-web1", "");
    site.relm("deploy").ends(1).says(&["health is broken"]);
    assert!(!site.path("hosts/web1/conf.d/shop.conf").exists());
    let report = site.relm("services status --json").ends(1).report();
    assert_eq!(report["services"][0]["programs"], serde_json::json!([]), "{report}");
}

#[test]
fn a_process_that_runs_from_another_release_is_named() {
    let site = site("web1", "");
    let _daemon = supervisord(&site, "web1");
    let first = site.deploy();
    let old = site.host("web1").release(&first);
    site.write("templates/shop.conf", CONF.replace("{{ release_path }}", &old.display().to_string()));
    site.configure(&SERVICE.replace("15s", "8s"));
    let done = site.relm("deploy").ends(1);
    let done = done.says(&[&format!("runs from {first}: "), "app.py web1", "shop does not run from"]);
    assert!(!done.stderr.contains("does not run from any release"), "{}", done.stderr);
    runs_from(&site, "web1", &first);
}

#[test]
fn services_are_turned_by_hand() {
    let site = site("web1", "");
    let _daemon = supervisord(&site, "web1");
    let first = site.deploy();
    let before = runs_from(&site, "web1", &first);
    site.relm("services test stop all").ends(0);
    assert_eq!(program(&site, "web1")["state"], "stopped");
    site.relm("services status").ends(1);
    site.relm("services start").ends(0);
    let after = runs_from(&site, "web1", &first);
    site.relm("services restart shop").ends(0);
    let last = runs_from(&site, "web1", &first);
    assert!(before != after && after != last);
    let table = site.relm("services status").ends(0).stdout;
    assert!(table.contains("shop") && table.contains("running") && table.contains(&first), "{table}");
    site.relm("services test status nobody").ends(3).says(&["no service and no group \"nobody\"; it has shop"]);
    site.relm("services test halt").ends(2).says(&["status, start, stop, restart or reload"]);
}

#[test]
fn stopped_before_the_flip_and_started_after_it() {
    let site = site("web1", &format!("strategy = \"stop_flip_start\"\n{}", logged("health", "after_flip", "")));
    let _daemon = supervisord(&site, "web1");
    let first = site.deploy();
    runs_from(&site, "web1", &first);
    site.write("broken-health-web1", "");
    site.relm("deploy").ends(1);
    runs_from(&site, "web1", &first);
    std::fs::remove_file(site.path("broken-health-web1")).expect("a file");
    let second = site.deploy();
    runs_from(&site, "web1", &second);
}

#[test]
fn what_the_next_release_has_not_is_taken_away() {
    let site = site("web1", "");
    let _daemon = supervisord(&site, "web1");
    site.write("templates/beat.conf", CONF.replace("program:shop", "program:beat"));
    let both = SERVICE.replace("[\"templates/shop.conf\"]", "[\"templates/shop.conf\", \"templates/beat.conf\"]");
    site.configure(&both);
    let first = site.deploy();
    let programs = || site.relm("services status --json").report()["services"][0]["programs"].as_array().unwrap().len();
    assert_eq!(programs(), 2);
    site.configure(SERVICE);
    site.deploy();
    assert!(programs() == 1 && !site.path("hosts/web1/conf.d/beat.conf").exists());
    site.relm("rollback").ends(0);
    assert!(programs() == 2 && site.live() == first);
}

#[test]
fn only_one_host_runs_a_singleton() {
    let site = site("web1 web2", "singleton = \"web2\"\n");
    let _daemon = supervisord(&site, "web2");
    let first = site.deploy();
    runs_from(&site, "web2", &first);
    assert!(!site.host("web1").release(&first).join("services").exists());
}

/// A program that reads its files anew keeps its process: only what it serves is another.
#[test]
fn told_to_reload_it_is_the_same_process() {
    let site = site("web1", "strategy = \"reload\"\nproof = false\n");
    let daemon = supervisord(&site, "web1");
    site.write("templates/shop.conf", "[program:shop]\ncommand=python3 app.py\ndirectory=%(here)s\nstartsecs=1\n");
    let heeds = "import signal\ndef heed(*_):\n    open('heeded', 'w')\n\
                 signal.signal(signal.SIGHUP, heed)\nwhile True:\n    signal.pause()\n";
    site.write("hosts/web1/conf.d/app.py", heeds);
    site.deploy();
    let before = program(&site, "web1");
    assert_eq!(before["state"], "running", "{before}");
    site.deploy();
    site.await_file("hosts/web1/conf.d/heeded");
    assert_eq!(program(&site, "web1")["pid"], before["pid"]);
    drop(daemon);
}
