//! Which releases of a host stay and which go. Pure, so that thousands of histories can be tried against it.
//!
//! The ancestor of this rule deleted live releases in January 2021, because a record that could not be read counted
//! as "not successful". Here the question is only asked of records that were read; see `engine` for the refusal.

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
            Self::AmongNewest(keep) => write!(f, "among the {keep} newest good ones"),
            Self::EndedLately(state) => write!(f, "{}, less than a day ago", state.word()),
            Self::Superseded(keep) => write!(f, "older than the {keep} newest good ones"),
            Self::EndedLongAgo(State::Building) => f.write_str("abandoned for more than a day"),
            Self::EndedLongAgo(state) => write!(f, "{} for more than a day", state.word()),
            Self::Expired => f.write_str("a private release past its time"),
        }
    }
}
