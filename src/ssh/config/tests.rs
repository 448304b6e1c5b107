mod cases;
mod matrix;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;

use super::*;
use crate::fleet::HostName;

fn settings(home: &Path) -> Settings {
    let config_file = Some(home.join("config"));
    Settings { config_file, agent: Some("/agent".into()), ..Settings::new("test", home, "me") }
}

fn host(address: &str) -> Host {
    Host { name: HostName::new("web1").unwrap(), address: Address::parse(address).unwrap(), roles: BTreeSet::new() }
}

/// What a configuration makes of `address`.
fn read(text: &str, address: &str) -> Result<Destination, String> {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("config"), text).unwrap();
    destination(&host(address), &settings(home.path()))
        .map_err(|e| e.message.replace(&*home.path().to_string_lossy(), "~"))
}

#[test]
fn without_a_word_the_usual_things_hold() {
    let web = read("", "web").unwrap();
    assert_eq!((web.address.as_str(), web.port, web.user.as_str()), ("web", 22, "me"));
    assert_eq!(web.known_as, ["web"]);
    assert_eq!(web.identity_files.len(), 5);
    assert!(web.identity_files[0].ends_with(".ssh/id_rsa"));
    assert_eq!(web.agent, Some("/agent".into()));
    assert_eq!(web.connect_timeout, Duration::from_secs(10));
    assert_eq!((web.alive_interval, web.alive_count), (Duration::from_secs(5), 3));
}

#[test]
fn the_address_of_the_host_beats_the_file() {
    let web = read("User deploy\nPort 2200\n", "root@Web:2222").unwrap();
    assert_eq!((web.port, web.user.as_str()), (2222, "root"));
    assert_eq!(web.known_as, ["[web]:2222", "web"]);
}

#[test]
fn names_keys_and_times() {
    let text = "HostName %h.Example.org\nHostKeyAlias Fleet\nIdentityFile ~/%r-%h\nIdentityFile %d/b\nIdentityAgent none\n\
                ConnectTimeout 1m30\nServerAliveInterval 0\nServerAliveCountMax 7\nUserKnownHostsFile /a \"/b c\"\nGlobalKnownHostsFile none\n";
    let web = read(text, "web").unwrap();
    assert_eq!(web.address, "web.example.org");
    assert_eq!(web.known_as, ["fleet"]);
    assert!(web.identity_files[0].ends_with("me-web.example.org"), "{:?}", web.identity_files);
    assert_eq!((web.identity_files.len(), web.agent), (2, None));
    assert_eq!(web.connect_timeout, Duration::from_secs(90));
    assert_eq!((web.alive_interval, web.alive_count), (Duration::from_secs(5), 7));
    assert_eq!(web.user_known_hosts, [PathBuf::from("/a"), PathBuf::from("/b c")]);
    assert_eq!(web.global_known_hosts, Vec::<PathBuf>::new());
}

#[test]
fn what_would_lead_elsewhere_is_never_passed_over() {
    let cases = [
        ("Host web\n  ProxyJump bad host", "~/config:2: \"bad host\" is no host for ProxyJump"),
        ("ProxyJump bastion", "~/config:1: ProxyJump leads in a circle"),
        ("ProxyCommand nc %h %Z", "~/config:1: %Z is not supported"),
        ("Host other\n  ProxyJump bastion", ""),
        ("ProxyCommand none\nProxyCommand nc %h %Z", ""),
        ("CanonicalizeHostname yes", "~/config:1: CanonicalizeHostname is not supported"),
        ("CheckHostIP yes", "~/config:1: CheckHostIP"),
        ("KnownHostsCommand /bin/keys %H", "~/config:1: KnownHostsCommand"),
        ("RemoteCommand tmux", "~/config:1: RemoteCommand"),
        ("BindInterface eth0", "~/config:1: BindInterface"),
        ("ProxyUseFdpass yes", "~/config:1: ProxyUseFdpass"),
        ("ProxyUseFdpass no\nCheckHostIP no\nRemoteCommand none\nCanonicalizeHostname no", ""),
        ("Match localnetwork 10.0.0.0/8\n  HostName evil", "~/config:2: HostName depends on `Match localnetwork`"),
        ("Match tagged x host other\n  HostName evil", ""),
        ("HostName real\nMatch tagged x\n  HostName evil\n  ForwardAgent yes", ""),
        ("Match tagged x\n  ForwardAgent yes\nHost *\n  User a", ""),
        ("Match weather fine", "~/config:1: `Match weather` is no criterion"),
        ("HostNam x", "~/config:1: hostnam is no keyword"),
        ("IgnoreUnknown Hostn*\nHostNam x", ""),
        ("Host other\n  Port many", "~/config:2: \"many\" is no value for Port"),
        ("Host other\n  User a b", "~/config:2: User has more than one value"),
        ("Ciphers rot13", "~/config:1: rot13 is no algorithm"),
        ("MACs umac-64@openssh.com", "~/config:1: relm can do none of umac-64@openssh.com"),
        ("Match user", "~/config:1: `Match user` has no value"),
        ("Match all host x", "~/config:1: `all` must stand alone"),
        ("Port 0", "~/config:1: \"0\" is no value for Port"),
        ("Port", "~/config:1: Port has no value"),
        ("HostName \"x", "~/config:1: a \" is never closed"),
        ("IdentityFile %Z", "~/config:1: %Z is not supported"),
        ("IdentityFile ~other/x", "~/config:1: ~other/x: homes of others"),
        ("IdentityFile ${NO}/x", "~/config:1: ${NO}: the variable NO is not set"),
        ("ConnectTimeout soon", "~/config:1: \"soon\" is no value for ConnectTimeout"),
    ];
    for (text, expected) in cases {
        match read(text, "web") {
            Ok(_) => assert_eq!(expected, "", "{text}"),
            Err(message) => assert!(!expected.is_empty() && message.starts_with(expected), "{text}: {message}"),
        }
    }
}

