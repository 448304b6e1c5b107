//! What tables of the file take over from others: environments from the one they inherit, hosts from those of the same name.

use super::super::file::{EnvTable, HostTable, ReleasesToml};
use super::super::placed::At;
use super::super::suggest::did_you_mean;
use super::Check;

/// The file with everything in its place. An environment without hosts that another one inherits is none to deploy to, and
/// is left out.
pub(super) fn resolved(check: &mut Check<'_>, file: &ReleasesToml) -> ReleasesToml {
    let mut whole = file.clone();
    for (name, env) in &mut whole.env {
        *env = inherited(check, file, name, env);
        for (name, host) in &mut env.hosts {
            *host = named(file, name, host);
        }
    }
    let heirs = || file.env.values().filter_map(|env| env.inherits.as_ref());
    whole.env.retain(|name, env| !env.hosts.is_empty() || !heirs().any(|base| base.value == name.value));
    whole
}

/// An environment's tables laid over those it inherits, and these over those that are inherited there.
fn inherited(check: &mut Check<'_>, file: &ReleasesToml, name: &At<String>, own: &EnvTable) -> EnvTable {
    let (mut whole, mut names) = (own.clone(), vec![name.value.as_str()]);
    let mut next = own.inherits.as_ref();
    while let Some(wanted) = next {
        if names.contains(&wanted.value.as_str()) {
            let way = format!("{} → {}", names.join(" → "), wanted.value);
            check.problem(wanted.span(), format!("environments inherit each other: {way}"), leave_out());
            break;
        }
        let Some((base, table)) = file.env.iter().find(|(other, _)| other.value == wanted.value) else {
            if !check.envs_lost() {
                let known: Vec<_> =
                    file.env.keys().map(|env| env.value.as_str()).filter(|env| !names.contains(env)).collect();
                let message = format!("there is no environment {:?} to inherit", wanted.value);
                check.problem(wanted.span(), message, did_you_mean(&wanted.value, &known).unwrap_or_else(leave_out));
            }
            break;
        };
        names.push(&base.value);
        next = table.inherits.as_ref();
        whole = whole.over(table.clone());
    }
    whole
}

fn leave_out() -> String {
    "leave `inherits` out; the tables above all environments are for each of them anyway".to_owned()
}

/// A host laid over the one of the same name in `[hosts]`.
fn named(file: &ReleasesToml, name: &At<String>, own: &At<HostTable>) -> At<HostTable> {
    let Some((_, base)) = file.hosts.iter().find(|(known, _)| known.value == name.value) else { return own.clone() };
    let (own_table, base) = (own.value.clone(), base.value.clone());
    // Login and port belong to the address they stand beside.
    let base = if own_table.address.is_some() { HostTable { user: None, port: None, ..base } } else { base };
    own.with(HostTable {
        address: own_table.address.or(base.address),
        user: own_table.user.or(base.user),
        port: own_table.port.or(base.port),
        roles: own_table.roles.or(base.roles),
        source_files: own_table.source_files.or(base.source_files),
    })
}
