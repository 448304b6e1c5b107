//! `relm jobs`, from the words to the exit code.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::args::Common;
use super::change::{Change, Show};
use super::complaint::Complaint;
use super::secrets::Needs;
use super::{out, read, session, show};
use crate::config::{Config, Environment};
use crate::engine;
use crate::operations::list_jobs;
use crate::tasks::Site;
use crate::tasks::jobs::{self, Action, Jobs, Report};

/// A host has so long to list them.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn act(args: &Jobs, common: &Common) -> Result<u8, Complaint> {
    let config = session::load(common)?;
    let args = &Jobs { words: config.joined(&args.words), ..args.clone() };
    let Some((env, action)) = args.read() else {
        let words = args.words.join(" ");
        return Err(Complaint::usage(format!("what is to be done with jobs is not clear from {words:?}"))
            .next("relm jobs --help"));
    };
    let mut env = session::environment(&config, env, common)?;
    let report = listed(&config, &env, common).await?;
    let (Action::Tail(id) | Action::Stop(id)) = action else {
        show::jobs(&report, common);
        return Ok(if report.trouble.is_empty() { 0 } else { 3 });
    };
    let hosts = jobs::hosts_of(&env, &report, id);
    let is_known = |host| hosts.as_ref().is_ok_and(|hosts| hosts.contains(host));
    let untold: Vec<_> = report.trouble.iter().filter(|(host, _)| !is_known(host)).collect();
    for (host, reason) in &untold {
        out::note(format!("{host}: {reason}; whether it has the job is not known"));
    }
    let hosts = hosts?;
    env.fleet.hosts.retain(|host| hosts.contains(&host.name));
    // What a job was given must not be shown when it says it.
    let needs = if matches!(action, Action::Tail(_)) { Needs::All } else { Needs::Way };
    let change = Change::new("jobs", &config, env, common).showing(Show::Bare).locking(false).needing(needs);
    let plan = |site: Site<'_>| Ok(if needs == Needs::All { jobs::show(site, id, args) } else { jobs::stop(site, id) });
    let exit_code = change.run(plan).await?;
    // It may go on where nobody could ask.
    let is_everywhere = untold.is_empty() || matches!(action, Action::Tail(_));
    Ok(if exit_code == 0 && !is_everywhere { 3 } else { exit_code })
}

async fn listed(config: &Config, env: &Environment, common: &Common) -> Result<Report, Complaint> {
    let ground = read::ground(config, env, false, common).await?;
    let machines = ground.machines(&Arc::default(), |_| None);
    let asked = machines.iter().map(|machine| async move {
        (machine.host.name.clone(), engine::ask(machine, &env.name, PATIENCE, list_jobs).await)
    });
    let mut report = jobs::report(&env.name, join_all(asked).await);
    report.trouble.extend(ground.survey.silent.iter().cloned());
    Ok(report)
}
