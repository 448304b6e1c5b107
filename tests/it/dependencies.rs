//! What relm is built from: licences that let anybody use it, crates.io and nothing else, nothing twice.
//!
//! The lists stand in deny.toml, which cargo-deny reads too where it is installed. Building that takes longer than all of
//! relm, so that the same is held here with what cargo itself tells.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use serde_json::Value;

struct Rules {
    licences: BTreeSet<String>,
    twice: BTreeSet<String>,
    banned: BTreeSet<String>,
}

fn rules() -> Rules {
    let text = fs::read_to_string("deny.toml").expect("deny.toml");
    let rules: toml::Table = text.parse().expect("TOML");
    let list = |table: &str, key: &str| {
        let list = rules[table][key].as_array().expect("a list").iter();
        list.map(|word| word.as_str().expect("a word").to_owned()).collect()
    };
    Rules { licences: list("licenses", "allow"), twice: list("bans", "skip"), banned: list("bans", "deny") }
}

/// Every crate that is compiled on this machine, tests and build scripts included.
fn packages() -> Vec<Value> {
    let version = Command::new("rustc").arg("-vV").output().expect("rustc").stdout;
    let version = String::from_utf8(version).expect("text");
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host])
        .output()
        .expect("cargo");
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    let told: Value = serde_json::from_slice(&cargo.stdout).expect("JSON");
    // Those that are resolved for other systems only are not listed there.
    let ids: BTreeSet<&str> =
        told["resolve"]["nodes"].as_array().expect("nodes").iter().filter_map(|node| node["id"].as_str()).collect();
    let all = told["packages"].as_array().expect("packages").iter();
    all.filter(|package| ids.contains(package["id"].as_str().expect("an id"))).cloned().collect()
}

/// Says whether an SPDX expression can be met with these licences. `/` is an old spelling of OR.
fn is_met(expression: &str, licences: &BTreeSet<String>) -> bool {
    let expression = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = expression.split_whitespace().collect();
    let (met, rest) = any_of(&words, licences);
    assert!(rest.is_empty(), "{expression}");
    met
}

fn any_of<'a, 'w>(words: &'a [&'w str], licences: &BTreeSet<String>) -> (bool, &'a [&'w str]) {
    let (mut met, mut rest) = all_of(words, licences);
    while let ["OR", more @ ..] = rest {
        let (other, left) = all_of(more, licences);
        (met, rest) = (met || other, left);
    }
    (met, rest)
}

fn all_of<'a, 'w>(words: &'a [&'w str], licences: &BTreeSet<String>) -> (bool, &'a [&'w str]) {
    let (mut met, mut rest) = one(words, licences);
    while let ["AND", more @ ..] = rest {
        let (other, left) = one(more, licences);
        (met, rest) = (met && other, left);
    }
    (met, rest)
}

fn one<'a, 'w>(words: &'a [&'w str], licences: &BTreeSet<String>) -> (bool, &'a [&'w str]) {
    match words {
        ["(", more @ ..] => {
            let (met, rest) = any_of(more, licences);
            (met, rest.strip_prefix(&[")"]).expect("a closing parenthesis"))
        }
        // An exception gives more than the licence alone.
        [licence, "WITH", _, rest @ ..] | [licence, rest @ ..] => (licences.contains(*licence), rest),
        [] => panic!("a licence is missing"),
    }
}

#[test]
fn licences_sources_and_duplicates_are_as_deny_toml_says() {
    let (rules, packages) = (rules(), packages());
    assert!(packages.len() > 100, "{}", packages.len());
    let mut wrong = Vec::new();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in &packages {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        let (name, version) = (text("name"), text("version"));
        versions.entry(name).or_default().push(version);
        if !is_met(text("license"), &rules.licences) {
            wrong.push(format!("{name} {version} has the licence {:?}", text("license")));
        }
        if name != "relm" && text("source") != "registry+https://github.com/rust-lang/crates.io-index" {
            wrong.push(format!("{name} {version} comes from {:?}", text("source")));
        }
        if rules.banned.contains(name) {
            wrong.push(format!("{name} {version} is banned"));
        }
    }
    let twice: BTreeSet<String> =
        versions.iter().filter(|(_, all)| all.len() > 1).map(|(name, _)| (*name).to_owned()).collect();
    wrong.extend(
        twice.difference(&rules.twice).map(|name| format!("{name} is there twice: {:?}", versions[name.as_str()])),
    );
    wrong.extend(
        rules.twice.difference(&twice).map(|name| format!("{name} is there once: deny.toml need not let it pass")),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn expressions_of_licences_are_understood() {
    let allowed = ["MIT", "ISC"].map(str::to_owned).into();
    for (expression, met) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("MIT/GPL-3.0", true),
        ("MIT AND GPL-3.0", false),
        ("MIT AND ISC", true),
        ("(GPL-3.0 OR MIT) AND ISC", true),
        ("GPL-3.0 OR MIT AND BSD", false),
        ("MIT WITH LLVM-exception OR GPL-3.0", true),
    ] {
        assert_eq!(is_met(expression, &allowed), met, "{expression}");
    }
}

#[test]
fn nothing_of_ours_is_unsafe() {
    let manifest: toml::Table = fs::read_to_string("Cargo.toml").expect("Cargo.toml").parse().expect("TOML");
    assert_eq!(manifest["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"), "which no attribute takes back");
}
