//! A command of the app's own, from `Releases.toml` or the command line.

use std::collections::BTreeMap;
use std::time::Duration;

use super::becoming::run_as;
use super::sourcing::{UNFIT, defined, exporting, sourced};
use super::values::values;
use super::{naming, telling};
use crate::engine::{Makes, On, Operation, Reading, Work};
use crate::fleet::{Become, Targets};
use crate::script::Script;
use crate::template::fill;
use crate::transport::Input;

/// Runs shell text of the app's own, in the release.
#[derive(Debug, Clone)]
pub struct RunCommand {
    /// Its name in the file.
    pub name: String,
    /// Where it runs.
    pub targets: Targets,
    /// On so many hosts at a time.
    pub at_once: Option<usize>,
    /// How long it may take on one host.
    pub time_limit: Option<Duration>,
    /// Text for `sh`.
    pub run: String,
    /// Text for `sh` that takes it back.
    pub undo: Option<String>,
    /// What the release was made from: a branch, a tag, a commit.
    pub reference: String,
    /// Run it in the environment's directory, because there is no release yet.
    pub outside: bool,
    /// Part of building a release, and not a word typed once.
    pub journaled: bool,
    /// Done again by a resumed run.
    pub always: bool,
    /// The user it runs as, if not whoever all else runs as.
    pub becoming: Option<Become>,
    /// Variables that it sees, over those of its host.
    pub variables: BTreeMap<String, String>,
    /// The secrets it gets, by name.
    pub secrets: Vec<String>,
    /// Where it runs, to be filled in, if not in the release: below that, absolute, or from `~/`.
    pub cwd: Option<String>,
}

/// `eval` and not `sh -c`: the text stays out of every list of processes. With `pipefail`, where the host's `sh` has
/// it, `a | b` fails when `a` does.
const RUN: &str = r#"cd -- "$relm_directory" || exit
(set -o pipefail) 2>/dev/null && set -o pipefail
eval "$relm_command""#;

/// Before a first deploy a check has no directory of its own to stand in.
const RUN_ANYWHERE: &str = r#"cd -- "$relm_directory" 2>/dev/null
(set -o pipefail) 2>/dev/null && set -o pipefail
eval "$relm_command""#;

/// A directory of the file's own is said by its name where it is not there, whatever the host's `sh` would say.
const STAND: &str = r#"case $relm_directory in "~" | "~"/*) relm_directory=$HOME${relm_directory#?} ;; esac
[ -d "$relm_directory" ] || { printf 'cwd: %s is no directory here\n' "$relm_directory" >&2; exit 126; }"#;

impl RunCommand {
    /// A step of every host, with nothing special about it.
    pub fn new(name: &str, run: &str) -> Self {
        Self {
            name: name.to_owned(),
            targets: Targets::all(),
            at_once: None,
            time_limit: None,
            run: run.to_owned(),
            undo: None,
            reference: String::new(),
            outside: false,
            journaled: true,
            always: false,
            becoming: None,
            variables: BTreeMap::new(),
            secrets: Vec::new(),
            cwd: None,
        }
    }

    /// Whether it runs all the same where its directory is not there.
    pub(super) fn stands_anywhere(&self) -> bool {
        self.outside && self.cwd.is_none()
    }

    /// `around`, behind what makes sure that the file's own directory is there.
    fn standing(&self, around: Script, directory: String, on: &On<'_>) -> Script {
        let Some(cwd) = &self.cwd else { return around.set("relm_directory", directory) };
        // Before a first deploy what undoes something has no release to stand in.
        let is_there = self.outside || on.release.or(on.before).is_some();
        match fill("cwd", cwd, &values(on, "", "")) {
            Ok(cwd) if cwd.starts_with(['/', '~']) => Script::new(STAND).then(&around).set("relm_directory", cwd),
            Ok(cwd) if is_there => Script::new(STAND).then(&around).set("relm_directory", format!("{directory}/{cwd}")),
            Ok(_) => around.set("relm_directory", directory),
            Err(reason) => Script::new(UNFIT).set("reason", format!("cwd: {reason}")),
        }
    }

    /// `around`, which evaluates the command, in the release and with all a command of the app's sees.
    pub(super) fn script(&self, around: Script, on: &On<'_>, command: &str, reference: &str) -> Script {
        // A command typed once runs in what is live on its host.
        let release = on.release.or(on.before);
        let path = release.map(|release| on.layout.release(release)).unwrap_or_default();
        let base = on.layout.base().to_owned();
        let directory = if self.outside || path.is_empty() { base } else { path };
        let script =
            naming(telling(self.standing(around, directory, on), on), on, reference).set("relm_command", command);
        let script = self.secrets.iter().fold(script, |script, name| match on.secrets.get(name) {
            Some(secret) => script.export(name, secret.expose_line()),
            None => script,
        });
        let script = exporting(script, &self.variables, on);
        run_as(self.becoming.as_ref(), sourced(&script, on), on.secrets)
    }

    fn running(&self, on: &On<'_>, command: &str, reference: &str) -> Work {
        let text = if self.stands_anywhere() { RUN_ANYWHERE } else { RUN };
        let script = self.script(Script::new(text), on, command, reference);
        let command = Some(command.to_owned());
        Work { script, input: Input::Nothing, time_limit: self.time_limit, reading: Reading::Plain, command }
    }
}

impl Operation for RunCommand {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn targets(&self) -> Targets {
        self.targets.clone()
    }

    fn work(&self, on: &On<'_>) -> Work {
        self.running(on, &self.run, &self.reference)
    }

    fn undo(&self, on: &On<'_>) -> Option<Work> {
        let command = self.undo.as_deref()?;
        // Before a first deploy there is no release to run the same again in; a command of its own undoes all the same.
        if on.release.or(on.before).is_none() && command == self.run {
            return None;
        }
        Some(self.running(on, command, &self.reference))
    }

    /// The text and nothing around it: another version of relm runs the same command. Of secrets only the names: a new
    /// password is no new command.
    fn definition(&self, on: &On<'_>) -> String {
        let becoming = self.becoming.iter().map(|becoming| format!("\nas {}", becoming.user));
        let secrets = self.secrets.iter().map(|name| format!("\nwith {name}"));
        let cwd = self.cwd.iter().map(|cwd| format!("\nin {cwd}"));
        let text = becoming.chain(secrets).chain(cwd).fold(self.run.clone(), |text, more| text + &more);
        defined(text, &self.variables, on)
    }

    fn command(&self) -> Option<&str> {
        Some(&self.run)
    }

    fn always(&self) -> bool {
        self.always
    }

    fn makes(&self) -> Makes {
        if self.journaled { Makes::Files } else { Makes::Nothing }
    }

    fn at_once(&self) -> Option<usize> {
        self.at_once
    }

    fn is_journaled(&self) -> bool {
        self.journaled
    }
}
