//! A look whether something on a host is busy. It reads, and nothing else.

mod judge;

use std::time::Duration;

use serde_json::Value;

use super::RunCommand;
use super::becoming::run_as;
use super::sourcing::sourced;
use crate::engine::{On, Operation, Patience, Reading, Sight, Work};
use crate::fleet::{Become, Targets};
use crate::release::{Consents, Wanted};
use crate::script::Script;
use crate::transport::{Exit, Input, Status};

/// Looks whether something is busy.
#[derive(Debug, Clone)]
pub struct LookBusy {
    /// The name of its step.
    pub name: String,
    /// Its name in the file.
    pub about: String,
    /// Who can say whether it may be disturbed.
    pub ask: Option<String>,
    /// The hosts that are looked at.
    pub targets: Targets,
    /// How long a look may take.
    pub time_limit: Duration,
    /// What is looked at.
    pub what: Activity,
    /// How long and how often it is looked at again.
    pub patience: Option<Patience>,
    /// It stops nothing.
    pub only_warns: bool,
    /// The user who looks, if not whoever all else runs as.
    pub becoming: Option<Become>,
    /// What was agreed to: it stops nothing either.
    pub consents: Consents,
}

/// What may be busy.
#[derive(Debug, Clone)]
pub enum Activity {
    /// Jobs of scrapyd that run or wait, at this address.
    Scrapyd(String),
    /// Panes of tmux.
    Tmux {
        /// Of every user, and not only of the login.
        all: bool,
        /// Sessions and windows that count, whatever they run; without any, panes that run something.
        names: Vec<String>,
    },
    /// Statements and transactions of Postgres.
    PgActivity {
        /// Text for `sh` that runs psql.
        psql: String,
        /// How old they are at least.
        age: Duration,
        /// Only this database user's.
        owner: String,
        /// Only this application's.
        application: String,
    },
    /// Processes.
    Process {
        /// Matches their command line.
        pattern: String,
        /// Only this user's.
        user: String,
    },
    /// A value of a JSON document.
    HttpJson {
        /// Where the document is.
        url: String,
        /// The way to the value.
        path: String,
        /// When it means busy.
        condition: Condition,
    },
    /// Whatever a command says.
    Command {
        /// The command.
        command: Box<RunCommand>,
        /// When it means busy.
        busy_if: BusyIf,
    },
}

/// When a command means busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BusyIf {
    /// It exits with anything but 0.
    Fails,
    /// It exits with 0; 1 means that nothing is busy, as with `pgrep`.
    Succeeds,
    /// It prints something; it must exit with 0.
    Prints,
}

/// A comparison with a value of a JSON document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    word: &'static str,
    value: String,
}

const WORDS: [&str; 6] = ["==", "!=", ">=", "<=", ">", "<"];

impl Condition {
    /// Reads `> 0`, `!= idle`; nothing if it is no comparison.
    pub fn parse(text: &str) -> Option<Self> {
        let word = WORDS.into_iter().find(|word| text.trim_start().starts_with(word))?;
        let value = text.trim_start()[word.len()..].trim().to_owned();
        (!value.is_empty()).then_some(Self { word, value })
    }

    /// Whether a value meets it; nothing if it has no order.
    fn holds(&self, value: &Value) -> Option<bool> {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let numbers = text.parse::<f64>().ok().zip(self.value.parse::<f64>().ok());
        let order = numbers.and_then(|(one, other)| one.partial_cmp(&other));
        Some(match self.word {
            "==" => order.map_or(text == self.value, std::cmp::Ordering::is_eq),
            "!=" => !order.map_or(text == self.value, std::cmp::Ordering::is_eq),
            ">" => order?.is_gt(),
            "<" => order?.is_lt(),
            ">=" => order?.is_ge(),
            _ => order?.is_le(),
        })
    }
}

const SCRAPYD: &str =
    concat!(include_str!("directly.sh"), include_str!("look_busy/get.sh"), include_str!("look_busy/scrapyd.sh"));
const HTTP_JSON: &str =
    concat!(include_str!("directly.sh"), include_str!("look_busy/get.sh"), include_str!("look_busy/http_json.sh"));
const TMUX: &str = concat!(include_str!("../engine/hides.sh"), include_str!("look_busy/tmux.sh"));
const PROCESS: &str = concat!(include_str!("../engine/hides.sh"), include_str!("look_busy/process.sh"));

