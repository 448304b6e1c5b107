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
    /// When it was last replaced as the live one, where that is known.
    pub left: Option<DateTime<Utc>>,
    /// A process whose program, working directory or open file lies in it.
    pub used_by: Option<u32>,
}

/// What is to stay, besides what has to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// So many good releases, the live one included.
    pub keep: usize,
    /// Failed and bad ones for so long.
    pub keep_failed: TimeDelta,
    /// All of them, until they have been out of use for so long.
    pub min_age: TimeDelta,
    /// These.
    pub spared: Vec<ReleaseName>,
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
    /// Failed or rolled back from less than so long ago.
    EndedLately(State, TimeDelta),
    /// Made, in use or given up less than so long ago.
    Young(TimeDelta),
    /// Somebody has said so.
    Spared,
    /// More good ones than asked for are newer.
    Superseded(usize),
    /// Failed, bad or abandoned for more than so long.
    EndedLongAgo(State, TimeDelta),
    /// A private release past its time.
    Expired,
}

/// What is not made to its end stays this long at least, however short failed ones do: somebody may go on with it.
const GRACE: TimeDelta = TimeDelta::days(1);

/// Decides about each of a host's releases.
pub fn decide(
    releases: &[Facts],
    rules: &Rules,
    rollback_target: Option<&ReleaseName>,
    now: DateTime<Utc>,
) -> Vec<(ReleaseName, Verdict)> {
    let keep = rules.keep;
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
        let grace = match facts.state {
            State::Failed | State::Bad => rules.keep_failed,
            _ => rules.keep_failed.max(GRACE),
        };
        match facts.state {
            State::Live | State::Retired if kept.contains(&&facts.name) => Verdict::Keep(Reason::AmongNewest(keep)),
            State::Live | State::Retired => Verdict::Remove(Reason::Superseded(keep)),
            State::Private => Verdict::Remove(Reason::Expired),
            State::Building if age < grace => Verdict::Keep(Reason::BeingBuilt),
            state if age < grace => Verdict::Keep(Reason::EndedLately(state, grace)),
            state => Verdict::Remove(Reason::EndedLongAgo(state, grace)),
        }
    };
    let unless_spared = |facts: &Facts| {
        let last = facts.created.max(facts.ended.unwrap_or(facts.created)).max(facts.left.unwrap_or(facts.created));
        match verdict(facts) {
            Verdict::Remove(_) if rules.spared.contains(&facts.name) => Verdict::Keep(Reason::Spared),
            Verdict::Remove(_) if now - last < rules.min_age => Verdict::Keep(Reason::Young(rules.min_age)),
            verdict => verdict,
        }
    };
    // Last, so that a process is only named where it is what stands in the way.
    let unless_used = |facts: &Facts| match (unless_spared(facts), facts.used_by) {
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
            Self::EndedLately(state, time) => write!(f, "{}, less than {} ago", state.word(), span(*time)),
            Self::Young(time) => write!(f, "in use or made less than {} ago", span(*time)),
            Self::Spared => f.write_str("excluded from this clean"),
            Self::Superseded(..=1) => f.write_str("older than the newest good one"),
            Self::Superseded(keep) => write!(f, "older than the {keep} newest good ones"),
            Self::EndedLongAgo(State::Building, time) => write!(f, "abandoned for more than {}", span(*time)),
            Self::EndedLongAgo(state, time) if time.is_zero() => f.write_str(state.word()),
            Self::EndedLongAgo(state, time) => write!(f, "{} for more than {}", state.word(), span(*time)),
            Self::Expired => f.write_str("a private release past its time"),
        }
    }
}

