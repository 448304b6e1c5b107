//! `promote_from`: where code comes to an environment from.

use super::super::file::{EnvTable, ReleasesToml};
use super::super::placed::At;
use super::super::suggest::did_you_mean;
use super::Check;
use crate::fleet::EnvName;

/// Takes the other environment; one that is not there, and one that waits for itself, are none.
pub(super) fn promote_from(
    check: &mut Check<'_>,
    file: &ReleasesToml,
    name: &At<String>,
    env: &EnvTable,
) -> Option<EnvName> {
    let wanted = env.promote_from.as_ref()?;
    let known: Vec<&str> = file.env.keys().map(|env| env.value.as_str()).filter(|known| *known != name.value).collect();
    if known.contains(&wanted.value.as_str()) {
        return EnvName::new(&wanted.value).ok();
    }
    if check.envs_lost() {
        return None;
    }
    let leave_out = || "leave `promote_from` out: then any code can be deployed here".to_owned();
    let (message, hint) = if wanted.value == name.value {
        (format!("{} cannot be promoted to itself", name.value), leave_out())
    } else {
        let hint = did_you_mean(&wanted.value, &known).unwrap_or_else(leave_out);
        (format!("there is no environment {:?} to promote from", wanted.value), hint)
    };
    check.problem(wanted.span(), message, hint);
    None
}
