//! Whole deploys over real OpenSSH: three servers of this machine, each with a directory of its own for a home.

use std::fs;
use std::time::Duration;

use crate::fleet::Fleet;
use crate::site::{Done, lives, within};
use crate::ssh::terminal::{CTRL_C, on_terminal};
use crate::sshd::{keygen, signal};

fn operation(phase: &str, more: &str, run: &str) -> String {
    format!("[[operations]]\nname = \"work\"\nphase = \"{phase}\"\n{more}\nrun = '''{run}'''\n")
}

#[test]
fn deploy_and_rollback_over_ssh() {
    let Some(fleet) = Fleet::start() else { return };
    fleet.relm(&["deploy"]).ends(0);
    let first = fleet.live();
    assert!(first[0].is_some() && first.iter().all(|live| *live == first[0]), "{first:?}");
    for (name, _) in &fleet.servers {
        let current = fleet.path(name).join("www/test/current");
        assert_eq!(fs::read_to_string(current.join("VERSION")).expect("a file"), "one\n");
        assert_eq!(fs::read_to_string(current.join("static/it's $HOME; ü\nline")).expect("a file"), "odd\n");
    }
    fs::write(fleet.path("code/VERSION"), "two\n").expect("a file");
    fleet.relm(&["deploy"]).ends(0);
    assert_ne!(fleet.live(), first);
    fleet.relm(&["rollback"]).ends(0);
    assert_eq!(fleet.live(), first);
    let status = fleet.relm(&["status", "--json"]).ends(0).report();
    assert_eq!(status["in_step"], true);
    // As whom relm was signed in is told by each host of itself, and who switched it by hand.
    let user = crate::fleet::login();
    fleet.configure("[maintenance]\non = \"true\"\noff = \"true\"\n");
    fleet.relm(&["maintenance", "on"]).ends(0);
    fleet.relm(&["lock", "steal", "-m", "trying"]).ends(0);
    assert!(
        status["hosts"].as_array().expect("hosts").iter().all(|host| host["ssh_user"] == user.as_str()),
        "{status}"
    );
    let history = fleet.relm(&["history", "--json"]).ends(0).report();
    for entry in history["entries"].as_array().expect("entries") {
        let told = entry["ssh_users"].as_object().expect("users");
        assert!(told.len() == fleet.servers.len() && told.values().all(|told| *told == user.as_str()), "{entry}");
        assert_eq!(entry["ssh_user"], serde_json::Value::Null, "{entry}");
    }
    for task in ["maintenance on", "lock steal", "rollback"] {
        assert!(history["entries"].to_string().contains(task), "{task}: {history}");
    }
    fleet.relm(&["history"]).ends(0).shows(&[&format!(" as {user} ")]);
    // Lines of older releases of relm do not say it.
    let path = fleet.path(fleet.servers[0].0).join("www/test/.relm/history.jsonl");
    let text = fs::read_to_string(&path).expect("a history");
    fs::write(&path, text.replace(&format!("\"ssh_user\":\"{user}\","), "")).expect("a history");
    let older = fleet.relm(&["history", "--json"]).ends(0).report();
    let entries = older["entries"].as_array().expect("entries");
    let flips: Vec<_> = entries.iter().filter(|entry| entry["task"] == "deploy").collect();
    assert_eq!(flips.len(), 2, "{older}");
    assert!(flips.iter().all(|flip| flip["ssh_users"].as_object().expect("users").len() == fleet.servers.len() - 1));
    let run = fleet.relm(&["run", "--", "printf", "%s|", "a b", "$HOME", "it's", ""]).ends(0);
    for (name, _) in &fleet.servers {
        assert!(run.stdout.contains(&format!("{name:4} | a b|$HOME|it's||")), "{}", run.stdout);
    }
}

#[test]
fn one_login_a_host_is_enough_for_a_deploy() {
    let Some(fleet) = Fleet::start() else { return };
    fleet.relm(&["deploy"]).ends(0);
    for (name, server) in &fleet.servers {
        let log = server.log();
        assert_eq!(log.matches("Accepted publickey").count(), 1, "{name}: {log}");
        // The control shell and the upload: whatever the number of steps.
        assert_eq!(log.matches("Starting session: forced-command").count(), 2, "{name}: {log}");
    }
}

