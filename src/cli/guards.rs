//! `[guards]`: what must hold before a deploy touches any host, and what is asked then.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::io::AsyncBufReadExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use super::change::Change;
use super::code::Code;
use super::complaint::Complaint;
use super::retype::typed;
use super::{ask, out, secrets};
use crate::child::Group;
use crate::config::guards::{Guards, SameCode};
use crate::config::{Config, Environment};
use crate::engine::Plan;
use crate::release::{Consent, ReleaseName, Wanted};
use crate::secret::{self, Mask};
use crate::source::{self, Source};
use crate::survey::Survey;
use crate::tasks::deploy::SourceArgs;
use crate::tasks::same::is_same;

/// What a guard says that does not let a deploy through.
pub(super) struct Objection<'g> {
    pub(super) name: &'g str,
    /// A sentence without a full stop.
    pub(super) what: String,
    /// Yes is enough: nobody has to agree by name.
    pub(super) question: Option<String>,
}

impl Objection<'_> {
    /// What it would come to, unless somebody has agreed.
    fn foretold(&self, consents: &[Consent]) -> Option<String> {
        if consents.iter().any(|consent| consent.name == self.name) {
            return None;
        }
        Some(match &self.question {
            Some(question) => format!("would be asked: {question}"),
            None => format!("would be refused: {}; --consent {} lets it go on", self.what, self.name),
        })
    }
}

/// What the guards of `relm deploy` say now, and whether one of them refuses it. Their commands are not run.
pub(super) async fn foretold(config: &Config, env: &Environment, consents: &[Consent]) -> (Vec<String>, bool) {
    let directory = config.path.parent().unwrap_or(Path::new("."));
    let mut objections: Vec<Objection<'_>> = standing(&env.guards, Utc::now()).collect();
    objections.extend(unclean(&env.guards, directory).await);
    let told = |objection: &Objection<'_>| Some((objection.foretold(consents)?, objection.question.is_none()));
    let (mut notes, refuses): (Vec<String>, Vec<bool>) = objections.iter().filter_map(told).unzip();
    notes.extend(env.guards.before.iter().map(|command| comes_first(command)));
    (notes, refuses.contains(&true))
}

fn comes_first(command: &str) -> String {
    format!("first this machine would run: {command}")
}

/// What the clock and the calendar say.
fn standing(guards: &Guards, now: DateTime<Utc>) -> impl Iterator<Item = Objection<'_>> {
    let shut = guards.window.as_ref().filter(|window| !window.is_open(now)).map(|window| {
        let what = format!("it is {} there, outside the window {}", window.clock(now), window.text);
        Objection { name: "window", what, question: None }
    });
    let asked = guards.questions.iter().filter(move |asked| asked.is_asked(now));
    let asked = asked.map(|asked| Objection {
        name: &asked.name,
        what: asked.question.clone(),
        question: Some(asked.question.clone()),
    });
    shut.into_iter().chain(asked)
}

/// What the repository around the file says.
async fn unclean(guards: &Guards, directory: &Path) -> Option<Objection<'static>> {
    let what =
        if guards.clean_repository { clean(directory, guards.branch.as_deref()).await.err()? } else { return None };
    Some(Objection { name: "clean_repository", what, question: None })
}

