//! What ssh reads from the same files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;

use super::{Settings, destination, host, settings};

/// What `ssh -G` says, by keyword; `None` where it refuses or does not exist.
pub(super) fn ssh_says(config: &Path, arguments: &[&str]) -> Option<BTreeMap<String, Vec<String>>> {
    let output = Command::new("ssh").arg("-G").arg("-F").arg(config).args(arguments).output().ok()?;
    let mut said: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let (keyword, value) = line.split_once(' ').unwrap_or((line, ""));
        said.entry(keyword.to_owned()).or_default().push(value.to_owned());
    }
    output.status.success().then_some(said)
}

/// Compares with `ssh -G`: where the host is, who we are, which keys. False if ssh would not read the file.
fn compare(config: &Path, name: &str, user: &str, home: &Path) -> bool {
    let Some(said) = ssh_says(config, &[name]) else {
        return false;
    };
    let own = Settings { config_file: Some(config.to_owned()), local_user: user.to_owned(), ..settings(home) };
    let text = fs::read_to_string(config).unwrap_or_default();
    let ours = destination(&host(name), &own).unwrap_or_else(|e| panic!("{name}: {}\n{text}", e.message));
    let one = |keyword: &str| said.get(keyword).map(|values| values[0].clone()).unwrap_or_default();
    assert_eq!(ours.address, one("hostname"), "{name}\n{text}");
    assert_eq!(ours.port.to_string(), one("port"), "{name}\n{text}");
    assert_eq!(ours.user, one("user"), "{name}\n{text}");
    assert_eq!(ours.identities_only, one("identitiesonly") == "yes", "{name}\n{text}");
    if text.contains("IdentityFile")
        && said.contains_key("identityfile")
        && !said["identityfile"][0].starts_with("~/.ssh/id_rsa")
    {
        let files: Vec<_> = ours.identity_files.iter().map(|path| path.display().to_string()).collect();
        // It shows tokens as they stand in the file.
        let values = [("%r", one("user")), ("%h", one("hostname")), ("%p", one("port")), ("%n", name.to_owned())];
        let expanded = said["identityfile"].iter().map(|path| {
            let path = path.replace("%%", "\0");
            let path = values.iter().fold(path, |path, (token, value)| path.replace(token, value));
            path.replace('\0', "%")
        });
        assert_eq!(files, expanded.collect::<Vec<_>>(), "{name}\n{text}");
    }
    true
}

pub(super) fn login() -> Option<String> {
    let output = Command::new("id").arg("-un").output().ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

#[test]
fn ssh_reads_the_same_from_the_corpus() {
    let (Some(user), true) = (login(), Command::new("ssh").arg("-V").output().is_ok()) else {
        eprintln!("SKIPPED: there is no ssh");
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).display().to_string();
    fs::write(path("part1"), "User one\nHost web\n  Port 1111\n").unwrap();
    fs::write(path("part2"), "User two\nHost *\n  HostName second\n").unwrap();
    fs::write(path("loop"), format!("Host nothing\nInclude {}\n", path("part1"))).unwrap();
    let parts = path("part*");
    let corpus = [
        "Host web\n  HostName a\nHost *\n  HostName b\n  User c\n".to_owned(),
        "User global\nHost web\n  User special\n".to_owned(),
        "Host web* !web9\n  Port 2222\nHost web9\n  Port 99\n".to_owned(),
        "Host !web9\n  Port 2222\n".to_owned(),
        "Host=web\nHostName = \"a\"\nPort=2222#x\n".to_owned().replace("#x", " # x"),
        "host WEB\n  port 1\nHost web\n  PORT 2\n".to_owned(),
        "Match host web\n  User a\nMatch all\n  User b\n".to_owned(),
        "Host web\n  HostName real\nMatch host real\n  User a\nMatch originalhost web\n  Port 77\n".to_owned(),
        "Match !host web\n  User a\n".to_owned(),
        "Match host web,db,!web9\n  User a\n".to_owned(),
        "User x\nMatch user x\n  Port 5\n".to_owned(),
        format!("Match localuser {user}\n  Port 5\n"),
        "HostName %h.example.org\nIdentityFile /keys/%r/%h/%%/%n/%p\n".to_owned(),
        "IdentityFile /a\nHost web\n  IdentityFile /b\n  IdentityFile /a\nIdentitiesOnly yes\n".to_owned(),
        format!("Include {parts}\nUser three\n"),
        format!("Host web\n  Include {}\nHost *\n  User three\n", path("part1")),
        format!("Host db\n  Include {}\nUser three\n", path("part2")),
        format!("Include {}\nPort 3\n", path("loop")),
        format!("Include {}\nPort 3\n", path("nothing*")),
        format!("Include {} {}\n", path("part2"), path("part1")),
        "HostName 'single quoted'\nUser a\\ b\n".to_owned(),
        "  \t# only a comment\n\nUser\ttab\n".to_owned(),
        "Host web\r\n  User crlf\r\n".to_owned(),
        "Host web db\n  User several\n".to_owned(),
        "Host \"web\"\n  User quoted\n".to_owned(),
        "ForwardAgent yes\nSendEnv LANG\nHost *\n  Compression yes\n  User u\n".to_owned(),
    ];
    let config = home.path().join("config");
    for text in corpus {
        fs::write(&config, &text).unwrap();
        for name in ["web", "web9", "db", "Web"] {
            assert!(compare(&config, name, &user, home.path()), "ssh does not take\n{text}");
        }
    }
}

fn a_line() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["web", "web9", "db", "w*", "*", "?eb", "!web9", "!db", "real"]);
    let names = prop::collection::vec(name, 1..4);
    let criterion = prop::sample::select(vec!["host", "!host", "originalhost", "user", "!user"]);
    prop_oneof![
        3 => names.clone().prop_map(|names| format!("Host {}", names.join(" "))),
        2 => (criterion, names).prop_map(|(criterion, names)| format!("Match {criterion} {}", names.join(","))),
        1 => Just("Match all".to_owned()),
        2 => prop::sample::select(vec!["a", "web", "db"]).prop_map(|user| format!("  User {user}")),
        2 => (1_u16..9).prop_map(|port| format!("  Port={port}")),
        2 => prop::sample::select(vec!["real", "%h.org", "\"db\""]).prop_map(|name| format!("\tHostName {name}")),
        1 => prop::sample::select(vec!["/a", "/b/%r", "\"/c d\""]).prop_map(|file| format!("IdentityFile {file}")),
        1 => Just("# comment".to_owned()),
        1 => Just("IdentitiesOnly yes".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ssh_reads_the_same_from_anything(lines in prop::collection::vec(a_line(), 0..14)) {
        if let Some(user) = login() {
            let home = tempfile::tempdir().unwrap();
            let config = home.path().join("config");
            fs::write(&config, lines.join("\n") + "\n").unwrap();
            for name in ["web", "web9", "db"] {
                prop_assume!(compare(&config, name, &user, home.path()));
            }
        }
    }
}
