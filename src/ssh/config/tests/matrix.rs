//! A matrix of keywords, values and places, read by relm and by `ssh -G`: what ssh refuses relm refuses, and what both
//! take means the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::super::{Destination, Family, Way, destination};
use super::{host, settings, ssh_says};
use crate::ssh::Settings;

/// Keywords and values, good and bad. `~` in a value is the home of whoever runs the tests, for ssh; relm is told so.
const VALUES: &[(&str, &[&str])] = &[
    ("HostName", &["real.example.org", "%h.org", "a%%b", "%n", "\"quoted\"", "UPPER", "a b", "\"\""]),
    ("Port", &["2222", "0", "65536", "-1", "x", "22 23", "\"22\""]),
    ("User", &["deploy", "\"a b\"", "a b", "a@b"]),
    ("IdentityFile", &["/a", "/%h/%p/%r/%n/%%", "none", "/a /b", "\"/a b\"", "%d/x"]),
    ("CertificateFile", &["/a", "/a /b", "/%u"]),
    ("IdentityAgent", &["none", "SSH_AUTH_SOCK", "/x/agent", "$SOCKET", "\"/x y\"", "/a /b"]),
    ("IdentitiesOnly", &["yes", "no", "true", "maybe", "yes no"]),
    (
        "ProxyJump",
        &[
            "bastion",
            "me@bastion:2222",
            "none",
            "one,two",
            "ssh://me@bastion:22",
            "bastion:x",
            "@bastion",
            "a b",
            "[::1]:22",
        ],
    ),
    ("ProxyCommand", &["nc %h %p", "none", "nc \"%h\" 22", "exec nc -X connect -x proxy:3128 %h %p"]),
    ("UserKnownHostsFile", &["/a", "/a /b", "none", "\"/a b\""]),
    ("GlobalKnownHostsFile", &["/a", "/a /b", "none"]),
    ("HostKeyAlias", &["alias", "UPPER", "a b"]),
    ("StrictHostKeyChecking", &["yes", "no", "ask", "off", "accept-new", "perhaps"]),
    ("HashKnownHosts", &["yes", "no", "1"]),
    ("ConnectTimeout", &["5", "1m30s", "none", "soon", "-1", "5 6"]),
    ("ConnectionAttempts", &["3", "x", "-1"]),
    ("ServerAliveInterval", &["7", "2m", "x"]),
    ("ServerAliveCountMax", &["4", "x", "-1"]),
    ("AddressFamily", &["any", "inet", "inet6", "inet4"]),
    ("BindAddress", &["127.0.0.1", "a b"]),
    ("SetEnv", &["A=1", "A=1 B=\"2 3\"", "A"]),
    ("SendEnv", &["A", "A B*", "-A"]),
    (
        "Ciphers",
        &[
            "aes128-ctr",
            "aes256-ctr,aes128-ctr",
            "+aes128-cbc",
            "-aes*",
            "^aes256-ctr",
            "rot13",
            "aes128-ctr,rot13",
            "",
        ],
    ),
    ("MACs", &["hmac-sha2-256", "-hmac-sha1*", "hmac-none"]),
    ("KexAlgorithms", &["curve25519-sha256", "+diffie-hellman-group14-sha1", "-ecdh*", "none-such"]),
    ("HostKeyAlgorithms", &["ssh-ed25519", "^rsa-sha2-512", "-ecdsa*", "+ssh-rsa", "ssh-ed448"]),
    ("PubkeyAcceptedAlgorithms", &["ssh-ed25519", "-rsa*", "ssh-none"]),
    ("CASignatureAlgorithms", &["ssh-ed25519", "-rsa*", "ssh-none"]),
    ("PreferredAuthentications", &["publickey", "password,publickey", "keyboard-interactive"]),
    ("PubkeyAuthentication", &["yes", "no", "unbound", "host-bound", "sometimes"]),
    ("PasswordAuthentication", &["yes", "no", "x"]),
    ("KbdInteractiveAuthentication", &["yes", "no", "x"]),
    ("ChallengeResponseAuthentication", &["no", "x"]),
    ("BatchMode", &["yes", "no", "x"]),
    ("NumberOfPasswordPrompts", &["1", "x"]),
    ("RequiredRSASize", &["2048", "x"]),
    ("RevokedHostKeys", &["/a"]),
    ("ForwardAgent", &["yes", "no"]),
    ("Compression", &["yes", "x"]),
    ("ControlMaster", &["auto", "x"]),
    ("RequestTTY", &["force", "x"]),
    ("LogLevel", &["DEBUG", "LOUD"]),
    ("Tunnel", &["no", "x"]),
    ("UpdateHostKeys", &["ask", "x"]),
    ("CanonicalizeHostname", &["no", "x"]),
    ("CheckHostIP", &["no", "x"]),
    ("SessionType", &["default", "x"]),
    ("Nonsense", &["yes"]),
    ("identityfile2", &["/a"]),
    ("Protocol", &["2"]),
];

