//! `[[busy]]`: which keys go with which kind, and what stands in them.

use std::time::Duration;

use super::super::busy::{Busy, BusyKind, CommandIsBusy, Moment, OnBusy};
use super::super::file::{BusyKindText, BusyTable, OnBusyText, OperationTable, ServiceTable, TmuxUsersText};
use super::super::placed::At;
use super::super::suggest::did_you_mean;
use super::operations::time_limit;
use super::wait::growth;
use super::{Check, hosts, pattern, secrets};

/// One look.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The first pause of a wait.
const EVERY: Duration = Duration::from_secs(5);
/// A statement that is younger is soon over.
const LONGER_THAN: Duration = Duration::from_secs(300);

/// Complains about names that stand twice in one list.
pub(super) fn unique(check: &mut Check<'_>, list: &[BusyTable]) {
    for (position, busy) in list.iter().enumerate() {
        let Some(name) = &busy.name else { continue };
        let mut before = list[..position].iter().filter_map(|other| other.name.as_ref());
        if before.any(|other| other.value == name.value) {
            let hint = "each needs a name of its own; `--consent` goes by it".to_owned();
            check.problem(name.span(), format!("there are two [[busy]] {:?}", name.value), hint);
        }
    }
}

/// The names of what an environment runs and what may therefore be looked at first: operations, and turns of services. All
/// that is needed of them is the names, so these are known unless one was lost.
pub(super) fn run(
    check: &Check<'_>,
    operations: &[&OperationTable],
    services: &[&ServiceTable],
) -> Option<Vec<String>> {
    let lost = ["operations", "operations.name", "service", "service.name"];
    let is_one = |path: &String| lost.iter().any(|lost| path == lost || path.ends_with(&format!(".{lost}")));
    if check.lost.iter().any(is_one) {
        return None;
    }
    let turns = services
        .iter()
        .filter_map(|service| service.name.as_ref())
        .flat_map(|service| ["restart", "reload", "stop", "start"].map(|turn| format!("{turn}:{}", service.value)));
    let operations = operations.iter().filter_map(|operation| operation.name.as_ref());
    Some(operations.map(|name| name.value.clone()).chain(turns).collect())
}

/// `operations` are those of the environment, where they are known.
pub(super) fn busy(check: &mut Check<'_>, list: &[&BusyTable], operations: Option<&[String]>) -> Option<Vec<Busy>> {
    let read: Vec<_> = list.iter().map(|table| one(check, table, operations)).collect();
    read.into_iter().collect()
}

fn one(check: &mut Check<'_>, table: &BusyTable, operations: Option<&[String]>) -> Option<Busy> {
    let name = table.name.as_ref().and_then(|name| check.name("busy name", name));
    let targets = hosts::targets(check, table.roles.as_ref(), table.once.unwrap_or(false));
    let time_limit = duration(check, table.timeout.as_ref(), TIMEOUT);
    let ask = table.ask.as_ref().and_then(|ask| check.line("ask", ask));
    if let Some(only_if) = &table.only_if {
        known(check, "only_if", only_if, operations);
    }
    let when = when(check, table, operations);
    let on_busy = on_busy(check, table);
    foreign(check, table);
    let becoming = secrets::user(check, table.becoming.as_ref());
    let kind = kind(check, table);
    let only_if = table.only_if.as_ref().map(|name| name.value.clone());
    let (time_limit, on_busy, when) = (time_limit?, on_busy?, when?);
    let (targets, becoming) = (targets?, becoming?);
    Some(Busy { name: name?, kind: kind?, targets, when, only_if, ask, on_busy, time_limit, becoming })
}

fn duration(check: &mut Check<'_>, text: Option<&At<String>>, otherwise: Duration) -> Option<Duration> {
    text.map_or(Some(otherwise), |text| time_limit(check, text))
}

/// Complains about an operation that the environment does not have.
fn known(check: &mut Check<'_>, key: &str, name: &At<String>, operations: Option<&[String]>) {
    let Some(operations) = operations else { return };
    let known: Vec<&str> = operations.iter().map(String::as_str).collect();
    if !known.contains(&name.value.as_str()) {
        let hint = did_you_mean(&name.value, &known);
        let hint = hint.unwrap_or_else(|| "name one of [[operations]]".to_owned());
        check.problem(name.span(), format!("`{key}`: there is no operation {:?}", name.value), hint);
    }
}

