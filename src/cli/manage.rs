//! `relm manage`, from the words to the exit code.

use super::args::Common;
use super::change::{Change, Show};
use super::complaint::Complaint;
use super::secrets::Needs;
use super::session;
use crate::config::Config;
use crate::tasks::manage::{self, ManageArgs};
use crate::tasks::relm;

pub(super) async fn manage(args: &ManageArgs, common: &Common) -> Result<u8, Complaint> {
    let config = session::load(common)?;
    let names = config.scope_names();
    let envs: Vec<&str> = names.iter().map(String::as_str).collect();
    let (env, words) = args.read(&envs).map_err(|meant| {
        Complaint::usage(format!("there is no environment {:?}; did you mean {meant}?", args.env))
            .next(format!("{} manage {meant} …", relm()))
    })?;
    let typed: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    require_own_word(&config, args, env, &typed)?;
    let is_named = env.is_some();
    let mut env = session::environment(&config, env, common)?;
    if !is_named && let Some(option) = args.taken(&typed) {
        let what =
            format!("{option} behind {:?} would be relm's own: name the environment to have it passed on", args.env);
        return Err(Complaint::usage(what).next(format!("{} manage {} {} {option} …", relm(), env.name, args.env)));
    }
    let targets = manage::targets(&env, !common.hosts.is_empty(), !args.roles.is_empty());
    session::cut_to_roles(&mut env, &args.roles)?;
    // The other hosts need not even be up.
    env.fleet.hosts = env.fleet.select(&targets).into_iter().cloned().collect();
    let change = Change::new("manage", &config, env, common).showing(Show::Bare).locking(false).needing(Needs::Manage);
    change.run(|site| manage::plan(site, args, &words, &targets)).await
}

/// Refuses the name of a component behind its environment: the command would be given it, in another application's release.
fn require_own_word(config: &Config, args: &ManageArgs, env: Option<&str>, typed: &[String]) -> Result<(), Complaint> {
    let (Some(env), Some(word)) = (env, args.words.first()) else { return Ok(()) };
    // Of the words that clap hands on, this one is gone.
    if typed.windows(2).any(|pair| pair[0] == env && pair[1] == "--") {
        return Ok(());
    }
    match config.joined(&[env.to_owned(), word.clone()]).as_slice() {
        [meant] => Err(Complaint::usage(format!("{word:?} is a component of {env}: it is named in one word here"))
            .next(format!("{} manage {meant} …", relm()))
            .next(format!("{} manage {env} -- {word} …   if the command is to get the word", relm()))),
        _ => Ok(()),
    }
}
