//! Which command does what.

use super::args::{Command, Common};
use super::change::{self, Change};
use super::complaint::Complaint;
use super::resume::Begun;
use super::secrets::Needs;
use super::{
    diff, jobs, lock, maintenance, manage, out, own, promote, read, services, session, status, timings, trust,
};
use crate::release::ReleaseName;
use crate::tasks::complete::Part;
use crate::tasks::{clean_releases, converge, deploy, keep, redo, rollback, run, setup_release};

/// Does what needs hosts.
pub(super) async fn act(command: &Command, common: &Common) -> Result<u8, Complaint> {
    match command {
        Command::Deploy(args) => deploy(args, common).await,
        Command::Rollback(args) => rollback(args, common).await,
        Command::Promote(args) => promote::promote(args, common).await,
        Command::Converge(args) => converge(args, common).await,
        Command::SetupRelease(args) => setup_release(args, common).await,
        Command::CleanReleases(args) => clean_releases(args, common).await,
        Command::Keep(args) => keep(args, common).await,
        Command::Run(args) => run(args, common).await,
        Command::Manage(args) => manage::manage(args, common).await,
        Command::Jobs(args) => jobs::act(args, common).await,
        Command::Releases(args) => read::releases(&args.env, common).await,
        Command::Status(args) => status::status(&args.env, common).await,
        Command::History(args) => read::history(&args.env, common).await,
        Command::Check(args) => read::check(&args.env, common).await,
        Command::Diff(args) => diff::diff(args, common).await,
        Command::Timings(args) => Box::pin(timings::print(args, common)).await,
        Command::Verify(args) => read::verify(args, common).await,
        Command::Services(args) => services::act(args, common).await,
        Command::Maintenance(command) => maintenance::act(command, common).await,
        Command::Trust(args) => trust::trust(args, common).await,
        Command::Lock(command) => lock::act(command, common).await,
        Command::Own(words) => own::run(words, common).await,
        Command::Tasks | Command::Init(_) | Command::Config(_) | Command::Debug(_) => {
            unreachable!("these need no host")
        }
    }
}

async fn deploy(args: &deploy::Deploy, common: &Common) -> Result<u8, Complaint> {
    session::whole("deploy", common)?;
    let config = session::load(common)?;
    let mut env = session::chosen(&config, &args.env, common)?;
    let whole = env.fleet.clone();
    session::cut_to_roles(&mut env, &args.roles)?;
    redo::take(&mut env, &args.redo).map_err(Complaint::usage)?;
    let named = env.fleet.clone();
    let change = Change::new("deploy", &config, env, common)
        .because(args.message.as_deref())
        .dry(args.dry_run)
        .quiet(args.no_notify)
        .sparing_in_switch();
    if args.resume {
        return change.resume(Begun::Deploy, args.release.as_ref(), &args.source).await;
    }
    match &args.release {
        Some(name) => {
            let part = Part { roles: &args.roles, whole: &whole, named: &named };
            change.run(|site| deploy::plan_existing(site, name, part)).await
        }
        None => change.build(&args.source, None, deploy::plan).await,
    }
}

async fn rollback(args: &rollback::Rollback, common: &Common) -> Result<u8, Complaint> {
    session::whole("rollback", common)?;
    let config = session::load(common)?;
    let env = session::chosen(&config, &args.env, common)?;
    let change = Change::new("rollback", &config, env, common)
        .because(args.message.as_deref())
        .dry(args.dry_run)
        .needing(if args.no_checks { Needs::Flip } else { Needs::CheckedFlip })
        .sparing_in_switch();
    let to: Option<&ReleaseName> = args.to.as_ref();
    change.run(|site| rollback::plan(site, to, args.no_checks)).await
}

async fn converge(args: &converge::Converge, common: &Common) -> Result<u8, Complaint> {
    session::whole("converge", common)?;
    let config = session::load(common)?;
    let env = session::chosen(&config, &args.env, common)?;
    let change = Change::new("converge", &config, env, common).because(args.message.as_deref()).dry(args.dry_run);
    change.converge(args.to.as_ref()).await
}

async fn setup_release(args: &setup_release::SetupRelease, common: &Common) -> Result<u8, Complaint> {
    session::whole("setup-release", common)?;
    let config = session::load(common)?;
    let mut env = session::chosen(&config, &args.env, common)?;
    session::cut_to_roles(&mut env, &args.roles)?;
    let change = Change::new("setup-release", &config, env, common).because(args.message.as_deref()).dry(args.dry_run);
    change.build(&args.source, Some(args.keep_days), setup_release::plan).await
}

async fn clean_releases(args: &clean_releases::CleanReleases, common: &Common) -> Result<u8, Complaint> {
    session::whole("clean-releases", common)?;
    let config = session::load(common)?;
    let env = session::chosen(&config, &args.env, common)?;
    if args.dry_run {
        return read::preview_clean(&config, &env, args, common).await;
    }
    let change = Change::new("clean-releases", &config, env, common).knowing_processes().needing(Needs::Way).sparing();
    change.run(|site| clean_releases::plan(site, args.keep, &args.exclude)).await
}

async fn keep(args: &keep::Keep, common: &Common) -> Result<u8, Complaint> {
    session::whole("keep", common)?;
    let config = session::load(common)?;
    let args = &keep::Keep { words: config.joined(&args.words), ..args.clone() };
    let (env, name) = args.read().map_err(Complaint::usage)?;
    let env = session::environment(&config, env, common)?;
    let change = Change::new("keep", &config, env, common).needing(Needs::Way).sparing();
    let until = keep::until(change.now, args.days).format("%Y-%m-%d %H:%M UTC");
    let exit_code = change.run(|site| keep::plan(site, &name, args.days)).await?;
    if exit_code == 0 {
        out::note(format!("{name} stays until {until} at least\n"));
    }
    Ok(exit_code)
}

async fn run(args: &run::Run, common: &Common) -> Result<u8, Complaint> {
    let config = session::load(common)?;
    let mut env = session::chosen(&config, &args.env, common)?;
    session::cut_to_roles(&mut env, &args.roles)?;
    if let Some(name) = &args.operation {
        let change = Change::new("run", &config, env, common);
        return change.run(|site| run::operation(site, name, args.release.as_ref())).await;
    }
    let change =
        Change::new("run", &config, env, common).showing(change::Show::Lines).locking(args.lock).needing(Needs::Way);
    change.run(|site| run::plan(site, args)).await
}
