//! `relm manage`: the command of `[manage]` with the words that are typed, on one host, in the live release.

use clap::Args;

use super::run::{in_release, words};
use super::{Refusal, Site};
use crate::config::{Environment, nearest};
use crate::engine::Plan;
use crate::fleet::Targets;
use crate::operations::RunCommand;
use crate::release::ReleaseName;

const EXAMPLES: &str = "Examples:
  relm manage production showmigrations --plan
  relm manage production --roles worker purge_queue
  relm manage production --hosts web2 check --deploy
  relm manage production dumpdata shop.order > orders.json";

/// Run the command of `[manage]`, such as Django's manage.py, with these words
///
/// It runs in the live release, on the first host of its roles. Everything behind the environment belongs to the command
/// and arrives exactly as typed; options of relm's stand before that. Nobody is there to answer a question of its. relm
/// exits with 0 when it does and with 1 otherwise, and says what it exited with.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES, override_usage = "relm manage [ENV[/COMPONENT]] [OPTIONS] WORD...")]
pub struct ManageArgs {
    /// Environment of Releases.toml; the default one if left out
    #[arg(required = true)]
    pub env: String,
    /// On the first host with one of these roles
    #[arg(long, value_name = "ROLE", value_delimiter = ',')]
    pub roles: Vec<String>,
    /// In this release instead of the live one
    #[arg(long, value_name = "NAME")]
    pub release: Option<ReleaseName>,
    /// What stands behind the command of `[manage]`
    #[arg(value_name = "WORD", trailing_var_arg = true, allow_hyphen_values = true)]
    pub words: Vec<String>,
}

impl ManageArgs {
    /// The environment, if one is named, and the words. `envs` are those of the file. Fails with the environment that was
    /// probably meant.
    pub fn read<'a>(&'a self, envs: &[&'a str]) -> Result<(Option<&'a str>, Vec<String>), &'a str> {
        let rest = self.words.iter().skip_while(|word| *word == "--").cloned();
        if envs.contains(&self.env.as_str()) {
            return Ok((Some(&self.env), rest.collect()));
        }
        match nearest(&self.env, envs.iter().copied()) {
            Some(meant) => Err(meant),
            None => Ok((None, std::iter::once(self.env.clone()).chain(self.words.iter().cloned()).collect())),
        }
    }

    /// The first option that stands behind the first word, where relm takes it for its own. `typed` is the whole command line.
    pub fn taken<'a>(&self, typed: &'a [String]) -> Option<&'a str> {
        let before = &typed[..typed.len().saturating_sub(self.words.len())];
        let behind = before.iter().rposition(|word| *word == self.env)? + 1;
        before[behind..].iter().map(String::as_str).find(|word| *word != "--")
    }
}

/// Where it runs: on hosts that were named, or on the first one with a role that was.
pub fn targets(env: &Environment, named_hosts: bool, named_roles: bool) -> Targets {
    let of_file = env.manage.as_ref().map(|manage| manage.targets.clone()).unwrap_or_default();
    match (named_hosts, named_roles) {
        (true, _) => Targets::all(),
        (false, true) => Targets::all().once(),
        (false, false) => of_file,
    }
}

/// Runs it.
pub fn plan(site: Site<'_>, args: &ManageArgs, typed: &[String], targets: &Targets) -> Result<Plan, Refusal> {
    let Some(manage) = &site.env.manage else {
        return Err(Refusal::new(format!("{} has no [manage]: it says what runs", site.env.name))
            .next("[manage]\nrun = \"python_env/bin/python manage.py\""));
    };
    if site.env.fleet.select(targets).is_empty() {
        return Err(Refusal::new(format!("{} has no host with a role that [manage] names", site.env.name)));
    }
    let run = format!("{} {}", manage.run, words(typed));
    let operation = RunCommand {
        targets: targets.clone(),
        becoming: manage.becoming.clone(),
        secrets: manage.secrets.clone(),
        ..RunCommand::new("manage", &run)
    };
    in_release(site, operation, args.release.as_ref(), |command| command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_may_be_left_out_and_is_never_guessed() {
        let read = |line: &str| {
            let mut words = line.split(' ').map(str::to_owned);
            let env = words.next().expect("a word");
            let args = ManageArgs { env, roles: Vec::new(), release: None, words: words.collect() };
            match args.read(&["staging", "production"]) {
                Ok((env, words)) => format!("{}: {}", env.unwrap_or("-"), words.join(" ")),
                Err(meant) => format!("? {meant}"),
            }
        };
        assert_eq!(read("production migrate --plan"), "production: migrate --plan");
        assert_eq!(read("production -- migrate"), "production: migrate");
        assert_eq!(read("migrate --plan"), "-: migrate --plan");
        assert_eq!(read("prodution flush"), "? production");
    }
}
