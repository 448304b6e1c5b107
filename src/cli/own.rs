//! A word that is no command of relm's: a task of Releases.toml, or a mistake.

use std::path::PathBuf;

use clap::{CommandFactory as _, FromArgMatches as _, Parser};

use super::args::{Cli, Common};
use super::change::Change;
use super::complaint::Complaint;
use super::resume::Begun;
use super::session;
use crate::config::{Config, OwnTask, nearest};
use crate::release::ReleaseName;
use crate::tasks::deploy::SourceArgs;
use crate::tasks::{EnvArgs, command, own, relm};

/// What a task of one's own takes.
#[derive(Debug, Parser)]
#[command(no_binary_name = true, disable_version_flag = true)]
struct OwnArgs {
    #[command(flatten)]
    env: EnvArgs,
    /// Days before a clean may remove the release it builds
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=36500))]
    keep_days: u32,
    #[command(flatten)]
    source: SourceArgs,
    /// Go on with the release that this task built last and did not come to its end with
    #[arg(long, conflicts_with = "reference")]
    resume: bool,
    /// With --resume: go on with this one
    #[arg(long, value_name = "NAME", requires = "resume")]
    release: Option<ReleaseName>,
    /// Show what would be done, host by host, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Why; stands in the record
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// Runs the task that `words` begin with.
pub(super) async fn run(words: &[String], outer: &Common) -> Result<u8, Complaint> {
    let (name, rest) = words.split_first().expect("a command has a name");
    let words = OwnArgs::command().bin_name(format!("{} {name}", relm())).try_get_matches_from(rest);
    let args = match words.and_then(|words| OwnArgs::from_arg_matches(&words)) {
        Ok(args) => args,
        Err(error) => {
            // Only what there is can be helped with.
            let named = Common { config: outer.config.clone().or_else(|| named(rest)), ..outer.clone() };
            let config = session::load(&named).map_err(|complaint| unknown_if_unnamed(name, complaint))?;
            find(&config, name)?;
            let _ = error.print();
            return Ok(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let common = merged(outer, &args.common);
    session::whole(name, &common)?;
    let config = session::load(&common).map_err(|complaint| unknown_if_unnamed(name, complaint))?;
    let task = find(&config, name)?;
    let env = session::chosen(&config, &args.env, &common)?;
    let change = Change::new(name, &config, env, &common).because(args.message.as_deref()).dry(args.dry_run);
    if args.resume {
        return change.resume(Begun::Own(task), args.release.as_ref(), &args.source).await;
    }
    if own::builds(task) {
        let plan =
            |site: crate::tasks::Site<'_>, record: &_, payload: &_| own::plan(site, task, Some((record, payload)));
        return change.build(&args.source, Some(args.keep_days), plan).await;
    }
    change.run(|site| own::plan(site, task, None)).await
}

/// The file that words name which could not be read as a whole.
fn named(words: &[String]) -> Option<PathBuf> {
    let beside = words.windows(2).find(|pair| pair[0] == "--config").map(|pair| pair[1].as_str());
    beside.or_else(|| words.iter().find_map(|word| word.strip_prefix("--config="))).map(PathBuf::from)
}

fn find<'c>(config: &'c Config, name: &str) -> Result<&'c OwnTask, Complaint> {
    config.tasks.iter().find(|task| task.name == name).ok_or_else(|| {
        let complaint = Complaint::usage(format!("there is no command and no task {name:?}"));
        let component =
            config.envs.iter().find(|env| env.name.component.as_ref().is_some_and(|own| own.as_str() == name));
        let next = component.map(|component| command("deploy", component)).or_else(|| meant(name, &config.tasks));
        complaint.next(next.unwrap_or_else(|| format!("{} tasks", relm())))
    })
}

/// The command that was probably meant.
fn meant(name: &str, own: &[OwnTask]) -> Option<String> {
    let cli = Cli::command();
    let own = own.iter().map(|task| task.name.as_str());
    nearest(name, cli.get_subcommands().map(clap::Command::get_name).chain(own))
        .map(|meant| format!("{} {meant}", relm()))
}

/// Without a file there are no tasks of one's own, so the word itself is what is wrong.
fn unknown_if_unnamed(name: &str, complaint: Complaint) -> Complaint {
    if complaint.next_commands().iter().any(|next| next == "relm init") {
        return Complaint::usage(format!(
            "there is no command {name:?}, and no Releases.toml that could have a task of that name"
        ))
        .next(meant(name, &[]).unwrap_or_else(|| "relm --help".to_owned()));
    }
    complaint
}

/// Options may stand before and after the task's name.
fn merged(outer: &Common, inner: &Common) -> Common {
    Common {
        config: inner.config.clone().or_else(|| outer.config.clone()),
        set: outer.set.iter().chain(&inner.set).cloned().collect(),
        json: outer.json || inner.json,
        verbose: outer.verbose || inner.verbose,
        yes: outer.yes || inner.yes,
        consent: outer.consent.iter().chain(&inner.consent).cloned().collect(),
        wait: inner.wait.or(outer.wait),
        hosts: if inner.hosts.is_empty() { outer.hosts.clone() } else { inner.hosts.clone() },
    }
}
