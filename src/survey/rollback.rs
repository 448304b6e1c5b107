//! Where a rollback goes: by record, the same on every host. Directory order and file times have no say.
//!
//! Peers choose the second newest directory and so reach half-built releases, releases rolled back from, or different
//! ones on different hosts.

use std::collections::HashSet;

use super::{HostSeen, Survey, begun_rollback};
use crate::fleet::HostName;
use crate::release::{ReleaseName, State};

/// Says why there is nowhere to roll back to: what each host runs, what it would go back to, what is in the way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NoTarget {
    /// One sentence without a full stop.
    pub reason: String,
    /// A row a host: live release, release before it, what is wrong with that.
    pub rows: Vec<(HostName, Option<ReleaseName>, Option<ReleaseName>, String)>,
}

/// Chooses where a rollback was going that has not come to its end, else the release that was live before the current one;
/// or checks the one asked for.
pub fn rollback_target(survey: &Survey, wanted: Option<&ReleaseName>) -> Result<ReleaseName, NoTarget> {
    let begun = begun_rollback(survey);
    let half = if wanted.is_none() { begun.clone().or_else(|| half_flipped(survey)) } else { None };
    let wanted = wanted.or(half.as_ref());
    let row = |(host, seen): &(HostName, HostSeen)| {
        let target = wanted.cloned().or_else(|| seen.before_live());
        let trouble = trouble(seen, target.as_ref(), wanted.is_some());
        (host.clone(), seen.live().cloned(), target, trouble)
    };
    let rows: Vec<_> = survey.hosts.iter().map(row).collect();
    let refuse = |reason: &str| Err(NoTarget { reason: reason.to_owned(), rows: rows.clone() });
    let Some((_, _, first, _)) = rows.first() else {
        return refuse("no host answered");
    };
    if rows.iter().any(|(_, _, target, _)| target != first) {
        return refuse("the hosts would not all go back to the same release");
    }
    if rows.iter().any(|(_, _, _, trouble)| !trouble.is_empty()) {
        return refuse(if wanted.is_some() {
            "that release cannot go live"
        } else {
            "there is no release to roll back to"
        });
    }
    match first {
        Some(target) if survey.live_everywhere() == Some(target) && begun.as_ref() != Some(target) => {
            refuse("that release is live already")
        }
        Some(target) => Ok(target.clone()),
        None => refuse("there is no release to roll back to"),
    }
}

/// What a fleet goes back to that a deploy left half flipped: what the flipped hosts ran before, which all others still
/// run. A release whose deploy came to its end anywhere is not one that was left half way.
fn half_flipped(survey: &Survey) -> Option<ReleaseName> {
    let is_unfinished =
        |seen: &HostSeen| seen.live().and_then(|live| seen.release(live)).is_some_and(|it| !it.is_finished);
    let (new, others): (Vec<&HostSeen>, Vec<&HostSeen>) =
        survey.hosts.iter().map(|(_, seen)| seen).partition(|seen| is_unfinished(seen));
    let target = new.first()?.before_live()?;
    let is_one = new.iter().all(|seen| seen.live() == new[0].live() && seen.before_live().as_ref() == Some(&target));
    let has_left_others = !others.is_empty() && others.iter().all(|seen| seen.live() == Some(&target));
    (is_one && has_left_others).then_some(target)
}

impl HostSeen {
    /// The release that was live before the current one and has not turned out bad since.
    pub fn before_live(&self) -> Option<ReleaseName> {
        let mut at = self.live()?;
        let mut seen = HashSet::from([at]);
        loop {
            at = self.replaced_by(at)?;
            if !seen.insert(at) {
                return None;
            }
            if self.release(at).is_none_or(|release| release.state != State::Bad) {
                return Some(at.clone());
            }
        }
    }

    /// What a deploy replaced when it made `name` live. Rolling back to a release does not change what it replaced.
    fn replaced_by(&self, name: &ReleaseName) -> Option<&ReleaseName> {
        let of = |task: &'static str| {
            self.history.iter().rev().filter(move |flip| flip.task == task && flip.to.as_ref() == Some(name))
        };
        // A host that only converged on it replaced then what the others had replaced before.
        of("deploy").chain(of("converge")).filter_map(|flip| flip.from.as_ref()).find(|from| *from != name)
    }
}

