//! From the text of a `Releases.toml` to a [`Config`], or to everything that is wrong with it.

use std::io;
use std::path::Path;

use serde::Deserialize;
use toml::de::DeTable;

use super::file::ReleasesToml;
use super::laid::Laid;
use super::problem::{Problem, Problems};
use super::set::Set;
use super::spread::spread;
use super::{Config, check, schema, shape};
use crate::fleet::Scope;

/// Reads a file; `home` is what `~` stands for on this machine.
pub fn load(path: &Path, home: &Path) -> Result<Config, Problems> {
    read(path, |text, path| parse(text, path, home))
}

/// The same with settings laid over what the file says of an environment, or of a component.
pub fn load_over(path: &Path, home: &Path, sets: &[Set], scope: &Scope) -> Result<Config, Problems> {
    read(path, |text, path| parse_over(text, path, home, sets, scope))
}

fn read(path: &Path, parse: impl Fn(&str, &Path) -> Result<Config, Problems>) -> Result<Config, Problems> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let bytes = std::fs::read(&path).map_err(|error| unreadable(&path, &error))?;
    match String::from_utf8(bytes) {
        Ok(text) => parse(&text, &path),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let problem = Problem {
                message: "this is not UTF-8".to_owned(),
                span: at..at + 1,
                hint: Some("save the file as UTF-8; TOML knows no other encoding".to_owned()),
            };
            Err(Problems::new(path, &String::from_utf8_lossy(error.as_bytes()), vec![problem]))
        }
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Problems {
    let hint = (error.kind() == io::ErrorKind::NotFound).then(|| "`relm init` writes one to start from".to_owned());
    let message = format!("cannot read the file: {error}");
    Problems::new(path.to_owned(), "", vec![Problem { message, span: 0..0, hint }])
}

/// Understands `text` as the file at `path`; relative paths in it start at the file's directory.
pub fn parse(text: &str, path: &Path, home: &Path) -> Result<Config, Problems> {
    parse_laid(text, path, home, &[], None)
}

/// The same with settings laid over what the file says of an environment, or of a component.
pub fn parse_over(text: &str, path: &Path, home: &Path, sets: &[Set], scope: &Scope) -> Result<Config, Problems> {
    parse_laid(text, path, home, sets, Some(scope))
}

fn parse_laid(text: &str, path: &Path, home: &Path, sets: &[Set], scope: Option<&Scope>) -> Result<Config, Problems> {
    let laid = Laid::new(text, sets);
    let fail = |list| Err(Problems::new(path.to_owned(), &laid.text, list).of_file(laid.own));
    let (mut table, errors) = DeTable::parse_recoverable(text);
    let (twice, broken): (Vec<_>, Vec<_>) = errors.into_iter().partition(|error| error.message() == "duplicate key");
    if let Some(first) = broken.first() {
        // What follows a broken line is guesswork.
        return fail(vec![syntax(first)]);
    }
    let unknown = scope.map(|scope| laid.lay(table.get_mut(), scope)).unwrap_or_default();
    let shape = shape::prune(&mut table, schema());
    spread(table.get_mut());
    let mut problems: Vec<_> = unknown;
    problems.extend(twice.iter().map(|error| duplicate(error, text)));
    problems.extend(shape.problems);
    let file = match ReleasesToml::deserialize(toml::de::Deserializer::from(table)) {
        Ok(file) => file,
        Err(error) => {
            problems.push(syntax(&error));
            return fail(problems);
        }
    };
    let directory = path.parent().unwrap_or(Path::new(""));
    match check::check(&file, check::Places { directory, home }, shape.lost, problems) {
        Ok(config) => Ok(Config { path: path.to_owned(), ..config }),
        Err(problems) => fail(problems),
    }
}

fn syntax(error: &toml::de::Error) -> Problem {
    let said = error.message();
    let (message, expected) = said.split_once(", expected ").unwrap_or((said, "nothing"));
    let hint = match expected {
        "literal string" => "put the text in quotes".to_owned(),
        "nothing" => "TOML is lines of `key = value`, and of `[table]` above them".to_owned(),
        expected => format!("expected here: {expected}"),
    };
    let span = error.span().unwrap_or(0..0);
    Problem { message: message.to_owned(), span, hint: Some(hint) }
}

fn duplicate(error: &toml::de::Error, text: &str) -> Problem {
    let span = error.span().unwrap_or(0..0);
    let key = text.get(span.clone()).unwrap_or_default();
    Problem {
        message: format!("`{key}` stands here for the second time"),
        span,
        hint: Some("keep one of them; TOML allows a key, and a [table], only once".to_owned()),
    }
}