#[test]
fn a_missing_file_that_was_named_and_a_directory_are_errors() {
    let home = tempfile::tempdir().unwrap();
    let error = destination(&host("web"), &settings(home.path())).unwrap_err();
    assert_eq!(error.kind, ConnectErrorKind::Configuration);
    assert!(error.message.ends_with("config does not exist"));
    assert!(destination(&host("local:x"), &settings(home.path())).is_err());
}

/// What `ssh -G` says, by keyword; `None` where it refuses or does not exist.
fn ssh_says(config: &Path, arguments: &[&str]) -> Option<BTreeMap<String, Vec<String>>> {
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

fn login() -> Option<String> {
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

/// Whatever follows: the first value wins, so a file cannot lead elsewhere than its first lines say.
#[test]
fn damaged_files_lead_nowhere_else() {
    let words = [
        "Host *\n",
        "Host ",
        "Match host ",
        "Match final ",
        "Match all\n",
        "ProxyJump a,b",
        "ProxyCommand nc %h %p",
        "HostName %h.x",
        "Port ",
        "User ",
        "\"",
        "%%",
        "%h",
        "%",
        "=",
        "\\",
        "!",
        "*",
        "+",
        "-",
        "^",
        "IdentityFile ",
        "none",
        "99999999999999999999",
        "ConnectTimeout 1w9d",
        "CanonicalizeHostname yes",
        "IgnoreUnknown *",
        "SetEnv A=\"b c\"",
        "SendEnv LC_*",
        "~",
        "${HOME}",
        "#",
    ];
    let pieces = [
        "Host ",
        "Match ",
        "host ",
        "originalhost ",
        "final ",
        "user ",
        "web ",
        "* ",
        "!web ",
        "HostName ",
        "other ",
        "Port ",
        "22",
        "ProxyJump ",
        "none",
        "user@hop:22",
        "Ciphers ",
        "+",
        "-*",
        "aes128-ctr",
        "UserKnownHostsFile ",
        "/a \"/b c\"",
        "IdentityFile ",
    ];
    crate::tests::damaged("ssh_config", &words, crate::tests::lines_of(&pieces), |bytes| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let plain: String = text.to_ascii_lowercase().chars().filter(char::is_ascii_alphabetic).collect();
        // These would run commands, or read whatever is on this machine.
        if plain.contains("exec") || plain.contains("include") {
            return;
        }
        if let Ok(web) = read(&text, "web") {
            assert!(web.port > 0 && !web.known_as.is_empty() && !web.address.is_empty(), "{web:?}");
        }
        let first = "HostName first.example\nUser first\nPort 7\nHostKeyAlias alias\nProxyCommand none\n\
                     UserKnownHostsFile /known\n";
        if let Ok(web) = read(&format!("{first}{text}"), "web") {
            assert_eq!((web.address.as_str(), web.user.as_str(), web.port), ("first.example", "first", 7));
            assert_eq!((web.known_as[0].as_str(), web.way), ("alias", Way::Direct));
            assert_eq!(web.user_known_hosts, [PathBuf::from("/known")]);
        }
    });
}
