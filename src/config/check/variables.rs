//! `environment`: variables for the app's commands, whose names are theirs to have.

use std::collections::BTreeMap;

use super::super::merge::entries;
use super::super::placed::At;
use super::super::service::TEMPLATE_NAMES;
use super::service::filled;
use super::{Check, secrets};

type Table = BTreeMap<At<String>, At<String>>;

/// Variables by which the shell and relm's own scripts go.
const TAKEN: [&str; 11] =
    ["HOME", "IFS", "ENV", "PWD", "OLDPWD", "PPID", "UID", "EUID", "SHELLOPTS", "BASHOPTS", "BASH_ENV"];

/// What only a file knows that is written for an application or a service.
pub(super) const NOT_THERE: [&str; 3] = ["app", "ref", "service"];

/// Takes a table laid over another, name by name.
pub(super) fn variables(
    check: &mut Check<'_>,
    own: Option<&Table>,
    base: Option<&Table>,
) -> Option<BTreeMap<String, String>> {
    let all = entries(own.cloned(), base.cloned()).unwrap_or_default();
    let read: Vec<_> = all.iter().map(|(name, text)| Some((fit(check, name)?, value(check, name, text)?))).collect();
    read.into_iter().collect()
}

fn fit(check: &mut Check<'_>, name: &At<String>) -> Option<String> {
    let text = name.value.as_str();
    if !secrets::is_variable(text) {
        let hint = "letters, digits and '_', such as \"PERL5LIB\"".to_owned();
        check.problem(name.span(), format!("{text:?} cannot be the name of a variable"), hint);
    } else if text.to_ascii_uppercase().starts_with("RELM_") {
        let hint = "commands see those of relm's own anyway; give yours another name".to_owned();
        check.problem(name.span(), format!("{text:?} is relm's own"), hint);
    } else if TAKEN.contains(&text) {
        let hint = "the host's shell goes by it; a file of `source_files` may change it".to_owned();
        check.problem(name.span(), format!("{text:?} cannot be set for commands"), hint);
    } else {
        return Some(text.to_owned());
    }
    None
}

fn value(check: &mut Check<'_>, name: &At<String>, text: &At<String>) -> Option<String> {
    let value = check.no_nul(&name.value, text)?;
    if name.value == "PATH" && value.contains('$') {
        let hint =
            "directories alone, such as \"/opt/node/bin\": the host's own PATH stands behind them by itself".to_owned();
        check.problem(text.span(), "`PATH` has a `$`, which nothing fills in", hint);
        return None;
    }
    let known: Vec<&str> = TEMPLATE_NAMES.iter().copied().filter(|name| !NOT_THERE.contains(name)).collect();
    filled(check, text.span(), &name.value, &value, &known).map(|_| value)
}
