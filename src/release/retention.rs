//! Which releases of a host stay and which go. Pure, so that thousands of histories can be tried against it.
//!
//! The ancestor of this rule deleted live releases in January 2021, because a record that could not be read counted
//! as "not successful". Here the question is only asked of records that were read; `tasks` refuses where there are others.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use super::{ReleaseName, State};

/// What is known of one release of one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The release.
    pub name: ReleaseName,
    /// When it was asked for.
    pub created: DateTime<Utc>,
    /// What became of it.
    pub state: State,
    /// Not to be deleted before.
    pub keep_until: Option<DateTime<Utc>>,
    /// When it became bad or failed, where that is recorded.
    pub ended: Option<DateTime<Utc>>,
    /// A process whose program, working directory or open file lies in it.
    pub used_by: Option<u32>,
}

/// What happens to a release, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It stays.
    Keep(Reason),
    /// It goes.
    Remove(Reason),
}

/// Why a release stays or goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// `current` points to it.
    Live,
    /// A rollback would choose it.
    RollbackTarget,
    /// Kept on request until then.
    KeptUntil(DateTime<Utc>),
    /// Somebody builds it, or did so less than a day ago.
    BeingBuilt,
    /// This process runs in it.
    InUse(u32),
    /// One of the newest good ones.
    AmongNewest(usize),
    /// Failed or rolled back from less than a day ago.
    EndedLately(State),
    /// More good ones than asked for are newer.
    Superseded(usize),
    /// Failed, bad or abandoned for more than a day.
    EndedLongAgo(State),
    /// A private release past its time.
    Expired,
}

/// Failed, bad and abandoned releases stay this long, for a look at what went wrong.
const GRACE: TimeDelta = TimeDelta::days(1);

