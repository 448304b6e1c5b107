//! Variables of this process that hold secrets. What relm starts on this machine has no use for them.

use std::ffi::OsString;
use std::sync::OnceLock;

static HIDDEN: OnceLock<Vec<OsString>> = OnceLock::new();

/// Names the variables, once, before anything is started. They cannot be taken out of this process itself: other threads
/// may read its environment at any time.
pub fn hide(variables: Vec<OsString>) {
    let _ = HIDDEN.set(variables);
}

/// The variables that nothing is started with.
pub fn hidden() -> &'static [OsString] {
    HIDDEN.get().map(Vec::as_slice).unwrap_or_default()
}
