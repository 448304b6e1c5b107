//! What an environment lays over the file, and takes from another one.

use std::path::{Path, PathBuf};

use super::super::*;
use super::model::ssh;
use super::{LEAST, read};
use crate::fleet::Address;
use crate::source::Source;

/// Everything that one table takes over from another.
pub(super) const SHARING: &str = r#"
source_files = ["/etc/shop.sh"]
[source]
git = "."
ref = "main"
exclude = ["*.pyc"]
[lock]
name = "servers"
host = "db1"
[become]
user = "app"
password = "PW"
[environment]
SITE = "{{ env }}"
https_proxy = "http://proxy.example.org:3128"
[secrets]
PW = { env = "PW" }
KEY = { file = "key" }
[role_sets]
both = ["web", "db"]
all = ["both", "static"]
[guards]
ref = "confirm"
[[guards.ask]]
name = "one"
question = "One?"
[hosts.db1]
address = "db1.example.org"
user = "deploy"
roles = ["db"]
[hosts.s1]
address = "s1.example.org"
user = "deploy"
roles = ["static"]
[[publish]]
from = "docs"
to = "~/docs"
mode = "link"
[[publish]]
from = "share"
to = "~/share"
mode = "mirror"
[[operations]]
name = "a"
phase = "prepare"
roles = ["static[1:]", "all - web"]
secrets = ["KEY"]
run = "a"
[[operations]]
name = "b"
phase = "prepare"
run = "b"
[tasks.mine]
operations = ["extra"]
[env.base]
confirm = true
forward_agent = true
manage = "./manage.py"
release = { keep = 7, root = "srv", batches = [1, "50%"], max_unreachable = "25%" }
[[env.base.operations]]
name = "b"
phase = "prepare"
run = "b of base"
[env.live]
inherits = "base"
become = "root"
source_files = ["~/live.sh"]
release = { root = "/srv" }
source = { dir = "dist" }
environment = { PERL5LIB = "{{ release_path }}/lib", SITE = "live" }
secrets = { KEY = { env = "KEY" } }
[[env.live.publish]]
from = "other"
to = "~/docs"
mode = "overlay"
[[env.live.guards.ask]]
name = "two"
question = "Two?"
[env.live.hosts]
z = { address = "z", roles = ["web"] }
a = { address = "a:22", roles = ["web"] }
[env.other]
inherits = "live"
confirm = false
manage = { roles = ["db"] }
environment = { https_proxy = "" }
[[env.other.operations]]
name = "extra"
phase = "finish"
environment = { SITE = "extra" }
run = "extra"
[[env.other.transfer]]
name = "css"
path = "out"
from = "static[0]"
after = "b"
[env.other.hosts]
db1 = {}
s1 = { address = "s1", roles = ["static"] }
s2 = { address = "s2", roles = ["static", "web"] }
"#;

#[test]
fn an_environment_overrides_key_by_key() {
    let text = format!(
        "{LEAST}[python]\nproject = true\npython = \"python3.12\"\n\
         [env.live]\napp = {{ name = \"other\" }}\nsource = {{ archive = \"~/a.zip\", strip = 1 }}\n\
         python = {{ command = \"make env\" }}\nrelease = {{ root = \"~/sites//live/\" }}\n"
    );
    let env = &read(&text).unwrap_or_else(|problems| panic!("{problems}")).envs[0];
    assert_eq!(env.app, "other");
    assert_eq!(env.source.source, Source::Archive { path: PathBuf::from("/home/ada/a.zip"), strip: 1 });
    let python = env.python.as_ref().unwrap();
    assert_eq!(python.packages, Packages::Command("make env".to_owned()));
    assert_eq!(python.python, "python3.12");
    assert_eq!(env.release.root, "sites/live");
}

