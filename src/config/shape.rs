//! Holds a file against the schema: unknown keys, wrong types and missing keys, every one with its place.
//!
//! serde stops at the first mistake. So mistakes of shape are found here, and taken out of the table: what is left
//! always fits the mirror in `file`, and the checks of meaning can go on with it.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::problem::Problem;
use super::suggest::{did_you_mean, list, nearest};

/// What was found, and what had to be taken out.
#[derive(Debug, Default)]
pub(super) struct Shape {
    pub(super) problems: Vec<Problem>,
    /// Dotted paths of what was taken out, without indexes, and spelled as it was most probably meant.
    pub(super) lost: BTreeSet<String>,
}

/// Takes out of `table` all that `schema` does not allow.
pub(super) fn prune(table: &mut Spanned<DeTable<'_>>, schema: &Value) -> Shape {
    let mut shape = Shape::default();
    Walk { shape: &mut shape, root: schema }.table(table.get_mut(), 0..0, schema, "");
    shape
}

struct Walk<'w> {
    shape: &'w mut Shape,
    root: &'w Value,
}

impl Walk<'_> {
    fn table(&mut self, table: &mut DeTable<'_>, place: Range<usize>, schema: &Value, path: &str) {
        let mut meant = BTreeSet::new();
        let properties = schema["properties"].as_object();
        let any_name = schema.get("additionalProperties").filter(|any| any.is_object());
        for (key, mut value) in std::mem::take(table) {
            let name = key.get_ref().as_ref();
            let below = join(path, name);
            let Some(expected) = properties.and_then(|known| known.get(name)).or(any_name) else {
                let known: Vec<_> = properties.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
                let guess = nearest(name, known.iter().copied()).unwrap_or(name);
                meant.insert(guess.to_owned());
                self.shape.lost.insert(join(path, guess));
                self.unknown_key(name, key.span(), path, &known);
                continue;
            };
            if self.value(&mut value, expected, &below) {
                table.insert(key, value);
            } else {
                meant.insert(name.to_owned());
                self.shape.lost.insert(below);
            }
        }
        for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !table.contains_key(required) && !meant.contains(required) {
                self.shape.lost.insert(join(path, required));
                let example = example(required, &schema["properties"][required]);
                self.problem(place.clone(), format!("{} has no `{required}`", called(path)), example);
            }
        }
    }

    /// Says whether the value, without what was wrong inside it, can stay.
    fn value(&mut self, value: &mut Spanned<DeValue<'_>>, schema: &Value, path: &str) -> bool {
        let place = value.span();
        let allowed = types(schema);
        let found = kind(value.get_ref());
        let key = path.rsplit('.').next().unwrap_or(path);
        if !allowed.contains(&found) {
            let wanted: Vec<_> = allowed.iter().map(|kind| article(kind)).collect();
            let message = format!("`{key}` must be {}, but this is {}", wanted.join(" or "), article(found));
            let hint = example(key, schema).unwrap_or_else(|| match allowed.as_slice() {
                ["object"] => format!("it is a table: [{path}], or {key} = {{ … }}"),
                _ => "put the text in quotes".to_owned(),
            });
            self.problem(place, message, Some(hint));
            return false;
        }
        match value.get_mut() {
            DeValue::Table(table) => self.table(table, place, of_kind(schema, "object"), path),
            DeValue::Array(array) => {
                let each = &of_kind(schema, "array")["items"];
                for mut item in std::mem::replace(array, DeArray::new()) {
                    if self.value(&mut item, each, path) {
                        array.push(item);
                    } else {
                        self.shape.lost.insert(path.to_owned());
                    }
                }
            }
            DeValue::Integer(number) if i64::from_str_radix(number.as_str(), number.radix()).is_err() => {
                self.problem(place, format!("{} is too large a number", number.as_str()), example(key, schema));
                return false;
            }
            DeValue::String(text) => return self.one_of(text, place, schema, path),
            _ => {}
        }
        true
    }

    /// Holds a text against the words the schema lists, if it lists any.
    fn one_of(&mut self, text: &str, place: Range<usize>, schema: &Value, path: &str) -> bool {
        let words = words(schema);
        if words.is_empty() || words.contains(&text) {
            return true;
        }
        let key = path.rsplit('.').next().unwrap_or(path);
        let hint = if (key, text) == ("phase", "flip") {
            Some("the flip is relm's own; `before_flip` and `after_flip` stand around it".to_owned())
        } else {
            did_you_mean(text, &words)
        };
        self.problem(place, format!("`{key}` cannot be {text:?}"), hint);
        false
    }

    fn unknown_key(&mut self, name: &str, place: Range<usize>, path: &str, known: &[&str]) {
        let tables = self.root["properties"].as_object().into_iter().flatten();
        let home = tables.filter(|(_, table)| table["properties"].get(name).is_some()).map(|(table, _)| table).next();
        let hint = match (nearest(name, known.iter().copied()), home) {
            (None, Some(home)) => Some(format!("`{name}` belongs in [{home}]; here can be {}", list(known))),
            _ => did_you_mean(name, known).map(|hint| hint.replace("there is ", "here can be ")),
        };
        let at = if path.is_empty() { "outside of any table".to_owned() } else { format!("in {}", called(path)) };
        self.problem(place, format!("unknown key {name:?} {at}"), hint);
    }

    fn problem(&mut self, span: Range<usize>, message: String, hint: Option<String>) {
        self.shape.problems.push(Problem { message, span, hint });
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Names a table as it stands in the file.
fn called(path: &str) -> String {
    if ["operations", "service", "health", "pool", "busy", "notify", "secret_files", "templates", "publish", "transfer"]
        .iter()
        .any(|list| path.rsplit('.').next() == Some(list))
    {
        format!("[[{path}]]")
    } else {
        format!("[{path}]")
    }
}

/// Returns the alternatives a schema offers; the schema itself where it offers none.
fn choices(schema: &Value) -> Vec<&Value> {
    let choices = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array);
    choices.map_or_else(|| vec![schema], |choices| choices.iter().collect())
}

