//! `[manage]` as it is written.

use schemars::{JsonSchema, Schema, json_schema};
use serde::Deserialize;

use super::super::placed::At;
use super::BecomeText;

/// What `relm manage` puts in front of the words that are typed.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = or_its_command)]
pub(in crate::config) struct ManageTable {
    /// Text for the host's `sh`, run inside the live release; the words follow it.
    #[schemars(example = &"python_env/bin/python manage.py")]
    pub(in crate::config) run: Option<At<String>>,
    /// The roles whose first host runs it; the first host of all if left out.
    #[schemars(example = ["app"])]
    pub(in crate::config) roles: Option<At<Vec<At<String>>>>,
    /// The user it runs as, by sudo or doas.
    #[serde(rename = "become")]
    #[schemars(example = &"app")]
    pub(in crate::config) becoming: Option<At<BecomeText>>,
    /// The secrets it gets, each as a variable of that name.
    #[schemars(example = ["DB_PASSWORD"])]
    pub(in crate::config) secrets: Option<Vec<At<String>>>,
}

/// The command alone will do; `spread` makes a table of it before it is read.
fn or_its_command(schema: &mut Schema) {
    let table = schema.clone();
    *schema = json_schema!({
        "description": table.get("description"),
        "anyOf": [table, { "type": "string", "examples": ["python_env/bin/python manage.py"] }],
    });
}
