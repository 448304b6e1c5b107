//! Health checks: one sign each, and what belongs to it.

use std::time::Duration;

use super::super::file::{HealthPhaseText, HealthTable, OnFailureText};
use super::super::health::{Health, Sign};
use super::super::placed::At;
use super::service::template;
use super::{Check, hosts, named_twice, operations::time_limit, secrets};
use crate::event::Phase;
use crate::template::Template;

const WITHIN: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_secs(1);
const ATTEMPT: Duration = Duration::from_secs(5);

/// Complains about names that stand twice in one list.
pub(super) fn unique(check: &mut Check<'_>, list: &[HealthTable]) {
    named_twice(check, "health checks", list.iter().map(|table| table.name.as_ref()));
}

pub(super) fn checks(check: &mut Check<'_>, list: &[&HealthTable]) -> Option<Vec<Health>> {
    let read: Vec<_> = list.iter().map(|table| health(check, table)).collect();
    read.into_iter().collect()
}

fn health(check: &mut Check<'_>, table: &HealthTable) -> Option<Health> {
    let name = table.name.as_ref().and_then(|name| check.name("health check name", name));
    let targets = hosts::targets(check, table.roles.as_ref(), table.once.unwrap_or(false));
    let mut time = |text: &Option<At<String>>, usual| text.as_ref().map_or(Some(usual), |text| time_limit(check, text));
    let (within, every, attempt) =
        (time(&table.within, WITHIN), time(&table.every, EVERY), time(&table.timeout, ATTEMPT));
    let sign = sign(check, table);
    let becoming = secrets::user(check, table.becoming.as_ref());
    let failing = on_failure(check, table);
    let of_all = failing != OnFailureText::Leave;
    let phase = match table.phase {
        Some(HealthPhaseText::Finish) if of_all => Phase::AfterFlip,
        Some(HealthPhaseText::Check) => Phase::Check,
        Some(HealthPhaseText::Finish) => Phase::Finish,
        Some(HealthPhaseText::AfterFlip) | None => Phase::AfterFlip,
    };
    Some(Health {
        name: name?,
        phase,
        of_all,
        asks: failing == OnFailureText::Ask,
        targets: targets?,
        sign: sign?,
        within: within?,
        every: every?,
        attempt: attempt?,
        becoming: becoming?,
    })
}

/// What becomes without it of a release that all hosts have switched to.
fn on_failure(check: &mut Check<'_>, table: &HealthTable) -> OnFailureText {
    let Some(on_failure) = &table.on_failure else { return OnFailureText::Leave };
    if !matches!(table.phase, Some(HealthPhaseText::Finish)) {
        let hint = "it is for phase = \"finish\": before, whatever is not well puts all hosts back".to_owned();
        check.problem(on_failure.span(), "`on_failure` has no meaning in this phase", hint);
    }
    on_failure.value
}

fn sign(check: &mut Check<'_>, table: &HealthTable) -> Option<Sign> {
    let given = [("http", &table.http), ("tcp", &table.tcp), ("file", &table.file), ("command", &table.command)];
    let given: Vec<(&str, &At<String>)> =
        given.into_iter().filter_map(|(key, text)| Some((key, text.as_ref()?))).collect();
    let (key, text) = match given.as_slice() {
        [] => {
            let lost = ["http", "tcp", "file", "command"].iter().any(|key| check.lost(&format!("health.{key}")));
            if let Some(name) = table.name.as_ref().filter(|_| !lost) {
                let hint = "write it like this: http = \"http://127.0.0.1:8000/healthz\"".to_owned();
                let message = format!("health check {:?} has none of `http`, `tcp`, `file` and `command`", name.value);
                check.problem(name.span(), message, hint);
            }
            return None;
        }
        [one] => *one,
        [_, (key, text), ..] => {
            let hint = "each looks for one sign; write two".to_owned();
            check.problem(text.span(), format!("`{key}` stands beside `{}`", given[0].0), hint);
            return None;
        }
    };
    beside(check, table, key);
    match key {
        "http" => http(check, table, text),
        "tcp" => Some(Sign::Tcp(place(check, text)?)),
        "file" => {
            let path = check.line("file", text)?;
            Some(Sign::File(template(check, text.span(), "file", &path)?))
        }
        _ => Some(Sign::Command(check.command("command", text)?)),
    }
}

/// Complains about what only goes with `http`.
fn beside(check: &mut Check<'_>, table: &HealthTable, key: &str) {
    let mut needless = |name: &str, place: Option<std::ops::Range<usize>>| {
        if let Some(place) = place.filter(|_| key != "http") {
            let hint = format!("leave `{name}` out");
            check.problem(place, format!("`{name}` has no meaning beside `{key}`"), hint);
        }
    };
    needless("expect", table.expect.as_ref().map(At::span));
    needless("contains", table.contains.as_ref().map(At::span));
    needless("headers", table.headers.as_ref().and_then(|headers| Some(headers.first()?.span())));
}

fn http(check: &mut Check<'_>, table: &HealthTable, text: &At<String>) -> Option<Sign> {
    let url = check.line("http", text)?;
    if !url.starts_with("http://") && !url.starts_with("https://")
        || url.contains(char::is_whitespace) && !url.contains("{{")
    {
        let hint = "such as \"http://127.0.0.1:8000/healthz\"".to_owned();
        check.problem(text.span(), format!("{url:?} is no address for http"), hint);
        return None;
    }
    let expect = table.expect.as_ref().map_or(Some(200), |expect| {
        let status = u16::try_from(expect.value).ok().filter(|status| (100..600).contains(status));
        if status.is_none() {
            let hint = "a status such as 200 or 302".to_owned();
            check.problem(expect.span(), format!("`expect` cannot be {}", expect.value), hint);
        }
        status
    });
    let headers: Vec<_> = table.headers.iter().flatten().map(|header| check.line("headers", header)).collect();
    let contains = match &table.contains {
        None => None,
        Some(text) => {
            let line = check.line("contains", text)?;
            Some(template(check, text.span(), "contains", &line)?)
        }
    };
    Some(Sign::Http {
        url: template(check, text.span(), "http", &url)?,
        expect: expect?,
        contains,
        headers: headers.into_iter().collect::<Option<_>>()?,
    })
}

/// A host and a port.
fn place(check: &mut Check<'_>, text: &At<String>) -> Option<Template> {
    let line = check.line("tcp", text)?;
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    if line.rsplit_once(':').is_none_or(|(host, port)| host.is_empty() || !is_port(port)) {
        let hint = "such as \"127.0.0.1:8000\"".to_owned();
        check.problem(text.span(), format!("{line:?} is no host with a port"), hint);
        return None;
    }
    template(check, text.span(), "tcp", &line)
}