#[test]
fn a_new_key_passes_with_a_warning_where_both_files_say_so() {
    let Some(fleet) = Fleet::start_with("[env.test]\naccept_new_host_keys = true\n") else { return };
    fs::write(fleet.server("web2").known_hosts(), "").expect("a file");
    fleet.relm(&["check"]).ends(3).says(&["web2", "relm trust test web2"]);
    fleet.introduce("StrictHostKeyChecking accept-new\n");
    fleet.relm(&["check"]).ends(0).says(&["warning: web2: nobody has compared its host key", "SHA256:"]);
    let again = fleet.relm(&["check"]).ends(0);
    assert!(!again.stderr.contains("warning"), "{}", again.stderr);
}

#[test]
fn an_unknown_key_stops_everything_until_it_is_trusted() {
    let Some(fleet) = Fleet::start() else { return };
    fs::write(fleet.server("web2").known_hosts(), "").expect("a file");
    let refused = fleet.relm(&["deploy"]).ends(3);
    refused.says(&["web2", "SHA256:", "relm trust test web2"]);
    assert_eq!(fleet.live(), [None, None, None]);
    fleet.relm(&["trust", "test", "web2"]).ends(3);
    let question = [("Is that the key of web2?", CTRL_C)];
    on_terminal(&fleet.path(""), "trust test web2", &question).ends(130).says(&["interrupted before anything"]);
    assert_eq!(fs::read_to_string(fleet.server("web2").known_hosts()).expect("a file"), "");
    let trusted = fleet.relm(&["trust", "test", "web2", "--yes", "--json"]).ends(0);
    let key = &trusted.report()["machines"][0]["keys"][0];
    assert_eq!((&key["known"], &key["recorded"]), (&false.into(), &true.into()), "{key}");
    let trusted = fleet.relm(&["trust", "test", "web2", "--yes"]).ends(0);
    assert!(trusted.stdout.contains("SHA256:"), "{}", trusted.stdout);
    fleet.relm(&["deploy"]).ends(0);
}

#[test]
fn a_changed_key_is_never_accepted() {
    let Some(fleet) = Fleet::start() else { return };
    let other = fleet.server("db1").host_key("ed25519");
    let web2 = fleet.server("web2");
    fs::write(web2.known_hosts(), format!("[127.0.0.1]:{} {other}\n", web2.port())).expect("a file");
    fleet.relm(&["deploy", "--yes"]).ends(3).says(&["web2"]);
    fleet.relm(&["trust", "test", "web2", "--yes"]).ends(3);
    assert_eq!(fleet.live(), [None, None, None]);
}

#[test]
fn a_host_that_is_down_is_named_and_nothing_begins() {
    let Some(mut fleet) = Fleet::start() else { return };
    fleet.relm(&["deploy"]).ends(0);
    let before = fleet.live();
    let (_, down) = fleet.servers.remove(2);
    drop(down);
    fs::write(fleet.path("ssh_config"), fs::read_to_string(fleet.path("ssh_config")).expect("a file")).expect("a file");
    fleet.relm(&["deploy"]).ends(3).says(&["db1"]);
    assert_eq!(fleet.live(), before[..2]);
    let status = fleet.relm(&["status", "--json"]).report();
    assert_eq!(status["hosts"][2]["reachable"], false);
    assert_eq!(status["in_step"], false);
}

/// Says what it does at its beginning and its end, and talks in between.
const LONG: &str =
    "echo begun >> ~/begun; for i in 1 2 3 4 5 6 7 8; do echo step $i; sleep 0.5; done; echo over >> ~/over";

/// Kills every session of one host while its operation runs, and lets relm come to its end.
fn cut_off(fleet: &Fleet, host: &'static str) -> Done {
    let deploy = fleet.command(&["deploy", "--json"]).stdout(std::process::Stdio::piped()).spawn().expect("relm runs");
    assert!(within(30, || fleet.path(host).join("begun").exists()), "the operation did not begin");
    for session in fleet.server(host).sessions() {
        signal("KILL", session);
    }
    Done::from(deploy.wait_with_output().expect("relm ends"))
}

