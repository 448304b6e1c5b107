//! What commands of the app's see of a host: its files, which are sourced, and variables.

use std::collections::BTreeMap;

use super::values::values;
use crate::engine::{On, Operation, Work};
use crate::fleet::Host;
use crate::script::Script;
use crate::template::fill;

/// `script` behind the host's files, with its variables: it sees what they set, and these go before it.
pub(super) fn sourced(script: &Script, on: &On<'_>) -> Script {
    let script = exporting(script.clone(), &on.host.variables, on);
    if on.host.source_files.is_empty() {
        return script;
    }
    script_of(on.host).then(&Script::new("relm_source")).then(&script)
}

/// `script` with variables, which go before those that stand before it.
pub(super) fn exporting(script: Script, variables: &BTreeMap<String, String>, on: &On<'_>) -> Script {
    if variables.is_empty() {
        return script;
    }
    let known = values(on, "", "");
    variables.iter().rev().fold(script, |script, (name, text)| match fill(name, text, &known) {
        Ok(value) if name == "PATH" => script.lead_path(&value),
        Ok(value) => script.export(name, value),
        Err(reason) => Script::new(UNFIT).set("reason", format!("{name}: {reason}")),
    })
}

pub(super) const UNFIT: &str = r#"printf '%s\n' "$reason" >&2; exit 126"#;

/// A definition with the variables that its commands see, `own` and the host's. As the file has them: what is the same there
/// is the same in every release.
pub(super) fn defined(text: String, own: &BTreeMap<String, String>, on: &On<'_>) -> String {
    let mut all = on.host.variables.clone();
    all.extend(own.clone());
    all.iter().fold(text, |text, (name, value)| format!("{text}\nsees {name}={value}"))
}

/// A script that fails where a host's files cannot be sourced; nothing if there are none.
pub fn sources(host: &Host) -> Option<Script> {
    (!host.source_files.is_empty()).then(|| script_of(host).then(&Script::new("relm_source")))
}

fn script_of(host: &Host) -> Script {
    Script::new(include_str!("sourcing.sh")).set("relm_sources", host.source_files.join("\n"))
}

/// Says before anything is changed that a host's files cannot be sourced.
#[derive(Debug)]
pub struct CheckSources;

impl Operation for CheckSources {
    fn name(&self) -> String {
        "check_source_files".to_owned()
    }

    fn work(&self, on: &On<'_>) -> Work {
        sources(on.host).map_or_else(|| Work::ours(Script::new("exit 90")), Work::ours)
    }

    fn is_journaled(&self) -> bool {
        false
    }
}
