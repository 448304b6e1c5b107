//! What stands on one host.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::Migrated;
use crate::fleet::HostName;
use crate::release::{Flip, FlipStage, Layout, LockSeen, Record, ReleaseName, State};

/// What one host's disk says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostSeen {
    /// Where everything is.
    pub layout: Layout,
    /// The login.
    pub user: String,
    /// The host's clock.
    pub clock: DateTime<Utc>,
    /// Free space where releases go, in kilobytes.
    pub free_kilobytes: Option<u64>,
    /// How many more files there may be, whatever their size: inodes. Nothing where nobody counts them.
    pub free_files: Option<u64>,
    /// Tools relm needs and the host lacks.
    pub missing_tools: Vec<String>,
    /// Files that a release needs of `shared/`, and that are not there.
    pub lacks: Vec<String>,
    /// Whether it can unpack what zstd packed.
    pub has_zstd: bool,
    /// Who holds the environment.
    pub lock: LockSeen,
    /// What `current` is.
    pub current: Current,
    /// Releases with a record, oldest first.
    pub releases: Vec<ReleaseSeen>,
    /// The latest changes of what is live, oldest first.
    pub history: Vec<Flip>,
    /// What else is worth knowing, oldest first: who stole the lock, who switched maintenance. Older notes may stand in the
    /// history.
    pub notes: Vec<Flip>,
    /// What was migrated, oldest first.
    pub migrations: Vec<Migrated>,
    /// Who switched maintenance on, if it is on: `hand`, or the release whose run did.
    pub maintenance: Option<String>,
    /// Services that were stopped by a run which was to start them again, and not started since, each with who did it: the
    /// release whose run it was, or other words.
    pub stopped: BTreeMap<String, String>,
    /// Hosts that were taken out of a pool here, on a proxy or on themselves, by a run which was to take them in again, and not
    /// taken in since: by pool and host, each with who did it.
    pub drained: BTreeMap<(String, HostName), String>,
    /// Services of a single host that were started here.
    pub alone: BTreeSet<String>,
    /// Files that services have put in place and that are still there, by the names of the services.
    pub service_files: BTreeMap<String, BTreeSet<String>>,
    /// Places at which a release was published, and what it published still stands.
    pub published: BTreeSet<String>,
    /// Entries of `releases/` that are no release of relm's; never touched.
    pub strangers: Vec<String>,
    /// Records that could not be read, a sentence each. Nothing is deleted while there are any.
    pub damage: Vec<String>,
    /// Lines of the history that could not be understood.
    pub damaged_history: usize,
}

/// What `current` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Current {
    /// Not there: nothing was ever live.
    Nothing,
    /// A link to a release that is there.
    Release(ReleaseName),
    /// Something relm must not replace, in words: a directory, a link to nowhere or to the outside.
    Foreign(String),
}

/// What one host knows of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseSeen {
    /// The release.
    pub name: ReleaseName,
    /// Whether its directory is there.
    pub has_tree: bool,
    /// Who made it, from what.
    pub record: Record,
    /// What became of it.
    pub state: State,
    /// Since when it is complete, failed or bad.
    pub since: Option<DateTime<Utc>>,
    /// Steps that are done, each with the hash of its definition.
    pub steps: Vec<(String, String)>,
    /// A process whose program, working directory or open file lies in it; only known when it was asked for.
    pub used_by: Option<u32>,
    /// Whether the run that last made it live came to its end.
    pub is_finished: bool,
    /// Whether a switch to it was the last that happened to it, failed, and was put back to the end.
    pub is_back: bool,
    /// Never removed before this time, by its record or by what somebody said later.
    pub kept_until: Option<DateTime<Utc>>,
}

impl HostSeen {
    /// The live release.
    pub fn live(&self) -> Option<&ReleaseName> {
        match &self.current {
            Current::Release(name) => Some(name),
            Current::Nothing | Current::Foreign(_) => None,
        }
    }

    /// Services that a run left down, each with who did it. While that run may live, they are its own.
    pub fn left_stopped(&self) -> impl Iterator<Item = (&String, &String)> {
        let is_held = self.is_held();
        self.stopped.iter().filter(move |_| !is_held)
    }

    /// Hosts that a run left out of a pool here. While that run may live, they are its own.
    pub fn left_drained(&self) -> impl Iterator<Item = (&(String, HostName), &String)> {
        let is_held = self.is_held();
        self.drained.iter().filter(move |_| !is_held)
    }

    /// The release whose run switched maintenance on and left it so. While that run may live, it is its own.
    pub fn left_in_maintenance(&self) -> Option<&str> {
        self.maintenance.as_deref().filter(|by| *by != "hand" && !self.is_held())
    }

    /// Says whether a run that may live holds the host.
    fn is_held(&self) -> bool {
        self.lock.holder.is_some() && !self.lock.gone
    }

    /// What is known of `name`.
    pub fn release(&self, name: &ReleaseName) -> Option<&ReleaseSeen> {
        self.releases.iter().find(|release| release.name == *name)
    }

    /// The latest change that brought `name` in, and so what it replaced. Where a later release was put back, `name` was
    /// live again without having replaced that one.
    pub fn brought_in(&self, name: &ReleaseName) -> Option<&Flip> {
        let decided = |flip: &&Flip| flip.stage != FlipStage::Note && flip.task != "put_back";
        self.history.iter().rev().filter(decided).find(|flip| flip.to.as_ref() == Some(name))
    }

    /// Says whether a failed switch was put back here and what runs may not have been started again: the run that did it was
    /// killed over that, or could not, and nobody has gone on since.
    pub fn is_half_back(&self) -> bool {
        if self.is_held() {
            return false;
        }
        let last = self.history.iter().rev().find(|flip| flip.stage != FlipStage::Note);
        let Some((last, live)) = last.filter(|flip| flip.task == "put_back").zip(self.live()) else { return false };
        let left = last.from.as_ref().and_then(|left| self.release(left));
        // Whoever finishes what is live writes that into its journal, from which the flip away had taken it.
        let is_recorded = |live: &ReleaseSeen| live.steps.iter().any(|(step, _)| step == "record");
        last.to.as_ref() == Some(live)
            && left.is_some_and(|left| !left.is_back)
            && !self.release(live).is_some_and(is_recorded)
    }

    /// When `name` was last replaced as the live release.
    pub fn left(&self, name: &ReleaseName) -> Option<DateTime<Utc>> {
        let away = |flip: &&Flip| flip.from.as_ref() == Some(name) && flip.to.as_ref() != Some(name);
        self.history.iter().filter(away).map(|flip| flip.at).max()
    }

    /// Says whether `name` went live after `other` was last left.
    pub(super) fn went_live_after(&self, name: &ReleaseName, other: &ReleaseName) -> bool {
        let changed = |flip: &&Flip| flip.stage != FlipStage::Note && flip.to.as_ref() != Some(other);
        let left = self.history.iter().rposition(|flip| flip.from.as_ref() == Some(other) && changed(&flip));
        left.is_some_and(|at| self.history[at..].iter().filter(changed).any(|flip| flip.to.as_ref() == Some(name)))
    }

    /// The latest change that made `name` live.
    pub fn went_live(&self, name: &ReleaseName) -> Option<&Flip> {
        self.history.iter().rev().find(|flip| flip.to.as_ref() == Some(name))
    }
}

impl ReleaseSeen {
    /// Says whether its record calls it complete. A bad one is, too: who names it knows that.
    pub fn is_whole(&self) -> bool {
        self.state.is_complete() || self.state == State::Bad
    }
}
