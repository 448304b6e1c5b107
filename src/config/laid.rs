//! A file with the settings of one run laid over it.

use std::ops::Range;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeArray, DeString, DeTable, DeValue};

use super::problem::Problem;
use super::schema;
use super::set::{Set, expected, is_list_of_tables};
use crate::fleet::{ComponentName, Scope};

/// A file's text and the settings behind it, a line each: whatever is wrong stands somewhere.
pub(super) struct Laid {
    pub(super) text: String,
    /// Where the file ends.
    pub(super) own: usize,
    /// Each setting alone, at the place where it stands in the text.
    padded: Vec<(Set, String)>,
}

/// Where a setting stands, from the outermost key on, and what it says.
type Said<'t> = (Vec<Spanned<DeString<'t>>>, Spanned<DeValue<'t>>);

impl Laid {
    pub(super) fn new(text: &str, sets: &[Set]) -> Self {
        let (mut whole, mut padded) = (text.to_owned(), Vec::new());
        for set in sets {
            whole.push('\n');
            padded.push((set.clone(), " ".repeat(whole.len()) + &set.line));
            whole.push_str(&set.line);
        }
        Self { text: whole, own: text.len(), padded }
    }

    /// Lays the settings over what the file says of an environment, or of a component. Returns what cannot be found there.
    pub(super) fn lay<'t>(&'t self, root: &mut DeTable<'t>, scope: &Scope) -> Vec<Problem> {
        let schema = schema();
        let env = &schema["properties"]["env"]["additionalProperties"];
        let laid = self.padded.iter().map(|(set, text)| match said(text, set.keys.len()) {
            Some(said) => lay(root, said, scope, env),
            None => Ok(()),
        });
        laid.filter_map(Result::err).collect()
    }
}

fn said(text: &str, depth: usize) -> Option<Said<'_>> {
    let mut table = DeTable::parse(text).ok()?.into_inner();
    let mut keys = Vec::new();
    loop {
        let (key, value) = table.into_iter().next()?;
        keys.push(key);
        match value {
            value if keys.len() == depth => return Some((keys, value)),
            value => {
                let DeValue::Table(below) = value.into_inner() else { return None };
                table = below;
            }
        }
    }
}

/// `env` is the schema of an environment.
fn lay<'t>(root: &mut DeTable<'t>, (keys, value): Said<'t>, scope: &Scope, env: &Value) -> Result<(), Problem> {
    let first = keys[0].get_ref().to_string();
    let of_component = &env["properties"]["components"]["additionalProperties"]["properties"];
    let component = scope.component.as_ref().map(ComponentName::as_str).filter(|_| of_component.get(&first).is_some());
    let place = [&["env", scope.env.as_str()][..], &component.map_or(vec![], |name| vec!["components", name])].concat();
    let known = if keys.len() > 2 && expected(env, &[first]).is_some_and(is_list_of_tables) {
        let found = nearest(root, scope.env.as_str(), component, keys[0].get_ref(), keys[1].get_ref());
        Some(found.ok_or_else(|| unknown(&keys, scope))?)
    } else {
        None
    };
    let table =
        place.iter().fold(root, |table, key| below(table, &Spanned::new(keys[0].span(), (*key).to_owned().into())));
    match known {
        None => put(table, &keys, value),
        Some(known) => {
            if let Some(table) = listed(table, &keys[0], known, keys[1].get_ref()) {
                put(table, &keys[2..], value);
            }
        }
    }
    Ok(())
}

fn unknown(keys: &[Spanned<DeString<'_>>], scope: &Scope) -> Problem {
    let message = format!("there is no [[{}]] of {scope} with the name {:?}", keys[0].get_ref(), keys[1].get_ref());
    Problem { message, span: keys[1].span(), hint: Some("`relm config` prints all there is".to_owned()) }
}

/// The table of a name that holds in an environment: its own, one of those it inherits, or the file's.
fn nearest<'t>(
    root: &DeTable<'t>,
    env: &str,
    component: Option<&str>,
    list: &str,
    name: &str,
) -> Option<Spanned<DeValue<'t>>> {
    let envs = root.get("env")?.get_ref().as_table()?;
    let table = |env: &str| envs.get(env)?.get_ref().as_table();
    let base = |table: &&DeTable<'t>| self::table(envs, table.get("inherits")?.get_ref().as_str()?);
    let lineage = std::iter::successors(table(env), base).take(envs.len()).chain([root]);
    let mut places = lineage.filter_map(|place| match component {
        Some(component) => self::table(self::table(place, "components")?, component),
        None => Some(place),
    });
    places.find_map(|place| place.get(list)?.get_ref().as_array()?.iter().find(|one| is_called(one, name)).cloned())
}

fn table<'r, 't>(table: &'r DeTable<'t>, key: &str) -> Option<&'r DeTable<'t>> {
    table.get(key)?.get_ref().as_table()
}

fn is_called(table: &Spanned<DeValue<'_>>, name: &str) -> bool {
    table.get_ref().get("name").and_then(|name| name.get_ref().as_str()) == Some(name)
}

/// The table below a key; made where there is none.
fn below<'r, 't>(table: &'r mut DeTable<'t>, key: &Spanned<DeString<'t>>) -> &'r mut DeTable<'t> {
    if self::table(table, key.get_ref()).is_none() {
        table.insert(key.clone(), Spanned::new(key.span(), DeValue::Table(DeTable::new())));
    }
    match table.get_mut(key.get_ref().as_ref()).map(Spanned::get_mut) {
        Some(DeValue::Table(table)) => table,
        _ => unreachable!("it was put there"),
    }
}

/// The table of a name in a list; `known` where the list has none.
fn listed<'r, 't>(
    table: &'r mut DeTable<'t>,
    list: &Spanned<DeString<'t>>,
    known: Spanned<DeValue<'t>>,
    name: &str,
) -> Option<&'r mut DeTable<'t>> {
    let span: Range<usize> = list.span();
    if table.get(list.get_ref().as_ref()).is_none_or(|list| list.get_ref().as_array().is_none()) {
        table.insert(list.clone(), Spanned::new(span, DeValue::Array(DeArray::new())));
    }
    let DeValue::Array(all) = table.get_mut(list.get_ref().as_ref())?.get_mut() else { return None };
    if !all.iter().any(|one| is_called(one, name)) {
        all.push(known);
    }
    match all.iter_mut().find(|one| is_called(one, name))?.get_mut() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

fn put<'t>(table: &mut DeTable<'t>, keys: &[Spanned<DeString<'t>>], value: Spanned<DeValue<'t>>) {
    if let Some((last, above)) = keys.split_last() {
        above.iter().fold(table, below).insert(last.clone(), value);
    }
}
