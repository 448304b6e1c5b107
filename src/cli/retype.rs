//! The command line once more, as it was typed or as it was meant.

use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::args::Cli;
use crate::script::word;

/// As it was typed.
pub(super) fn typed() -> String {
    line(std::env::args().skip(1))
}

/// `right`, a word or two, in the place of `wrong`.
pub(super) fn retyped(wrong: &str, right: &str) -> String {
    let meant = |typed: String| if typed == wrong { right.to_owned() } else { word(&typed) };
    joined(std::env::args().skip(1).map(meant))
}

/// The same words, where what is to be done stands behind the environment and not before it.
pub(super) fn in_order(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(env)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    if error.kind() != ErrorKind::InvalidSubcommand {
        return None;
    }
    swapped(std::env::args().skip(1).collect(), env)
}

/// Puts the action that stands behind `env`, or behind it and its component, before it. Other commands than those with actions
/// take the environment first.
fn swapped(mut typed: Vec<String>, env: &str) -> Option<String> {
    let cli = Cli::command();
    let actions: Vec<&str> =
        cli.get_subcommands().flat_map(clap::Command::get_subcommands).map(clap::Command::get_name).collect();
    let at = typed.iter().position(|word| word == env)?;
    let behind = typed[at..].iter().take(3).position(|word| actions.contains(&word.as_str()))?;
    typed[at..=at + behind].rotate_right(1);
    Some(line(typed))
}

fn line(words: impl IntoIterator<Item = String>) -> String {
    joined(words.into_iter().map(|typed| word(&typed)))
}

fn joined(words: impl Iterator<Item = String>) -> String {
    words.fold("relm".to_owned(), |line, word| line + " " + &word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_done_comes_before_the_environment() {
        let cases = [
            ("maintenance production on --long", "production", Some("relm maintenance on production --long")),
            ("lock production web show", "production", Some("relm lock show production web")),
            ("--json lock test take -m x", "test", Some("relm --json lock take test -m x")),
            ("lock shwo", "shwo", None),
        ];
        for (typed, env, meant) in cases {
            let typed = typed.split(' ').map(str::to_owned).collect();
            assert_eq!(swapped(typed, env).as_deref(), meant);
        }
    }
}
