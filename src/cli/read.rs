//! Commands that only read: connect to whoever answers, survey, report.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use futures_util::future::join_all;

use super::args::Common;
use super::behind::looked_at;
use super::busy::look;
use super::complaint::Complaint;
use super::ground::Ground;
use super::secrets::{self, Needs};
use super::{code, connect, guards, session, show, who};
use crate::config::{AsAnother, Config, Environment};
use crate::engine;
use crate::fleet::HostName;
use crate::operations;
use crate::secret::Secrets;
use crate::survey::Survey;
use crate::tasks::{self, EnvArgs, Site, busy, check, clean_releases, history, releases, verify};
use crate::transport::{ExecError, Exit};

/// Becoming another user takes no longer than this, a wrong password's punishment included.
const PROBE: Duration = Duration::from_secs(30);

pub(super) async fn releases(env: &EnvArgs, common: &Common) -> Result<u8, Complaint> {
    let (_, env, survey) = survey(env, common, false).await?;
    show::releases(&releases::report(&env.name, &survey), common);
    Ok(answered(&survey))
}

pub(super) async fn history(env: &EnvArgs, common: &Common) -> Result<u8, Complaint> {
    let (_, env, survey) = survey(env, common, false).await?;
    show::history(&history::report(&env.name, &survey), common);
    Ok(answered(&survey))
}

pub(super) async fn check(env: &EnvArgs, common: &Common) -> Result<u8, Complaint> {
    let config = session::load(common)?;
    let env = session::chosen(&config, env, common)?;
    let secrets = secrets::load(&config, &env, Needs::Users).await?;
    let ground = ground_with(&config, &env, &secrets, false, common).await;
    let unable = unable(&env, &ground, &secrets).await;
    let report = check::report(&env.name, &env.fleet.names(), &ground.survey, &unable, Utc::now());
    let report = report.with_missing(secrets::plainly_missing(&env)).with_batches(&env);
    let report = report.with_notes(tasks::standing::standing(&env, &ground.survey));
    let found = look(&busy::all(&env), &ground.machines(&secrets, |_| None), &env, &[]).await;
    let (mut told, refuse) = guards::foretold(&config, &env, &common.consent).await;
    told.extend(code::absent(&env));
    let report = report.with_busy(&found).with_guards(told, refuse);
    show::check(&report, common);
    Ok(if report.ready { 0 } else { 3 })
}

/// Is what is live still what was deployed?
pub(super) async fn verify(args: &verify::Verify, common: &Common) -> Result<u8, Complaint> {
    let config = session::load(common)?;
    let env = session::chosen(&config, &args.env, common)?;
    let ground = ground(&config, &env, false, common).await?;
    let wanted = verify::wanted(&env, &ground.survey, args.release.as_ref())?;
    let machines = ground.machines(&Arc::default(), |_| None);
    let looks = machines.iter().filter_map(|machine| {
        let record = wanted.get(&machine.host.name)?.as_ref().ok()?;
        Some(async move { (machine.host.name.clone(), engine::verify(machine, record).await) })
    });
    let found = join_all(looks).await.into_iter().collect();
    let report = verify::report(&env.name, &env.fleet.names(), &ground.survey, &wanted, found);
    show::verify(&report, common);
    Ok(report.exit_code())
}

/// What a clean would do, with the processes that are in its way.
pub(super) async fn preview_clean(
    config: &Config,
    env: &Environment,
    args: &clean_releases::CleanReleases,
    common: &Common,
) -> Result<u8, Complaint> {
    let Ground { mut survey, connections } = ground(config, env, true, common).await?;
    let (env, away) = &looked_at(env, &connections);
    survey.silent.retain(|(host, _)| !away.contains(host));
    let now = Utc::now();
    let actor = who::actor("clean-releases", std::path::Path::new("."), None, now);
    let site = Site { env, survey: &survey, actor: &actor, now };
    show::cleaning(&env.name, &clean_releases::preview(site, args.keep, &args.exclude)?, common);
    Ok(0)
}

async fn survey(env: &EnvArgs, common: &Common, processes: bool) -> Result<(Config, Environment, Survey), Complaint> {
    let config = session::load(common)?;
    let env = session::chosen(&config, env, common)?;
    let survey = surveyed(&config, &env, processes, common).await?;
    Ok((config, env, survey))
}

pub(super) async fn surveyed(
    config: &Config,
    env: &Environment,
    processes: bool,
    common: &Common,
) -> Result<Survey, Complaint> {
    Ok(ground(config, env, processes, common).await?.survey)
}

/// Connects to whoever answers, and surveys.
pub(super) async fn ground(
    config: &Config,
    env: &Environment,
    processes: bool,
    common: &Common,
) -> Result<Ground, Complaint> {
    let secrets = secrets::load(config, env, Needs::Way).await?;
    Ok(ground_with(config, env, &secrets, processes, common).await)
}

pub(super) async fn ground_with(
    config: &Config,
    env: &Environment,
    secrets: &Secrets,
    processes: bool,
    common: &Common,
) -> Ground {
    let connections = connect::connect(config, env, secrets).await;
    let question = engine::question(&env.release.root, &env.name, &env.release.shared_files, processes);
    let mut survey = engine::survey(&connections.hosts, &question, &BTreeMap::new()).await;
    if !connections.failed.is_empty() && !common.json {
        // The report has a line for each; fingerprints and what was tried need more room.
        Complaint::unreachable(&env.name, &connections.failed).print();
    }
    let failed = connections.failed.iter().map(|(host, error)| (host.clone(), error.to_string()));
    survey.silent.extend(failed);
    Ground { survey, connections }
}

/// Whose files cannot be sourced, and what cannot be done as whom it should: a sentence for each user and host.
async fn unable(env: &Environment, ground: &Ground, secrets: &Secrets) -> Vec<(HostName, String)> {
    let answered = ground.connections.hosts.iter().filter(|(host, _)| ground.survey.host(&host.name).is_some());
    let probes = answered.map(|(host, transport)| async move {
        let mut users: Vec<AsAnother<'_>> = Vec::new();
        let is_here = |other: &AsAnother<'_>| env.fleet.select(&other.targets).iter().any(|one| one.name == host.name);
        for other in env.done_as_others().into_iter().filter(is_here) {
            if users.iter().all(|known| known.becoming != other.becoming) {
                users.push(other);
            }
        }
        let mut unable = Vec::new();
        if let Some(script) = operations::sources(host) {
            let exit = transport.capture(&script, Some(PROBE)).await;
            unable.extend(refusal(exit, secrets).map(|said| (host.name.clone(), said)));
        }
        for other in users {
            let exit = transport.capture(&operations::probe(other.becoming, secrets), Some(PROBE)).await;
            let said = refusal(exit, secrets).map(|said| (host.name.clone(), format!("{}: {said}", other.called())));
            unable.extend(said);
        }
        unable
    });
    join_all(probes).await.concat()
}

/// What a host said to something it cannot do.
fn refusal(ended: Result<Exit, ExecError>, secrets: &Secrets) -> Option<String> {
    match ended {
        Ok(exit) if exit.status.success() => None,
        Ok(exit) => {
            let said = secrets.mask().apply(exit.stderr.as_bytes()).into_owned();
            Some(String::from_utf8_lossy(&said).lines().map(str::trim).collect::<Vec<_>>().join("; "))
        }
        Err(error) => Some(error.to_string()),
    }
}

/// An answer in which hosts are missing is not a whole one.
pub(super) fn answered(survey: &Survey) -> u8 {
    if survey.silent.is_empty() { 0 } else { 3 }
}
