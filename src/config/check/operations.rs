//! The app's own commands: names, phases, limits of time, and what takes them back.

use std::time::Duration;

use super::super::file::{OperationTable, PhaseText, UndoText};
use super::super::placed::At;
use super::super::{AppOperation, Undo};
use super::service::optional;
use super::{Check, conditions, hosts, inputs, job, migrate, release, retry, secrets, variables, wait};
use crate::event::Phase;
use crate::fleet::Fleet;

/// The names of relm's own steps, which would be mistaken for these in records and messages.
const OWN_STEPS: [&str; 20] = [
    "check_flip",
    "check_tools",
    "check_source_files",
    "create_release",
    "upload_code",
    "check_upload",
    "reopen_release",
    "link_shared",
    "copy_from_current",
    "write_secrets",
    "write_templates",
    "place_files",
    "publish",
    "check_publish",
    "write_version",
    "build_virtualenv",
    "mark_complete",
    "flip_current",
    "clean_releases",
    "record",
];

/// A limit nobody waits for is a mistake of writing, and far beyond it clocks overflow.
const LONGEST: Duration = Duration::from_secs(1000 * 3600);

/// Complains about names that stand twice in one list.
pub(super) fn unique(check: &mut Check<'_>, list: &[OperationTable]) {
    for (position, operation) in list.iter().enumerate() {
        let Some(name) = &operation.name else { continue };
        let before = list[..position].iter().filter_map(|other| other.name.as_ref());
        if before.into_iter().any(|other| other.value == name.value) {
            let hint = "each operation needs a name of its own; resume goes by it".to_owned();
            check.problem(name.span(), format!("there are two operations {:?}", name.value), hint);
        }
    }
}

/// Takes each of them, in their order; nothing for one that is wrong.
pub(super) fn operations(check: &mut Check<'_>, list: &[&OperationTable]) -> Vec<Option<AppOperation>> {
    list.iter().enumerate().map(|(at, table)| operation(check, table, &list[..at])).collect()
}

/// `above` are the operations that stand before it.
fn operation(check: &mut Check<'_>, table: &OperationTable, above: &[&OperationTable]) -> Option<AppOperation> {
    let name = table.name.as_ref().and_then(|name| operation_name(check, name));
    let awaits = job::awaited(check, table, above);
    let targets = match awaits {
        Some(job) => hosts::targets(check, job.roles.as_ref(), job.once.unwrap_or(false)),
        None => hosts::targets(check, table.roles.as_ref(), table.once.unwrap_or(false)),
    };
    let is_job = job::is_job(check, table);
    let log_max = optional(table.log_max.as_ref(), |size| job::log_max(check, table, size));
    let conditions = conditions::conditions(check, table);
    let cwd = optional(table.cwd.as_ref(), |cwd| conditions::directory(check, table, cwd));
    let at_once = at_once(check, table);
    let time_limit = table.timeout.as_ref().and_then(|timeout| time_limit(check, timeout));
    let work = wait::work(check, table);
    let retry = retry::retry(check, table);
    let unless_same = inputs::inputs(check, table);
    let migrate = migrate::migrate(check, table);
    let undo = table.undo.as_ref().and_then(|undo| undo_of(check, undo, table.phase));
    let becoming = secrets::user(check, table.becoming.as_ref());
    let variables = variables::variables(check, table.environment.as_ref(), None);
    let secrets = secrets::named(check, table.secrets.as_deref().unwrap_or_default());
    let (run, wait) = work?;
    let (unless, changed_if) = conditions?;
    Some(AppOperation {
        name: name?,
        phase: phase(table.phase?),
        targets: targets?,
        at_once: at_once?,
        time_limit,
        run,
        cwd: cwd?,
        unless,
        changed_if,
        is_job,
        log_max: log_max?,
        awaits: awaits.and_then(|job| Some(job.name.as_ref()?.value.clone())),
        wait,
        retry,
        unless_same,
        migrate,
        undo,
        always: table.always.unwrap_or(false),
        becoming: becoming?,
        variables: variables?,
        secrets,
    })
}

/// Takes on how many hosts it runs at a time: wrong, and all of them, are not the same.
#[expect(clippy::option_option, reason = "wrong, and none")]
fn at_once(check: &mut Check<'_>, table: &OperationTable) -> Option<Option<usize>> {
    let serial = table.serial.unwrap_or(false);
    let limit = optional(table.max_parallel.as_ref(), |count| release::at_once(check, count))?;
    if let (true, Some(count), Some(place)) = (serial, limit, &table.max_parallel)
        && count > 1
    {
        let hint = "leave one of them out: `serial` is one host at a time".to_owned();
        check.problem(place.span(), format!("`max_parallel = {count}` beside `serial`"), hint);
    }
    Some(if serial { Some(1) } else { limit })
}

