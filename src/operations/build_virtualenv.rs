//! Gives the release its own virtualenv at its final path: out of an older release's where nothing that it depends on has
//! changed, else by the installer.

use std::sync::Arc;

mod bring;

pub use bring::uv;

use super::release;
use super::sourcing::sourced;
use crate::engine::{Makes, Obstacle, On, Operation, Work};
use crate::fleet::Targets;
use crate::script::Script;
use crate::transport::{Input, LazyFile};

/// What the interpreter on the host does: tells what a virtualenv depends on, and makes the likeness of one elsewhere. In
/// Python, because whoever gets a virtualenv has it, and because paths stand in files of many kinds.
const PROGRAM: &str = concat!(
    include_str!("build_virtualenv/key.py"),
    include_str!("build_virtualenv/tree.py"),
    include_str!("build_virtualenv/reuse.py"),
);

/// Makes `python_env` in the release and installs what its files ask for.
#[derive(Debug)]
pub struct BuildVirtualenv {
    /// Which hosts get one.
    pub targets: Targets,
    /// The interpreter, as a command.
    pub python: String,
    /// `auto`, `uv` or `pip`.
    pub installer: &'static str,
    /// `requirements`, `project` or `command`.
    pub packages: &'static str,
    /// Requirements files, or the one command.
    pub sources: Vec<String>,
    /// The package index, if not the installer's own.
    pub index: Option<String>,
    /// More arguments for the installer.
    pub args: Vec<String>,
    /// Commands that are run when the packages are installed.
    pub post: Vec<String>,
    /// The only directory that packages come from, if there is one.
    pub offline: Option<String>,
    /// When an older release's virtualenv is used again: `pinned`, `always` or `never`.
    pub reuse: &'static str,
    /// A uv for hosts that have none, made by [`uv`].
    pub brings: Option<Arc<LazyFile>>,
}

impl BuildVirtualenv {
    fn script(&self, on: &On<'_>, bring: &str) -> Script {
        let args = self.sources.iter().chain(&self.args);
        let mut script = self
            .posting()
            .then(&Script::new(include_str!("build_virtualenv.sh")))
            .args(args)
            .set("sources", self.sources.len().to_string())
            .set("release", on.layout.release(release(on)))
            .set("records", on.layout.records())
            .set("tools", tools(on))
            .set("bring", bring)
            .set("program", PROGRAM)
            .set("reuse", self.reuse)
            .set("python", &self.python)
            .set("installer", self.installer)
            .set("packages", self.packages);
        if let Some(index) = &self.index {
            // In the environment and not among the arguments: an index may carry a password.
            script = script.export("PIP_INDEX_URL", index).export("UV_DEFAULT_INDEX", index);
        }
        if let Some(place) = &self.offline {
            let told =
                [("PIP_NO_INDEX", "1"), ("PIP_FIND_LINKS", place), ("UV_OFFLINE", "1"), ("UV_FIND_LINKS", place)];
            script = told.into_iter().fold(script, |script, (name, value)| script.export(name, value));
        }
        sourced(&script, on)
    }

    /// The commands for afterwards, as a function; and as what they depend on.
    fn posting(&self) -> Script {
        if self.post.is_empty() {
            return Script::new("relm_post() { :; }");
        }
        let one = |command: &String| Script::new(POST).set("relm_command", command).apart();
        let all = self.post.iter().fold(Script::new("relm_post() {"), |all, command| {
            all.then(&one(command)).then(&Script::new("relm_posted $?"))
        });
        all.then(&Script::new("}")).export("RELM_POST", self.post.join("\n"))
    }
}

/// One command, in a shell of its own.
const POST: &str = r#"export VIRTUAL_ENV="$env" PATH="$env/bin:$PATH"
unset RELM_POST
eval "$relm_command""#;

/// Where a uv lies that was brought to a host.
fn tools(on: &On<'_>) -> String {
    format!("{}/.relm/tools", on.layout.base())
}

impl Operation for BuildVirtualenv {
    fn name(&self) -> String {
        "build_virtualenv".to_owned()
    }

    fn targets(&self) -> Targets {
        self.targets.clone()
    }

    fn makes(&self) -> Makes {
        Makes::Files
    }

    fn work(&self, on: &On<'_>) -> Work {
        Work::ours(self.script(on, if self.brings.is_some() { "missing" } else { "never" }))
    }

    fn instead(&self, on: &On<'_>, obstacle: Obstacle) -> Option<Work> {
        let uv = self.brings.as_ref().filter(|_| obstacle == Obstacle::Fetch)?;
        let script = Script::new(include_str!("build_virtualenv/bring.sh")).set("tools", tools(on));
        let script = script.then(&self.script(on, "brought"));
        Some(Work { input: Input::File(Arc::clone(uv)), ..Work::ours(script) })
    }
}
