//! Commands for a person to type next: the one place that makes them, so that each means the file this run means.

use std::path::Path;
use std::sync::OnceLock;

use crate::config::Environment;
use crate::script::word;

/// `--config FILE`, where the file of this process was named. What is found from one directory is another from the next.
static FILE: OnceLock<String> = OnceLock::new();

/// From now on commands name this file. There is one for each process.
pub fn name_file(path: &Path) {
    let _ = FILE.set(format!(" --config {}", word(&path.to_string_lossy())));
}

/// How relm is called for this file.
pub fn relm() -> String {
    format!("relm{}", FILE.get().map_or("", String::as_str))
}

/// A command about the same environment or component.
pub fn command(task: &str, env: &Environment) -> String {
    format!("{} {task} {}", relm(), env.name.words())
}
