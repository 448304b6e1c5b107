//! A matrix of keywords, values and places, read by relm and by `ssh -G`: what ssh refuses relm refuses, and what both
//! take means the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::super::{Destination, Family, Way, destination};
use super::against_ssh::{login, ssh_says};
use super::cases::{FILES, PLACES, VALUES};
use super::{host, settings};
use crate::ssh::Settings;

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
    // What ssh reads and relm does not, with the reason: docs/ssh.md says the same.
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
    let login = login().unwrap_or_default();
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
