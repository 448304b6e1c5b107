//! `relm services`, from the words to the exit code.

use futures_util::future::join_all;

use super::args::Common;
use super::change::Change;
use super::complaint::Complaint;
use super::secrets::{self, Needs};
use super::{read, session, show};
use crate::config::{self, Environment, Part};
use crate::engine::{self, Machine};
use crate::operations::read_state;
use crate::survey::HostSeen;
use crate::tasks::services::{self, Action, Line, Report, Services};

pub(super) async fn act(args: &Services, common: &Common) -> Result<u8, Complaint> {
    let config = session::load(common)?;
    let args = &Services { words: config.joined(&args.words) };
    let Some((env, action, group)) = args.read() else {
        let words = args.words.join(" ");
        return Err(Complaint::usage(format!(
            "what is to be done with the services is not clear from {words:?}: status, start, stop, restart or reload"
        ))
        .next("relm services --help"));
    };
    let env = session::environment(&config, env, common)?;
    services::chosen(&env, group)?;
    match action {
        Action::Status => status(&config, &env, group, common).await,
        Action::Turn(turn) => {
            let change = Change::new("services", &config, env, common).needing(Needs::Part(Part::Service));
            change.run(|site| services::plan(site, turn, group)).await
        }
    }
}

/// How they stand; 1 if something does not run, or runs from another release than the live one.
async fn status(
    config: &config::Config,
    env: &Environment,
    group: Option<&str>,
    common: &Common,
) -> Result<u8, Complaint> {
    let secrets = secrets::load(config, env, Needs::Part(Part::Service)).await?;
    let ground = read::ground_with(config, env, &secrets, false, common).await;
    let machines = ground.machines(&secrets, |_| None);
    let found = services::chosen(env, group)?;
    let of_hosts = machines.iter().map(|machine| of_host(env, machine, &found, ground.survey.host(&machine.host.name)));
    let lines = join_all(of_hosts).await.into_iter().flatten().collect();
    let report = Report { env: env.name.clone(), services: lines };
    show::services(&report, common);
    Ok(match (ground.survey.silent.is_empty(), report.services.iter().all(Line::is_well)) {
        (false, _) => 3,
        (true, false) => 1,
        (true, true) => 0,
    })
}

async fn of_host(
    env: &Environment,
    machine: &Machine,
    found: &[&config::Service],
    seen: Option<&HostSeen>,
) -> Vec<Line> {
    let mut lines = Vec::new();
    for service in found {
        let asked = services::asked(env, service);
        let host = &machine.host.name;
        let is_elsewhere = seen.is_some_and(|seen| services::is_elsewhere(service, host, seen));
        if !is_elsewhere && !asked.runs_on(&env.fleet, &machine.host) {
            continue;
        }
        let answer = engine::ask(machine, &env.name, asked.time_limit, |on| asked.asks_for_state(on)).await;
        let seen = answer.map(|answer| read_state(&answer));
        let line = Line::new(host, service, machine.before.as_ref(), seen);
        lines.extend(if is_elsewhere { line.elsewhere(service) } else { Some(line) });
    }
    lines
}
