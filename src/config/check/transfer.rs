//! What is taken from one host to others: a host that is one, and a path that is the same on all of them.

use std::collections::BTreeSet;

use super::super::file::{OperationTable, TransferTable};
use super::super::placed::At;
use super::super::suggest::did_you_mean;
use super::super::{AppOperation, Transfer};
use super::operations::operation_name;
use super::publish::overlap;
use super::{Check, hosts, named_twice, roles};
use crate::event::Phase;
use crate::fleet::{EnvName, Fleet, Host, HostName, Selector, Targets};

/// Complains about names that stand twice, among operations too: steps go by them.
pub(super) fn unique(check: &mut Check<'_>, list: &[TransferTable], operations: &[OperationTable]) {
    named_twice(check, "transfers", list.iter().map(|table| table.name.as_ref()));
    for name in list.iter().filter_map(|table| table.name.as_ref()) {
        if operations.iter().any(|other| other.name.as_ref().is_some_and(|other| other.value == name.value)) {
            let hint = "each step needs a name of its own; resume goes by it".to_owned();
            check.problem(name.span(), format!("there are an operation and a transfer {:?}", name.value), hint);
        }
    }
}

/// Where transfers are checked.
#[derive(Clone, Copy)]
pub(super) struct There<'a> {
    pub(super) env: &'a EnvName,
    pub(super) fleet: &'a Fleet,
    /// Unknown if one of them is wrong.
    pub(super) operations: Option<&'a [AppOperation]>,
}

/// Takes the transfers of one environment that concern anybody there; or looks at those of the file, which has no hosts.
pub(super) fn transfers(
    check: &mut Check<'_>,
    list: &[&TransferTable],
    there: Option<There<'_>>,
) -> Option<Vec<Transfer>> {
    let read: Vec<_> = list.iter().map(|table| transfer(check, table, there)).collect();
    read.into_iter().collect::<Option<Vec<_>>>().map(|all| all.into_iter().flatten().collect())
}

#[expect(clippy::option_option, reason = "a wrong one and one that concerns nobody are not the same")]
fn transfer(check: &mut Check<'_>, table: &TransferTable, there: Option<There<'_>>) -> Option<Option<Transfer>> {
    let name = table.name.as_ref().and_then(|name| operation_name(check, name));
    let path = table.path.as_ref().and_then(|path| check.inside_release("path", path));
    let from = table.from.as_ref().and_then(|from| roles::selector(check, from));
    let to = hosts::targets(check, table.to.as_ref(), false);
    let Some(there) = there else { return Some(None) };
    let after = match (&table.after, there.operations) {
        (Some(after), Some(operations)) => comes_after(check, after, operations).map(Some),
        _ => Some(None),
    };
    let between = between(check, table.from.as_ref()?, &from?, &to?, there);
    let (name, path, after) = (name?, path?, after?);
    Some(between?.map(|(from, targets)| Transfer { name, path, from, targets, after }))
}

fn comes_after(check: &mut Check<'_>, after: &At<String>, operations: &[AppOperation]) -> Option<String> {
    let found = operations.iter().find(|operation| operation.name == after.value);
    if found.is_some_and(|operation| operation.phase == Phase::Prepare) {
        return Some(after.value.clone());
    }
    if found.is_some() {
        let hint = "a transfer is part of `prepare`; name an operation of that phase, or leave `after` out".to_owned();
        check.problem(after.span(), format!("`after`: {:?} is of another phase than `prepare`", after.value), hint);
        return None;
    }
    let known: Vec<&str> = operations.iter().map(|operation| operation.name.as_str()).collect();
    let hint = did_you_mean(&after.value, &known).unwrap_or_else(|| "there are no operations here".to_owned());
    check.problem(after.span(), format!("`after`: there is no operation {:?}", after.value), hint);
    None
}

/// The host it is taken from and those it is taken to; nothing within if nobody has to do with it.
#[expect(clippy::option_option, reason = "as above")]
fn between(
    check: &mut Check<'_>,
    place: &At<String>,
    from: &Selector,
    to: &Targets,
    there: There<'_>,
) -> Option<Option<(HostName, Targets)>> {
    let picked: Vec<&Host> = there.fleet.hosts.iter().filter(|host| from.picks(host)).collect();
    let is_other = |host: &&&Host| picked.iter().all(|one| one.name != host.name);
    let wanted = there.fleet.select(to);
    let others: BTreeSet<HostName> = wanted.iter().filter(is_other).map(|host| host.name.clone()).collect();
    let names = |hosts: &mut dyn Iterator<Item = &HostName>| hosts.map(HostName::as_str).collect::<Vec<_>>().join(", ");
    match picked.as_slice() {
        [_] | [] if others.is_empty() => Some(None),
        [one] => {
            let text = to.roles.iter().flatten().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let others =
                Selector::Hosts { text: if text.is_empty() { "others".to_owned() } else { text }, hosts: others };
            Some(Some((one.name.clone(), Targets::any(vec![others]))))
        }
        [] => {
            let hint = format!("give a host the role, or [[env.{}.transfer]] another `from`", there.env);
            let message = format!(
                "`from`: {:?} comes to no host of {}, and {} would get it",
                place.value,
                there.env,
                names(&mut others.iter())
            );
            check.problem(place.span(), message, hint);
            None
        }
        several => {
            let message = format!(
                "`from`: {:?} comes to {} hosts of {}: {}",
                place.value,
                several.len(),
                there.env,
                names(&mut several.iter().map(|host| &host.name))
            );
            let first = several[0].roles.iter().next().map_or("web", |role| role.as_str());
            check.problem(place.span(), message, format!("name one, such as \"{first}[0]\""));
            None
        }
    }
}

/// Complains about paths at which each host has something of its own.
pub(super) fn elsewhere(check: &mut Check<'_>, list: &[&TransferTable], others: &[&str]) {
    for path in list.iter().filter_map(|table| table.path.as_ref()) {
        if let Some(other) = others.iter().find(|other| overlap(other, &path.value)) {
            let hint = "transfer what is the same on all hosts: a path beside it".to_owned();
            check.problem(path.span(), format!("`path`: {other:?} is for relm to put on each host by itself"), hint);
        }
    }
}
