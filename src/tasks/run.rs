//! `relm run`: one command, in the live release or a named one.

use clap::Args;

use super::{EnvArgs, Refusal, Site, building, command};
use crate::engine::{Operation, Plan};
use crate::event::Phase;
use crate::fleet::Targets;
use crate::operations::{RunCommand, StartJob};
use crate::release::ReleaseName;
use crate::script::quote;

/// Run a command in the live release of each host, or in a named one
///
/// The command's arguments arrive exactly as typed. Its output is shown with the host's name in front. If it fails on
/// any host, relm exits with 1.
#[derive(Debug, Clone, Args)]
pub struct Run {
    #[allow(missing_docs, reason = "clap would print them as help")]
    #[command(flatten)]
    pub env: EnvArgs,
    /// Run in this release instead of the live one
    #[arg(long, value_name = "NAME")]
    pub release: Option<ReleaseName>,
    /// Only on hosts with one of these roles
    #[arg(long, value_name = "ROLE", value_delimiter = ',')]
    pub roles: Vec<String>,
    /// Only on the first of them
    #[arg(long)]
    pub once: bool,
    /// Take the environment's lock first, as a deploy does: for commands that must not meet one
    #[arg(long, conflicts_with = "detach")]
    pub lock: bool,
    /// Start it as a job that goes on when relm and the connection are gone: `relm jobs` shows it
    #[arg(long)]
    pub detach: bool,
    /// An operation of the file instead of a command: on its own hosts, with its secrets, and under the lock
    #[arg(long, value_name = "NAME", conflicts_with_all = ["once", "detach", "command"])]
    pub operation: Option<String>,
    /// The command and its arguments
    #[arg(last = true, required_unless_present = "operation", value_name = "CMD")]
    pub command: Vec<String>,
}

/// Runs the command on the hosts of the site.
pub fn plan(site: Site<'_>, run: &Run) -> Result<Plan, Refusal> {
    let targets = Targets { once: run.once, ..Targets::all() };
    let operation = RunCommand { targets, ..RunCommand::new("run", &words(&run.command)) };
    if run.detach {
        let called = called(run.command.first().map(String::as_str).unwrap_or_default());
        let make = |command| StartJob::typed(command, &called, site.actor);
        return in_release(site, operation, run.release.as_ref(), make);
    }
    in_release(site, operation, run.release.as_ref(), |command| command)
}

/// What a job is called after the first word of its command.
fn called(word: &str) -> String {
    let name = word.rsplit('/').next().unwrap_or_default();
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).take(40).collect();
    if plain.is_empty() { "run".to_owned() } else { plain }
}

/// Words as a shell reads them again.
pub(super) fn words(words: &[String]) -> String {
    words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ")
}

/// Runs one operation of the file in a release, whatever its phase. It is no step of that release.
pub fn operation(site: Site<'_>, name: &str, release: Option<&ReleaseName>) -> Result<Plan, Refusal> {
    super::readiness::require_ready(site, Some(0))?;
    let known = site.env.operations.iter().map(|operation| operation.name.as_str());
    let Some(operation) = site.env.operations.iter().find(|operation| operation.name == name) else {
        let known: Vec<&str> = known.collect();
        let there = if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
        return Err(Refusal::new(format!("{} has no operation {name:?}: {there}", site.env.name)));
    };
    if let Some(stopped) = operation.migrate.as_ref().map(|migration| &migration.stop).filter(|stop| !stop.is_empty()) {
        return Err(while_stopped(site, name, stopped));
    }
    require_release(site, &operation.targets, release)?;
    let command = building::command(operation, &reference(site, release));
    // What is typed once is not taken back: where it succeeded, it is done.
    let command = RunCommand { outside: false, journaled: false, undo: None, ..command };
    let plan = Plan::new("run", &site.env.name, &site.env.fleet);
    let mut plan = building::add(plan, site, Phase::Prepare, operation, command);
    // Which code meets which schema is told of a switch, and no host switches.
    plan.notes.clear();
    plan.release = release.cloned();
    Ok(plan)
}

/// The refusal of a migration that services must not meet.
fn while_stopped(site: Site<'_>, name: &str, stopped: &[String]) -> Refusal {
    let turns =
        |turn: &str| stopped.iter().map(|service| format!("\"{turn}:{service}\"")).collect::<Vec<_>>().join(", ");
    Refusal::new(format!(
        "{name} must not meet {}, and `relm run` stops nothing: write a task that does, or leave it to a deploy",
        stopped.join(" and ")
    ))
    .next(format!("[tasks.NAME] operations = [{}, \"{name}\", {}]", turns("stop"), turns("start")))
    .next(command("deploy", site.env))
}

/// Runs what `make` makes of a command in a release, the live one if none is named. It is no step of that release.
pub(super) fn in_release<O: Operation + 'static>(
    site: Site<'_>,
    operation: RunCommand,
    release: Option<&ReleaseName>,
    make: impl Fn(RunCommand) -> O,
) -> Result<Plan, Refusal> {
    super::readiness::require_answers(site.survey)?;
    require_release(site, &operation.targets, release)?;
    let task = operation.name.clone();
    let operation = RunCommand { reference: reference(site, release), journaled: false, ..operation };
    let mut plan = Plan::new(&task, &site.env.name, &site.env.fleet).finish(make(operation));
    plan.release = release.cloned();
    Ok(plan)
}

/// Refuses where a host that is concerned has no release that something could run in.
fn require_release(site: Site<'_>, targets: &Targets, release: Option<&ReleaseName>) -> Result<(), Refusal> {
    let chosen = site.env.fleet.select(targets);
    let lacks = |host: &&&crate::fleet::Host| {
        let seen = site.survey.host(&host.name);
        match release {
            Some(name) => !seen.is_some_and(|seen| seen.release(name).is_some_and(|release| release.has_tree)),
            None => seen.and_then(|seen| seen.live()).is_none(),
        }
    };
    let lacking: Vec<Vec<String>> = chosen.iter().filter(lacks).map(|host| vec![host.name.to_string()]).collect();
    if !lacking.is_empty() {
        let what = release.map_or("nothing is live".to_owned(), |name| format!("there is no release {name}"));
        return Err(Refusal::new(format!("{what} on some hosts"))
            .table(vec!["host"], lacking)
            .next(command("releases", site.env)));
    }
    Ok(())
}

fn reference(site: Site<'_>, release: Option<&ReleaseName>) -> String {
    let record = site.survey.hosts.iter().find_map(|(_, seen)| seen.release(release.or(seen.live())?));
    record.map(|release| release.record.reference.clone()).unwrap_or_default()
}