fn when(check: &mut Check<'_>, table: &BusyTable, operations: Option<&[String]>) -> Option<Vec<Moment>> {
    let Some(list) = &table.when else { return Some(vec![Moment::Start]) };
    if list.value.is_empty() {
        check.problem(list.span(), "`when` names no moment", "leave `when` out to look at the start".to_owned());
    }
    let moment = |text: &At<String>| match text.value.split_once(':') {
        None if text.value == "start" => Some(Moment::Start),
        Some(("before", name)) => {
            known(check, "when", &text.with(name.to_owned()), operations);
            Some(Moment::Before(name.to_owned()))
        }
        _ => {
            let hint = "\"start\", or \"before:\" and the name of an operation".to_owned();
            check.problem(text.span(), format!("`when` cannot be {:?}", text.value), hint);
            None
        }
    };
    let moments: Vec<_> = list.value.iter().map(moment).collect();
    moments.into_iter().collect()
}

fn on_busy(check: &mut Check<'_>, table: &BusyTable) -> Option<OnBusy> {
    let word = table.on_busy.unwrap_or(OnBusyText::Confirm);
    if word == OnBusyText::Wait {
        let every = duration(check, table.every.as_ref(), EVERY);
        let factor = table.factor.as_ref().map_or(Some(2), |factor| growth(check, factor));
        let Some(max) = &table.max else {
            if let Some(name) = &table.name {
                let hint = "say how long, such as max = \"30m\"".to_owned();
                check.problem(name.span(), format!("{:?} waits and has no `max`", name.value), hint);
            }
            return None;
        };
        return Some(OnBusy::Wait { every: every?, factor: factor?, max: time_limit(check, max)? });
    }
    let spans = [
        ("every", table.every.as_ref().map(At::span)),
        ("factor", table.factor.as_ref().map(At::span)),
        ("max", table.max.as_ref().map(At::span)),
    ];
    for (key, span) in spans.into_iter().filter_map(|(key, span)| Some((key, span?))) {
        let hint = format!("leave `{key}` out, or write on_busy = \"wait\"");
        check.problem(span, format!("`{key}` has no meaning where nothing waits"), hint);
    }
    Some(match word {
        OnBusyText::Block => OnBusy::Block,
        OnBusyText::Warn => OnBusy::Warn,
        OnBusyText::Confirm | OnBusyText::Wait => OnBusy::Confirm,
    })
}

/// Complains about keys of other kinds.
fn foreign(check: &mut Check<'_>, table: &BusyTable) {
    use BusyKindText::{Command, HttpJson, PgActivity, Process, Scrapyd, Tmux};
    type Key<'k> = (&'static str, Option<std::ops::Range<usize>>, &'k [BusyKindText]);
    let keys: [Key<'_>; 12] = [
        ("url", table.url.as_ref().map(At::span), &[Scrapyd, HttpJson]),
        ("path", table.path.as_ref().map(At::span), &[HttpJson]),
        ("busy_if", table.busy_if.as_ref().map(At::span), &[HttpJson, Command]),
        ("users", table.users.as_ref().map(At::span), &[Tmux]),
        ("names", table.names.as_ref().map(At::span), &[Tmux]),
        ("longer_than", table.longer_than.as_ref().map(At::span), &[PgActivity]),
        ("owner", table.owner.as_ref().map(At::span), &[PgActivity]),
        ("application", table.application.as_ref().map(At::span), &[PgActivity]),
        ("psql", table.psql.as_ref().map(At::span), &[PgActivity]),
        ("pattern", table.pattern.as_ref().map(At::span), &[Process]),
        ("user", table.user.as_ref().map(At::span), &[Process]),
        ("run", table.run.as_ref().map(At::span), &[Command]),
    ];
    let Some(kind) = &table.kind else { return };
    for (key, span, kinds) in keys {
        if let Some(span) = span.filter(|_| !kinds.contains(&kind.value)) {
            let hint = format!("leave `{key}` out, or take another kind");
            check.problem(span, format!("`{key}` has no meaning for this kind"), hint);
        }
    }
}

