//! What is done on a host, as a value, and what its exit means.

use std::time::Duration;

use crate::event::Outcome;
use crate::script::Script;
use crate::transport::{ExecError, Exit, Input, Status};

/// A script with everything that bounds it.
#[derive(Debug, Clone)]
pub struct Work {
    /// The script.
    pub script: Script,
    /// What it reads.
    pub input: Input,
    /// How long it may take.
    pub time_limit: Option<Duration>,
    /// What its exit means.
    pub reading: Reading,
    /// The app's own command, as `Releases.toml` has it, to be shown when it fails.
    pub command: Option<String>,
}

/// What an exit means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// 0 is success and everything else failure: commands that are not ours.
    Plain,
    /// Besides, 90 means that there was nothing to do, and 91 that it does not apply, with the reason as the last line
    /// of output. 98 is 0 with something that a person should know, as the last line of output. Never told from texts.
    Ours,
    /// A command that is not ours behind a script that is: 91 means that it was skipped, with the reason as the last line of
    /// output. All else is as in `Plain`.
    Skips,
    /// A command that is not ours between scripts that are: besides, 90 means that it changed nothing.
    Conditional,
    /// A look whether something is busy, which [`super::Operation::sight`] tells. If it is, or if nobody can tell, the run is
    /// paused.
    Look,
    /// A wait: 94, or running into the limit of time, means that it was in vain.
    Wait {
        /// How long it was.
        max: Duration,
        /// Whether that pauses the run; it fails otherwise.
        pauses: bool,
    },
}

impl Reading {
    /// The exit codes that are no failure, as words for a script.
    pub(super) fn good(self) -> &'static str {
        match self {
            Self::Plain | Self::Wait { .. } => "0",
            Self::Skips => "0 91",
            Self::Conditional => "0 90 91",
            // Commands that look for something exit with 1 where nothing is.
            Self::Look => "0 1",
            Self::Ours => "0 90 91 98",
        }
    }
}

/// Why a script of ours could not do its work in the short way, by its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// 96: what it built on is not what it was taken for. What is done then builds on nothing.
    Base,
    /// 97: what the host was to fetch by itself cannot be had. Then it is sent.
    Fetch,
    /// 99: it lacks what another host gives. Then that is asked for it, and it is sent.
    Lacking,
}

impl Work {
    /// Why it has to be done the longer way, also in the host's words, if that is how it ended.
    pub(super) fn obstacle(&self, ended: &Result<Exit, ExecError>) -> Option<(Obstacle, String)> {
        let exit = ended.as_ref().ok().filter(|_| self.reading == Reading::Ours)?;
        let obstacle = match exit.status {
            Status::Code(96) => Obstacle::Base,
            Status::Code(97) => Obstacle::Fetch,
            Status::Code(99) => Obstacle::Lacking,
            _ => return None,
        };
        Some((obstacle, exit.stdout.lines().last().unwrap_or_default().to_owned()))
    }

    /// What a person should know of how it ended.
    pub(super) fn remark(&self, exit: &Exit) -> Option<String> {
        let is_one = self.reading == Reading::Ours && exit.status == Status::Code(98);
        is_one.then(|| exit.stdout.lines().last().unwrap_or_default().to_owned())
    }

    /// One of relm's own scripts, without input or limit.
    pub fn ours(script: Script) -> Self {
        Self { script, input: Input::Nothing, time_limit: None, reading: Reading::Ours, command: None }
    }

    /// The outcome an exit stands for, or what failed.
    pub(super) fn outcome(&self, ended: Result<Exit, ExecError>) -> Result<Outcome, String> {
        let in_vain = matches!(&ended, Ok(Exit { status: Status::Code(94), .. }) | Err(ExecError::TimedOut(_)));
        if let (Reading::Wait { max, pauses }, true) = (self.reading, in_vain) {
            let words = format!("was not ready within {}", patience(max));
            return if pauses { Ok(Outcome::Paused(words)) } else { Err(words) };
        }
        let exit = ended.map_err(|error| error.to_string())?;
        match (&exit.status, self.reading) {
            (Status::Code(0), _) | (Status::Code(98), Reading::Ours) => Ok(Outcome::Changed),
            (Status::Code(90), Reading::Ours | Reading::Conditional) => Ok(Outcome::AlreadyDone),
            (Status::Code(91), Reading::Ours | Reading::Skips | Reading::Conditional) => {
                Ok(Outcome::Skipped(exit.stdout.lines().last().unwrap_or_default().to_owned()))
            }
            (status, _) => Err(status.to_string()),
        }
    }
}

/// As `Releases.toml` has it: `90s`, `5m`, `1h30m`.
fn patience(time: Duration) -> String {
    let (hours, minutes, seconds) = (time.as_secs() / 3600, time.as_secs() / 60 % 60, time.as_secs() % 60);
    let parts = [(hours, 'h'), (minutes, 'm'), (seconds, 's')];
    parts.iter().filter(|(number, _)| *number > 0).map(|(number, unit)| format!("{number}{unit}")).collect()
}