fn trouble(seen: &HostSeen, target: Option<&ReleaseName>, named: bool) -> String {
    let Some(target) = target else {
        return if seen.live().is_none() { "nothing is live" } else { "nothing was live before it" }.to_owned();
    };
    if seen.live() == Some(target) {
        return if named { String::new() } else { "is live already".to_owned() };
    }
    match seen.release(target) {
        None => "is not there".to_owned(),
        Some(release) if !release.has_tree => "its directory is gone".to_owned(),
        Some(release) if release.state == State::Bad && named => String::new(),
        Some(release) if !release.state.is_complete() => format!("is {}", release.state.word()),
        Some(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use chrono::{DateTime, TimeDelta, Utc};
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;
    use crate::release::{Flip, FlipStage, Layout, LockSeen, Record};
    use crate::survey::{Current, ReleaseSeen};

    /// What people do, in any order.
    #[derive(Debug, Clone)]
    enum Deed {
        Deploy,
        /// A deploy whose switch fails and is put back.
        FailInSwitch,
        /// A deploy that is killed between its intent and its flip.
        DieBeforeFlip,
        /// `deploy --release`.
        DeployAgain(Index),
        Rollback,
        /// A rollback that is killed when it has switched.
        DieInRollback,
        /// `rollback --to`.
        RollbackTo(Index),
    }

    fn deed() -> impl Strategy<Value = Deed> {
        prop_oneof![
            4 => Just(Deed::Deploy),
            1 => Just(Deed::FailInSwitch),
            1 => Just(Deed::DieBeforeFlip),
            1 => any::<Index>().prop_map(Deed::DeployAgain),
            4 => Just(Deed::Rollback),
            1 => Just(Deed::DieInRollback),
            1 => any::<Index>().prop_map(Deed::RollbackTo),
        ]
    }

    /// A host, with what a person would remember of it.
    #[derive(Debug, Default)]
    struct Host {
        made: usize,
        live: Option<usize>,
        whole: BTreeSet<usize>,
        bad: BTreeSet<usize>,
        /// Where a rollback was going that was killed.
        begun: Option<usize>,
        /// What the last deploy to a release replaced.
        replaced: BTreeMap<usize, usize>,
        history: Vec<Flip>,
    }

    fn time(n: usize) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(i64::try_from(n).expect("a few"))
    }

    fn name(n: usize) -> ReleaseName {
        ReleaseName::at(time(n))
    }

    impl Host {
        fn do_all(deeds: &[Deed]) -> Self {
            let mut host = Self::default();
            for deed in deeds {
                host.do_one(deed);
            }
            host
        }

        fn do_one(&mut self, deed: &Deed) {
            let others: Vec<usize> = self.whole.iter().copied().filter(|n| Some(*n) != self.live).collect();
            let chosen = |index: &Index| (!others.is_empty()).then(|| others[index.index(others.len())]);
            match deed {
                Deed::Deploy => {
                    self.made += 1;
                    self.whole.insert(self.made);
                    self.deploy(self.made);
                }
                Deed::FailInSwitch => {
                    self.made += 1;
                    let before = self.live;
                    self.note("deploy", before, Some(self.made), FlipStage::Done);
                    self.note("put_back", Some(self.made), before, FlipStage::Done);
                }
                Deed::DieBeforeFlip => {
                    self.made += 1;
                    self.note("deploy", self.live, Some(self.made), FlipStage::Intent);
                }
                Deed::DeployAgain(index) => {
                    if let Some(n) = chosen(index) {
                        self.deploy(n);
                    }
                }
                Deed::Rollback | Deed::DieInRollback => {
                    let target = rollback_target(&self.survey(), None).ok();
                    if let Some(n) = target.and_then(|target| (1..=self.made).find(|n| name(*n) == target)) {
                        self.roll_back(n);
                        self.begun = matches!(deed, Deed::DieInRollback).then_some(n);
                    }
                }
                Deed::RollbackTo(index) => {
                    if let Some(n) = chosen(index) {
                        self.roll_back(n);
                    }
                }
            }
        }

        fn deploy(&mut self, n: usize) {
            if let Some(live) = self.live {
                self.replaced.insert(n, live);
            }
            self.note("deploy", self.live, Some(n), FlipStage::Done);
            self.bad.remove(&n);
            (self.live, self.begun) = (Some(n), None);
        }

        fn roll_back(&mut self, n: usize) {
            self.note("rollback", self.live, Some(n), FlipStage::Done);
            self.bad.extend(self.live);
            self.bad.remove(&n);
            (self.live, self.begun) = (Some(n), None);
        }

        fn note(&mut self, task: &str, from: Option<usize>, to: Option<usize>, stage: FlipStage) {
            self.history.push(Flip {
                at: time(self.history.len()),
                run: time(self.history.len()),
                stage,
                task: task.to_owned(),
                from: from.map(name),
                to: to.map(name),
                by: String::new(),
                machine: String::new(),
                login: String::new(),
                ssh_user: None,
                seconds: None,
                source: String::new(),
                commit: None,
                message: None,
                consents: Vec::new(),
            });
        }

        fn release(&self, n: usize) -> ReleaseSeen {
            let state = match n {
                n if Some(n) == self.live => State::Live,
                n if self.bad.contains(&n) => State::Bad,
                n if self.whole.contains(&n) => State::Retired,
                _ => State::Failed,
            };
            ReleaseSeen {
                name: name(n),
                has_tree: true,
                record: Record::new(name(n), time(n)),
                state,
                since: None,
                steps: Vec::new(),
                used_by: None,
                is_finished: self.begun != Some(n),
                is_back: false,
                kept_until: None,
            }
        }

        fn seen(&self) -> HostSeen {
            HostSeen {
                lock: LockSeen::default(),
                layout: Layout::new("/srv/www/test"),
                user: String::new(),
                clock: time(0),
                free_kilobytes: None,
                free_files: None,
                missing_tools: Vec::new(),
                lacks: Vec::new(),
                has_zstd: false,
                current: self.live.map_or(Current::Nothing, |live| Current::Release(name(live))),
                releases: (1..=self.made).map(|n| self.release(n)).collect(),
                history: self.history.clone(),
                notes: Vec::new(),
                maintenance: None,
                stopped: std::collections::BTreeMap::new(),
                drained: std::collections::BTreeMap::new(),
                alone: std::collections::BTreeSet::new(),
                service_files: std::collections::BTreeMap::new(),
                published: BTreeSet::new(),
                strangers: Vec::new(),
                damage: Vec::new(),
                damaged_history: 0,
                migrations: Vec::new(),
            }
        }

        fn survey(&self) -> Survey {
            survey(&[self])
        }
    }

    fn survey(hosts: &[&Host]) -> Survey {
        let named = |(n, host): (usize, &&Host)| (HostName::new(&format!("web{n}")).expect("a name"), host.seen());
        Survey { hosts: hosts.iter().enumerate().map(named).collect(), silent: Vec::new() }
    }

    proptest! {
        #[test]
        fn any_history_leads_to_a_good_release_or_nowhere(deeds in prop::collection::vec(deed(), 0..24)) {
            let host = Host::do_all(&deeds);
            let target = rollback_target(&host.survey(), None);
            if let Some(n) = host.begun {
                prop_assert_eq!(target, Ok(name(n)), "what was begun is gone on with");
                return Ok(());
            }
            if let Ok(target) = &target {
                let n = (1..=host.made).find(|n| name(*n) == *target).expect("one of ours");
                prop_assert!(host.whole.contains(&n) && !host.bad.contains(&n) && host.live != Some(n), "{}", target);
            }
            // What the last deploy replaced is the target, unless it is bad.
            let replaced = host.live.and_then(|live| host.replaced.get(&live));
            match replaced {
                Some(replaced) if !host.bad.contains(replaced) => prop_assert_eq!(target, Ok(name(*replaced))),
                Some(_) => {}
                None => prop_assert!(target.is_err(), "nothing was live before"),
            }
        }

        #[test]
        fn rolling_back_again_and_again_ends(deeds in prop::collection::vec(deed(), 0..24)) {
            let mut host = Host::do_all(&deeds);
            for _ in 0..=host.made {
                host.do_one(&Deed::Rollback);
            }
            prop_assert!(rollback_target(&host.survey(), None).is_err());
        }
    }

    #[test]
    fn hosts_that_would_part_ways_are_refused() {
        let (one, two) = (Host::do_all(&vec![Deed::Deploy; 3]), {
            let mut host = Host::do_all(&vec![Deed::Deploy; 2]);
            host.history.clear();
            host.made = 3;
            host.whole.insert(3);
            host.live = Some(1);
            host.deploy(3);
            host
        });
        let refused = rollback_target(&survey(&[&one, &two]), None).expect_err("a refusal");
        assert_eq!(refused.reason, "the hosts would not all go back to the same release");
        let targets: Vec<_> = refused.rows.into_iter().map(|(_, live, target, _)| (live, target)).collect();
        assert_eq!(targets, [(Some(name(3)), Some(name(2))), (Some(name(3)), Some(name(1)))]);
        // Named, it is the same for both, and both have it.
        assert_eq!(rollback_target(&survey(&[&one, &two]), Some(&name(2))), Ok(name(2)));
    }

    #[test]
    fn a_bad_release_is_passed_over() {
        let mut host = Host::do_all(&vec![Deed::Deploy; 3]);
        host.roll_back(2);
        host.roll_back(3);
        // 3 is live again by name, and 2, which it replaced, has turned out bad.
        assert_eq!(rollback_target(&host.survey(), None), Ok(name(1)));
    }

    #[test]
    fn a_release_that_is_gone_or_half_made_is_refused() {
        let host = Host::do_all(&[Deed::Deploy, Deed::FailInSwitch, Deed::Deploy]);
        assert_eq!(rollback_target(&host.survey(), None), Ok(name(1)));
        let mut survey = host.survey();
        survey.hosts[0].1.releases[0].has_tree = false;
        assert_eq!(rollback_target(&survey, None).expect_err("a refusal").rows[0].3, "its directory is gone");
        survey.hosts[0].1.releases.remove(0);
        assert_eq!(rollback_target(&survey, None).expect_err("a refusal").rows[0].3, "is not there");
        let half_made = rollback_target(&host.survey(), Some(&name(2))).expect_err("a refusal");
        assert_eq!(half_made.rows[0].3, "is failed");
    }
}