impl LookBusy {
    fn script(&self, on: &On<'_>) -> Script {
        let seconds = self.time_limit.as_secs().to_string();
        let script = match &self.what {
            Activity::Scrapyd(url) => Script::new(SCRAPYD).set("relm_url", url).set("relm_seconds", seconds),
            Activity::HttpJson { url, .. } => Script::new(HTTP_JSON).set("relm_url", url).set("relm_seconds", seconds),
            Activity::Tmux { all, .. } => Script::new(TMUX).set("relm_all", if *all { "yes" } else { "" }),
            Activity::PgActivity { psql, age, owner, application } => {
                Script::new(include_str!("look_busy/pg_activity.sh"))
                    .set("relm_psql", psql)
                    .set("relm_age", age.as_secs().to_string())
                    .set("relm_owner", owner)
                    .set("relm_application", application)
            }
            Activity::Process { pattern, user } => {
                Script::new(PROCESS).set("relm_pattern", pattern).set("relm_user", user)
            }
            Activity::Command { command, .. } => return command.work(on).script,
        };
        sourced(&script, on)
    }

    fn seen(&self, exit: &Exit) -> judge::Seen {
        match &self.what {
            Activity::Scrapyd(_) => judge::scrapyd(&exit.stdout),
            Activity::Tmux { names, .. } => judge::tmux(&exit.stdout, names),
            Activity::PgActivity { .. } => judge::pg_activity(&exit.stdout),
            Activity::Process { .. } => judge::process(&exit.stdout),
            Activity::HttpJson { path, condition, .. } => judge::http_json(&exit.stdout, path, condition),
            Activity::Command { .. } => Ok(exit.stdout.lines().map(str::to_owned).collect()),
        }
    }
}

impl Operation for LookBusy {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn targets(&self) -> Targets {
        self.targets.clone()
    }

    fn work(&self, on: &On<'_>) -> Work {
        let time_limit = Some(self.time_limit);
        let script = run_as(self.becoming.as_ref(), self.script(on), on.secrets);
        Work { script, input: Input::Nothing, time_limit, reading: Reading::Look, command: None }
    }

    fn patience(&self) -> Option<Patience> {
        self.patience
    }

    fn wanted(&self) -> Option<Wanted> {
        Some(Wanted { name: self.about.clone(), ask: self.ask.clone() })
    }

    /// Nobody goes on before it is known of every host.
    fn awaits_all(&self) -> bool {
        true
    }

    /// It only warns, or somebody agreed.
    fn may_fail(&self) -> bool {
        self.only_warns || self.consents.given().iter().any(|consent| consent.name == self.about)
    }

    fn sight(&self, exit: &Exit) -> Sight {
        if let Activity::Command { busy_if, .. } = &self.what {
            return of_command(*busy_if, exit);
        }
        if !exit.status.success() {
            return Sight::Unknown(format!("the look {}{}", exit.status, last(&exit.stderr)));
        }
        match self.seen(exit) {
            Ok(seen) if seen.is_empty() => Sight::Idle,
            Ok(seen) => Sight::Busy(seen),
            Err(reason) => Sight::Unknown(reason),
        }
    }

    fn is_journaled(&self) -> bool {
        false
    }
}

/// 126 and beyond say that the command did not run as it should.
fn of_command(busy_if: BusyIf, exit: &Exit) -> Sight {
    let said = || {
        let all = exit.stdout.lines().chain(exit.stderr.lines()).filter(|line| !line.trim().is_empty());
        let lines: Vec<String> = all.map(str::to_owned).collect();
        if lines.is_empty() { vec![format!("the command {}", exit.status)] } else { lines }
    };
    match (busy_if, &exit.status) {
        (BusyIf::Fails, Status::Code(0)) | (BusyIf::Succeeds, Status::Code(1)) => Sight::Idle,
        (BusyIf::Prints, Status::Code(0)) if exit.stdout.trim().is_empty() => Sight::Idle,
        (BusyIf::Fails, Status::Code(1..126)) | (BusyIf::Succeeds | BusyIf::Prints, Status::Code(0)) => {
            Sight::Busy(said())
        }
        (_, status) => Sight::Unknown(format!("the command {status}{}", last(&exit.stderr))),
    }
}

fn last(stderr: &str) -> String {
    stderr.trim().lines().last().map(|line| format!(": {line}")).unwrap_or_default()
}
