//! The `migrate` of an operation as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;

/// Says that the operation changes what outlives releases: a rollback names what it did.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct MigrateTable {
    /// Prints what is pending, a line each; the operation is skipped when this succeeds and prints nothing.
    #[schemars(example = &"./pending-migrations")]
    pub(in crate::config) pending: Option<At<String>>,
    /// Instead: a directory of the release. `run` is given each `*.sql` file in it on its standard input, once and in the order
    /// of their versions.
    #[schemars(example = &"sql")]
    pub(in crate::config) sql: Option<At<String>>,
    /// Runs before the migration; when it fails, nothing is migrated.
    #[schemars(example = &"pg_dump -Fc shop > ~/backup/$RELM_RELEASE.dump")]
    pub(in crate::config) backup: Option<At<String>>,
    /// Services that are stopped before it where anything is pending, and run again when their host has switched or the run
    /// has failed.
    #[schemars(example = ["workers"])]
    pub(in crate::config) stop: Option<At<Vec<At<String>>>>,
}