impl Change<'_> {
    /// Holds a deploy against the guards that need no host. `source` is what it was asked to release, if it is new code. A
    /// dry run only learns what they say.
    pub(super) async fn pass_guards(&self, source: Option<&SourceArgs>) -> Result<(), Complaint> {
        if self.actor.task != "deploy" {
            return Ok(());
        }
        self.know_consents()?;
        let guards = &self.env.guards;
        let other = source.filter(|_| guards.reference).and_then(|source| self.other_source(source));
        let other = other.map(|other| Objection {
            name: "ref",
            question: Some(format!("{other} Deploy it all the same?")),
            what: other,
        });
        for objection in other.into_iter().chain(standing(guards, self.now)) {
            self.meet(objection).await?;
        }
        let directory = self.config.path.parent().unwrap_or(Path::new("."));
        if let Some(objection) = unclean(guards, directory).await {
            self.meet(objection).await?;
        }
        let hidden = secrets::at_hand(&self.env);
        for command in guards.before.iter().filter(|_| source.is_some()) {
            if self.dry_run {
                self.foresee(comes_first(command));
            } else if let Err(what) = succeeds(directory, command, hidden.mask()).await {
                self.overcome(Objection { name: "before", what, question: None }).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn meet(&self, objection: Objection<'_>) -> Result<(), Complaint> {
        if self.dry_run {
            objection.foretold(&self.common.consent).into_iter().for_each(|note| self.foresee(note));
            return Ok(());
        }
        self.overcome(objection).await
    }

    /// A plan that does nothing, where the very same code is live everywhere, nothing would be built otherwise, and the file
    /// says to leave it at that. Asks where it says to ask.
    pub(super) async fn same_code(&self, survey: &Survey, code: &Code) -> Result<Option<Plan>, Complaint> {
        let Some(guard) = self.env.guards.same_code.filter(|_| self.actor.task == "deploy") else { return Ok(None) };
        let is_same = |name: &&ReleaseName| is_same(self.site(survey), name, &code.payload, &code.reference());
        let Some(name) = survey.live_everywhere().filter(is_same) else { return Ok(None) };
        let what = format!("release {name} has the very same code and is live on all hosts");
        if guard == SameCode::Skip {
            out::note(format!("{what}\n"));
            return Ok(Some(Plan::new(&self.actor.task, &self.env.name, &self.env.fleet).about(name)));
        }
        let question = Some(format!("{what}. Deploy it once more?"));
        self.meet(Objection { name: "same_code", what, question }).await?;
        Ok(None)
    }

    /// What is released instead of the file's own source, as a sentence; nothing if that is.
    fn other_source(&self, args: &SourceArgs) -> Option<String> {
        if let Some(path) = args.dir.as_ref().or(args.archive.as_ref()) {
            return Some(format!("{} is not the source that Releases.toml names.", path.display()));
        }
        let Source::Git { reference, .. } = &self.env.source.source else { return None };
        let usual = reference.as_deref().unwrap_or("HEAD");
        // What is promoted is named by its commit; where it came from, its record knows.
        let promoted = self.promoted.as_ref().map(|promoted| promoted.record.reference.as_str());
        let wanted = promoted.or(args.reference.as_deref()).filter(|wanted| *wanted != usual)?;
        Some(format!("{wanted} is not {usual}, which {} is deployed from.", self.env.name))
    }

    /// Goes on if somebody agreed on the command line or says yes; refuses otherwise.
    pub(super) async fn overcome(&self, objection: Objection<'_>) -> Result<(), Complaint> {
        let Objection { name, what, question } = objection;
        if let Some(consent) = self.common.consent.iter().find(|consent| consent.name == name) {
            self.note_agreed(consent.clone());
            return Ok(());
        }
        let wanted = [Wanted { name: name.to_owned(), ask: None }];
        let again = |complaint| Wanted::next(&wanted, &typed()).into_iter().fold(complaint, Complaint::next);
        if let Some(question) = question {
            let answer = ask::confirm(&question, self.common.yes).await.map_err(again)?;
            self.note_agreed(Consent { name: name.to_owned(), words: answer.words().to_owned() });
            return Ok(());
        }
        if !ask::is_possible() {
            return Err(again(Complaint::refused(format!("{what}; nothing was changed"))));
        }
        let words = ask::words(&format!("{what}. Who agreed to go on, and why? (nothing: stop)")).await?;
        self.note_agreed(Consent { name: name.to_owned(), words });
        Ok(())
    }
}

/// Whether the repository around `directory` is on `branch`, if one is named, has nothing uncommitted and is equal to its
/// upstream.
async fn clean(directory: &Path, branch: Option<&str>) -> Result<(), String> {
    if let Some(branch) = branch {
        let head = git(directory, &["rev-parse", "--abbrev-ref", "HEAD"]).await?;
        match head.trim() {
            head if head == branch => {}
            "HEAD" => return Err(format!("{} is on no branch, and not on {branch}", directory.display())),
            head => return Err(format!("{} is on the branch {head}, and not on {branch}", directory.display())),
        }
    }
    let changed = git(directory, &["status", "--porcelain"]).await?;
    if let Some(first) = changed.lines().next() {
        return Err(format!("{} has changes that are not committed, such as {first:?}", directory.display()));
    }
    let place = directory.to_owned();
    let own_ssh = ["GIT_SSH_COMMAND", "GIT_SSH"].iter().any(|name| std::env::var_os(name).is_some());
    let fetched =
        tokio::task::spawn_blocking(move || source::fetch(&place, own_ssh)).await.map_err(|error| error.to_string())?;
    fetched.map_err(|reason| format!("git fetch in {}: {reason}", directory.display()))?;
    let apart = git(directory, &["rev-list", "--left-right", "--count", "HEAD...@{upstream}"]).await?;
    match apart.split_whitespace().collect::<Vec<_>>()[..] {
        ["0", "0"] => Ok(()),
        [ahead, behind] => {
            Err(format!("{} is {ahead} commits ahead of its upstream and {behind} behind", directory.display()))
        }
        _ => Err(format!("git does not say how far {} is from its upstream", directory.display())),
    }
}

async fn git(directory: &Path, args: &[&str]) -> Result<String, String> {
    let mut git = Command::new("git");
    git.args(args).current_dir(directory).stdin(Stdio::null()).kill_on_drop(true).env("GIT_TERMINAL_PROMPT", "0");
    hide_secrets(&mut git);
    let output = git.output().await.map_err(|error| format!("git: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("git {} in {}: {}", args[0], directory.display(), said.trim().lines().last().unwrap_or("failed")))
}

fn hide_secrets(command: &mut Command) {
    for variable in secret::hidden() {
        command.env_remove(variable);
    }
}

/// Runs a command in a group of its own, so that all it starts can be ended with it. A group behind relm's that reads the
/// terminal would be stopped, for ever; like this the read fails: nobody is there to answer.
const IN_GROUP: &str = "trap '' TTIN TTOU; exec sh -c \"$1\"";

/// Runs a command of this machine; what it prints is not relm's data.
async fn succeeds(directory: &Path, command: &str, mask: &Mask) -> Result<(), String> {
    out::note(format!("{command}\n"));
    let mut sh = Command::new("sh");
    sh.args(["-c", IN_GROUP, "sh", command]).current_dir(directory).stdin(Stdio::null()).process_group(0);
    hide_secrets(&mut sh);
    let mut child =
        sh.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|error| format!("{command}: {error}"))?;
    let group = Group::led_by(child.id());
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let telling = async { tokio::join!(repeat(stdout, mask), repeat(stderr, mask)) };
    tokio::pin!(telling);
    let ended = tokio::select! {
        status = child.wait() => {
            // What it has left in the background may hold its output for ever.
            let _ = timeout(Duration::from_secs(1), &mut telling).await;
            status
        }
        _ = &mut telling => child.wait().await,
    };
    group.has_ended();
    let status = ended.map_err(|error| format!("{command}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{command}` on this machine: {status}")) }
}

/// Repeats what a command says, line by line and without what nothing may show.
async fn repeat(stream: Option<impl tokio::io::AsyncRead + Unpin>, mask: &Mask) {
    let Some(stream) = stream else { return };
    let mut stream = tokio::io::BufReader::new(stream);
    let mut line = Vec::new();
    while stream.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
        out::raw(String::from_utf8_lossy(&mask.apply(&line)));
        line.clear();
    }
}
