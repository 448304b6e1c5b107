//! `relm run`: one command, in the live release or a named one.

use clap::Args;

use super::{Refusal, Site, command};
use crate::engine::Plan;
use crate::fleet::Targets;
use crate::operations::RunCommand;
use crate::release::ReleaseName;
use crate::script::quote;

/// Run a command in the live release of each host, or in a named one
///
/// The command's arguments arrive exactly as typed. Its output is shown with the host's name in front. If it fails on
/// any host, relm exits with 1.
#[derive(Debug, Clone, Args)]
pub struct Run {
    /// Environment of Releases.toml; the default one if left out
    pub env: Option<String>,
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
    #[arg(long)]
    pub lock: bool,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub command: Vec<String>,
}

/// Runs the command on the hosts of the site.
pub fn plan(site: Site<'_>, run: &Run) -> Result<Plan, Refusal> {
    super::readiness::require_answers(site.survey)?;
    let targets = Targets { once: run.once, ..Targets::all() };
    let chosen = site.env.fleet.select(&targets);
    let lacks = |host: &&&crate::fleet::Host| {
        let seen = site.survey.host(&host.name);
        match &run.release {
            Some(name) => !seen.is_some_and(|seen| seen.release(name).is_some_and(|release| release.has_tree)),
            None => seen.and_then(|seen| seen.live()).is_none(),
        }
    };
    let lacking: Vec<Vec<String>> = chosen.iter().filter(lacks).map(|host| vec![host.name.to_string()]).collect();
    if !lacking.is_empty() {
        let what =
            run.release.as_ref().map_or("nothing is live".to_owned(), |name| format!("there is no release {name}"));
        return Err(Refusal::new(format!("{what} on some hosts"))
            .table(vec!["host"], lacking)
            .next(command("releases", site.env)));
    }
    let words: Vec<String> = run.command.iter().map(|word| quote(word)).collect();
    let operation = RunCommand {
        targets,
        reference: reference(site, run.release.as_ref()),
        journaled: false,
        ..RunCommand::new("run", &words.join(" "))
    };
    let mut plan = Plan::new("run", &site.env.name, &site.env.fleet).finish(operation);
    plan.release.clone_from(&run.release);
    Ok(plan)
}

fn reference(site: Site<'_>, release: Option<&ReleaseName>) -> String {
    let record = site.survey.hosts.iter().find_map(|(_, seen)| seen.release(release.or(seen.live())?));
    record.map(|release| release.record.reference.clone()).unwrap_or_default()
}