/// Complains about operations that must run and have no host of an environment to run on.
pub(super) fn required(
    check: &mut Check<'_>,
    name: &str,
    tables: &[&OperationTable],
    operations: &[Option<AppOperation>],
    fleet: &Fleet,
) {
    for (table, operation) in tables.iter().zip(operations) {
        let Some(operation) = operation else { continue };
        let Some(place) = table.roles.as_ref().map(At::span).or(table.name.as_ref().map(At::span)) else { continue };
        if table.required.unwrap_or(false) && fleet.select(&operation.targets).is_empty() {
            let message = format!("{:?} is required, and no host of {name} has its role", operation.name);
            check.problem(place, message, "give a host the role, or leave `required` out".to_owned());
        }
    }
}

/// Takes the name of a step of the app's own.
pub(super) fn operation_name(check: &mut Check<'_>, name: &At<String>) -> Option<String> {
    let text = check.name("operation name", name)?;
    if OWN_STEPS.contains(&text.as_str()) {
        let hint = format!("such as \"app_{text}\"");
        check.problem(name.span(), format!("{text:?} is a step of relm's own"), hint);
        return None;
    }
    Some(text)
}

fn phase(text: PhaseText) -> Phase {
    match text {
        PhaseText::Check => Phase::Check,
        PhaseText::Prepare => Phase::Prepare,
        PhaseText::BeforeFlip => Phase::BeforeFlip,
        PhaseText::AfterFlip => Phase::AfterFlip,
        PhaseText::Finish => Phase::Finish,
    }
}

fn undo_of(check: &mut Check<'_>, undo: &At<UndoText>, phase: Option<PhaseText>) -> Option<Undo> {
    let wanted = match &undo.value {
        UndoText::Again(false) => return None,
        UndoText::Again(true) => Undo::Again,
        UndoText::Command(command) => Undo::Command(check.command("undo", &undo.with(command.clone()))?),
    };
    let (message, hint) = match phase {
        Some(PhaseText::Check) => ("`undo` has no meaning in this phase", "a check changes nothing; leave `undo` out"),
        Some(PhaseText::Finish) => (
            "`undo` has no meaning in this phase",
            "the new release is live by then and nothing is taken back; leave `undo` out",
        ),
        Some(PhaseText::Prepare) if wanted == Undo::Again => (
            "`undo = true` has no meaning in this phase",
            "there is nothing to run again where nothing was switched; write the command that takes it back",
        ),
        _ => return Some(wanted),
    };
    check.problem(undo.span(), message, hint.to_owned());
    None
}

pub(super) fn time_limit(check: &mut Check<'_>, text: &At<String>) -> Option<Duration> {
    time(check, text, Duration::from_secs(1))
}

/// A time to wait, which may be none.
pub(super) fn pause(check: &mut Check<'_>, text: &At<String>) -> Option<Duration> {
    time(check, text, Duration::ZERO)
}

fn time(check: &mut Check<'_>, text: &At<String>, least: Duration) -> Option<Duration> {
    let limit = duration(&text.value).filter(|limit| (least..=LONGEST).contains(limit));
    if limit.is_none() {
        let hint = "such as \"90s\", \"10m\", \"1h\" or \"1h30m\"; at most 1000h".to_owned();
        check.problem(text.span(), format!("{:?} is no limit of time", text.value), hint);
    }
    limit
}

/// Reads days, hours, minutes and seconds, in that order, each at most once.
pub fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds = 0_u64;
    for (unit, length) in [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)] {
        if let Some((number, after)) = rest.split_once(unit) {
            if !number.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(length)?)?;
            rest = after;
        }
    }
    (rest.is_empty() && !text.is_empty()).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_time_as_people_write_them() {
        let cases = [
            ("90s", 90),
            ("10m", 600),
            ("1h", 3600),
            ("1h30m", 5400),
            ("1h0m1s", 3601),
            ("90m", 5400),
            ("2d", 172_800),
            ("1d12h", 129_600),
        ];
        for (text, seconds) in cases {
            assert_eq!(duration(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "10",
            "m",
            "1m1h",
            "1h1d",
            "1m1m",
            "-1s",
            "+1s",
            "1.5h",
            "1 h",
            "1h ",
            "99999999999999999999h",
            "9999999999999999h",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
