//! Answers of hosts that are damaged, or that lie.

use chrono::Utc;

use super::*;
use crate::fleet::{EnvName, Scope};
use crate::release::State;
use crate::tasks::{check, history, releases, status};

const WORDS: [&str; 24] = [
    "base /srv/www/test\n",
    "clock 9999999999999999",
    "clock -99999999999999",
    "free 18446744073709551615",
    "link releases/2026-11-20_14.30.05\n",
    "tree 2026-11-20_14.30.05\n",
    "tree ../../etc\n",
    "record 2026-11-20_14.30.05 ",
    "state 2026-11-20_14.30.05 complete 2026-11-20T14:31:00Z\n",
    "state +262142-12-31_23.59.59 complete +262142-12-31T23:59:59Z\n",
    "lived 2026-11-20_14.30.05\n",
    "finished 2026-11-20_14.30.05\n",
    "step 2026-11-20_14.30.05 done 00ff prepare upload_code\n",
    "used 2026-11-20_14.30.05 4294967295\n",
    "history {}",
    "lock by {}",
    "lock running 1 x\n",
    "\"stage\":\"intent\"",
    "\"+262142-12-31T23:59:59Z\"",
    "\"-262143-01-01T00:00:00Z\"",
    "9999-12-31_23.59.59",
    "null",
    "\nend\n",
    "{",
];

#[test]
fn damaged_answers_are_refused_or_understood() {
    let pieces = [
        "base /srv",
        "tree ",
        "state ",
        "step ",
        "lived ",
        "2026-11-20_14.30.05 ",
        "2026-11-21_09.00.00 ",
        "complete",
        "bad",
        "done 1 flip flip_current",
        "end",
    ];
    crate::tests::damaged("survey", &WORDS, crate::tests::lines_of(&pieces), |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let (lines, Ok(seen)) = (text.lines().count(), parse(&text)) else { return };
        assert_eq!(text.lines().last(), Some("end"), "a cut answer is none");
        assert!(seen.releases.len() + seen.strangers.len() <= lines);
        assert!(seen.history.len() + seen.damaged_history <= lines);
        for release in &seen.releases {
            assert_eq!(release.name, release.record.name);
            assert_eq!(release.state == State::Live, seen.live() == Some(&release.name));
        }
        if let Some(live) = seen.live() {
            assert!(text.contains(&format!("tree {live}")), "a release without a tree is not live");
        }
        what_is_made_of_it(seen);
    });
}

/// Everything that is computed from what a host says.
fn what_is_made_of_it(seen: HostSeen) {
    let (env, now) = (Scope::from(EnvName::new("test").expect("a name")), Utc::now());
    let names = ["web1", "web2"].map(|name| HostName::new(name).expect("a name"));
    let survey = Survey { hosts: vec![(names[0].clone(), seen.clone()), (names[1].clone(), seen)], silent: Vec::new() };
    if let Ok(target) = rollback_target(&survey, None) {
        let there = survey.hosts[0].1.release(&target).expect("a target is a release of the host");
        let is_begun = begun_rollback(&survey).as_ref() == Some(&target);
        assert!(there.is_whole() && there.has_tree && (survey.hosts[0].1.live() != Some(&target) || is_begun));
    }
    assert_eq!(survey.in_step(), !survey.hosts[0].1.is_half_back(), "two hosts that say the same");
    let json = [
        serde_json::to_string(&check::report(&env, &names, &survey, &[], now)),
        serde_json::to_string(&status::report(&env, &names, &survey)),
        serde_json::to_string(&releases::report(&env, &survey)),
        serde_json::to_string(&history::report(&env, &survey)),
    ];
    assert!(json.iter().all(Result::is_ok), "{json:?}");
    for release in survey.hosts.iter().flat_map(|(_, seen)| &seen.releases) {
        let _ = crate::ui::text::age(release.record.created, now);
        let _ = crate::ui::text::seconds_between(release.record.created, now);
        let _ = release.name.next_second();
    }
}

/// A journal: what is torn or forged makes no step done that no line says is.
#[test]
fn damaged_journals_make_nothing_done() {
    let words = ["done 00ff prepare upload_code\n", "undone restart\n", "left\n", "done", " ", "flip_current", "\0"];
    let pieces = ["done ", "undone ", "left", "1 ", "2 ", "prepare ", "flip ", "a", "b c"];
    crate::tests::damaged("journal", &words, crate::tests::lines_of(&pieces), |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let done = steps::replay(text.lines());
        for (step, hash) in &done {
            let says = |line: &str| line.starts_with(&format!("done {hash} ")) && line.ends_with(&format!(" {step}"));
            assert!(text.lines().any(says), "{step} {hash}");
            assert_eq!(done.iter().filter(|(other, _)| other == step).count(), 1, "{step} twice");
        }
        let left = steps::replay(text.lines().chain(["left"]));
        assert!(left.iter().all(|step| done.contains(step)));
        let garbled = steps::replay(text.lines().chain(["gar bled"]));
        assert_eq!(garbled, left, "what cannot be read takes back all that it could have taken back");
    });
}
