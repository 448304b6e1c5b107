//! `confirm`: a yes, or a word that has to be typed.

use super::super::Confirm;
use super::super::file::ConfirmText;
use super::super::placed::At;
use super::Check;

pub(super) fn confirm(check: &mut Check<'_>, text: Option<&At<ConfirmText>>) -> Option<Confirm> {
    let Some(text) = text else { return Some(Confirm::No) };
    match &text.value {
        ConfirmText::Yes(false) => Some(Confirm::No),
        ConfirmText::Yes(true) => Some(Confirm::Yes),
        ConfirmText::Typed(typed) => {
            let word = typed.strip_prefix("type:").map(str::trim).filter(|word| !word.is_empty());
            if word.is_none() {
                let hint = "true, false, or \"type:production\", for a word that has to be typed".to_owned();
                check.problem(text.span(), format!("`confirm` cannot be {typed:?}"), hint);
            }
            let word = text.with(word?.to_owned());
            check.line("confirm", &word).map(Confirm::Typed)
        }
    }
}
