//! The JSON schema of `Releases.toml`: for editors, and for `shape`, which holds files against it.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use serde_json::Value;

use super::file::ReleasesToml;

/// Returns the JSON schema of `Releases.toml`. It is large, and made once: whoever waits for a deploy waits for this first.
pub fn schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(make);
    &SCHEMA
}

fn make() -> Value {
    // Draft 7 is what editors' TOML plugins understand; without references a place in a file needs no look-up.
    let mut settings = SchemaSettings::draft07();
    settings.inline_subschemas = true;
    let mut schema = settings.into_generator().into_root_schema_for::<ReleasesToml>();
    RecursiveTransform(without_null).transform(&mut schema);
    schema.to_value()
}

/// Takes `null` out: serde's mirror can leave anything out, but TOML has no way to write nothing.
fn without_null(schema: &mut schemars::Schema) {
    for key in ["default", "format", "minimum"] {
        schema.remove(key);
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.retain(|choice| choice["type"] != "null");
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            schema.remove("anyOf");
            for (key, value) in only {
                if schema.get(&key).is_none() {
                    schema.insert(key, value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_knows_every_table_and_no_null() {
        let schema = schema();
        let text = schema.to_string();
        assert!(!text.contains("null") && !text.contains("$ref"), "{schema:#}");
        let production = &schema["properties"]["env"]["additionalProperties"];
        assert_eq!(production["properties"]["release"]["properties"]["keep"]["type"], "integer");
        assert_eq!(production["additionalProperties"], false);
        let operation = &schema["properties"]["operations"]["items"];
        assert_eq!(operation["required"], serde_json::json!(["name", "phase"]));
    }
}
