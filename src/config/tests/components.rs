//! Components: what is theirs, what they take over, and how they are chosen.

use super::super::component::{OWN, SHARED};
use super::super::{Batch, Confirm, EnvError, Environment, schema};
use super::read;
use crate::source::Source;

/// An application with a component, and one that only staging has.
pub(super) const FILE: &str = r#"
source_files = ["~/shop.sh"]
become = "deploy"
[app]
name = "shop"
[source]
git = "."
tag = "{app}-{env}-{release}"
[release]
root = "/srv/www"
keep = 5
batches = [1]
shared_dirs = ["media"]
[python]
requirements = ["requirements.txt"]
[guards]
window = "Mon-Fri 09:00-16:00 UTC"
ref = "confirm"
[lock]
grace = "20s"
[environment]
A = "file"
B = "file"
C = "file"
[secrets]
KEY = { env = "KEY" }
[[operations]]
name = "migrate"
phase = "prepare"
run = "./migrate"
[[notify]]
name = "chat"
url = "https://chat.example.org"
[components.formplayer]
roles = ["formplayer"]
source = { archive = "formplayer.tar.gz", strip = 1 }
release = { keep = 2 }
lock = { grace = "5s" }
become = "player"
environment = { C = "player" }
[[components.formplayer.operations]]
name = "restart"
phase = "after_flip"
roles = ["formplayer[0]"]
secrets = ["KEY"]
run = "./restart"
[env.base]
confirm = true
become = "ops"
environment = { B = "base", C = "base" }
[env.base.components.formplayer.release]
batches = ["50%"]
[env.production]
inherits = "base"
[[env.production.components.formplayer.operations]]
name = "restart"
phase = "after_flip"
run = "./restart --slowly"
[env.production.hosts]
web1 = { address = "web1", roles = ["web"] }
form1 = { address = "form1", roles = ["formplayer", "web"] }
form2 = { address = "form2", roles = ["formplayer"] }
[env.staging]
[env.staging.components.docs]
source = { dir = "docs" }
[env.staging.hosts]
one = { address = "one", roles = ["web"] }
"#;

/// Two applications and none beside them.
const TWO: &str = r#"
[components.summarize]
roles = ["data"]
source = { git = "https://example.org/summarize.git" }
[components.collect]
roles = ["scrapyd"]
source = { git = "https://example.org/collect.git" }
[env.production.hosts]
data1 = { address = "data1", roles = ["data"] }
spider1 = { address = "spider1", roles = ["scrapyd"] }
"#;

fn hosts(env: &Environment) -> Vec<&str> {
    env.fleet.hosts.iter().map(|host| host.name.as_str()).collect()
}

#[test]
fn a_component_is_an_application_of_its_own_on_some_of_the_hosts() {
    let config = read(FILE).unwrap();
    let names: Vec<String> = config.envs.iter().map(|env| env.name.to_string()).collect();
    assert_eq!(names, ["production", "production/formplayer", "staging", "staging/docs"]);
    let main = config.environment(Some("production")).unwrap();
    assert_eq!((hosts(main), main.operations.len()), (vec!["web1", "form1", "form2"], 1));
    let player = config.environment(Some("production/formplayer")).unwrap();
    assert_eq!(hosts(player), ["form1", "form2"]);
    assert!(matches!(player.source.source, Source::Archive { strip: 1, .. }), "{:?}", player.source);
    assert_eq!((player.python.as_ref(), player.tag.as_ref()), (None, None));
    // Of two that have releases of the same second, each has a tag of its own.
    let tag = main.tag.as_ref().unwrap();
    assert_eq!(tag.name(main, "R"), "shop-production-R");
    assert_eq!(tag.name(player, "R"), "shop-production/formplayer-R");
    let run: Vec<&str> = player.operations.iter().map(|operation| operation.run.as_str()).collect();
    assert_eq!(run, ["./restart --slowly"]);
    let variables: Vec<&str> = player.fleet.hosts[0].variables.values().map(String::as_str).collect();
    assert_eq!(variables, ["file", "base", "player"]);
    // Of the fleet and of whoever deploys.
    assert_eq!((player.app.as_str(), &player.confirm, player.lock.grace.as_secs()), ("shop", &Confirm::Yes, 5));
    assert_eq!((player.release.root.as_str(), player.release.keep), ("/srv/www", 2));
    assert_eq!((player.release.batches[0], player.release.shared_dirs.len()), (Batch::Percent(50), 0));
    assert!(player.guards.window.is_some() && !player.guards.reference && main.guards.reference);
    assert_eq!((player.notify.len(), player.fleet.hosts[0].source_files.len()), (1, 1));
    let user = |env: &Environment| env.becoming.as_ref().map(|becoming| becoming.user.clone());
    assert_eq!((user(player).as_deref(), user(main).as_deref()), (Some("player"), Some("ops")));
}

