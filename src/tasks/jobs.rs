//! `relm jobs`: what was started and goes on by itself.

use clap::Args;
use serde::Serialize;

use super::{Refusal, Site, command};
use crate::config::Environment;
use crate::engine::Plan;
use crate::fleet::{HostName, Scope};
use crate::operations::{JobSeen, JobState, ShowJob, StopJob, read_jobs};

const EXAMPLES: &str = "Examples:
  relm jobs production
  relm jobs production tail 2026-11-21_14.30.05-preindex
  relm jobs production tail 2026-11-21_14.30.05-preindex --follow
  relm jobs stop 2026-11-21_14.30.05-preindex      in the default environment";

/// List jobs, show what one has said, or stop one
///
/// Jobs are started by operations with `job = true` and by `relm run --detach`. They go on when relm and its connection are
/// gone, and hold no lock. A job whose host went down is gone.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES, override_usage = "relm jobs [OPTIONS] [ENV [COMPONENT]] [tail|stop JOB]")]
pub struct Jobs {
    /// Environment of Releases.toml (the default one if left out); and tail or stop with the name of a job
    #[arg(num_args = 0..=4, value_name = "[ENV] [ACTION JOB]")]
    pub words: Vec<String>,
    /// So many lines of the end
    #[arg(short = 'n', long, value_name = "N", default_value_t = 40)]
    pub lines: u32,
    /// Goes on showing until the job ends; exits with 1 if it does not end well
    #[arg(short, long)]
    pub follow: bool,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action<'a> {
    /// All jobs.
    List,
    /// What one has said.
    Tail(&'a str),
    /// That it ends.
    Stop(&'a str),
}

impl Jobs {
    /// The environment and what is asked for, if that is what the words say.
    pub fn read(&self) -> Option<(Option<&str>, Action<'_>)> {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        Some(match words.as_slice() {
            [] => (None, Action::List),
            ["tail", env, job] | [env, "tail", job] => (Some(env), Action::Tail(job)),
            ["stop", env, job] | [env, "stop", job] => (Some(env), Action::Stop(job)),
            ["tail", job] => (None, Action::Tail(job)),
            ["stop", job] => (None, Action::Stop(job)),
            ["tail" | "stop"] => return None,
            [env] => (Some(env), Action::List),
            _ => return None,
        })
    }
}

/// What `relm jobs --json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The environment.
    #[serde(flatten)]
    pub env: Scope,
    /// Newest last.
    pub jobs: Vec<Line>,
    /// Hosts whose jobs cannot be told, or not all of them, and why.
    pub trouble: Vec<(HostName, String)>,
}

/// A job on a host.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// The host.
    pub host: HostName,
    /// The job.
    #[serde(flatten)]
    pub job: JobSeen,
}

impl Line {
    /// How it stands, for a person.
    pub fn state(&self) -> String {
        match self.job.state {
            JobState::Running { process } => format!("runs ({process})"),
            JobState::Ended { exit_code } => format!("exited {exit_code}"),
            JobState::Stopped { .. } => "stopped".to_owned(),
            JobState::Gone => "gone".to_owned(),
        }
    }
}

/// Puts together what hosts have said.
pub fn report(env: &Scope, said: Vec<(HostName, Result<String, String>)>) -> Report {
    let mut report = Report { env: env.clone(), jobs: Vec::new(), trouble: Vec::new() };
    for (host, said) in said {
        match said {
            Ok(said) => {
                let (jobs, damaged) = read_jobs(&said);
                report.jobs.extend(jobs.into_iter().map(|job| Line { host: host.clone(), job }));
                if damaged > 0 {
                    report.trouble.push((host, format!("{damaged} of its jobs cannot be read")));
                }
            }
            Err(reason) => report.trouble.push((host, reason)),
        }
    }
    report.jobs.sort_by(|a, b| a.job.id.cmp(&b.job.id));
    report
}

/// The hosts that have a job.
pub fn hosts_of(env: &Environment, report: &Report, id: &str) -> Result<Vec<HostName>, Refusal> {
    let hosts: Vec<HostName> =
        report.jobs.iter().filter(|line| line.job.id == id).map(|line| line.host.clone()).collect();
    if hosts.is_empty() {
        return Err(Refusal::new(format!("no host of {} knows a job {id:?}", env.name)).next(command("jobs", env)));
    }
    Ok(hosts)
}

/// Shows what a job has said, on all hosts of the site.
pub fn show(site: Site<'_>, id: &str, args: &Jobs) -> Plan {
    let show = ShowJob { id: id.to_owned(), lines: args.lines, follows: args.follow };
    Plan::new("jobs", &site.env.name, &site.env.fleet).finish(show)
}

/// Stops a job on all hosts of the site.
pub fn stop(site: Site<'_>, id: &str) -> Plan {
    let stop = StopJob { id: id.to_owned(), by: site.actor.by.clone() };
    Plan::new("jobs", &site.env.name, &site.env.fleet).finish(stop)
}
