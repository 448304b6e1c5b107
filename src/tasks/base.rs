//! Which release of a host the new one is built upon: what it has of the code need not be sent.

use std::collections::{BTreeMap, BTreeSet};

use crate::fleet::HostName;
use crate::release::ReleaseName;
use crate::survey::{HostSeen, ReleaseSeen, Survey};

/// The releases of a host that code can be copied from, the best first: one with the very tree that is wanted, then the
/// live one, then the newest. `about`, the release that is being made, is none of them.
fn candidates<'s>(seen: &'s HostSeen, about: Option<&ReleaseName>, tree: &str) -> Vec<&'s ReleaseSeen> {
    let is_there = |release: &&ReleaseSeen| {
        release.has_tree && release.is_whole() && !release.record.tree.is_empty() && Some(&release.name) != about
    };
    let mut all: Vec<&ReleaseSeen> = seen.releases.iter().rev().filter(is_there).collect();
    // Stable: of equals the newest stays first.
    all.sort_by_key(|release| (release.record.tree != tree, Some(&release.name) != seen.live()));
    all
}

/// The trees whose manifests would be wanted and are not known, each with a host and a release there that have it.
pub fn unknown<'s>(
    survey: &'s Survey,
    about: Option<&ReleaseName>,
    tree: &str,
    is_known: impl Fn(&str) -> bool,
) -> Vec<(&'s HostName, &'s ReleaseSeen)> {
    let mut asked = BTreeSet::new();
    let best = survey.hosts.iter().filter_map(|(host, seen)| Some((host, *candidates(seen, about, tree).first()?)));
    best.filter(|(_, release)| !is_known(&release.record.tree) && asked.insert(&release.record.tree)).collect()
}

/// The release each host's new one is built upon; none where no manifest is known.
pub fn choose<'s>(
    survey: &'s Survey,
    about: Option<&ReleaseName>,
    tree: &str,
    is_known: impl Fn(&str) -> bool,
) -> BTreeMap<HostName, &'s ReleaseSeen> {
    let base = |seen| candidates(seen, about, tree).into_iter().find(|release| is_known(&release.record.tree));
    survey.hosts.iter().filter_map(|(host, seen)| Some((host.clone(), base(seen)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample::{host, name, release};
    use super::*;
    use crate::release::State;
    use crate::survey::Current;

    /// One host with releases of these numbers, states and trees; the numbered one is live.
    fn survey(releases: &[(i64, State, &str)], live: Option<i64>) -> Survey {
        let mut seen = host();
        seen.current = live.map_or(Current::Nothing, |n| Current::Release(name(n)));
        seen.releases = releases
            .iter()
            .map(|(n, state, tree)| {
                let mut release = release(*n, *state, &[]);
                (*tree).clone_into(&mut release.record.tree);
                release
            })
            .collect();
        Survey { hosts: vec![(HostName::new("web1").expect("a name"), seen)], silent: Vec::new() }
    }

    fn chosen(survey: &Survey, known: &[&str]) -> Option<ReleaseName> {
        let chosen = choose(survey, Some(&name(9)), "new", |tree| known.contains(&tree));
        chosen.into_values().next().map(|release| release.name.clone())
    }

    #[test]
    fn the_live_one_if_it_is_whole_else_the_newest_whole_one_that_is_known() {
        let all = [
            (1, State::Retired, "one"),
            (2, State::Live, "two"),
            (3, State::Private, "three"),
            (4, State::Bad, "four"),
        ];
        let of = |live| survey(&all, live);
        assert_eq!(chosen(&of(Some(2)), &["one", "two", "three", "four"]), Some(name(2)));
        assert_eq!(chosen(&of(None), &["one", "two", "three", "four"]), Some(name(4)), "bad, but whole");
        assert_eq!(chosen(&of(Some(2)), &["one", "three"]), Some(name(3)));
        assert_eq!(chosen(&of(Some(2)), &["one"]), Some(name(1)));
        assert_eq!(chosen(&of(Some(2)), &[]), None);
    }

    #[test]
    fn never_what_is_not_whole_or_not_there_or_being_made() {
        let all = [
            (1, State::Building, "one"),
            (2, State::Failed, "two"),
            (3, State::Complete, ""),
            (9, State::Complete, "new"),
        ];
        assert_eq!(chosen(&survey(&all, None), &["one", "two", "", "new"]), None);
        let mut gone = survey(&[(1, State::Live, "one")], Some(1));
        gone.hosts[0].1.releases[0].has_tree = false;
        assert_eq!(chosen(&gone, &["one"]), None);
    }

    #[test]
    fn the_very_tree_before_all_others() {
        let all = [(1, State::Retired, "new"), (2, State::Live, "two")];
        assert_eq!(chosen(&survey(&all, Some(2)), &["two", "new"]), Some(name(1)));
    }

    #[test]
    fn each_unknown_tree_is_asked_for_once() {
        let mut survey = survey(&[(1, State::Retired, "one"), (2, State::Live, "two")], Some(2));
        let (_, seen) = survey.hosts[0].clone();
        survey.hosts.push((HostName::new("web2").expect("a name"), seen));
        let unknown = |known: &[&str]| {
            let asked = unknown(&survey, None, "new", |tree| known.contains(&tree));
            asked.into_iter().map(|(host, release)| (host.to_string(), release.name.clone())).collect::<Vec<_>>()
        };
        assert_eq!(unknown(&[]), [("web1".to_owned(), name(2))]);
        assert_eq!(unknown(&["two"]), []);
        assert_eq!(unknown(&["one"]), [("web1".to_owned(), name(2))], "the best one is worth a question");
    }
}
