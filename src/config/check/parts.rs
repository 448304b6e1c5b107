//! Groups of a service's own programs: patterns that mean the same to any host's `sh`, where the kind knows programs one by one.

use super::super::ServicePart;
use super::super::file::{PatternsText, ServiceKindText, ServiceTable};
use super::super::placed::At;
use super::Check;

/// Takes the groups of one service.
pub(super) fn parts(check: &mut Check<'_>, table: &ServiceTable) -> Option<Vec<ServicePart>> {
    let read: Vec<_> = table.groups.iter().flatten().map(|(name, text)| part(check, table, name, text)).collect();
    read.into_iter().collect()
}

fn part(
    check: &mut Check<'_>,
    table: &ServiceTable,
    name: &At<String>,
    text: &At<PatternsText>,
) -> Option<ServicePart> {
    let called = check.name("group", name)?;
    let whole = [&table.name, &table.group].into_iter().flatten().find(|word| word.value == called);
    if whole.is_some() {
        let hint = "give this one another name: by that word all of it is meant".to_owned();
        check.problem(name.span(), format!("{called:?} is a name of the whole service too"), hint);
    }
    fits(check, table, name);
    let patterns = match &text.value {
        PatternsText::One(pattern) => vec![pattern],
        PatternsText::Several(patterns) => patterns.iter().collect(),
    };
    if patterns.is_empty() {
        check.problem(text.span(), format!("the group {called:?} is empty"), "such as \"*-celery*\"".to_owned());
    }
    let wrong = patterns.iter().find(|pattern| !is_pattern(pattern));
    if let Some(wrong) = wrong {
        let hint =
            "a name, where * stands for any signs and ? for one; list several: [\"shop-a\", \"shop-b*\"]".to_owned();
        check.problem(text.span(), format!("{wrong:?} is no pattern of names"), hint);
    }
    let is_right = whole.is_none() && wrong.is_none() && !patterns.is_empty();
    is_right.then(|| ServicePart { name: called, patterns: patterns.into_iter().cloned().collect() })
}

/// What shells take for a class, or quote with, is not the same in all of them.
fn is_pattern(text: &str) -> bool {
    let is_plain = |sign: char| sign.is_ascii_graphic() && !"[]\\\"'`$".contains(sign);
    !text.is_empty() && text.chars().all(is_plain)
}

/// Complains about a service of which nothing but the whole can be turned.
fn fits(check: &mut Check<'_>, table: &ServiceTable, name: &At<String>) {
    let Some(kind) = &table.kind else { return };
    let own = [
        ("start", &table.start),
        ("stop", &table.stop),
        ("restart", &table.restart),
        ("reload", &table.reload),
        ("status", &table.status),
        ("pids", &table.pids),
    ];
    let own = own.iter().find_map(|(key, text)| text.as_ref().map(|_| *key));
    let programs = table.programs.as_ref().map_or(0, |programs| programs.value.len());
    let (why, hint) = match kind.value {
        ServiceKindText::Command => (
            "this kind knows no programs".to_owned(),
            "make a [[service]] of each group, with a `group` that they share".to_owned(),
        ),
        _ if own.is_some() => {
            let key = own.unwrap_or_default();
            (
                format!("`{key}` is for all of the service"),
                format!("leave `{key}` out, or make a [[service]] of each group"),
            )
        }
        ServiceKindText::Systemd | ServiceKindText::Daemontools if programs < 2 => {
            ("it has one program".to_owned(), "name them: programs = [\"shop-celery\", \"shop-beat\"]".to_owned())
        }
        _ => return,
    };
    check.problem(name.span(), format!("the service cannot be turned by groups: {why}"), hint);
}
