//! Operations that migrate a database.

use super::super::file::{OperationTable, PhaseText};
use super::super::placed::At;
use super::super::suggest::did_you_mean;
use super::super::{Migration, Service, ServiceKind, Strategy};
use super::Check;

/// What stands around an operation that migrates.
pub(super) fn migrate(check: &mut Check<'_>, table: &OperationTable) -> Option<Migration> {
    let migrate = table.migrate.as_ref()?;
    if let Some(PhaseText::Check) = table.phase {
        let hint = "a check changes nothing; migrate in `prepare`, where the old code is still live".to_owned();
        check.problem(migrate.span(), "`migrate` has no meaning in this phase", hint);
    }
    if table.wait.is_some() {
        let hint = "a wait changes nothing; leave `migrate` out".to_owned();
        check.problem(migrate.span(), "`migrate` has no meaning beside `wait`", hint);
    }
    if let Some(inputs) = &table.inputs {
        let hint = "`pending` says whether there is anything to do; leave `inputs` out".to_owned();
        check.problem(inputs.span(), "`inputs` has no meaning beside `migrate`", hint);
    }
    let pending = migrate.value.pending.as_ref().map(|pending| check.command("pending", pending));
    let sql = migrate.value.sql.as_ref().map(|sql| directory(check, table, sql));
    let backup = migrate.value.backup.as_ref().map(|backup| check.command("backup", backup));
    let stop = migrate.value.stop.as_ref().map(|stop| stopping(check, table, stop)).unwrap_or_default();
    Some(Migration {
        pending: pending.flatten(),
        sql: sql.flatten(),
        backup: backup.flatten(),
        stop,
        again: Vec::new(),
    })
}

/// What is down while it runs: up to the switch, and by the word of one host.
fn stopping(check: &mut Check<'_>, table: &OperationTable, stop: &At<Vec<At<String>>>) -> Vec<String> {
    if table.phase.is_some_and(|phase| !matches!(phase, PhaseText::Prepare)) {
        let hint = "it is for `prepare`; around the switch itself services stop by `strategy = \"stop_flip_start\"`";
        check.problem(stop.span(), "`stop` has no meaning in this phase", hint.to_owned());
    }
    if table.once != Some(true) {
        let hint = "write `once = true`: one host says whether anything is pending, and it is the one that migrates";
        check.problem(stop.span(), "`stop` needs an operation of one host", hint.to_owned());
    }
    stop.value.iter().map(|name| name.value.clone()).collect()
}

/// Complains about services that are to be stopped and are not there.
pub(super) fn stopped(check: &mut Check<'_>, list: &[&OperationTable], services: &[Service]) {
    let known: Vec<&str> = services.iter().map(|service| service.name.as_str()).collect();
    for name in stops(list).filter(|name| !known.contains(&name.value.as_str())) {
        let hint = did_you_mean(&name.value, &known).unwrap_or_else(|| "there are no services here".to_owned());
        check.problem(name.span(), format!("`stop`: there is no service {:?}", name.value), hint);
    }
    let stays = |service: &&Service| service.strategy == Strategy::None;
    let left: Vec<&str> = services.iter().filter(stays).map(|service| service.name.as_str()).collect();
    for name in stops(list).filter(|name| left.contains(&name.value.as_str())) {
        let hint = "give it another `strategy`: the switch starts what was stopped".to_owned();
        check.problem(name.span(), format!("`stop`: no deploy would start {:?} again", name.value), hint);
    }
    let cannot = |service: &&Service| {
        service.kind == ServiceKind::Command && (service.commands.stop.is_none() || service.commands.start.is_none())
    };
    let names: Vec<&str> = services.iter().filter(cannot).map(|service| service.name.as_str()).collect();
    for name in stops(list).filter(|name| names.contains(&name.value.as_str())) {
        let hint = "give the service commands of its own: `stop` and `start`".to_owned();
        check.problem(name.span(), format!("`stop`: nobody knows how {:?} is stopped and started", name.value), hint);
    }
}

/// The services that operations stop, as they are named.
fn stops<'t>(list: &[&'t OperationTable]) -> impl Iterator<Item = &'t At<String>> {
    list.iter().filter_map(|table| table.migrate.as_ref()?.value.stop.as_ref()).flat_map(|stop| &stop.value)
}

/// Where files come on the command's standard input, nothing may stand between.
fn directory(check: &mut Check<'_>, table: &OperationTable, sql: &At<String>) -> Option<String> {
    if let Some(pending) = table.migrate.as_ref().and_then(|migrate| migrate.value.pending.as_ref()) {
        let hint = "relm knows which files are pending; leave `pending` out".to_owned();
        check.problem(pending.span(), "`pending` has no meaning beside `sql`", hint);
    }
    if let Some(becoming) = &table.becoming {
        let hint = "the other user's command would read nothing; let `run` become them".to_owned();
        check.problem(becoming.span(), "`become` cannot stand beside `sql`", hint);
    }
    if let Some(retry) = &table.retry {
        let hint = "half a file must not run twice; leave `retry` out".to_owned();
        check.problem(retry.span(), "`retry` cannot stand beside `sql`", hint);
    }
    check.inside_release("sql", sql)
}
