//! The `[guards]` table.

use super::super::file::{BusyTable, GuardsTable, SameCodeText};
use super::super::guards::{Guards, Question, SameCode, Window, day};
use super::Check;

/// Names of guards that are not questions.
const OWN: [&str; 7] = ["ref", "same_code", "notes", "window", "clean_repository", "before", "promote_from"];

/// `busy` is what `--consent` knows besides.
pub(super) fn guards(check: &mut Check<'_>, table: &GuardsTable, busy: &[&BusyTable]) -> Option<Guards> {
    let window = match &table.window {
        None => Some(None),
        Some(text) => match Window::parse(&text.value) {
            Ok(window) => Some(Some(window)),
            Err(reason) => {
                let hint = "such as \"Mon-Fri 09:00-16:00 Europe/Berlin\"".to_owned();
                check.problem(text.span(), format!("`window`: {reason}"), hint);
                None
            }
        },
    };
    let before: Vec<_> = table.before.iter().flatten().map(|text| check.command("before", text)).collect();
    if let (Some(branch), None | Some(false)) = (&table.branch, table.clean_repository) {
        let hint = "write `clean_repository = true` beside it".to_owned();
        check.problem(branch.span(), "`branch` has no meaning: nothing looks at the repository of this file", hint);
    }
    let branch = table.branch.as_ref().map(|branch| check.line("branch", branch));
    let questions: Vec<_> = (0..table.ask.len()).map(|at| question(check, table, at, busy)).collect();
    Some(Guards {
        reference: table.reference.is_some(),
        same_code: table.same_code.map(|text| match text {
            SameCodeText::Skip => SameCode::Skip,
            SameCodeText::Confirm => SameCode::Confirm,
        }),
        notes: table.notes.is_some(),
        window: window?,
        clean_repository: table.clean_repository.unwrap_or(false),
        branch: match branch {
            None => None,
            Some(branch) => Some(branch?),
        },
        before: before.into_iter().collect::<Option<_>>()?,
        questions: questions.into_iter().collect::<Option<_>>()?,
    })
}

fn question(check: &mut Check<'_>, table: &GuardsTable, at: usize, busy: &[&BusyTable]) -> Option<Question> {
    let asked = &table.ask[at];
    let name = asked.name.as_ref()?;
    let text = check.name("question name", name)?;
    let earlier = table.ask[..at].iter().filter_map(|other| other.name.as_ref());
    let mut others = earlier
        .map(|name| name.value.as_str())
        .chain(busy.iter().filter_map(|busy| Some(busy.name.as_ref()?.value.as_str())));
    if OWN.contains(&text.as_str()) || others.any(|other| other == text) {
        let hint = "`--consent` goes by it; take another".to_owned();
        check.problem(name.span(), format!("the name {text:?} is taken"), hint);
    }
    let mut days = Vec::new();
    for text in asked.days.iter().flatten() {
        match day(&text.value) {
            Ok(day) => days.push(day),
            Err(reason) => check.problem(text.span(), reason, "such as days = [\"Tue\"]".to_owned()),
        }
    }
    Some(Question { name: text, question: check.line("question", asked.question.as_ref()?)?, days })
}
