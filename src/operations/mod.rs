//! What relm can do on a host, one file each: roles, a script, and for the switch its inverse.

mod await_command;
mod becoming;
mod build_virtualenv;
mod check_flip;
mod check_health;
mod check_redo;
mod check_upload;
mod conditional_command;
mod copy_from_current;
mod down_note;
mod drain_host;
mod flip_current;
mod job;
mod keep_release;
mod likely;
mod link_shared;
mod look_busy;
mod mark;
mod migrate_database;
mod place_files;
mod publish;
mod remove_releases;
mod reopen_release;
mod retry_command;
mod run_command;
mod service;
mod set_maintenance;
mod sourcing;
mod stop_for_migration;
mod transfer;
mod unless_same;
mod upload_code;
mod values;
mod within;
mod wrapping;
mod write_secrets;
mod write_templates;
mod write_version;

pub use await_command::AwaitCommand;
pub use becoming::probe;
pub use build_virtualenv::{BuildVirtualenv, uv};
pub use check_flip::CheckFlip;
pub use check_health::{CheckHealth, Sign};
pub use check_redo::CheckRedo;
pub use check_upload::CheckUpload;
pub use conditional_command::ConditionalCommand;
pub use copy_from_current::CopyFromCurrent;
pub use drain_host::{DrainHost, Pool};
pub use flip_current::{Actor, FlipCurrent};
pub use job::{AwaitJob, JobSeen, JobState, ShowJob, StartJob, StopJob, list_jobs, read_jobs};
pub use keep_release::KeepRelease;
pub use likely::likely_texts;
pub use link_shared::LinkShared;
pub use look_busy::{Activity, BusyIf, Condition, LookBusy};
pub use mark::{MarkComplete, MarkFailed, MarkFinished};
pub use migrate_database::{MigrateDatabase, Pending};
pub use place_files::PlaceFiles;
pub use publish::{Publish, Published};
pub use remove_releases::RemoveReleases;
pub use reopen_release::ReopenRelease;
pub use retry_command::RetryCommand;
pub use run_command::RunCommand;
pub use service::{
    File, ForgetElsewhere, Kind, ProgramSeen, RenderService, Service, StopElsewhere, Turn, TurnService, read_state,
};
pub use set_maintenance::{Maintenance, SetMaintenance};
pub use sourcing::{CheckSources, sources};
pub use stop_for_migration::StopForMigration;
pub use transfer::Transfer;
pub use unless_same::UnlessSame;
pub use upload_code::{Fetch, Parcel, Parcels, UploadCode, copy_ahead};
pub use within::Within;
pub use wrapping::Wraps;
pub use write_secrets::{SecretFile, WriteSecrets};
pub use write_templates::{Filled, WriteTemplates, sha256};
pub use write_version::WriteVersion;

use crate::engine::{On, Work};
use crate::fleet::Role;
use crate::release::ReleaseName;
use crate::script::Script;

/// The release an operation that only makes sense with one is about.
fn release<'a>(on: &On<'a>) -> &'a ReleaseName {
    on.release.expect("a plan that builds or flips names its release")
}

/// With the variables that tell every command of the file's own where it runs.
fn telling(script: Script, on: &On<'_>) -> Script {
    let roles: Vec<&str> = on.host.roles.iter().map(Role::as_str).collect();
    let script = on.env.variables().fold(script, |script, (name, value)| script.export(name, value));
    script.export("RELM_HOST", on.host.name.as_str()).export("RELM_ROLES", roles.join(" "))
}

/// With the variables that tell a command of its release: the run's, which is made from `reference`, else the one that is live,
/// whose own is known of the host.
fn naming(script: Script, on: &On<'_>, reference: &str) -> Script {
    let release = on.release.or(on.before);
    let is_live = on.release.is_none() || on.release == on.before;
    let reference = if is_live { on.before_reference } else { reference };
    script
        .export("RELM_RELEASE", release.map_or("", |release| release.as_str()))
        .export("RELM_RELEASE_PATH", release.map(|release| on.layout.release(release)).unwrap_or_default())
        .export("RELM_REF", reference)
}

/// With all that a command sees which is of the file and no operation.
fn seeing(script: Script, on: &On<'_>, reference: &str) -> Script {
    sourcing::sourced(&naming(telling(script, on), on, reference), on)
}

/// Work that fails on the host for a reason that is known already.
fn refused(reason: &str) -> Work {
    Work::ours(Script::new(r#"printf '%s\n' "$reason" >&2; exit 1"#).set("reason", reason))
}