fn kind(check: &mut Check<'_>, table: &BusyTable) -> Option<BusyKind> {
    let kind = table.kind.as_ref()?;
    Some(match kind.value {
        BusyKindText::Scrapyd => BusyKind::Scrapyd {
            url: match &table.url {
                Some(url) => address(check, url)?,
                None => "http://localhost:6800".to_owned(),
            },
        },
        BusyKindText::Tmux => BusyKind::Tmux {
            all: table.users.as_ref().is_some_and(|users| users.value == TmuxUsersText::All),
            names: table.names.iter().flat_map(|names| &names.value).map(|name| name.value.clone()).collect(),
        },
        BusyKindText::PgActivity => BusyKind::PgActivity {
            psql: table.psql.as_ref().map_or(Some("psql".to_owned()), |psql| check.command("psql", psql))?,
            longer_than: match &table.longer_than {
                Some(text) if text.value == "0s" => Duration::ZERO,
                text => duration(check, text.as_ref(), LONGER_THAN)?,
            },
            owner: optional(check, "owner", table.owner.as_ref())?,
            application: optional(check, "application", table.application.as_ref())?,
        },
        BusyKindText::Process => BusyKind::Process {
            pattern: expression(check, kind, table.pattern.as_ref())?,
            user: optional(check, "user", table.user.as_ref())?,
        },
        BusyKindText::HttpJson => BusyKind::HttpJson {
            url: table.url.as_ref().or_else(|| missing(check, kind, "url")).and_then(|url| address(check, url))?,
            path: needed(check, kind, "path", table.path.as_ref())?,
            busy_if: comparison(check, kind, table.busy_if.as_ref())?,
        },
        BusyKindText::Command => BusyKind::Command {
            run: table
                .run
                .as_ref()
                .or_else(|| missing(check, kind, "run"))
                .and_then(|run| check.command("run", run))?,
            busy_if: command_is_busy(check, table.busy_if.as_ref())?,
        },
    })
}

/// A regular expression for the host's `grep -E`.
fn expression(check: &mut Check<'_>, kind: &At<BusyKindText>, text: Option<&At<String>>) -> Option<String> {
    let pattern = needed(check, kind, "pattern", text)?;
    if let (Some(fault), Some(text)) = (pattern::fault(&pattern), text) {
        check.problem(text.span(), format!("`pattern` {}", fault.what), fault.hint);
        return None;
    }
    Some(pattern)
}

fn missing<'t>(check: &mut Check<'_>, kind: &At<BusyKindText>, key: &str) -> Option<&'t At<String>> {
    if !check.lost.iter().any(|lost| lost.ends_with(&format!("busy.{key}"))) {
        check.problem(kind.span(), format!("this kind needs `{key}`"), format!("add {key} = \"…\""));
    }
    None
}

fn needed(check: &mut Check<'_>, kind: &At<BusyKindText>, key: &str, text: Option<&At<String>>) -> Option<String> {
    let text = text.or_else(|| missing(check, kind, key))?;
    check.line(key, text)
}

/// Nothing beside a problem.
#[expect(clippy::option_option, reason = "left out, and wrong")]
fn optional(check: &mut Check<'_>, key: &str, text: Option<&At<String>>) -> Option<Option<String>> {
    match text {
        None => Some(None),
        Some(text) => check.line(key, text).map(Some),
    }
}

/// An address the host fetches from; who signs in there is the business of its `~/.netrc`.
fn address(check: &mut Check<'_>, url: &At<String>) -> Option<String> {
    let text = check.line("url", url)?;
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let Some(rest) = rest.filter(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace)) else {
        let hint = "such as \"http://localhost:6800\"".to_owned();
        check.problem(url.span(), format!("{text:?} is no address of a web server"), hint);
        return None;
    };
    if rest.split('/').next().is_some_and(|server| server.contains('@')) {
        let hint = "put them into ~/.netrc on the host, where no list of processes shows them".to_owned();
        check.problem(url.span(), "`url` has a user or a password in it", hint);
        return None;
    }
    Some(text.trim_end_matches('/').to_owned())
}

fn comparison(check: &mut Check<'_>, kind: &At<BusyKindText>, text: Option<&At<String>>) -> Option<String> {
    let text = text.or_else(|| missing(check, kind, "busy_if"))?;
    let value = text.value.trim().trim_start_matches(['=', '!', '<', '>']);
    let word = text.value.trim().strip_suffix(value).unwrap_or_default();
    if !["==", "!=", ">=", "<=", ">", "<"].contains(&word) || value.trim().is_empty() {
        let hint = "one of ==, !=, >, >=, < and <=, and a value: \"> 0\"".to_owned();
        check.problem(text.span(), format!("{:?} is no comparison", text.value), hint);
        return None;
    }
    Some(text.value.clone())
}

fn command_is_busy(check: &mut Check<'_>, text: Option<&At<String>>) -> Option<CommandIsBusy> {
    Some(match text.map(|text| text.value.as_str()) {
        None | Some("fails") => CommandIsBusy::Fails,
        Some("succeeds") => CommandIsBusy::Succeeds,
        Some("prints") => CommandIsBusy::Prints,
        Some(_) => {
            let hint = "\"fails\", \"succeeds\" or \"prints\"".to_owned();
            let text = text.expect("it was matched");
            check.problem(text.span(), format!("`busy_if` cannot be {:?} for a command", text.value), hint);
            return None;
        }
    })
}
