//! Operations that migrate a database.

use super::super::Migration;
use super::super::file::{OperationTable, PhaseText};
use super::super::placed::At;
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
    Some(Migration { pending: pending.flatten(), sql: sql.flatten(), backup: backup.flatten() })
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