/// Where a line stands; `{}` is the line.
const PLACES: &[&str] = &["{}\n", "Host other\n  {}\n", "Match final\n  {}\nMatch all\n  User late\n"];

/// Whole files: blocks, inclusions, criteria.
const FILES: &[&str] = &[
    "Match exec true\n  HostName yes.org\n",
    "Match exec false\n  HostName no.org\n",
    "Match exec \"test %h = real && test %n = web1\"\n  Port 77\nHostName real\n",
    "HostName real\nMatch exec \"test %h = real && test %n = web1 && test %p = 22\"\n  Port 77\n",
    "Match !exec false host web*\n  Port 77\n",
    "Match host other exec \"exit 0\"\n  Port 77\n",
    "Match all\n  User a\n",
    "Match !all\n  User a\n",
    "Match final all\n  User a\n",
    "Match canonical all\n  User a\n",
    "Match canonical\n  User a\n",
    "Match !canonical\n  User a\n",
    "Match !final\n  User a\nMatch final\n  User b\n",
    "Match final host real\n  User a\nHost web1\n  HostName real\n",
    "Match final originalhost web1\n  Port 7\nHost web1\n  HostName real\n",
    "Match host real final\n  User a\nHost *\n  HostName real\nHost real\n  User never\n",
    "Match final\n  IdentityFile /b\nHost *\n  IdentityFile /a\n",
    "Match all host x\n  User a\n",
    "Match host x all\n  User a\n",
    "Match\n  User a\n",
    "Match host\n  User a\n",
    "Match weather fine\n  User a\n",
    "Match user deploy\n  Port 7\nUser deploy\n",
    "User deploy\nMatch user deploy,root\n  Port 7\n",
    "Match user !deploy,*\n  Port 7\n",
    "Match host WEB1\n  Port 7\n",
    "Match originalhost web?,!web1\n  Port 7\n",
    "Host\n  Port 7\n",
    "Host web1 # comment\n  Port 7\n",
    "Host web1 !web*\n  Port 7\n",
    "Host=web1\nPort=7\n",
    "Host \"web1\n  Port 7\n",
    "Include\n",
    "Include nothing/*\nPort 7\n",
    "Include part\nPort 7\n",
    "Host other\n  Include part\nHost *\n  User late\n",
    "Host other\n  Include broken\nHost *\n  User late\n",
    "Host web1\n  Include part broken\n",
    "Include loop\n",
    "IgnoreUnknown Non*\nNonsense yes\nPort 7\n",
    "IgnoreUnknown Non*,Xy\nXy yes\nNo yes\n",
    "Nonsense yes\nIgnoreUnknown Non*\n",
    "ProxyJump one\nProxyCommand two\n",
    "ProxyCommand two\nProxyJump one\n",
    "ProxyJump none\nProxyCommand two\n",
    "ProxyCommand none\nProxyJump one\n",
    "ProxyJump none\nProxyJump one\nProxyCommand two\n",
    "ProxyCommand none\nProxyCommand two\nProxyJump one\n",
    "Host web1\n  ProxyJump none\nHost *\n  ProxyJump one\n",
    "SendEnv A B\nSendEnv C -A\n",
    "SetEnv A=1\nSetEnv B=2\n",
    "User a\n\tUser b\n   \nUSER c\n",
    "User a\r\nPort 7\r\n",
    "User\n",
    "= a\n",
    "User == a\n",
    "User a \\\n",
    "User a\"b c\"d\n",
];

