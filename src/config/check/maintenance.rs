//! The `[maintenance]` table: what is switched, and when.

use super::super::Maintenance;
use super::super::file::{DuringText, MaintenanceTable};
use super::super::placed::At;
use super::{Check, hosts, secrets};

/// Complains about a table that switches nothing, or only one way.
pub(super) fn both_ways(check: &mut Check<'_>, table: &At<MaintenanceTable>) {
    let MaintenanceTable { flag, long_flag, on, off, .. } = &table.value;
    match (on, off) {
        (Some(one), None) => {
            let hint = "what is switched on must be switched off again".to_owned();
            check.problem(one.span(), "`on` has no `off` beside it", hint);
        }
        (None, Some(one)) => check.problem(one.span(), "`off` has no `on` beside it", "write both".to_owned()),
        (None, None) if flag.is_none() && !check.lost("maintenance") => {
            let hint = "write it like this: flag = \"shared/maintenance\"".to_owned();
            let place = long_flag.as_ref().map_or(table.span(), At::span);
            check.problem(place, "[maintenance] has neither `flag` nor `on` and `off`", hint);
        }
        _ => {}
    }
}

pub(super) fn maintenance(check: &mut Check<'_>, table: &MaintenanceTable) -> Option<Maintenance> {
    let targets = hosts::targets(check, table.roles.as_ref(), false);
    let becoming = secrets::user(check, table.becoming.as_ref());
    let mut good = true;
    let mut read = |text: &Option<At<String>>, take: &mut dyn FnMut(&At<String>) -> Option<String>| {
        let taken = text.as_ref().map(take);
        good &= taken != Some(None);
        taken.flatten()
    };
    let flag = read(&table.flag, &mut |text| check.line("flag", text));
    let long_flag = read(&table.long_flag, &mut |text| check.line("long_flag", text));
    let on = read(&table.on, &mut |text| check.command("on", text));
    let off = read(&table.off, &mut |text| check.command("off", text));
    Some(Maintenance {
        targets: targets?,
        flag,
        long_flag,
        on,
        off,
        in_switch: matches!(table.during, Some(DuringText::Switch)),
        keeps: table.keep_on_failure.unwrap_or(false),
        becoming: becoming?,
    })
    .filter(|_| good)
}
