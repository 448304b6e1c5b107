//! The steps of services: their files are made in `prepare`, and around the flip they come to run the new release.

use super::{Site, singletons};
use crate::config::{self, Environment, ServiceCommands, ServiceKind, Strategy};
use crate::engine::Plan;
use crate::event::Phase;
use crate::operations::{File, Kind, RenderService, Service, Turn, TurnService, Within};

/// Adds what fills in the services' files.
pub(super) fn render(plan: Plan, env: &Environment, reference: &str) -> Plan {
    renders(env, reference).fold(plan, Plan::prepare)
}

/// What fills them in.
pub(super) fn renders(env: &Environment, reference: &str) -> impl Iterator<Item = RenderService> {
    let with_files = env.services.iter().filter(|service| !service.files.is_empty());
    with_files.map(move |found| RenderService(service(env, found, reference)))
}

/// Adds what is stopped before the flip, the last of the file first.
pub(super) fn stops(plan: Plan, env: &Environment, reference: &str) -> Plan {
    let stopped = env.services.iter().rev().filter(|service| service.strategy == Strategy::StopFlipStart);
    stopped.fold(plan, |plan, found| plan.step(Phase::BeforeFlip, turn(env, found, reference, Turn::Stop)))
}

/// Adds what is started, restarted or reloaded after it, in the order of the file.
pub(super) fn starts(plan: Plan, site: Site<'_>, reference: &str) -> Plan {
    let env = site.env;
    env.services.iter().fold(plan, |plan, found| {
        let what = match found.strategy {
            Strategy::StopFlipStart => Turn::Start,
            Strategy::Restart => Turn::Restart,
            Strategy::Reload => Turn::Reload,
            Strategy::None => return plan,
        };
        let turn = turn(env, found, reference, what);
        plan.step(Phase::AfterFlip, TurnService { comes: singletons::moves(site.survey, found), ..turn })
    })
}

fn turn(env: &Environment, found: &config::Service, reference: &str, turn: Turn) -> TurnService {
    TurnService { service: service(env, found, reference), turn, within: Within::Switch, comes: false, by: None }
}

/// A service of the file as an operation's.
pub(super) fn service(env: &Environment, found: &config::Service, reference: &str) -> Service {
    let file = |file: &config::ServiceFile| File {
        name: file.name.clone(),
        template: file.template.clone(),
        executable: file.executable,
    };
    Service {
        name: found.name.clone(),
        kind: kind(found.kind),
        targets: found.targets.clone(),
        singleton: found.singleton.clone(),
        programs: found.programs.clone(),
        part: Vec::new(),
        files: found.files.iter().map(file).collect(),
        into: found.into.clone(),
        check: found.check.clone(),
        reloads: found.strategy == Strategy::Reload,
        serial: found.serial,
        time_limit: found.time_limit,
        commands: commands(&found.commands),
        is_users: found.is_users,
        proof: found.proof,
        becoming: found.becoming.clone(),
        app: env.app.clone(),
        reference: reference.to_owned(),
    }
}

pub(super) fn kind(kind: ServiceKind) -> Kind {
    match kind {
        ServiceKind::Supervisor => Kind::Supervisor,
        ServiceKind::Systemd => Kind::Systemd,
        ServiceKind::Daemontools => Kind::Daemontools,
        ServiceKind::Command => Kind::Command,
    }
}

fn commands(own: &ServiceCommands) -> Vec<(&'static str, String)> {
    let all = [
        ("relm_control", &own.control),
        ("relm_start", &own.start),
        ("relm_stop", &own.stop),
        ("relm_restart", &own.restart),
        ("relm_reload", &own.reload),
        ("relm_status", &own.status),
        ("relm_pids", &own.pids),
    ];
    all.into_iter().filter_map(|(name, text)| Some((name, text.clone()?))).collect()
}
