//! Several applications in one environment, each with releases of its own.

use std::fs;

use serde_json::json;

use crate::site::{OnHost, Site, operation, within};

/// An application on all hosts and `player` on those with its role; both say what they see.
const FILE: &str = r#"
[[operations]]
name = "tell"
phase = "finish"
run = '''echo "main $RELM_ENV ${RELM_COMPONENT-none} $RELM_HOST" >> "$SITE/log"'''
[components.player]
roles = ["player"]
source = { dir = "player" }
release = { keep = 1, version_file = "VERSION.json" }
[[components.player.operations]]
name = "build"
phase = "prepare"
run = '''[ ! -e "$SITE/broken" ] || { echo it is broken >&2; exit 7; }'''
[[components.player.operations]]
name = "tell"
phase = "finish"
run = '''echo "player $RELM_ENV ${RELM_COMPONENT-none} $RELM_HOST" >> "$SITE/log"'''
"#;

fn site(more: &str) -> Site {
    let site = Site::new("web1 form1=web,player form2=player", &(FILE.to_owned() + more));
    site.write("player/app.txt", "player one\n");
    site
}

/// The component's directory on a host.
fn player(site: &Site, host: &str) -> OnHost {
    OnHost { base: site.host(host).path("components/player") }
}

#[test]
fn a_component_has_releases_of_its_own_on_its_own_hosts() {
    let site = site("");
    let main = site.deploy();
    let said = site.relm("deploy test player").ends(0);
    assert!(said.stderr.contains("test/player"), "{}", said.stderr);
    assert!(!site.host("web1").path("components").exists());
    let first = player(&site, "form1").current().expect("live");
    assert_eq!(player(&site, "form2").current(), Some(first.clone()));
    assert_eq!(player(&site, "form1").read("app.txt"), "player one\n");
    let log = site.take_log();
    assert_eq!(log.len(), 5, "{log:?}");
    assert!(log.contains(&"main test none form1".to_owned()) && log.contains(&"player test player form1".to_owned()));
    let version: serde_json::Value = serde_json::from_str(&player(&site, "form1").read("VERSION.json")).expect("JSON");
    assert_eq!((&version["env"], &version["component"]), (&json!("test"), &json!("player")));

    // Each has its own history, retention and way back.
    site.write("player/app.txt", "player two\n");
    site.relm("deploy test/player").ends(0);
    assert_eq!(player(&site, "form1").read("app.txt"), "player two\n");
    site.relm("rollback test player").ends(0);
    assert_eq!(player(&site, "form2").current(), Some(first.clone()));
    for text in ["player three\n", "player four\n"] {
        site.write("player/app.txt", text);
        site.relm("deploy test player").ends(0);
    }
    site.relm("clean-releases test player").ends(0);
    let left = player(&site, "form1").releases();
    assert!(!left.contains(&first) && player(&site, "form1").current().is_some_and(|live| left.contains(&live)));
    assert_eq!((site.live(), site.host("form1").releases().len()), (main.clone(), 1));
    let entries = |line: &str| site.relm(line).ends(0).report()["entries"].as_array().map(Vec::len);
    assert_eq!((entries("history --json"), entries("history test player --json")), (Some(1), Some(5)));
    site.relm("check test").ends(0);
    site.relm("check test player").ends(0);
    site.relm("verify test player").ends(0);
    site.relm("rollback").ends(3).says(&["relm"]);
    assert_eq!(site.live(), main);
}

#[test]
fn what_failed_is_gone_on_with_by_what_is_printed() {
    let site = site("");
    site.write("broken", "");
    let ended = site.relm("deploy test player --json").ends(1);
    let events = ended.json();
    assert_eq!((&events[0]["env"], &events[0]["component"]), (&json!("test"), &json!("player")));
    let next = ended.ending()["next"][0].as_str().expect("a command").to_owned();
    assert_eq!(next, "relm deploy test player --resume");
    assert!(site.relm("status").ends(0).stdout.contains("test/player: unfinished: "));
    fs::remove_file(site.path("broken")).expect("a file");
    site.relm(next.trim_start_matches("relm ")).ends(0);
    assert!(player(&site, "form1").current().is_some() && site.host("form1").current().is_none());
    // The application was never deployed, and its part of the report says so.
    let report = site.relm("status --json").ends(0).report();
    assert_eq!((&report["hosts"][0]["current"], &report["component"]), (&json!(null), &json!(null)));
    assert_eq!(report["components"][0]["component"], "player");
    assert_eq!(report["components"][0]["hosts"].as_array().map(Vec::len), Some(2));
    let one = site.relm("status test player --json").ends(0).report();
    assert_eq!((&one["component"], &one["hosts"][0]["host"]), (&json!("player"), &json!("form1")));
    let releases = site.relm("releases test/player --json").ends(0).report();
    assert_eq!((&releases["component"], &releases["releases"][0]["state"]), (&json!("player"), &json!("live")));
}

