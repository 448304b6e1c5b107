//! Which file is read, which environment of it is meant, and where its paths lead.

use super::super::*;
use super::{CONTRACT, LEAST, read};
use crate::source::Source;

#[test]
fn places_of_code_are_found_from_the_file() {
    let cases = [
        (".", "/srv/shop"),
        ("../lib", "/srv/shop/../lib"),
        ("~/src/shop", "/home/ada/src/shop"),
        ("/repo.git", "/repo.git"),
        ("https://example.org/a.git", "https://example.org/a.git"),
        ("git@example.org:shop.git", "git@example.org:shop.git"),
        ("./odd:name", "/srv/shop/odd:name"),
    ];
    for (written, expected) in cases {
        let config = read(&LEAST.replace("git = \".\"", &format!("git = {written:?}"))).unwrap();
        let Source::Git { location, reference } = &config.envs[0].source.source else { panic!("{config:?}") };
        assert_eq!((location.as_str(), reference), (expected, &None), "{written}");
    }
}

#[test]
fn an_environment_is_chosen() {
    let contract = read(CONTRACT).unwrap();
    assert_eq!(contract.environment(None).unwrap().name.to_string(), "staging");
    assert_eq!(contract.environment(Some("demo")).unwrap().name.to_string(), "demo");
    let undecided = Config { default_env: None, ..contract.clone() };
    let error = undecided.environment(None).unwrap_err().to_string();
    assert_eq!(error, "name an environment: staging, production, demo");
    let EnvError::Unknown { hint, .. } = contract.environment(Some("prod")).unwrap_err() else { panic!() };
    assert_eq!(hint.as_deref(), Some("did you mean `production`?"));
    assert_eq!(read(LEAST).unwrap().environment(None).unwrap().name.to_string(), "live");
}

#[test]
fn the_nearest_file_upwards_is_found_and_read() {
    let top = tempfile::tempdir().unwrap();
    let deep = top.path().join("a/b");
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::write(top.path().join("Releases.toml"), LEAST).unwrap();
    let found = find(&deep).unwrap();
    assert_eq!(found, top.path().join("Releases.toml"));
    assert_eq!(load(&found, top.path()).unwrap().path, found);

    let problems = load(&top.path().join("no.toml"), top.path()).unwrap_err();
    assert!(problems.render(false).contains("cannot read"), "{problems}");
    std::fs::write(&found, b"a = \"\n# \xff").unwrap();
    let problems = load(&found, top.path()).unwrap_err();
    assert!(problems.render(false).contains("this is not UTF-8"), "{problems}");
    assert_eq!(problems.line(&problems.list[0]), 2);
}