#[test]
fn an_operation_survives_its_connection_and_is_heard_to_the_end() {
    for phase in ["prepare", "after_flip", "finish"] {
        let Some(fleet) = Fleet::start_with(&operation(phase, "roles = [\"db\"]", LONG)) else { return };
        let done = cut_off(&fleet, "db1").ends(0);
        assert_eq!(done.ending()["ending"], "succeeded");
        // What the login shell's start-up files say on standard error is not the operation's.
        let is_said = |event: &serde_json::Value| event["event"] == "output" && event["stream"] == "stdout";
        let said: Vec<_> = done.json().into_iter().filter(is_said).collect();
        let said: Vec<_> = said.iter().map(|event| event["line"].as_str().expect("a line")).collect();
        assert_eq!(said, (1..=8).map(|i| format!("step {i}")).collect::<Vec<_>>(), "{phase}");
        for file in ["begun", "over"] {
            assert_eq!(fs::read_to_string(fleet.path("db1").join(file)).expect("a file").lines().count(), 1, "{phase}");
        }
        assert_eq!(fleet.live(), [fleet.live()[0].clone(), fleet.live()[0].clone(), fleet.live()[0].clone()]);
    }
}

#[test]
fn a_host_that_stays_away_in_the_switch_is_named_and_the_others_are_put_back() {
    let Some(mut fleet) = Fleet::start_with("[lock]\ngrace = \"1s\"") else { return };
    fleet.relm(&["deploy"]).ends(0);
    let before = fleet.live();
    let slow = operation("after_flip", "roles = [\"db\"]", "echo begun > ~/begun; sleep 20");
    fleet.configure(&format!("[lock]\ngrace = \"1s\"\n{slow}"));
    let deploy = fleet.command(&["deploy", "--json"]).stdout(std::process::Stdio::piped()).spawn().expect("relm runs");
    assert!(within(30, || fleet.path("db1/begun").exists()), "the operation did not begin");
    let sessions = fleet.server("db1").sessions();
    let (_, down) = fleet.servers.remove(2);
    drop(down);
    for session in sessions {
        signal("KILL", session);
    }
    let done = Done::from(deploy.wait_with_output().expect("relm ends")).ends(5);
    assert_eq!(done.ending()["ending"], "mixed");
    assert_eq!(done.ending()["unread"], serde_json::json!(["db1"]));
    assert_eq!(fleet.live(), before[..2]);
}

#[test]
fn ctrl_c_ends_what_runs_on_the_hosts() {
    let work = operation("prepare", "", "echo $$ > ~/pid.new; mv ~/pid.new ~/pid; sleep 100");
    let Some(fleet) = Fleet::start_with(&work) else { return };
    let deploy = fleet.command(&["deploy"]).stderr(std::process::Stdio::piped()).spawn().expect("relm runs");
    let begun = || fleet.servers.iter().all(|(name, _)| fleet.path(name).join("pid").exists());
    assert!(within(30, begun), "the operation did not begin");
    signal("INT", deploy.id());
    Done::from(deploy.wait_with_output().expect("relm ends")).ends(130);
    for (name, _) in &fleet.servers {
        let pid = fs::read_to_string(fleet.path(name).join("pid")).expect("a pid");
        assert!(within(5, || !lives(pid.trim())), "{name}: process {} lives on", pid.trim());
    }
    assert_eq!(fleet.live(), [None, None, None]);
}

#[test]
fn an_encrypted_key_without_a_terminal_fails_at_once_and_says_why() {
    let Some(fleet) = Fleet::start() else { return };
    let key = fleet.path("id_locked");
    keygen(&key, "ed25519", "secret words");
    let public = fs::read_to_string(key.with_extension("pub")).expect("a key");
    for (_, server) in &fleet.servers {
        server.authorize(&[public.trim().to_owned()]);
    }
    fleet.introduce(&format!("Host *\n  IdentityFile {}\n  IdentitiesOnly yes\n", key.display()));
    let before = std::time::Instant::now();
    fleet.relm(&["deploy"]).ends(3).says(&["id_locked"]);
    assert!(before.elapsed() < Duration::from_secs(20));
}