#[test]
fn both_are_deployed_at_once_and_neither_waits_for_the_other() {
    let hold = |name: &str| format!("touch \"$SITE/{name}\"; while [ ! -e \"$SITE/go\" ]; do sleep 0.05; done");
    let component = operation("wait", "prepare", "", &hold("player-waits"));
    let component = component.replace("[[operations]]", "[[components.player.operations]]");
    let site = site(&(operation("wait", "prepare", "", &hold("main-waits")) + &component));
    let runs = [site.start("deploy"), site.start("deploy test player")];
    site.await_file("main-waits");
    site.await_file("player-waits");
    // Each is held, by itself.
    site.relm("rollback test player").ends(3).says(&["runs deploy on test/player", "relm lock show test player"]);
    let told = site.relm("lock show test player --json").ends(0).report();
    assert_eq!((&told["component"], &told["held"]), (&json!("player"), &json!(true)));
    assert!(within(20, || site.relm("status").ends(0).stdout.contains("test/player: held by ")));
    site.write("go", "");
    for run in runs {
        let output = run.wait_with_output().expect("an end");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(site.host("form1").current().is_some() && player(&site, "form1").current().is_some());
}

#[test]
fn what_is_typed_is_understood_or_answered_with_what_to_type() {
    let site = site("[components.player.manage]\nrun = \"echo managed\"\n");
    site.relm("deploy player").ends(2).says(&["\"player\" is a component", "relm deploy test player"]);
    site.relm("deploy test plyer").ends(2).says(&["test has no component \"plyer\"", "did you mean `player`?"]);
    site.relm("deploy test player more").ends(2);
    site.relm("player test").ends(2).says(&["no task \"player\"", "relm deploy test player"]);
    let tasks = site.relm("tasks").ends(0).stdout;
    assert!(tasks.contains("relm deploy test player:   test/player"), "{tasks}");
    site.relm("services test player status").ends(3).says(&["test/player has no services"]);
    site.relm("services test/player status").ends(3).says(&["test/player has no services"]);
    let plan = site.relm("deploy test player --dry-run").ends(0).stdout;
    assert!(plan.starts_with("deploy test/player, release "), "{plan}");
    site.relm("deploy test player").ends(0);
    site.relm("manage test player now").ends(2).says(&["relm manage test/player …"]);
    site.relm("manage test -- player now").ends(3).says(&["test has no [manage]"]);
    let said = site.relm("manage test/player now").ends(0).stdout;
    assert_eq!(said, "managed now\n");
    let said = site.relm_with(["run", "test", "player", "--once", "--", "cat", "app.txt"]).ends(0).stdout;
    assert!(said.contains("player one"), "{said}");
    let live = player(&site, "form1").current().expect("live");
    site.relm(&format!("keep test player {live} --days 3")).ends(0);
    site.relm("jobs test player").ends(0);
    site.relm("diff test player").ends(0);
    site.relm("diff test test/player").ends(2).says(&["test and test/player are not the same application"]);
    let whole = site.relm("config test player").ends(0).stdout;
    assert!(whole.contains("[components.player.source]") && !whole.contains("dir = \"code\""), "{whole}");
    site.write("Own.toml", &whole);
    site.relm("deploy --config Own.toml").ends(0);
    assert_ne!(player(&site, "form1").current(), Some(live));
}

#[test]
fn an_environment_may_have_nothing_but_components() {
    let site = Site::new("data1=data spider1=spider", "");
    let host =
        |name: &str, role: &str| format!("{name} = {{ address = \"local:hosts/{name}\", roles = [\"{role}\"] }}\n");
    let hosts = host("data1", "data") + &host("spider1", "spider");
    let component =
        |name: &str, role: &str| format!("[components.{name}]\nroles = [\"{role}\"]\nsource = {{ dir = \"code\" }}\n");
    site.write(
        "Releases.toml",
        component("summarize", "data") + &component("collect", "spider") + "[env.test.hosts]\n" + &hosts,
    );
    site.relm("deploy").ends(2).says(&["test has components only: name test/summarize or test/collect"]);
    site.relm("deploy test collect").ends(0);
    let status = site.relm("status").ends(0);
    assert!(status.stdout.contains("collect") && status.stdout.contains("summarize"), "{}", status.stdout);
    let report = site.relm("status --json").ends(0).report();
    assert_eq!((&report["hosts"], report["components"].as_array().map(Vec::len)), (&json!([]), Some(2)));
    assert!(OnHost { base: site.host("spider1").path("components/collect") }.current().is_some());
    assert!(!site.path("hosts/data1/www").exists(), "nothing was done there");
}

#[test]
fn a_component_is_promoted_to_the_same_one_and_who_is_told_of_it_knows_which() {
    let site = Site::new("one", "");
    let told = "[[notify]]\nname = \"log\"\non = [\"success\"]\n\
                command = '''cat > \"$SITE/told.json\"; echo \"$RELM_ENV $RELM_COMPONENT\" > \"$SITE/told\"'''\n";
    let env = |name: &str| format!("[env.{name}.hosts]\n{name}1 = {{ address = \"local:hosts/{name}1\" }}\n");
    let component = "[components.player]\nsource = { dir = \"code\" }\n";
    let main = "[source]\ndir = \"code\"\n";
    site.write("Releases.toml", main.to_owned() + told + component + &env("staging") + &env("live"));
    site.relm("deploy staging player").ends(0);
    assert_eq!(site.read("told"), "staging player\n");
    let payload: serde_json::Value = serde_json::from_str(&site.read("told.json")).expect("JSON");
    assert_eq!((&payload["env"], &payload["component"]), (&json!("staging"), &json!("player")));
    assert!(payload["text"].as_str().is_some_and(|text| text.starts_with("staging/player runs ")), "{payload}");
    site.relm("promote staging/player live").ends(0);
    let there = OnHost { base: site.path("hosts/live1/www/live/components/player") };
    assert_eq!(there.read("app.txt"), "one\n");
    assert!(site.relm("diff live/player staging").ends(0).stdout.contains("staging/player runs"));
    site.relm("promote staging/player live/other").ends(2);
    site.relm("promote staging live/player").ends(2).says(&["are not the same application"]);
}

/// The proxy is no host of the component: without it nobody would take its hosts out, and they would switch under requests.
#[test]
fn a_pool_whose_proxies_a_component_cannot_reach_is_refused() {
    let pool = "[[components.player.pool]]\nname = \"front\"\nroles = [\"player\"]\nproxies = [\"web\"]\n\
                drain = 'echo out >> \"$SITE/log\"'\nundrain = 'echo in >> \"$SITE/log\"'\nwait = \"0s\"\n";
    let site = Site::new("web1 form1=player form2=player", &(FILE.to_owned() + pool));
    site.write("player/app.txt", "player one\n");
    let said = "pool front is drained on proxies, and no host of test/player has the role web";
    let report = site.relm("check test player --json").ends(3).report();
    assert_eq!((&report["ready"], &report["batches"][0]), (&false.into(), &said.into()));
    site.relm("check test player --hosts form1").ends(0);
    let hint = "name the role web in the roles of component player too";
    site.relm("deploy test player").ends(3).says(&[said, hint, "drain and undrain, without proxies"]);
    assert!(!player(&site, "form1").path("releases").exists(), "something was begun");
    site.configure(&(FILE.to_owned() + &pool.replace("[\"web\"]", "[\"player\"]")));
    site.relm("deploy test player").ends(0);
    assert_eq!(site.take_log().iter().filter(|line| *line == "out").count(), 4);
    // So is a task of one's own that takes hosts out.
    site.relm("deploy test").ends(0);
    let other = "[env.other.hosts]\nproxy1 = { address = \"local:hosts/proxy1\", roles = [\"proxy\"] }\n";
    let main = pool.replace("components.player.", "").replace("\"web\"", "\"proxy\"").replace("\"player\"", "\"web\"");
    site.configure(&(main + "[tasks.out]\noperations = [\"drain:front\"]\n" + FILE + other));
    site.relm("deploy test")
        .ends(3)
        .says(&["no host of test has the role proxy", "give the hosts that send the requests"]);
    site.relm("out test").ends(3).says(&["no host of test has the role proxy"]);
}
