//! `relm keep`: a release stays for some days more.

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;

use super::{Refusal, Site, command, readiness};
use crate::engine::Plan;
use crate::operations::KeepRelease;
use crate::release::ReleaseName;

const EXAMPLES: &str = "Examples:
  relm keep production 2026-11-20_14.30.05 --days 30
  relm keep 2026-11-20_14.30.05 --days 2          in the default environment";

/// Keep a release for some days more, whatever its state
///
/// No clean removes it before that time. A time that is recorded already only grows.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES, override_usage = "relm keep [OPTIONS] [ENV [COMPONENT]] <RELEASE> --days <N>")]
pub struct Keep {
    /// Environment of Releases.toml (the default one if left out), and the release
    #[arg(required = true, num_args = 1..=3, value_name = "[ENV] RELEASE")]
    pub words: Vec<String>,
    /// How many days from now it is kept at least
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub days: u32,
}

impl Keep {
    /// The environment and the release, if that is what the words say.
    pub fn read(&self) -> Result<(Option<&str>, ReleaseName), String> {
        let (env, name) = match self.words.as_slice() {
            [env, name] => (Some(env.as_str()), name),
            [name] => (None, name),
            _ => return Err("relm keep wants a release".to_owned()),
        };
        let name = ReleaseName::parse(name).map_err(|_| format!("{name:?} is no release"))?;
        Ok((env, name))
    }
}

/// The end of so many days.
pub fn until(now: DateTime<Utc>, days: u32) -> DateTime<Utc> {
    now + TimeDelta::days(i64::from(days))
}

/// Writes down on every host that has the release until when it stays.
pub fn plan(site: Site<'_>, name: &ReleaseName, days: u32) -> Result<Plan, Refusal> {
    readiness::require_ready(site, None)?;
    let until = until(site.now, days);
    let known = site.survey.hosts.iter().filter_map(|(_, seen)| seen.release(name));
    let kept: Vec<_> = known.filter(|release| release.has_tree).map(|release| release.kept_until).collect();
    if kept.is_empty() {
        let reason = format!("no host of {} has release {name}", site.env.name);
        return Err(Refusal::new(reason).next(command("releases", site.env)));
    }
    let longest = kept.into_iter().flatten().max().filter(|longest| *longest > until);
    if let Some(longest) = longest {
        let reason = format!("{name} is kept until {} already, which is longer", longest.format("%Y-%m-%d %H:%M UTC"));
        return Err(Refusal::new(reason));
    }
    let again = command("keep", site.env) + &format!(" {name} --days {days}");
    let plan = Plan::new("keep", &site.env.name, &site.env.fleet).next(again.clone()).heal(again);
    Ok(plan.finish(KeepRelease { name: name.clone(), until }))
}
