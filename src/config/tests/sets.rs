//! `--set`: settings of one run.

use std::path::Path;

use super::super::{Config, Confirm, Environment, Origin, Problems, Set, parse, parse_over};
use super::components::FILE;
use super::inherit::SHARING;
use super::{LEAST, read};

fn over(text: &str, env: &str, sets: &[&str]) -> Result<Config, Problems> {
    let sets: Vec<Set> = sets.iter().map(|set| Set::read(set).unwrap()).collect();
    let scope = read(text).unwrap().environment(Some(env)).unwrap().name.clone();
    parse_over(text, Path::new("/srv/shop/Releases.toml"), Path::new("/home/ada"), &sets, &scope)
}

fn laid(text: &str, env: &str, sets: &[&str]) -> Environment {
    let config = over(text, env, sets).unwrap_or_else(|problems| panic!("{problems}"));
    config.environment(Some(env)).unwrap().clone()
}

#[test]
fn a_setting_goes_before_all_the_file_says_of_an_environment() {
    let sets =
        ["release.keep=9", "operations.b.timeout=5m", "environment.NEW=1", "hosts.z.roles=[\"db\"]", "source.dir=out"];
    let live = laid(SHARING, "live", &sets);
    assert_eq!((live.release.keep, live.release.root.as_str()), (9, "/srv"));
    let b = live.operations.iter().find(|operation| operation.name == "b").unwrap();
    assert_eq!((b.run.as_str(), b.time_limit.unwrap().as_secs()), ("b of base", 300), "the rest of it stays");
    assert_eq!(live.operations.len(), read(SHARING).unwrap().envs[0].operations.len());
    assert_eq!(live.fleet.hosts[0].variables["NEW"], "1");
    assert!(live.fleet.hosts[0].roles.iter().any(|role| role.as_str() == "db"));
    // What comes from elsewhere may be named in another table.
    let config = over(SHARING, "other", &["operations.a.run=other a"]).unwrap();
    let run = |env: usize| config.envs[env].operations.iter().find(|one| one.name == "a").unwrap().run.clone();
    assert_eq!((run(0), run(1)), ("a".to_owned(), "other a".to_owned()), "it is of one environment");
}

#[test]
fn a_component_s_own_settings_are_set_too() {
    assert_eq!(laid(FILE, "production/formplayer", &["release.keep=9"]).release.keep, 9);
    assert_eq!(laid(FILE, "production", &["release.keep=9"]).release.keep, 9);
    let player = laid(FILE, "production/formplayer", &["operations.restart.timeout=1h", "confirm=false"]);
    assert_eq!((player.operations[0].run.as_str(), &player.confirm), ("./restart --slowly", &Confirm::No));
    assert!(player.operations[0].time_limit.is_some());
}

#[test]
fn what_is_wrong_is_told_of_set() {
    for (set, message, at) in [
        ("release.keep=0", "keep", "--set:1:16"),
        ("release.keeep=1", "unknown key \"keeep\" in [env.live.release]", "--set:1:9"),
        ("release.keep=x", "`keep` must be a whole number", "--set:1:16"),
        ("operations.nope.timeout=1h", "no [[operations]] of live with the name \"nope\"", "--set:1:12"),
        ("hosts.web1.roles=3", "`roles` must be an array", "--set:1:20"),
        ("release=3", "`release` must be a table", "--set:1:11"),
    ] {
        let problems = over(&format!("{LEAST}[release]\nkeep = 3\n"), "live", &["confirm=true", set]).expect_err(set);
        let drawn = problems.render(false);
        assert!(problems.list[0].message.contains(message) && drawn.contains(at), "{set}: {drawn}");
        assert!(!drawn.contains("Releases.toml"), "{drawn}");
    }
}

#[test]
fn what_holds_is_printed_with_it() {
    let (path, home) = (Path::new("/srv/shop/Releases.toml"), Path::new("/home/ada"));
    for (text, name) in [(SHARING, "live"), (FILE, "production/formplayer")] {
        let sets = ["release.keep=9", "environment.A=x"].map(|set| Set::read(set).unwrap());
        let env = laid(text, name, &["release.keep=9", "environment.A=x"]);
        let whole = env.effective(text, path, home, &sets).unwrap();
        assert_eq!(parse(&whole, path, home).unwrap().envs, std::slice::from_ref(&env), "{whole}");
        let told = env.origins(text, path, home, &sets).unwrap();
        let set: Vec<&str> = told.iter().filter(|one| one.origin == Origin::Set).map(|one| one.path.as_str()).collect();
        let of = |set: &str| set.ends_with("release.keep") || set.ends_with("environment.A");
        assert!(set.len() == 2 && set.iter().all(|set| of(set)), "{set:?}");
        assert!(told.iter().any(|one| matches!(one.origin, Origin::Line(_))));
    }
}
