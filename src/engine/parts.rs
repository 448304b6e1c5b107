//! Several steps' scripts as one: a single journey to the host, and each step is written down, told of and fails as if it
//! had travelled alone.

use super::claim::CLAIM;
use super::lock::Fence;
use super::{Makes, On, Step, Work, journal};
use crate::release::ReleaseName;
use crate::script::Script;
use crate::transport::{Input, Status};

/// One step's share.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// Stands for it in messages and in the journal.
    pub(super) step: String,
    pub(super) script: Script,
    pub(super) input: Input,
    /// The exit codes that are no failure, as words.
    good: &'static str,
    written: Written,
}

/// What the host writes down of it, where there is a release to write it to: the words of `steps.sh`.
#[derive(Debug, Clone, Default)]
struct Written {
    record: String,
    tree: String,
    hash: String,
    phase: &'static str,
    makes: &'static str,
    undoes: &'static str,
}

impl Part {
    /// Work of which nothing is written down.
    pub(super) fn plain(step: &str, work: &Work) -> Self {
        let (script, input) = (work.script.clone(), work.input.clone());
        Self { step: step.to_owned(), script, input, good: work.reading.good(), written: Written::default() }
    }

    /// A step's work: its success stands in the release's journal, and what it made is sealed.
    pub(super) fn of(step: &Step, work: &Work, on: &On<'_>) -> Self {
        let part = Self::plain(&step.name(), work);
        let Some(release) = on.release else { return part };
        let written = Written {
            record: on.layout.record(release),
            tree: on.layout.release(release),
            hash: if step.operation.is_journaled() { journal::hash(step, on) } else { String::new() },
            phase: step.phase.word(),
            makes: match step.operation.makes() {
                Makes::Nothing => "",
                Makes::Code => "code",
                Makes::Files => "files",
            },
            undoes: "",
        };
        Self { written, ..part }
    }

    /// What takes a step of `release` back.
    pub(super) fn undoing(step: &Step, work: &Work, on: &On<'_>, release: Option<&ReleaseName>) -> Self {
        let part = Self::plain(&step.name(), work);
        let Some(release) = release.filter(|_| step.operation.is_journaled()) else { return part };
        Self { written: Written { record: on.layout.record(release), undoes: "yes", ..Written::default() }, ..part }
    }

    /// Says whether it reads a stream, which is then the only one of its script.
    pub(super) fn reads(&self) -> bool {
        !matches!(self.input, Input::Nothing)
    }

    /// Says whether an ending is no failure.
    pub(super) fn is_good(&self, status: &Status) -> bool {
        let Status::Code(code) = status else { return false };
        self.good.split(' ').any(|good| *good == code.to_string())
    }

    fn is_sealed(&self) -> bool {
        !self.written.makes.is_empty()
    }

    fn script(&self) -> Script {
        let written = &self.written;
        let work = if self.reads() { self.script.apart_reading() } else { self.script.apart() };
        Script::new("relm_begins")
            .set("relm_step", &self.step)
            .set("relm_good", self.good)
            .set("relm_record", &written.record)
            .set("relm_tree", &written.tree)
            .set("relm_hash", &written.hash)
            .set("relm_phase", written.phase)
            .set("relm_makes", written.makes)
            .set("relm_undoes", written.undoes)
            .then(&work)
            .then(&Script::new(r#"relm_ends "$?""#))
    }
}

const STEPS: &str = concat!(include_str!("whole.sh"), include_str!("journal.sh"), include_str!("steps.sh"));
const FENCE: &str = concat!(include_str!("lock/state.sh"), include_str!("lock/fence.sh"));
const SEALS: &str = concat!(include_str!("listing.sh"), include_str!("seal.sh"));
const NO_SEALS: &str = "relm_seal_before() { :; }\nrelm_seal_after() { :; }";

/// The script of `parts`, which are at least one, behind the fence if there is one. `limit` is for all of them, and
/// `ending` is what stands behind the last when all have succeeded.
pub(super) fn compose(parts: &[Part], fence: Option<&Fence>, frame: &Frame<'_>) -> Script {
    let first = parts.first().map(|part| part.step.as_str()).unwrap_or_default();
    let script = match fence {
        None => Script::new(STEPS).set("relm_lock", ""),
        Some(fence) => fence.set(Script::new(FENCE).then(&Script::new(STEPS))),
    };
    let script = script.then(&Script::new(if parts.iter().any(Part::is_sealed) { SEALS } else { NO_SEALS }));
    let enter = Script::new(r#"[ -z "$relm_lock" ] || relm_enter "$relm_step" || relm_stop "$?""#)
        .set("relm_step", first)
        .set("relm_limit", frame.limit.map(|limit| limit.as_secs().to_string()).unwrap_or_default())
        .set("relm_about", frame.about.map(ReleaseName::as_str).unwrap_or_default());
    let script = parts.iter().fold(script.then(&enter), |script, part| script.then(&part.script()));
    let script = script.then(&Script::new(r#"[ -z "$relm_lock" ] || relm_leave"#));
    match frame.ending {
        None => script.then(&Script::new(r#"exit "$relm_status""#)),
        Some(ending) => script.then(ending),
    }
}

/// The texts that stand before steps.
pub fn texts() -> Script {
    Script::new(FENCE).then(&Script::new(STEPS)).then(&Script::new(SEALS)).then(&Script::new(CLAIM))
}

/// What stands around parts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Frame<'a> {
    /// The release they are for.
    pub(super) about: Option<&'a ReleaseName>,
    /// For all of them together.
    pub(super) limit: Option<std::time::Duration>,
    /// What comes behind the last one when all have succeeded, in place of the exit.
    pub(super) ending: Option<&'a Script>,
}

/// A single script behind the fence, without marks: for what is no step of a run.
pub(super) fn fenced(step: &str, script: &Script, fence: &Fence) -> Script {
    let enter = Script::new(r#"relm_enter "$relm_step" || exit "$?""#)
        .set("relm_step", step)
        .set("relm_limit", "")
        .set("relm_about", "");
    let leave = Script::new("relm_status=$?\nrelm_leave\nexit \"$relm_status\"");
    fence.set(Script::new(FENCE)).then(&enter).then(&script.apart()).then(&leave)
}
