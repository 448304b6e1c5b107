//! What an operation reads and makes, so that it can be skipped.

use super::super::Inputs;
use super::super::file::{OperationTable, PhaseText};
use super::super::placed::At;
use super::Check;

/// The inputs by which an operation is skipped, with its outputs.
pub(super) fn inputs(check: &mut Check<'_>, table: &OperationTable) -> Option<Inputs> {
    let Some(inputs) = &table.inputs else {
        if let Some(outputs) = &table.outputs {
            let hint = "name the files that the command reads in `inputs`, or leave `outputs` out".to_owned();
            check.problem(outputs.span(), "`outputs` stands without `inputs`", hint);
        }
        return None;
    };
    if !matches!(table.phase, None | Some(PhaseText::Prepare)) {
        let hint = "only what builds a release can be taken from another one; leave `inputs` out".to_owned();
        check.problem(inputs.span(), "`inputs` has no meaning in this phase", hint);
    }
    if table.wait.is_some() {
        let hint = "a wait makes nothing; leave `inputs` out".to_owned();
        check.problem(inputs.span(), "`inputs` has no meaning beside `wait`", hint);
    }
    if let (Some(_), Some(outputs)) = (&table.becoming, &table.outputs) {
        let hint = "a copy would have another owner; leave one of them out".to_owned();
        check.problem(outputs.span(), "`outputs` cannot stand beside `become`", hint);
    }
    if inputs.value.is_empty() && !check.lost.iter().any(|lost| lost.ends_with("inputs")) {
        check.problem(inputs.span(), "`inputs` names no file", "such as \"package.json\" or \"src/**\"".to_owned());
    }
    let patterns: Vec<_> = inputs.value.iter().map(|input| check.inside_release("inputs", input)).collect();
    let listed = table.outputs.iter().flat_map(|outputs| &outputs.value);
    let outputs: Vec<_> = listed.map(|output| output_path(check, output)).collect();
    Some(Inputs {
        inputs: patterns.into_iter().collect::<Option<_>>()?,
        outputs: outputs.into_iter().collect::<Option<_>>()?,
    })
}

fn output_path(check: &mut Check<'_>, output: &At<String>) -> Option<String> {
    let path = check.inside_release("outputs", output)?;
    let first = path.split('/').next().unwrap_or_default();
    let (wrong, hint) = if path.contains(['*', '?', '[', '\\']) {
        ("is a pattern", "name what is to be copied, such as \"node_modules\"")
    } else if first == "python_env" {
        ("lies in the release's virtualenv", "relm takes an older virtualenv where it can, by itself")
    } else if first == ".relm" {
        ("has a name which is relm's", "choose another path")
    } else {
        return Some(path);
    };
    check.problem(output.span(), format!("`outputs`: the path {path:?} {wrong}"), hint.to_owned());
    None
}
