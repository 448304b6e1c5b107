//! `--set`: settings of one run, each laid over what the file says.

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::schema;
use super::shape::{kind, of_kind, types};
use super::suggest::did_you_mean;

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    pub(super) keys: Vec<String>,
    pub(super) line: String,
}

/// As it would stand in a file.
impl std::fmt::Display for Set {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.line)
    }
}

impl Set {
    /// Reads `KEY=VALUE`. The value is TOML's; a word that is not, or is of a kind that the setting never is, is a text.
    pub fn read(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').ok_or("such as release.keep=5 or python.python=python3.12")?;
        let (key, value) = (key.trim(), value.trim());
        let keys = keys(key).ok_or_else(|| format!("{key:?} is no key; such as release.keep"))?;
        let schema = schema();
        let env = &schema["properties"]["env"]["additionalProperties"];
        if env["properties"].get(&keys[0]).is_none() {
            let known: Vec<&str> =
                env["properties"].as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
            let hint = did_you_mean(&keys[0], &known).unwrap_or_default();
            return Err(format!("{:?} is no setting of an environment; {hint}", keys[0]));
        }
        let as_text = || toml::Value::String(value.to_owned()).to_string();
        let is_secret = |at: usize| keys.get(at).is_some_and(|key| key == "secrets");
        if is_secret(0) || (keys[0] == "components" && is_secret(2)) {
            // What relm starts must not see their variables, and has to know of them from the first.
            return Err("only Releases.toml says where secrets come from".to_owned());
        }
        let value = match DeValue::parse(value) {
            Ok(read) if is_meant_as_text(expected(env, &keys), read.get_ref()) => as_text(),
            Ok(_) => value.to_owned(),
            Err(error) if value.starts_with(['"', '\'', '[', '{']) => return Err(error.message().to_owned()),
            Err(_) => as_text(),
        };
        Ok(Self { keys, line: format!("{key} = {value}") })
    }
}

/// The parts of a dotted key.
fn keys(key: &str) -> Option<Vec<String>> {
    if key.contains(['\n', '#']) {
        return None;
    }
    let line = format!("{key} = 0");
    let whole = DeTable::parse(&line).ok()?;
    let (mut keys, mut table) = (Vec::new(), whole.get_ref());
    loop {
        let (key, value) = table.iter().next().filter(|_| table.len() == 1)?;
        keys.push(key.get_ref().to_string());
        match value.get_ref() {
            DeValue::Table(below) => table = below,
            _ => return Some(keys),
        }
    }
}

/// The schema of a setting, where there is one of that name.
pub(super) fn expected<'s>(env: &'s Value, keys: &[String]) -> Option<&'s Value> {
    keys.iter().try_fold(env, |schema, key| {
        if is_list_of_tables(schema) {
            return Some(&schema["items"]);
        }
        let table = of_kind(schema, "object");
        let any = table.get("additionalProperties").filter(|any| any.is_object());
        table["properties"].get(key).or(any)
    })
}

/// Says whether it is a list whose tables have names.
pub(super) fn is_list_of_tables(schema: &Value) -> bool {
    let items = of_kind(schema, "array").get("items");
    items.is_some_and(|items| items["properties"].get("name").is_some())
}

fn is_meant_as_text(expected: Option<&Value>, value: &DeValue<'_>) -> bool {
    let is_word = !matches!(value, DeValue::Array(_) | DeValue::Table(_));
    let wanted = expected.map(types).unwrap_or_default();
    is_word && wanted.contains(&"string") && !wanted.contains(&kind(value))
}

#[cfg(test)]
mod tests {
    use super::Set;

    #[test]
    fn values_are_toml_or_words() {
        for (typed, line) in [
            ("release.keep=5", "release.keep = 5"),
            ("python.python = python3.12", "python.python = \"python3.12\""),
            ("source.ref=1.4", "source.ref = \"1.4\""),
            ("source.ref=2026-11-21", "source.ref = \"2026-11-21\""),
            ("source.ref='x y'", "source.ref = 'x y'"),
            ("release.batches=[1, \"50%\"]", "release.batches = [1, \"50%\"]"),
            ("release.max_unreachable=1", "release.max_unreachable = 1"),
            ("release.max_unreachable=25%", "release.max_unreachable = \"25%\""),
            ("confirm=false", "confirm = false"),
            ("confirm=maybe", "confirm = \"maybe\""),
            ("operations.migrate.timeout=90m", "operations.migrate.timeout = \"90m\""),
            ("environment.DEBUG=1", "environment.DEBUG = \"1\""),
            ("environment.\"A\"=", "environment.\"A\" = \"\""),
        ] {
            assert_eq!(Set::read(typed).map(|set| set.to_string()), Ok(line.to_owned()), "{typed}");
        }
    }

    #[test]
    fn what_is_no_setting_is_refused() {
        for (typed, words) in [
            ("release.keep", "such as release.keep=5"),
            ("=5", "\"\" is no key"),
            ("a b=5", "\"a b\" is no key"),
            ("release.keep\nx=5", "is no key"),
            ("relaese.keep=5", "\"relaese\" is no setting of an environment; did you mean `release`?"),
            ("secrets.A={ env = \"A\" }", "only Releases.toml says where secrets come from"),
            ("ssh_config=x", "\"ssh_config\" is no setting of an environment"),
            ("release.batches=[1", "unclosed array"),
        ] {
            let said = Set::read(typed).expect_err(typed);
            assert!(said.contains(words), "{typed}: {said}");
        }
    }
}