/// `a day`, `3 days`, `6 hours`, `90 minutes`.
fn span(time: TimeDelta) -> String {
    match (time.num_minutes(), time.num_hours(), time.num_days()) {
        (_, 24, 1) if time == TimeDelta::days(1) => "a day".to_owned(),
        (_, _, days) if days > 0 && time == TimeDelta::days(days) => format!("{days} days"),
        (_, hours, _) if hours > 1 && time == TimeDelta::hours(hours) => format!("{hours} hours"),
        (minutes, ..) if minutes > 1 => format!("{minutes} minutes"),
        _ => format!("{} s", time.num_seconds()),
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
        let hours = || prop::option::of(0..=NOW);
        let one = (state(), prop::option::of(NOW - 60..NOW + 60), hours(), hours(), prop::option::of(1_u32..9));
        let all = prop::collection::btree_map(0..=NOW, one, 0..12);
        (all, any::<prop::sample::Index>(), any::<bool>()).prop_map(|(all, live, is_live)| {
            let mut facts = Vec::new();
            for (at, (state, until, ended, left, used_by)) in all {
                let (name, created) = (ReleaseName::at(hour(at)), hour(at));
                facts.push(Facts {
                    name,
                    created,
                    state,
                    keep_until: until.map(hour),
                    ended: ended.map(hour),
                    left: left.map(hour),
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

    /// What files say; of all releases every third is spared.
    fn rules() -> impl Strategy<Value = Rules> {
        let hours = |most: i64| (0..=most).prop_map(TimeDelta::hours);
        let spared = prop::collection::vec((0..=NOW).prop_map(|at| ReleaseName::at(hour(at))), 0..30);
        (0_usize..6, hours(60), prop_oneof![Just(TimeDelta::zero()), hours(60)], spared)
            .prop_map(|(keep, keep_failed, min_age, spared)| Rules { keep, keep_failed, min_age, spared })
    }

    /// Why a release must stay, said once more in other words.
    fn must_stay(facts: &Facts, all: &[Facts], rules: &Rules, target: Option<&ReleaseName>) -> bool {
        let keep = rules.keep;
        let ended = hour(NOW) - facts.ended.unwrap_or(facts.created);
        let is_over = [State::Failed, State::Bad].contains(&facts.state);
        let is_young = ended < rules.keep_failed || (!is_over && ended < TimeDelta::hours(24));
        let times = [Some(facts.created), facts.ended, facts.left];
        let lately = |time: &DateTime<Utc>| hour(NOW) - *time < rules.min_age;
        let good = |facts: &Facts| [State::Live, State::Retired].contains(&facts.state);
        let newer =
            all.iter().filter(|other| good(other) && other.state != State::Live && other.created > facts.created);
        let live = all.iter().filter(|other| other.state == State::Live);
        facts.state == State::Live
            || target == Some(&facts.name)
            || facts.keep_until.is_some_and(|until| until > hour(NOW))
            || facts.used_by.is_some()
            || rules.spared.contains(&facts.name)
            || times.iter().flatten().any(lately)
            || (good(facts) && newer.count() + live.count() < keep.max(1))
            || (!good(facts) && facts.state != State::Private && is_young)
    }

    proptest! {
        #[test]
        fn what_must_stay_stays_and_the_rest_goes(
            all in releases(),
            rules in rules(),
            target in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let target = target.filter(|_| !all.is_empty()).map(|target| all[target.index(all.len())].name.clone());
            let verdicts = decide(&all, &rules, target.as_ref(), hour(NOW));
            prop_assert_eq!(verdicts.len(), all.len());
            for (facts, (name, verdict)) in all.iter().zip(&verdicts) {
                prop_assert_eq!(&facts.name, name);
                let stays = matches!(verdict, Verdict::Keep(_));
                prop_assert_eq!(stays, must_stay(facts, &all, &rules, target.as_ref()), "{}: {:?}", name, verdict);
            }
        }

        #[test]
        fn a_second_clean_finds_nothing(all in releases(), rules in rules()) {
            let goes = |verdicts: Vec<(ReleaseName, Verdict)>| {
                let goes = verdicts.into_iter().filter(|(_, verdict)| matches!(verdict, Verdict::Remove(_)));
                goes.map(|(name, _)| name).collect::<Vec<_>>()
            };
            let gone = goes(decide(&all, &rules, None, hour(NOW)));
            let left: Vec<Facts> = all.into_iter().filter(|facts| !gone.contains(&facts.name)).collect();
            prop_assert_eq!(goes(decide(&left, &rules, None, hour(NOW))), Vec::<ReleaseName>::new());
        }
    }

    #[test]
    fn reasons_read_as_sentences() {
        let cases = [
            (Reason::KeptUntil(hour(0)), "kept until 1970-01-01 00:00 UTC"),
            (Reason::AmongNewest(3), "among the 3 newest good ones"),
            (Reason::Superseded(1), "older than the newest good one"),
            (Reason::EndedLately(State::Bad, TimeDelta::days(1)), "bad, less than a day ago"),
            (Reason::EndedLately(State::Failed, TimeDelta::hours(90)), "failed, less than 90 hours ago"),
            (Reason::EndedLongAgo(State::Building, TimeDelta::days(1)), "abandoned for more than a day"),
            (Reason::EndedLongAgo(State::Failed, TimeDelta::minutes(90)), "failed for more than 90 minutes"),
            (Reason::EndedLongAgo(State::Failed, TimeDelta::zero()), "failed"),
            (Reason::Young(TimeDelta::hours(48)), "in use or made less than 2 days ago"),
        ];
        for (reason, text) in cases {
            assert_eq!(reason.to_string(), text);
        }
    }
}
