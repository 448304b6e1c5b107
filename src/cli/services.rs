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
use crate::survey::Survey;
use crate::tasks::parts;
use crate::tasks::services::{self, Action, Chosen, Line, Report, Services};

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
            change.turning(group).run(|site| services::plan(site, turn, group)).await
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
    let lines = of_hosts(env, &machines, &found, Some(&ground.survey)).await;
    if ground.survey.silent.is_empty() {
        require_any(env, &machines, &found, &lines).await?;
    }
    let report = Report { env: env.name.clone(), services: lines };
    show::services(&report, common);
    Ok(match (ground.survey.silent.is_empty(), report.services.iter().all(Line::is_well)) {
        (false, _) => 3,
        (true, false) => 1,
        (true, true) => 0,
    })
}

impl Change<'_> {
    /// Refuses a group of programs that none is in, on no host.
    pub(super) async fn require_programs(&self, machines: &[Machine]) -> Result<(), Complaint> {
        let Some(group) = &self.turned else { return Ok(()) };
        let found = services::chosen(&self.env, Some(group))?;
        if found.iter().any(|chosen| chosen.part.is_none()) {
            return Ok(());
        }
        let lines = of_hosts(&self.env, machines, &found, None).await;
        require_any(&self.env, machines, &found, &lines).await
    }
}

async fn require_any(
    env: &Environment,
    machines: &[Machine],
    found: &[Chosen<'_>],
    lines: &[Line],
) -> Result<(), Complaint> {
    if !lines.is_empty() || found.iter().any(|chosen| chosen.part.is_none()) {
        return Ok(());
    }
    let whole: Vec<Chosen<'_>> = found.iter().map(|chosen| Chosen { part: None, ..*chosen }).collect();
    let whole = of_hosts(env, machines, &whole, None).await;
    Err(parts::nothing(env, found, &whole).into())
}

async fn of_hosts(env: &Environment, machines: &[Machine], found: &[Chosen<'_>], survey: Option<&Survey>) -> Vec<Line> {
    let of = |machine| of_host(env, machine, found, survey);
    join_all(machines.iter().map(of)).await.into_iter().flatten().collect()
}

async fn of_host(env: &Environment, machine: &Machine, found: &[Chosen<'_>], survey: Option<&Survey>) -> Vec<Line> {
    let mut lines = Vec::new();
    for chosen in found {
        let asked = chosen.asked(env, "");
        let host = &machine.host.name;
        let seen = survey.and_then(|survey| survey.host(host));
        let is_elsewhere = seen.is_some_and(|seen| services::is_elsewhere(chosen.found, host, seen));
        if !is_elsewhere && !asked.runs_on(&env.fleet, &machine.host) {
            continue;
        }
        let answer = engine::ask(machine, &env.name, asked.time_limit, |on| asked.asks_for_state(on)).await;
        let seen = answer.map(|answer| read_state(&answer));
        let line = Line::new(host, chosen.found, machine.before.as_ref(), seen);
        let line = if is_elsewhere { line.elsewhere(chosen.found) } else { Some(line) };
        lines.extend(line.filter(|line| chosen.part.is_none() || line.is_any()));
    }
    lines
}