struct Outcome {
    cases: usize,
    both: usize,
    ssh_alone: Vec<(String, String)>,
    wrong: Vec<String>,
}

/// Settings both show, in ssh's words.
fn shown(destination: &Destination) -> BTreeMap<&'static str, String> {
    let paths = |paths: &[std::path::PathBuf]| {
        paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ")
    };
    let family = match destination.family {
        Family::Any => "any",
        Family::Four => "inet",
        Family::Six => "inet6",
    };
    let mut shown = BTreeMap::from([
        ("hostname", destination.address.clone()),
        ("port", destination.port.to_string()),
        ("user", destination.user.clone()),
        ("identitiesonly", yes(destination.identities_only)),
        ("hashknownhosts", yes(destination.hash_known_hosts)),
        ("addressfamily", family.to_owned()),
        ("connectionattempts", destination.connection_attempts.to_string()),
        ("numberofpasswordprompts", destination.password_prompts.to_string()),
        ("requiredrsasize", destination.smallest_rsa.to_string()),
        ("globalknownhostsfile", paths(&destination.global_known_hosts)),
        ("userknownhostsfile", paths(&destination.user_known_hosts)),
        ("revokedhostkeys", paths(&destination.revoked_host_keys)),
        ("certificatefile", paths(&destination.certificate_files)),
        ("bindaddress", destination.bind_address.clone().unwrap_or_default()),
        ("proxycommand", String::new()),
        ("proxyjump", String::new()),
    ]);
    match &destination.way {
        Way::Direct => {}
        Way::Command(command) => drop(shown.insert("proxycommand", command.clone())),
        Way::Jump(hop) => drop(shown.insert("proxyjump", hop.given.clone())),
    }
    shown
}

fn yes(flag: bool) -> String {
    if flag { "yes" } else { "no" }.to_owned()
}

/// What ssh says of the same settings, with its tokens filled in as relm fills them.
fn ssh_shows(said: &BTreeMap<String, Vec<String>>, keyword: &str, ours: &Destination) -> String {
    let text = said.get(keyword).map(|values| values.join(" ")).unwrap_or_default();
    match keyword {
        "proxyjump" => {
            let last = text.rsplit(',').next().unwrap_or_default();
            let place = last.rsplit('@').next().unwrap_or_default();
            let place = place.strip_prefix('[').and_then(|inside| inside.split(']').next()).unwrap_or(place);
            if place.matches(':').count() == 1 {
                place.split(':').next().unwrap_or_default().to_owned()
            } else {
                place.to_owned()
            }
        }
        "proxycommand" | "certificatefile" | "userknownhostsfile" if text != "none" => {
            let values =
                [("%h", &ours.address), ("%p", &ours.port.to_string()), ("%r", &ours.user), ("%u", &"me".to_owned())];
            values.iter().fold(text, |text, (token, value)| text.replace(token, value))
        }
        _ if text == "none" => String::new(),
        _ => text,
    }
}

