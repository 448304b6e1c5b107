//! What relm can do on a host, one file each: roles, a script, and for the switch its inverse.

mod await_command;
mod becoming;
mod build_virtualenv;
mod check_flip;
mod check_upload;
mod copy_from_current;
mod flip_current;
mod link_shared;
mod look_busy;
mod mark;
mod remove_releases;
mod reopen_release;
mod run_command;
mod upload_code;
mod write_secrets;

pub use await_command::AwaitCommand;
pub use becoming::probe;
pub use build_virtualenv::{BuildVirtualenv, uv};
pub use check_flip::CheckFlip;
pub use check_upload::CheckUpload;
pub use copy_from_current::CopyFromCurrent;
pub use flip_current::{Actor, FlipCurrent};
pub use link_shared::LinkShared;
pub use look_busy::{Activity, BusyIf, Condition, LookBusy};
pub use mark::{MarkComplete, MarkFailed, MarkFinished};
pub use remove_releases::RemoveReleases;
pub use reopen_release::ReopenRelease;
pub use run_command::RunCommand;
pub use upload_code::{Fetch, Parcel, Parcels, UploadCode};
pub use write_secrets::{SecretFile, WriteSecrets};

use crate::engine::On;
use crate::release::ReleaseName;

/// The release an operation that only makes sense with one is about.
fn release<'a>(on: &On<'a>) -> &'a ReleaseName {
    on.release.expect("a plan that builds or flips names its release")
}
