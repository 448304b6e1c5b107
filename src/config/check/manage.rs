//! The `[manage]` table: a command that words are added to, and where it runs.

use super::super::Manage;
use super::super::file::ManageTable;
use super::super::placed::At;
use super::{Check, hosts, secrets};

/// Takes the table of an environment, laid over the file's.
pub(super) fn whole(check: &mut Check<'_>, table: &At<ManageTable>) -> Option<Manage> {
    if table.value.run.is_none() && !check.lost("manage") {
        let hint = "write it like this: run = \"python_env/bin/python manage.py\"".to_owned();
        check.problem(table.span(), "[manage] has no `run`", hint);
    }
    manage(check, &table.value)
}

pub(super) fn manage(check: &mut Check<'_>, table: &ManageTable) -> Option<Manage> {
    let run = table.run.as_ref().and_then(|run| check.line("run", run));
    let targets = hosts::targets(check, table.roles.as_ref(), true);
    let becoming = secrets::user(check, table.becoming.as_ref());
    let secrets = secrets::named(check, table.secrets.as_deref().unwrap_or_default());
    Some(Manage { run: run?.trim().to_owned(), targets: targets?, becoming: becoming?, secrets })
}