/// The alternative that is of a kind; only one of them is.
pub(super) fn of_kind<'s>(schema: &'s Value, kind: &str) -> &'s Value {
    choices(schema).into_iter().find(|choice| choice["type"] == kind).unwrap_or(schema)
}

pub(super) fn types(schema: &Value) -> Vec<&str> {
    let mut types: Vec<_> = choices(schema).into_iter().filter_map(|choice| choice["type"].as_str()).collect();
    types.dedup();
    types
}

fn words(schema: &Value) -> Vec<&str> {
    let texts = choices(schema).into_iter().flat_map(|choice| {
        let listed = choice["enum"].as_array().into_iter().flatten();
        choice.get("const").into_iter().chain(listed)
    });
    texts.filter_map(Value::as_str).collect()
}

pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "string",
        DeValue::Integer(_) => "integer",
        DeValue::Float(_) => "number",
        DeValue::Boolean(_) => "boolean",
        DeValue::Datetime(_) => "date",
        DeValue::Array(_) => "array",
        DeValue::Table(_) => "object",
    }
}

/// Says in TOML's words what JSON schema calls `kind`.
fn article(kind: &str) -> &'static str {
    match kind {
        "string" => "a text in quotes",
        "integer" => "a whole number",
        "number" => "a number with a fraction",
        "boolean" => "true or false",
        "date" => "a date or time",
        "array" => "an array",
        _ => "a table",
    }
}

/// Shows how a key is written; JSON's texts, numbers and arrays are TOML too.
fn example(key: &str, schema: &Value) -> Option<String> {
    let example = schema["examples"].as_array()?.first()?;
    Some(format!("write it like this: {key} = {}", example.to_string().replace(',', ", ")))
}