#[test]
fn an_environment_inherits_all_but_hosts_and_hosts_stand_in_one_place() {
    let config = read(SHARING).unwrap_or_else(|problems| panic!("{problems}"));
    let told = |env: &Environment| {
        let runs: Vec<&str> = env.operations.iter().map(|operation| operation.run.as_str()).collect();
        (env.name.to_string(), env.confirm == Confirm::Yes, env.release.keep, env.release.root.clone(), runs.join(", "))
    };
    let all: Vec<_> = config.envs.iter().map(told).collect();
    let text = |text: &str| text.to_owned();
    assert_eq!(
        all,
        [
            (text("live"), true, 7, text("/srv"), text("a, b of base")),
            (text("other"), false, 7, text("/srv"), text("a, b of base, extra")),
        ]
    );
    let hosts = &config.envs[1].fleet.hosts;
    let variables: Vec<_> = hosts[0].variables.iter().map(|(name, text)| format!("{name}={text}")).collect();
    assert_eq!(variables, ["PERL5LIB={{ release_path }}/lib", "SITE=live", "https_proxy="]);
    let runs: Vec<_> = config.envs.iter().filter_map(|env| Some(env.manage.as_ref()?.run.as_str())).collect();
    assert_eq!(runs, ["./manage.py"; 2]);
    let extra = config.envs[1].operations.last().expect("an operation");
    assert_eq!(extra.variables.get("SITE").map(String::as_str), Some("extra"));
    let hosts: Vec<_> = hosts.iter().map(|host| (host.name.as_str(), host.address.clone())).collect();
    let moved = Address::Ssh { host: text("s1"), user: None, port: None };
    let of_the_file = ssh("db1.example.org", "deploy", None);
    let own = Address::Ssh { host: text("s2"), user: None, port: None };
    assert_eq!(hosts, [("db1", of_the_file), ("s1", moved), ("s2", own)], "the user belongs to the address");
}

#[test]
fn environments_that_inherit_each_other_are_told_with_the_way() {
    let text = format!("{LEAST}[env.live]\ninherits = \"x\"\n[env.x]\ninherits = \"live\"\n");
    let problems = read(&text).expect_err("a circle");
    let said: Vec<&str> = problems.list.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].ends_with("x → live → x") && said[1].ends_with("live → x → live"), "{said:?}");
}

#[test]
fn each_setting_is_told_with_its_line() {
    let config = read(SHARING).unwrap_or_else(|problems| panic!("{problems}"));
    let (path, home) = (Path::new("/srv/shop/Releases.toml"), Path::new("/home/ada"));
    let told = config.envs[1].origins(SHARING, path, home, &[]).expect("what holds");
    let said = |setting: &str| {
        let one = told.iter().find(|one| one.path == setting).unwrap_or_else(|| panic!("no {setting} in {told:?}"));
        let line = match one.origin {
            Origin::Line(line) => SHARING.lines().nth(line - 1),
            Origin::Default | Origin::Set => None,
        };
        (one.value.to_string(), line)
    };
    for (setting, value, line) in [
        ("release.root", "\"/srv\"", Some("release = { root = \"/srv\" }")),
        (
            "release.keep",
            "7",
            Some("release = { keep = 7, root = \"srv\", batches = [1, \"50%\"], max_unreachable = \"25%\" }"),
        ),
        ("lock.name", "\"servers\"", Some("name = \"servers\"")),
        ("manage.run", "\"./manage.py\"", Some("manage = \"./manage.py\"")),
        ("lock.grace", "\"10s\"", None),
        ("lock.on_failure", "\"free\"", None),
        ("environment.https_proxy", "\"\"", Some("environment = { https_proxy = \"\" }")),
        ("operations.b.run", "\"b of base\"", Some("run = \"b of base\"")),
        ("publish.\"~/docs\".mode", "\"overlay\"", Some("mode = \"overlay\"")),
        ("env.other.confirm", "false", Some("confirm = false")),
        ("env.other.forward_agent", "true", Some("forward_agent = true")),
        ("env.other.hosts.db1.address", "\"db1.example.org\"", Some("address = \"db1.example.org\"")),
        ("env.other.hosts.s1.address", "\"s1\"", Some("s1 = { address = \"s1\", roles = [\"static\"] }")),
    ] {
        assert_eq!(said(setting), (value.to_owned(), line), "{setting}");
    }
}
