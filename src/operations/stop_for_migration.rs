//! Stops a service before a database is migrated under it, if anything is pending there.

use std::time::Duration;

use super::migrate_database::Pending;
use super::{RunCommand, Service, Turn, TurnService, Within};
use crate::engine::{Gives, On, Operation, Work};
use crate::fleet::{HostName, Targets};
use crate::script::Script;

/// Stops what runs in the release that is live, and has the host write that down. Starting the new release brings it up; until
/// then whatever ends the run does, where it is written down.
#[derive(Debug, Clone)]
pub struct StopForMigration {
    /// The service.
    pub service: Service,
    /// The host that migrates: it says whether anything is pending.
    pub host: HostName,
    /// The command that migrates: what asks runs as it does.
    pub command: RunCommand,
    /// How it is known what is pending.
    pub pending: Option<Pending>,
}

/// Around the command that prints what is pending: says `pending` unless it is sure that nothing is, and the last of what
/// the command said.
const PRINTED: [&str; 2] = [
    "relm_said=$({ relm_found=$(",
    r#")
relm_code=$?
[ -z "$relm_found" ] || printf '%s\n' "$relm_found"
[ "$relm_code" -eq 0 ] || printf 'what is pending cannot be told (exit code %s)\n' "$relm_code"
[ "$relm_code" -eq 0 ] && [ -z "$relm_found" ]; } 2>&1)
if [ "$?" -eq 0 ]; then printf 'nothing\n'; else printf 'pending\n'; printf '%s\n' "$relm_said" | tail -n 20; fi"#,
];

/// A ledger that does not fit stops the deploy here, before anything is stopped.
const FILES: &str = r#"} >/dev/null
relm_code=$?
case $relm_code in 0) printf 'pending\n' ;; 91) printf 'nothing\n' ;; *) exit "$relm_code" ;; esac"#;

const UNLESS_NOTHING: &str = r#"if [ "$relm_told" = nothing ]; then
  printf 'nothing is pending\n'
  exit 91
fi
case $relm_told in pending?*) printf '%s says:%s\n' "$relm_from" "${relm_told#pending}" ;; esac"#;

const NOT_LIVE: &str = r"printf 'nothing is live here that could run\n'; exit 91";

impl StopForMigration {
    /// What the step is called, by the operation that migrates and the service.
    pub fn called(operation: &str, service: &str) -> String {
        format!("stop_for_{operation}:{service}")
    }

    fn stop(&self) -> TurnService {
        TurnService { service: self.service.clone(), turn: Turn::Stop, within: Within::Switch, comes: false, by: None }
    }
}

/// The same host, where what was live when the run began is all there is.
fn before<'a>(on: &On<'a>) -> On<'a> {
    On { release: on.before, ..*on }
}

impl Gives for StopForMigration {
    fn host(&self) -> &HostName {
        &self.host
    }

    fn tell(&self, on: &On<'_>) -> Script {
        match &self.pending {
            None => Script::new("printf 'pending\\n'"),
            Some(Pending::Printed(command)) => {
                let asks = RunCommand { run: command.clone(), ..self.command.clone() }.work(on).script;
                let [before, behind] = PRINTED.map(Script::new);
                before.then(&asks.apart()).then(&behind)
            }
            Some(found @ Pending::Files { .. }) => {
                Script::new("{").then(&found.finding(&self.command.name, on).apart()).then(&Script::new(FILES))
            }
        }
    }

    /// All there is to give is that word.
    fn give(&self, _on: &On<'_>) -> Script {
        Script::default()
    }

    fn time_limit(&self) -> Option<Duration> {
        self.command.time_limit
    }

    fn words(&self) -> &'static str {
        "which knows whether anything is pending"
    }
}

impl Operation for StopForMigration {
    fn name(&self) -> String {
        Self::called(&self.command.name, &self.service.name)
    }

    fn targets(&self) -> Targets {
        self.stop().targets()
    }

    fn work(&self, on: &On<'_>) -> Work {
        if on.before.is_none() {
            return Work::ours(Script::new(NOT_LIVE));
        }
        let by = on.release.map(|release| release.as_str().to_owned());
        let work = TurnService { by, ..self.stop() }.work(&before(on));
        let unless = Script::new(UNLESS_NOTHING).set("relm_from", self.host.as_str());
        Work { script: unless.then(&work.script), ..work }
    }

    fn undo(&self, on: &On<'_>) -> Option<Work> {
        self.stop().undo(&before(on))
    }

    fn definition(&self, on: &On<'_>) -> String {
        self.stop().definition(on)
    }

    fn gives(&self) -> Option<&dyn Gives> {
        Some(self)
    }

    fn is_passing(&self) -> bool {
        true
    }

    /// The other host must have come to where it can be asked.
    fn awaits_all(&self) -> bool {
        true
    }

    fn at_once(&self) -> Option<usize> {
        self.service.serial.then_some(1)
    }
}
