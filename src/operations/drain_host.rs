//! Takes a host out of its pool, and in again: on the hosts that send it requests, or on itself.

use std::time::Duration;

use super::becoming::run_as;
use super::down_note::DownNote;
use super::seeing;
use super::values::values;
use crate::engine::{On, Operation, Work};
use crate::fleet::{Become, Targets};
use crate::script::Script;
use crate::template::Template;

/// A pool, and how a host is taken out of it.
#[derive(Debug, Clone)]
pub struct Pool {
    /// Its name in the file.
    pub name: String,
    /// Who is in it.
    pub targets: Targets,
    /// Who sends the requests; the host itself, if nobody is named.
    pub proxies: Option<Targets>,
    /// nginx's file, if that is the way.
    pub nginx: Option<String>,
    /// With it: text for `sh` that tests it, and that has it read. Without it: the command that takes a host out, and the one
    /// that takes it in.
    pub commands: [String; 2],
    /// What a host is called there.
    pub server: Template,
    /// How long requests have to end.
    pub wait: Duration,
    /// The user it is done as, if not whoever all else is done as.
    pub becoming: Option<Become>,
    /// The app's name, for the template.
    pub app: String,
    /// What the release was made from.
    pub reference: String,
}

/// Takes a host out before it switches, or in when it is well.
#[derive(Debug, Clone)]
pub struct DrainHost {
    /// Which pool.
    pub pool: Pool,
    /// Out, or in.
    pub out: bool,
    /// What is written down of who has it out, until it is in again, where the same run is to take it in: that may be killed.
    /// A run of a release leaves its own traces.
    pub by: Option<String>,
}

const DRAIN_NGINX: &str = concat!(include_str!("../engine/lock/state.sh"), include_str!("drain_nginx.sh"));

const REFUSE: &str = r#"printf '%s\n' "$reason" >&2; exit 1"#;

/// A command that takes longer hangs, and would keep all others waiting for their turn.
const PATIENCE: Duration = Duration::from_secs(600);

impl DrainHost {
    fn bounded(&self, script: Script) -> Work {
        Work { time_limit: Some(self.pool.wait + PATIENCE), ..Work::ours(script) }
    }

    fn script(&self, on: &On<'_>, out: bool) -> Script {
        let server = match self.pool.server.render(&values(on, &self.pool.app, &self.pool.reference)) {
            Ok(server) => server,
            Err(reason) => return Script::new(REFUSE).set("reason", reason),
        };
        let [first, second] = &self.pool.commands;
        let text = match &self.pool.nginx {
            Some(file) => {
                Script::new(DRAIN_NGINX).set("relm_file", file).set("relm_test", first).set("relm_reload", second)
            }
            None => Script::new(include_str!("drain_command.sh")).set("relm_command", if out { first } else { second }),
        };
        let script = text
            .set("relm_out", if out { "yes" } else { "" })
            .set("relm_wait", self.pool.wait.as_secs().to_string())
            .export("RELM_SERVER", server);
        let script = run_as(self.pool.becoming.as_ref(), seeing(script, on, &self.pool.reference), on.secrets);
        self.noting(&script, on, out)
    }

    /// With what the host that does it writes down: relm's own records, whoever else does the deed.
    fn noting(&self, deed: &Script, on: &On<'_>, out: bool) -> Script {
        let note = DownNote::of_pool(&self.pool.name, on);
        match &self.by {
            None if out => deed.clone(),
            Some(by) if out => note.until_up(deed, by),
            _ => note.over(deed),
        }
    }
}

impl Operation for DrainHost {
    fn name(&self) -> String {
        format!("{}:{}", if self.out { "drain" } else { "undrain" }, self.pool.name)
    }

    fn targets(&self) -> Targets {
        self.pool.targets.clone()
    }

    fn through(&self) -> Option<Targets> {
        self.pool.proxies.clone()
    }

    fn work(&self, on: &On<'_>) -> Work {
        self.bounded(self.script(on, self.out))
    }

    /// Whatever fails, it gets its requests again.
    fn undo(&self, on: &On<'_>) -> Option<Work> {
        self.out.then(|| self.bounded(self.script(on, false)))
    }

    fn makes_up_for(&self) -> Vec<String> {
        if self.out { Vec::new() } else { vec![format!("drain:{}", self.pool.name)] }
    }

    fn is_passing(&self) -> bool {
        self.out
    }

    fn is_owed(&self) -> bool {
        !self.out
    }

    /// Whether a host is in its pool is no matter of a release.
    fn is_journaled(&self) -> bool {
        false
    }

    /// One line of a file at a time.
    fn at_once(&self) -> Option<usize> {
        Some(1)
    }
}
