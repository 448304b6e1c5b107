mod against_ssh;
mod cases;
mod matrix;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;
use crate::fleet::HostName;

fn settings(home: &Path) -> Settings {
    let config_file = Some(home.join("config"));
    Settings { config_file, agent: Some("/agent".into()), ..Settings::new("test", home, "me") }
}

fn host(address: &str) -> Host {
    Host {
        name: HostName::new("web1").unwrap(),
        address: Address::parse(address).unwrap(),
        roles: BTreeSet::new(),
        source_files: Vec::new(),
        variables: std::collections::BTreeMap::new(),
    }
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

/// Whoever passes connections on is lent nothing, whatever the file says of it.
#[test]
fn a_jump_host_is_lent_no_agent() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("config"), "Host web1\n  ProxyJump jump\nHost *\n  ForwardAgent yes\n").unwrap();
    let lending = Settings { lends_agent: true, ..settings(home.path()) };
    let reached = destination(&host("web1"), &lending).map_err(|e| e.message).unwrap();
    assert!(reached.lent_agent.is_some());
    let Way::Jump(hop) = &reached.way else { panic!("{:?}", reached.way) };
    assert_eq!(hop.lent_agent, None);
}
