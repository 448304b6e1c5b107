//! Who is told of deploys: one way each, addresses that are addresses.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::file::{NotifyTable, OccasionText, ValueText};
use super::super::merge;
use super::super::placed::At;
use super::super::{Notifier, NotifyBy, Occasion, Value};
use super::operations::time_limit;
use super::{Check, secrets};

/// Where nothing is said: longer than a healthy service needs, and no deploy ends much later for it.
const PATIENCE: Duration = Duration::from_secs(10);

const WAYS: &str = "exactly one of url = \"https://…\", command = \"…\" and mail = [\"…\"]";

/// Complains about names that stand twice in one list.
pub(super) fn unique(check: &mut Check<'_>, list: &[NotifyTable]) {
    for (position, table) in list.iter().enumerate() {
        let Some(name) = &table.name else { continue };
        if list[..position].iter().filter_map(|other| other.name.as_ref()).any(|other| other.value == name.value) {
            let hint = "each needs a name of its own; notes go by it".to_owned();
            check.problem(name.span(), format!("there are two [[notify]] {:?}", name.value), hint);
        }
    }
}

/// An environment's notifiers in the place of those with the same name, and the others behind.
pub(super) fn notifiers(check: &mut Check<'_>, own: &[NotifyTable], base: &[NotifyTable]) -> Option<Vec<Notifier>> {
    let read: Vec<_> = merge::named(own, base).into_iter().map(|table| notifier(check, table)).collect();
    read.into_iter().collect()
}

fn notifier(check: &mut Check<'_>, table: &NotifyTable) -> Option<Notifier> {
    let name = table.name.as_ref()?;
    let way = way(check, name, table);
    let time_limit = table.timeout.as_ref().map_or(Some(PATIENCE), |timeout| time_limit(check, timeout));
    let all = [OccasionText::Start, OccasionText::Success, OccasionText::Failure, OccasionText::Paused]
        .into_iter()
        .chain([OccasionText::Rollback]);
    let on: BTreeSet<_> = match &table.on {
        Some(on) => on.iter().copied().map(occasion).collect(),
        None => all.map(occasion).collect(),
    };
    Some(Notifier { name: check.name("notify name", name)?, way: way?, on, time_limit: time_limit? })
}

fn occasion(text: OccasionText) -> Occasion {
    match text {
        OccasionText::Start => Occasion::Start,
        OccasionText::Success => Occasion::Success,
        OccasionText::Failure => Occasion::Failure,
        OccasionText::Paused => Occasion::Paused,
        OccasionText::Rollback => Occasion::Rollback,
    }
}

fn way(check: &mut Check<'_>, name: &At<String>, table: &NotifyTable) -> Option<NotifyBy> {
    let said = [table.url.is_some(), table.command.is_some(), table.mail.is_some()];
    if said.iter().filter(|said| **said).count() != 1 {
        if !check.lost.iter().any(|lost| lost.contains("notify")) {
            let message = format!("nothing, or more than one thing, says how {:?} is told", name.value);
            check.problem(name.span(), message, format!("write {WAYS}"));
        }
        return None;
    }
    alone(check, "headers", "url", table.headers.as_ref().and_then(|headers| headers.keys().next()), said[0]);
    alone(check, "secrets", "command", table.secrets.as_ref(), said[1]);
    alone(check, "sendmail", "mail", table.sendmail.as_ref(), said[2]);
    if let Some(url) = &table.url {
        let headers: Vec<_> = table.headers.iter().flatten().map(|(name, value)| header(check, name, value)).collect();
        return Some(NotifyBy::Webhook {
            url: address(check, url)?,
            headers: headers.into_iter().collect::<Option<_>>()?,
        });
    }
    if let Some(command) = &table.command {
        let secrets = table.secrets.as_ref().map(|names| secrets::named(check, &names.value)).unwrap_or_default();
        return Some(NotifyBy::Command { command: check.command("command", command)?, secrets });
    }
    let mail = table.mail.as_ref()?;
    if mail.value.is_empty() && !check.lost.iter().any(|lost| lost.ends_with("mail")) {
        check.problem(mail.span(), "`mail` names nobody", "write mail = [\"ops@example.org\"]".to_owned());
    }
    let to: Vec<_> = mail.value.iter().map(|address| mailbox(check, address)).collect();
    let sendmail = match &table.sendmail {
        Some(program) => check.line("sendmail", program)?,
        None => "/usr/sbin/sendmail".to_owned(),
    };
    Some(NotifyBy::Mail { to: to.into_iter().collect::<Option<_>>()?, sendmail })
}

/// Complains about a key that only goes with another.
fn alone<T>(check: &mut Check<'_>, key: &str, with: &str, place: Option<&At<T>>, is_there: bool) {
    if let Some(place) = place.filter(|_| !is_there) {
        let hint = format!("leave it out, or write `{with}`");
        check.problem(place.span(), format!("`{key}` goes with `{with}` only"), hint);
    }
}

fn value(check: &mut Check<'_>, key: &str, text: &At<ValueText>) -> Option<Value> {
    match &text.value {
        ValueText::Plain(plain) => Some(Value { plain: check.line(key, &text.with(plain.clone()))?, secret: None }),
        ValueText::Secret(value) => {
            let plain = value.before.clone().unwrap_or_default();
            let secret = secrets::named(check, &[text.with(value.secret.clone()?)]).pop()?;
            check.no_control(key, &text.with(plain.clone())).then_some(Value { plain, secret: Some(secret) })
        }
    }
}

fn address(check: &mut Check<'_>, text: &At<ValueText>) -> Option<Value> {
    let value = value(check, "url", text)?;
    let rest = value.plain.strip_prefix("https://").or_else(|| value.plain.strip_prefix("http://"));
    let is_address = rest.is_some_and(|rest| !rest.starts_with(['/', ':']) && !rest.contains(char::is_whitespace));
    if value.secret.is_none() && !is_address
        || rest.is_some_and(|rest| rest.split('/').next().unwrap_or(rest).contains('@'))
    {
        let hint =
            "such as \"https://hooks.example.org/deploys\"; { secret = \"NAME\" } if nobody may see it".to_owned();
        check.problem(text.span(), "`url` is no address of a webhook", hint);
        return None;
    }
    Some(value)
}

fn header(check: &mut Check<'_>, name: &At<String>, text: &At<ValueText>) -> Option<(String, Value)> {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.value.is_empty() || !name.value.chars().all(is_token) {
        let hint = "letters, digits and '-', such as \"Authorization\"".to_owned();
        check.problem(name.span(), format!("{:?} is no name of a header", name.value), hint);
    }
    Some((name.value.clone(), value(check, "headers", text)?))
}

fn mailbox(check: &mut Check<'_>, text: &At<String>) -> Option<String> {
    let address = check.line("mail", text)?;
    let (name, host) = address.rsplit_once('@').unwrap_or_default();
    let is_odd = |c: char| c.is_whitespace() || !c.is_ascii() || "<>,;:\"()[]\\".contains(c);
    if name.is_empty() || host.is_empty() || name.starts_with('-') || address.contains(is_odd) {
        let hint = "an address alone, such as \"ops@example.org\"".to_owned();
        check.problem(text.span(), format!("{address:?} is no address to write to"), hint);
        return None;
    }
    Some(address)
}
