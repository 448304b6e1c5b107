//! The flip: `current` points to another release, by one `rename(2)`. The same for deploy, rollback and putting back.

use chrono::{DateTime, Utc};

use super::release;
use crate::engine::{On, Operation, Work};
use crate::release::{Consents, Flip, FlipStage, Layout, Record, ReleaseName};
use crate::script::Script;

/// Who flips, for the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The task: `deploy` or `rollback`.
    pub task: String,
    /// The person.
    pub by: String,
    /// The person's login on that machine.
    pub login: String,
    /// The machine relm runs on.
    pub machine: String,
    /// The reason given with `-m`.
    pub message: Option<String>,
    /// What was agreed to before it began.
    pub consents: Consents,
    /// When the run began.
    pub at: DateTime<Utc>,
}

/// Points `current` to the run's release.
#[derive(Debug)]
pub struct FlipCurrent {
    /// For the history.
    pub actor: Actor,
    /// What the release was made from.
    pub record: Record,
    /// Whether the release that is left turned out bad: a rollback.
    pub leaves_bad: bool,
    /// A file of the environment's directory for other programs, which says what went live.
    pub record_file: Option<String>,
}

/// The program text.
pub(super) const FLIP: &str = concat!(
    include_str!("../engine/whole.sh"),
    include_str!("../engine/journal.sh"),
    include_str!("record_file.sh"),
    include_str!("live_link.sh"),
    include_str!("flip_current.sh")
);

/// The task in the history's line when a failed switch is put back.
const PUT_BACK: &str = "put_back";

impl FlipCurrent {
    fn script(&self, on: &On<'_>, from: Option<&ReleaseName>, to: Option<&ReleaseName>, task: &str) -> Script {
        let at = Utc::now();
        let line = |stage| Flip { ssh_user: on.login.map(str::to_owned), ..self.line(stage, at, from, to, task) };
        let line = |stage| serde_json::to_string(&line(stage)).expect("a flip is plain data");
        let target = to.map(Layout::link_target).unwrap_or_default();
        let record = to.map(|to| on.layout.record(to)).unwrap_or_default();
        let left = from.filter(|_| self.leaves_bad).map(|from| on.layout.record(from)).unwrap_or_default();
        Script::new(FLIP)
            .set("relm_record_file", self.record_file.as_deref().unwrap_or_default())
            .set("base", on.layout.base())
            .set("target", target)
            .set("expected", from.map(Layout::link_target).unwrap_or_default())
            .set("record", record)
            .set("left", left)
            .set("put_back", if task == PUT_BACK { "yes" } else { "" })
            .set("abandoned", from.map(|from| on.layout.record(from)).unwrap_or_default())
            .set("run", self.actor.at.to_rfc3339())
            .set("at", at.to_rfc3339())
            .set("intent", line(FlipStage::Intent))
            .set("result", line(FlipStage::Done))
    }

    fn line(
        &self,
        stage: FlipStage,
        at: DateTime<Utc>,
        from: Option<&ReleaseName>,
        to: Option<&ReleaseName>,
        task: &str,
    ) -> Flip {
        let made = to == Some(&self.record.name);
        Flip {
            at,
            run: self.actor.at,
            stage,
            task: task.to_owned(),
            from: from.cloned(),
            to: to.cloned(),
            by: self.actor.by.clone(),
            login: self.actor.login.clone(),
            ssh_user: None,
            machine: self.actor.machine.clone(),
            seconds: (stage == FlipStage::Done).then(|| (at - self.actor.at).num_seconds().max(0).unsigned_abs()),
            source: if made { self.record.source.clone() } else { String::new() },
            commit: self.record.commit.clone().filter(|_| made),
            message: self.actor.message.clone(),
            consents: self.actor.consents.given().to_vec(),
        }
    }
}

impl Operation for FlipCurrent {
    fn name(&self) -> String {
        "flip_current".to_owned()
    }

    fn work(&self, on: &On<'_>) -> Work {
        Work::ours(self.script(on, on.before, Some(release(on)), &self.actor.task))
    }

    fn definition(&self, on: &On<'_>) -> String {
        release(on).to_string()
    }

    fn undo(&self, on: &On<'_>) -> Option<Work> {
        let (actor, record) = (self.actor.clone(), self.record.clone());
        let back = Self { actor, record, leaves_bad: false, record_file: self.record_file.clone() };
        Some(Work::ours(back.script(on, on.release, on.before, PUT_BACK)))
    }

    fn joins(&self) -> bool {
        true
    }
}
