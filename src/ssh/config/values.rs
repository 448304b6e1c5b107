//! What has been read so far: the first value of each keyword wins, some add up.

use std::collections::BTreeMap;

use super::{keywords, tokens};
use crate::ssh::pattern;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    /// Never empty.
    pub(super) arguments: Vec<String>,
    /// `FILE:LINE`.
    pub(super) place: String,
}

/// All that has been read so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Values {
    first: BTreeMap<String, Value>,
    added: BTreeMap<String, Vec<Value>>,
}

/// Where a keyword's value is kept.
fn slot(keyword: &str) -> String {
    keywords::find(keyword).map_or(keyword, |keyword| keyword.name).to_ascii_lowercase()
}

impl Values {
    /// Takes a value, if it is the first of its keyword or one that adds up.
    pub(super) fn take(&mut self, keyword: &str, arguments: Vec<String>, place: String) {
        let slot = slot(keyword);
        match slot.as_str() {
            "identityfile" | "certificatefile" => {
                let all = self.added.entry(slot).or_default();
                if all.iter().all(|known| known.arguments != arguments) {
                    all.push(Value { arguments, place });
                }
            }
            "sendenv" => {
                let all = self.added.entry(slot).or_default();
                for name in arguments {
                    match name.strip_prefix('-') {
                        Some(unwanted) => all.retain(|known| !pattern::matches(unwanted, &known.arguments[0])),
                        None => all.push(Value { arguments: vec![name], place: place.clone() }),
                    }
                }
            }
            // Of these two the first wins; but a `ProxyJump none` lets a `ProxyCommand` pass.
            "proxyjump" if self.first.contains_key("proxycommand") => {}
            "proxycommand" if self.one("proxyjump").is_some_and(|jump| !jump.eq_ignore_ascii_case("none")) => {}
            _ => drop(self.first.entry(slot).or_insert(Value { arguments, place })),
        }
    }

    /// Puts a value in the place of any other.
    pub(super) fn set(&mut self, keyword: &str, argument: String) {
        let place = "what was read before".to_owned();
        self.first.insert(slot(keyword), Value { arguments: vec![argument], place });
    }

    /// Says whether a value for `keyword` would change anything.
    pub(super) fn would_take(&self, keyword: &str) -> bool {
        !self.first.contains_key(&slot(keyword))
    }

    /// Returns a keyword's value and its place.
    pub(super) fn value(&self, keyword: &str) -> Option<&Value> {
        self.first.get(keyword)
    }

    /// Returns a keyword's first argument.
    pub(super) fn one(&self, keyword: &str) -> Option<&str> {
        self.value(keyword)?.arguments.first().map(String::as_str)
    }

    /// Says which value leads where relm cannot follow.
    pub(super) fn refused(&self) -> Option<String> {
        let refusal = |(keyword, value): (&String, &Value)| {
            let reason = keywords::find(keyword)?.refuse(&value.arguments[0])?;
            Some(format!("{}: {reason}", value.place))
        };
        self.first.iter().find_map(refusal)
    }

    /// Returns all values of a keyword that adds up.
    pub(super) fn all(&self, keyword: &str) -> &[Value] {
        self.added.get(keyword).map_or(&[], Vec::as_slice)
    }

    /// Returns the machine's name or address as known by now, if it can be told.
    pub(super) fn host_name(&self, given: &str) -> Option<String> {
        match self.one("hostname") {
            None => Some(given.to_owned()),
            Some(name) => tokens::expand(name, &[('h', given.to_owned())]).ok(),
        }
    }
}
