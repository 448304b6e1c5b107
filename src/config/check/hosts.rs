//! The hosts of an environment: names, addresses, roles, and no machine twice.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::super::file::{EnvTable, HostTable, ReleasesToml};
use super::super::placed::At;
use super::{Check, roles, templates, variables};
use crate::fleet::{Address, Fleet, Host, HostName, Role, Targets};

/// Takes an environment's hosts, with what the file and the environment say of all of them.
pub(super) fn fleet(check: &mut Check<'_>, file: &ReleasesToml, name: &At<String>, env: &EnvTable) -> Option<Fleet> {
    if env.hosts.is_empty() && !check.lost(&format!("env.{}", name.value)) {
        let hint = format!("[env.{}.hosts]\nweb1 = {{ address = \"deploy@web1.example.org\" }}", name.value);
        check.problem(name.span(), format!("environment {:?} has no hosts", name.value), hint);
        return None;
    }
    let common = source_files(check, env.source_files.as_ref().or(file.source_files.as_ref()))?;
    let variables = variables::variables(check, env.environment.as_ref(), file.environment.as_ref())?;
    let mut machines: Vec<(Machine, &str)> = Vec::new();
    let mut hosts = Vec::new();
    for (name, table) in &env.hosts {
        let host = host(check, name, &table.value);
        if let (Some(host), Some(address)) = (&host, &table.value.address) {
            let machine = Machine::of(&host.address);
            match machines.iter().find(|(known, _)| *known == machine) {
                None => machines.push((machine, &name.value)),
                Some((_, first)) => {
                    let message = format!("hosts {first:?} and {:?} are the same machine", name.value);
                    let hint =
                        "give one host all the roles; a machine that is two hosts would be switched twice".to_owned();
                    check.problem(address.span(), message, hint);
                }
            }
        }
        hosts.push(host.map(|host| Host {
            source_files: if table.value.source_files.is_some() { host.source_files } else { common.clone() },
            variables: variables.clone(),
            ..host
        }));
    }
    hosts.into_iter().collect::<Option<_>>().map(|hosts| Fleet { hosts })
}

/// What makes two addresses one machine: the user does not matter, and ssh's port is 22.
#[derive(PartialEq)]
enum Machine {
    Ssh(String, u16),
    Local(PathBuf),
}

impl Machine {
    fn of(address: &Address) -> Self {
        match address {
            Address::Ssh { host, port, .. } => Self::Ssh(host.to_lowercase(), port.unwrap_or(22)),
            Address::Local(path) => Self::Local(path.clone()),
        }
    }
}

pub(super) fn host(check: &mut Check<'_>, name: &At<String>, table: &HostTable) -> Option<Host> {
    let known = check.fleet_name(name, HostName::new);
    let roles: Vec<_> = table.roles.iter().flatten().map(|role| check.fleet_name(role, Role::new)).collect();
    if table.address.is_none() && !check.lost(&format!("hosts.{}.address", name.value)) {
        let hint = "write it like this: address = \"deploy@web1.example.org:22\", here or in [hosts]".to_owned();
        check.problem(name.span(), format!("host {:?} has no `address`", name.value), hint);
    }
    let address = address(check, table);
    let source_files = source_files(check, table.source_files.as_ref())?;
    Some(Host {
        name: known?,
        address: address?,
        roles: roles.into_iter().collect::<Option<_>>()?,
        source_files,
        variables: BTreeMap::new(),
    })
}

/// Takes files of a host, in the order in which they are sourced; none if nothing is said of them.
pub(super) fn source_files(check: &mut Check<'_>, files: Option<&At<Vec<At<String>>>>) -> Option<Vec<String>> {
    let files = files.into_iter().flat_map(|files| &files.value);
    let taken = files.map(|file| {
        let path = file.value.strip_suffix('?').unwrap_or(&file.value);
        templates::outside(check, "source_files", &file.with(path.to_owned())).map(|_| file.value.clone())
    });
    let taken: Vec<_> = taken.collect();
    taken.into_iter().collect()
}

fn address(check: &mut Check<'_>, table: &HostTable) -> Option<Address> {
    let user = table.user.as_ref().and_then(|user| login(check, user));
    let port = table.port.as_ref().and_then(|port| port_number(check, port));
    let text = table.address.as_ref()?;
    match Address::parse(&text.value) {
        Ok(Address::Ssh { host, user: user_there, port: port_there }) => {
            let user = once(check, "user", user_there, user, table.user.as_ref());
            let port = once(check, "port", port_there, port, table.port.as_ref());
            Some(Address::Ssh { host, user, port })
        }
        Ok(Address::Local(path)) => {
            needless(check, "user", table.user.as_ref());
            needless(check, "port", table.port.as_ref());
            let path = check.local_path("address", &text.with(path.to_str()?.to_owned()))?;
            if path.parent().is_none() {
                check.problem(
                    text.span(),
                    "this host would be the whole of this machine",
                    "name a directory for it".to_owned(),
                );
                return None;
            }
            Some(Address::Local(path))
        }
        Err(error) => {
            let hint = "[user@]host[:port], [v6]:port, or local:directory".to_owned();
            check.problem(text.span(), error.to_string(), hint);
            None
        }
    }
}

fn login(check: &mut Check<'_>, user: &At<String>) -> Option<String> {
    if Address::parse(&format!("{}@host", user.value)).is_ok() {
        return Some(user.value.clone());
    }
    let hint = "write it as `ssh USER@host` would take it".to_owned();
    check.problem(user.span(), format!("user {:?} is none that ssh would take", user.value), hint);
    None
}

fn port_number(check: &mut Check<'_>, port: &At<i64>) -> Option<u16> {
    if let Some(number) = u16::try_from(port.value).ok().filter(|port| *port > 0) {
        return Some(number);
    }
    check.problem(port.span(), format!("{} is no port", port.value), "a number from 1 to 65535".to_owned());
    None
}

/// Takes what stands in the address or in its own key, but not in both.
fn once<T, V>(check: &mut Check<'_>, key: &str, there: Option<T>, here: Option<T>, place: Option<&At<V>>) -> Option<T> {
    if let (Some(_), Some(place)) = (&there, place) {
        let hint = format!("leave `{key}` out, or take it out of `address`");
        check.problem(place.span(), format!("the {key} stands in `address` already"), hint);
    }
    there.or(here)
}

fn needless<V>(check: &mut Check<'_>, key: &str, value: Option<&At<V>>) {
    if let Some(value) = value {
        check.problem(value.span(), format!("a directory of this machine has no {key}"), format!("leave `{key}` out"));
    }
}

/// Takes the roles an operation or the virtualenv is for.
pub(super) fn targets(check: &mut Check<'_>, roles: Option<&At<Vec<At<String>>>>, once: bool) -> Option<Targets> {
    let Some(roles) = roles else {
        return Some(Targets { once, ..Targets::all() });
    };
    if roles.value.is_empty() && !check.lost.iter().any(|lost| lost.ends_with("roles")) {
        check.problem(roles.span(), "the list names no role", "leave it out to mean every host".to_owned());
    }
    let named: Vec<_> = roles.value.iter().map(|role| roles::selector(check, role)).collect();
    Some(Targets { once, ..Targets::any(named.into_iter().collect::<Option<_>>()?) })
}