#[test]
fn positions_in_roles_are_those_of_the_hosts_it_lives_on() {
    let text = FILE
        .replace("roles = [\"formplayer[0]\"]", "roles = [\"web[0]\"]")
        .replace("./restart --slowly\"", "x\"\nroles = [\"web[0]\"]");
    let config = read(&text).unwrap();
    let player = config.environment(Some("production/formplayer")).unwrap();
    let chosen = player.fleet.select(&player.operations[0].targets);
    assert_eq!(chosen.iter().map(|host| host.name.as_str()).collect::<Vec<_>>(), ["form1"]);
}

#[test]
fn a_component_is_chosen() {
    let config = read(FILE).unwrap();
    let error = |name| config.environment(Some(name)).unwrap_err();
    assert_eq!(
        error("formplayer").to_string(),
        "\"formplayer\" is a component, and its environment is not named: production formplayer"
    );
    assert_eq!(error("production/docs").to_string(), "production has no component \"docs\"; it has formplayer");
    let EnvError::UnknownComponent { hint, .. } = error("production/fromplayer") else { panic!() };
    assert_eq!(hint.as_deref(), Some("did you mean `formplayer`?"));
    assert!(matches!(error("prodution/formplayer"), EnvError::Unknown { hint: Some(_), .. }));
    assert!(matches!(error("production/a/b"), EnvError::UnknownComponent { .. }));
    let words = |text: &str| config.joined(&text.split(' ').map(str::to_owned).collect::<Vec<_>>());
    assert_eq!(words("production formplayer restart"), ["production/formplayer", "restart"]);
    assert_eq!(words("staging formplayer restart"), ["staging", "formplayer", "restart"]);

    let two = read(TWO).unwrap();
    let error = two.environment(None).unwrap_err().to_string();
    assert_eq!(error, "production has components only: name production/summarize or production/collect");
    let (only, _) = TWO.split_once("[components.collect]").unwrap();
    let only = only.to_owned() + "[env.live.hosts]\na = { address = \"a\", roles = [\"data\"] }\n";
    assert_eq!(read(&only).unwrap().environment(None).unwrap().name.to_string(), "live/summarize");
}

#[test]
fn of_every_table_it_is_known_whether_it_is_the_application_s() {
    // What holds for components too.
    let of_all = [
        "app",
        "become",
        "components",
        "default_env",
        "distribution",
        "env",
        "environment",
        "hosts",
        "lock",
        "notify",
        "pre_connect",
        "role_sets",
        "secrets",
        "source_files",
        "ssh_config",
        "tasks",
    ];
    let mut known: Vec<&str> = OWN.iter().copied().chain(SHARED.iter().map(|(key, _)| *key)).chain(of_all).collect();
    known.sort_unstable();
    let schema = schema();
    let tables: Vec<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(tables, known);
    let component = &schema["properties"]["components"]["additionalProperties"]["properties"];
    for table in OWN.iter().chain(SHARED.iter().map(|(key, _)| key)) {
        assert!(component.get(table).is_some(), "a component cannot have {table}");
    }
}