fn compare(text: &str, home: &Path, own: &Settings, outcome: &mut Outcome) {
    outcome.cases += 1;
    let config = home.join("config");
    fs::write(&config, text).unwrap();
    let said = ssh_says(&config, &["-l", "me", "web1"]);
    let asked = super::super::read::Asked { host: "web1", user: Some("me"), port: None, jump: None, settings: own };
    let without_user = ssh_says(&config, &["web1"]);
    let ours = destination(&host("web1"), own);
    match (without_user, ours) {
        (None, Ok(_)) => outcome.wrong.push(format!("ssh refuses what relm takes:\n{text}")),
        (None, Err(_)) => {}
        (Some(_), Err(error)) => outcome.ssh_alone.push((text.to_owned(), error.message)),
        (Some(_), Ok(_)) => {
            // Both with the same login, so that the name of whoever runs the tests is in nobody's way.
            let (said, ours) = (said.unwrap(), super::super::resolved("web1", "web1", &asked, 0).unwrap());
            for (keyword, value) in shown(&ours) {
                let theirs = ssh_shows(&said, keyword, &ours);
                if value != theirs {
                    outcome.wrong.push(format!(
                        "{keyword} is {value:?}, and {theirs:?} to ssh:
{text}"
                    ));
                }
            }
            outcome.both += 1;
        }
    }
}

#[test]
fn every_keyword_value_and_place_means_what_it_means_to_ssh() {
    if Command::new("ssh").arg("-V").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "ssh is missing");
        eprintln!("SKIPPED: there is no ssh");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name);
    fs::write(path("part"), "User part\nHost nobody\n  Port 9\n").unwrap();
    fs::write(path("broken"), "Port many\n").unwrap();
    fs::write(path("loop"), format!("Include {}\n", path("loop").display())).unwrap();
    let mut own = settings(home.path());
    own.variables.insert("SOCKET".to_owned(), "/x/agent".to_owned());
    let tilde = Command::new("sh").args(["-c", "eval echo ~$(id -un)"]).output().unwrap();
    own.home = String::from_utf8(tilde.stdout).unwrap().trim().into();
    let (cases, both) = (0, 0);
    let mut outcome = Outcome { cases, both, ssh_alone: Vec::new(), wrong: Vec::new() };
    for (keyword, values) in VALUES {
        for value in *values {
            for place in PLACES {
                compare(&place.replace("{}", &format!("{keyword} {value}")), home.path(), &own, &mut outcome);
            }
        }
    }
    for file in FILES {
        let folder = home.path().display().to_string();
        let file = ["part", "broken", "loop", "nothing"]
            .iter()
            .fold((*file).to_owned(), |file, name| file.replace(&format!(" {name}"), &format!(" {folder}/{name}")));
        compare(&file, home.path(), &own, &mut outcome);
    }
    let Outcome { cases, both, ssh_alone, wrong } = outcome;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{cases} cases, {both} taken by both, {} by ssh alone", ssh_alone.len());
    assert!(cases >= 300 && both >= 200, "{cases} cases, {both} taken by both");
    // What ssh reads and relm does not, with the reason: README says the same.
    let reasons =
        ["%n is not supported here", "leads in a circle", "is no algorithm", "can do none", "is no host for ProxyJump"];
    for (text, message) in ssh_alone {
        assert!(
            reasons.iter().any(|reason| message.contains(reason)),
            "ssh takes what relm refuses:\n{text}\n{message}"
        );
    }
}

/// `Match exec` is told all the names; so both can be heard saying them.
#[test]
fn tokens_stand_for_the_same() {
    let home = tempfile::tempdir().unwrap();
    let (config, heard) = (home.path().join("config"), home.path().join("heard"));
    let tokens = "%%|%C|%h|%i|%k|%L|%l|%n|%p|%r|%u";
    let text = format!(
        "HostName Real.%h\nPort 77\nUser deploy\nHostKeyAlias alias\nMatch exec \"echo '{tokens}' > {}\"\n",
        heard.display()
    );
    fs::write(&config, text).unwrap();
    let mut said = Vec::new();
    let login = super::login().unwrap_or_default();
    let own = Settings { local_user: login, ..settings(home.path()) };
    if ssh_says(&config, &["web1"]).is_none() {
        return;
    }
    said.push(fs::read_to_string(&heard).unwrap());
    fs::remove_file(&heard).unwrap();
    destination(&host("web1"), &own).unwrap();
    said.push(fs::read_to_string(&heard).unwrap());
    assert_eq!(said[0], said[1]);
}
