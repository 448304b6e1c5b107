//! What `[[busy]]` says, checked.

use std::time::Duration;

use crate::fleet::{Become, Targets};

/// One of `[[busy]]`: something on hosts that a change would disturb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busy {
    /// Unique in the environment.
    pub name: String,
    /// What is looked at.
    pub kind: BusyKind,
    /// Where.
    pub targets: Targets,
    /// When it is looked at; at least once.
    pub when: Vec<Moment>,
    /// Only if this operation is going to run.
    pub only_if: Option<String>,
    /// Who can say whether it may be disturbed.
    pub ask: Option<String>,
    /// What becomes of the task.
    pub on_busy: OnBusy,
    /// How long one look may take on a host.
    pub time_limit: Duration,
    /// The user it is done as, if not whoever all else is done as.
    pub becoming: Option<Become>,
}

/// When something is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// Before anything is begun.
    Start,
    /// Right before this operation; before the flip, if the operation comes after it.
    Before(String),
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BusyKind {
    /// Jobs of scrapyd.
    Scrapyd {
        /// Its address, without a slash at the end.
        url: String,
    },
    /// Panes of tmux.
    Tmux {
        /// Everybody's, not only the login's.
        all: bool,
        /// Sessions and windows that are busy whatever they run.
        names: Vec<String>,
    },
    /// Statements and transactions of Postgres.
    PgActivity {
        /// Text for `sh` that runs psql.
        psql: String,
        /// How old they are at least.
        longer_than: Duration,
        /// Only this database user's.
        owner: Option<String>,
        /// Only this application's.
        application: Option<String>,
    },
    /// Processes.
    Process {
        /// Matches their command line.
        pattern: String,
        /// Only this user's.
        user: Option<String>,
    },
    /// A value of a JSON document.
    HttpJson {
        /// Where it is.
        url: String,
        /// Keys and positions with dots between.
        path: String,
        /// A comparison: `> 0`.
        busy_if: String,
    },
    /// Whatever a command says.
    Command {
        /// Text for `sh`.
        run: String,
        /// When it means busy.
        busy_if: CommandIsBusy,
    },
}

/// When a command means busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandIsBusy {
    /// It exits with anything but 0.
    Fails,
    /// It exits with 0.
    Succeeds,
    /// It prints something.
    Prints,
}

/// What becomes of a task that would disturb something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnBusy {
    /// It is refused without `--consent`.
    Block,
    /// Somebody is asked.
    Confirm,
    /// It goes on.
    Warn,
    /// It waits.
    Wait {
        /// The first pause.
        every: Duration,
        /// How many times longer each pause is than the one before.
        factor: u32,
        /// All the patience there is.
        max: Duration,
    },
}
