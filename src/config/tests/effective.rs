//! What holds for one environment comes to that environment when it is read again.

use std::path::Path;

use super::super::parse;
use super::{CONTRACT, SAMPLE, TEMPLATE, read};

const CORPUS: &str = include_str!("../../../tests/corpus/releases_toml/sample");

/// Everything that one table takes over from another.
const SHARING: &str = r#"
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
release = { batches = [1, "50%"], max_unreachable = "25%" }
[[env.base.operations]]
name = "b"
phase = "prepare"
run = "b of base"
[env.live]
inherits = "base"
become = "root"
source_files = ["~/live.sh"]
source = { dir = "dist" }
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
[[env.other.operations]]
name = "extra"
phase = "finish"
run = "extra"
[env.other.hosts]
db1 = {}
s1 = { address = "s1", roles = ["static"] }
s2 = { address = "s2", roles = ["static", "web"] }
"#;

#[test]
fn what_is_printed_comes_to_the_same_environment() {
    for (file, text) in [
        ("contract", CONTRACT),
        ("sample", SAMPLE),
        ("template", TEMPLATE),
        ("corpus", CORPUS),
        ("sharing", SHARING),
        ("components", super::components::FILE),
    ] {
        let config = read(text).unwrap_or_else(|problems| panic!("{file}: {}", problems.render(false)));
        for env in &config.envs {
            let (path, home) = (Path::new("/srv/shop/Releases.toml"), Path::new("/home/ada"));
            let whole = env.effective(text, path, home).unwrap_or_else(|| panic!("{file}: {} is another", env.name));
            let again = parse(&whole, path, home).expect("it is read again");
            assert_eq!(again.envs, std::slice::from_ref(env), "{file}:\n{whole}");
            assert!(whole.contains("keep = "), "defaults are filled in:\n{whole}");
        }
    }
}