/// Decides about each of a host's releases: `keep` good ones stay, the live one included.
pub fn decide(
    releases: &[Facts],
    keep: usize,
    rollback_target: Option<&ReleaseName>,
    now: DateTime<Utc>,
) -> Vec<(ReleaseName, Verdict)> {
    let good = |facts: &&Facts| matches!(facts.state, State::Live | State::Retired);
    let mut newest: Vec<&Facts> = releases.iter().filter(good).collect();
    // The live release counts first even when, after a rollback, newer ones stand beside it.
    newest.sort_by_key(|facts| (facts.state != State::Live, std::cmp::Reverse((facts.created, facts.name.clone()))));
    let kept: Vec<&ReleaseName> = newest.iter().take(keep.max(1)).map(|facts| &facts.name).collect();
    let verdict = |facts: &Facts| {
        if facts.state == State::Live {
            return Verdict::Keep(Reason::Live);
        }
        if rollback_target == Some(&facts.name) {
            return Verdict::Keep(Reason::RollbackTarget);
        }
        if let Some(until) = facts.keep_until.filter(|until| *until > now) {
            return Verdict::Keep(Reason::KeptUntil(until));
        }
        let age = now - facts.ended.unwrap_or(facts.created);
        match facts.state {
            State::Live | State::Retired if kept.contains(&&facts.name) => Verdict::Keep(Reason::AmongNewest(keep)),
            State::Live | State::Retired => Verdict::Remove(Reason::Superseded(keep)),
            State::Private => Verdict::Remove(Reason::Expired),
            State::Building if age < GRACE => Verdict::Keep(Reason::BeingBuilt),
            state if age < GRACE => Verdict::Keep(Reason::EndedLately(state)),
            state => Verdict::Remove(Reason::EndedLongAgo(state)),
        }
    };
    // Last, so that a process is only named where it is what stands in the way.
    let unless_used = |facts: &Facts| match (verdict(facts), facts.used_by) {
        (Verdict::Remove(_), Some(pid)) => Verdict::Keep(Reason::InUse(pid)),
        (verdict, _) => verdict,
    };
    releases.iter().map(|facts| (facts.name.clone(), unless_used(facts))).collect()
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live => f.write_str("live"),
            Self::RollbackTarget => f.write_str("the rollback target"),
            Self::KeptUntil(until) => write!(f, "kept until {}", until.format("%Y-%m-%d %H:%M UTC")),
            Self::BeingBuilt => f.write_str("being built"),
            Self::InUse(pid) => write!(f, "in use by process {pid}"),
            Self::AmongNewest(..=1) => f.write_str("the newest good one"),
            Self::AmongNewest(keep) => write!(f, "among the {keep} newest good ones"),
            Self::EndedLately(state) => write!(f, "{}, less than a day ago", state.word()),
            Self::Superseded(..=1) => f.write_str("older than the newest good one"),
            Self::Superseded(keep) => write!(f, "older than the {keep} newest good ones"),
            Self::EndedLongAgo(State::Building) => f.write_str("abandoned for more than a day"),
            Self::EndedLongAgo(state) => write!(f, "{} for more than a day", state.word()),
            Self::Expired => f.write_str("a private release past its time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Hours since the epoch, so that days and their borders are met often.
    fn hour(n: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(n)
    }

    const NOW: i64 = 100;

    fn state() -> impl Strategy<Value = State> {
        use State::{Bad, Building, Complete, Failed, Private, Retired};
        prop::sample::select(vec![Building, Complete, Retired, Retired, Retired, Bad, Failed, Private])
    }

    /// Releases of different hours, at most one of them live.
    fn releases() -> impl Strategy<Value = Vec<Facts>> {
        let one =
            (state(), prop::option::of(NOW - 60..NOW + 60), prop::option::of(0..=NOW), prop::option::of(1_u32..9));
        let all = prop::collection::btree_map(0..=NOW, one, 0..12);
        (all, any::<prop::sample::Index>(), any::<bool>()).prop_map(|(all, live, is_live)| {
            let mut facts = Vec::new();
            for (at, (state, until, ended, used_by)) in all {
                let (name, created) = (ReleaseName::at(hour(at)), hour(at));
                facts.push(Facts {
                    name,
                    created,
                    state,
                    keep_until: until.map(hour),
                    ended: ended.map(hour),
                    used_by,
                });
            }
            if is_live && !facts.is_empty() {
                let live = live.index(facts.len());
                facts[live].state = State::Live;
            }
            facts
        })
    }

    /// Why a release must stay, said once more in other words.
    fn must_stay(facts: &Facts, all: &[Facts], keep: usize, target: Option<&ReleaseName>) -> bool {
        let is_young = hour(NOW) - facts.ended.unwrap_or(facts.created) < TimeDelta::hours(24);
        let good = |facts: &Facts| [State::Live, State::Retired].contains(&facts.state);
        let newer =
            all.iter().filter(|other| good(other) && other.state != State::Live && other.created > facts.created);
        let live = all.iter().filter(|other| other.state == State::Live);
        facts.state == State::Live
            || target == Some(&facts.name)
            || facts.keep_until.is_some_and(|until| until > hour(NOW))
            || facts.used_by.is_some()
            || (good(facts) && newer.count() + live.count() < keep.max(1))
            || (!good(facts) && facts.state != State::Private && is_young)
    }

    proptest! {
        #[test]
        fn what_must_stay_stays_and_the_rest_goes(
            all in releases(),
            keep in 0_usize..6,
            target in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let target = target.filter(|_| !all.is_empty()).map(|target| all[target.index(all.len())].name.clone());
            let verdicts = decide(&all, keep, target.as_ref(), hour(NOW));
            prop_assert_eq!(verdicts.len(), all.len());
            for (facts, (name, verdict)) in all.iter().zip(&verdicts) {
                prop_assert_eq!(&facts.name, name);
                let stays = matches!(verdict, Verdict::Keep(_));
                prop_assert_eq!(stays, must_stay(facts, &all, keep, target.as_ref()), "{}: {:?}", name, verdict);
            }
        }

        #[test]
        fn a_second_clean_finds_nothing(all in releases(), keep in 1_usize..6) {
            let goes = |verdicts: Vec<(ReleaseName, Verdict)>| {
                let goes = verdicts.into_iter().filter(|(_, verdict)| matches!(verdict, Verdict::Remove(_)));
                goes.map(|(name, _)| name).collect::<Vec<_>>()
            };
            let gone = goes(decide(&all, keep, None, hour(NOW)));
            let left: Vec<Facts> = all.into_iter().filter(|facts| !gone.contains(&facts.name)).collect();
            prop_assert_eq!(goes(decide(&left, keep, None, hour(NOW))), Vec::<ReleaseName>::new());
        }
    }

    #[test]
    fn reasons_read_as_sentences() {
        let cases = [
            (Reason::KeptUntil(hour(0)), "kept until 1970-01-01 00:00 UTC"),
            (Reason::AmongNewest(3), "among the 3 newest good ones"),
            (Reason::Superseded(1), "older than the newest good one"),
            (Reason::EndedLately(State::Bad), "bad, less than a day ago"),
            (Reason::EndedLongAgo(State::Building), "abandoned for more than a day"),
        ];
        for (reason, text) in cases {
            assert_eq!(reason.to_string(), text);
        }
    }
}
