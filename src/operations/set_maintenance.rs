//! Maintenance: flag files and commands by which visitors are told that the site is being worked on.

use std::time::Duration;

use chrono::Utc;

use super::becoming::as_another;
use super::sourcing::sourced;
use super::within::Within;
use super::{Actor, naming, telling};
use crate::engine::{On, Operation, Work};
use crate::fleet::{Become, Targets};
use crate::release::{Flip, FlipStage, ReleaseName};
use crate::script::Script;

/// What switches it.
#[derive(Debug, Clone)]
pub struct Maintenance {
    /// Where.
    pub targets: Targets,
    /// A file that is there meanwhile.
    pub flag: Option<String>,
    /// The one for a long time.
    pub long_flag: Option<String>,
    /// Text for `sh` that switches it on.
    pub on: Option<String>,
    /// Text for `sh` that switches it off.
    pub off: Option<String>,
    /// Left on when a run fails.
    pub keeps: bool,
    /// The user the commands run as, if not whoever all else runs as.
    pub becoming: Option<Become>,
}

/// Switches it on or off. Who switched it on is written down on the host: a deploy never switches off what a person
/// switched on.
#[derive(Debug, Clone)]
pub struct SetMaintenance {
    /// What switches it.
    pub maintenance: Maintenance,
    /// On, or off.
    pub on: bool,
    /// For a long time.
    pub long: bool,
    /// What it is part of.
    pub within: Within,
    /// What the run's release was made from.
    pub reference: String,
    /// Who does it, for the history.
    pub actor: Actor,
}

/// A command as another user, who has a shell of their own.
const COMMAND: &str = r#"(set -o pipefail) 2>/dev/null && set -o pipefail
eval "$relm_command""#;

/// A command that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(600);

fn bounded(script: Script) -> Work {
    Work { time_limit: Some(PATIENCE), ..Work::ours(script) }
}

impl SetMaintenance {
    /// What the step that switches it on is called.
    pub const ON: &'static str = "maintenance:on";
    /// What the one that switches it off is.
    pub const OFF: &'static str = "maintenance:off";

    /// The release by whose run it is switched.
    fn release<'a>(&self, on: &On<'a>) -> Option<&'a ReleaseName> {
        on.release.filter(|_| self.within == Within::Switch)
    }

    /// Says whether it is on until the run comes to its end.
    fn is_for_run(&self) -> bool {
        self.on && self.within != Within::Hand
    }

    fn script(&self, on: &On<'_>, switch_on: bool) -> Script {
        let Maintenance { flag, long_flag, on: on_command, off, .. } = &self.maintenance;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let by = self.release(on).map_or("hand", ReleaseName::as_str);
        let own = text(if switch_on { on_command } else { off });
        let theirs = match &self.maintenance.becoming {
            Some(becoming) if !own.is_empty() => {
                let script =
                    sourced(&self.exporting(Script::new(COMMAND), on, switch_on), on).set("relm_command", &own);
                Some(as_another(&script, becoming, on.secrets).as_str().to_owned())
            }
            _ => None,
        };
        let script = Script::new(concat!(
            include_str!("../engine/whole.sh"),
            include_str!("../engine/note_down.sh"),
            include_str!("set_maintenance.sh")
        ))
        .set("relm_line", self.line(on, switch_on))
        .set("relm_reason", self.actor.message.as_ref().filter(|_| self.within != Within::Switch).map_or("", |_| "yes"))
        .set("relm_yields", if self.within == Within::Task { "yes" } else { "" })
        .set("relm_base", on.layout.base())
        .set("relm_on", if switch_on { "yes" } else { "" })
        .set("relm_by", by)
        .set("relm_flag", text(flag))
        .set("relm_long_flag", text(long_flag))
        .set("relm_command", theirs.as_deref().unwrap_or(&own));
        let script = self.exporting(script, on, switch_on);
        // What the other user's commands want is sourced by them.
        if theirs.is_some() { script } else { sourced(&script, on) }
    }

    /// What the history says of it.
    fn line(&self, on: &On<'_>, switch_on: bool) -> String {
        let actor = &self.actor;
        let what = match self.release(on) {
            Some(release) => Some(format!("{} of {release}", actor.task)),
            None => actor.message.clone().or_else(|| (switch_on && self.long).then(|| "for a long time".to_owned())),
        };
        let flip = Flip {
            at: Utc::now(),
            run: actor.at,
            stage: FlipStage::Note,
            task: format!("maintenance {}", if switch_on { "on" } else { "off" }),
            from: None,
            to: None,
            by: actor.by.clone(),
            login: actor.login.clone(),
            ssh_user: on.login.map(str::to_owned),
            machine: actor.machine.clone(),
            seconds: None,
            source: String::new(),
            commit: None,
            message: what,
            consents: Vec::new(),
        };
        serde_json::to_string(&flip).expect("a flip is plain data")
    }

    /// `script` with what the commands see.
    fn exporting(&self, script: Script, on: &On<'_>, switch_on: bool) -> Script {
        let script = script.export("RELM_MAINTENANCE", if self.long { "long" } else { "short" });
        let script = telling(script, on);
        // Taken back: what was live before is live again.
        let release = on.release.filter(|_| switch_on || !self.on);
        naming(script, &On { release, ..*on }, &self.reference)
    }
}

impl Operation for SetMaintenance {
    fn name(&self) -> String {
        if self.on { Self::ON } else { Self::OFF }.to_owned()
    }

    fn targets(&self) -> Targets {
        self.maintenance.targets.clone()
    }

    fn work(&self, on: &On<'_>) -> Work {
        bounded(self.script(on, self.on))
    }

    fn undo(&self, on: &On<'_>) -> Option<Work> {
        (self.is_for_run() && !self.maintenance.keeps).then(|| bounded(self.script(on, false)))
    }

    fn makes_up_for(&self) -> Vec<String> {
        if self.on { Vec::new() } else { vec![Self::ON.to_owned()] }
    }

    fn definition(&self, _on: &On<'_>) -> String {
        format!("{:?}", self.maintenance)
    }

    /// Whatever an earlier run did, it is to be off in the end; but a resumed run that only has to finish needs it on no
    /// more.
    fn is_journaled(&self) -> bool {
        self.on && self.within == Within::Switch
    }

    fn is_passing(&self) -> bool {
        self.is_for_run()
    }

    /// On everywhere before any host switches.
    fn awaits_all(&self) -> bool {
        self.is_for_run()
    }

    fn is_owed(&self) -> bool {
        !self.on && self.within == Within::Switch && !self.maintenance.keeps
    }
}
