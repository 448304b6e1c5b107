//! Runs that ended in the middle.

use std::process::Stdio;

use crate::fleet::Fleet;
use crate::resume::newest;
use crate::site::{Done, Site, kill, operation, within};
use crate::sshd::signal;

/// What a deploy takes down: the site, a place among the proxies' servers, and a service.
const DOWN: &str = r#"[maintenance]
flag = "shared/down"
during = "switch"

[[pool]]
name = "web"
roles = ["web"]
min_healthy = 0
wait = "1s"
drain = '''touch "$SITE/out-$RELM_HOST"'''
undrain = '''rm -f "$SITE/out-$RELM_HOST"'''

[[service]]
name = "shop"
kind = "command"
strategy = "stop_flip_start"
proof = false
start = '''touch "$SITE/up-$RELM_HOST"'''
stop = '''rm -f "$SITE/up-$RELM_HOST"'''
status = '''[ -e "$SITE/up-$RELM_HOST" ]'''
"#;

const SLOW: &str = r#"[ ! -e "$SITE/slow" ] || { touch "$SITE/begun"; sleep 60; }"#;

/// *Left down.* The maintenance page stayed, a host stayed commented out in nginx, the old program was not started again,
/// and half a release looked like a whole one (`ddgc_release.sh`; commcare-hq-deploy `fab/operations/supervisor.py`).
#[test]
fn whenever_it_is_interrupted_all_that_was_taken_down_comes_up() {
    for phase in ["prepare", "before_flip", "after_flip"] {
        for signal in ["INT", "HUP"] {
            let site = Site::new("web1 web2", &(DOWN.to_owned() + &operation("slow", phase, "", SLOW)));
            let first = site.deploy();
            site.write("slow", "");
            let mut run = site.start("deploy");
            site.await_file("begun");
            let is_page_up = site.host("web1").path("shared/down").exists();
            assert_eq!(is_page_up, phase != "prepare", "{signal} in {phase}");
            kill(&run.id().to_string(), signal);
            assert!(within(20, || run.try_wait().expect("a status").is_some()), "relm does not end");
            Done::from(run.wait_with_output().expect("output")).ends(130);
            let when = format!("{signal} in {phase}");
            assert_eq!(site.live(), first, "{when}");
            let half = newest(&site);
            for name in ["web1", "web2"] {
                let host = site.host(name);
                assert!(phase != "prepare" || host.state(&half) == "failed", "{when}: it looks whole");
                let is_down = host.path("shared/down").exists() || site.path(format!("out-{name}")).exists();
                assert!(!is_down && site.path(format!("up-{name}")).exists(), "{when}: {name} is left down");
            }
        }
    }
}

/// *The connection went away in the middle of it*: the step was lost, or began anew, or ran on with nobody listening
/// (open-contracting/deploy `docs/deploy/kingfisher.rst`, where it is done in tmux because of that).
#[test]
fn a_connection_that_is_lost_loses_no_step_and_runs_none_twice() {
    for phase in ["prepare", "before_flip", "after_flip"] {
        let run = "echo begun >> ~/begun; sleep 2; echo over >> ~/over";
        let slow = operation("slow", phase, "roles = [\"db\"]", run);
        let Some(fleet) =
            Fleet::start_with(&format!("[maintenance]\nflag = \"shared/down\"\nduring = \"switch\"\n{slow}"))
        else {
            return;
        };
        let deploy = fleet.command(&["deploy", "--json"]).stdout(Stdio::piped()).spawn().expect("relm runs");
        assert!(within(30, || fleet.path("db1/begun").exists()), "the operation did not begin");
        for session in fleet.server("db1").sessions() {
            signal("KILL", session);
        }
        Done::from(deploy.wait_with_output().expect("relm ends")).ends(0);
        for file in ["begun", "over"] {
            let lines = std::fs::read_to_string(fleet.path("db1").join(file)).expect("a file");
            assert_eq!(lines.lines().count(), 1, "{phase}: {file}");
        }
        let live = fleet.live();
        assert!(live[0].is_some() && live.iter().all(|host| *host == live[0]), "{live:?}");
        assert!(!fleet.path("db1/www/test/shared/down").exists());
    }
}
