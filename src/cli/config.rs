//! `relm config`: what holds for an environment.

use std::fs;

use clap::Args;
use serde_json::json;

use super::args::Common;
use super::complaint::Complaint;
use super::{out, session};
use crate::config::{Origin, Setting};
use crate::tasks::EnvArgs;

/// Print what holds for an environment, as a Releases.toml of its own
///
/// Everything is in its place: what the environment overrides or inherits, what its hosts take from `[hosts]`, and what holds
/// where nothing is said. Secrets are told by the place they come from. Put in the place of the file, it means the same for
/// this environment.
#[derive(Debug, Clone, Args)]
pub(super) struct ConfigArgs {
    #[command(flatten)]
    env: EnvArgs,
    /// Print each setting with the line of the file it comes from
    #[arg(long)]
    origin: bool,
}

pub(super) fn print(args: &ConfigArgs, common: &Common) -> Result<u8, Complaint> {
    if !common.hosts.is_empty() {
        let what = "config prints what holds for an environment, its hosts included; --hosts chooses hosts to ask, and it asks none";
        return Err(Complaint::usage(what));
    }
    let config = session::load(common)?;
    let env = session::chosen(&config, &args.env, common)?;
    let text = fs::read_to_string(&config.path);
    let text = text.map_err(|error| Complaint::failed(format!("{}: {error}", config.path.display())))?;
    let odd = || format!("what holds for {} cannot be written as one file that means the same", env.name);
    if args.origin {
        let settings = env.origins(&text, &config.path, &session::home(), &common.set);
        return Ok(print_origins(&settings.ok_or_else(|| Complaint::failed(odd()))?, common));
    }
    let whole = env.effective(&text, &config.path, &session::home(), &common.set);
    let whole = whole.ok_or_else(|| Complaint::failed(odd()))?;
    if common.json {
        let value: serde_json::Value = toml::from_str(&whole).map_err(|error| Complaint::failed(error.to_string()))?;
        out::json(&value);
    } else {
        out::line(whole.trim_end());
    }
    Ok(0)
}

fn print_origins(settings: &[Setting], common: &Common) -> u8 {
    if common.json {
        let line = |one: &Setting| if let Origin::Line(line) = one.origin { Some(line) } else { None };
        let row = |one: &Setting| {
            let is_set = one.origin == Origin::Set;
            json!({ "setting": one.path, "value": one.value, "line": line(one), "set": is_set })
        };
        out::json(&settings.iter().map(row).collect::<Vec<_>>());
        return 0;
    }
    let line = |one: &Setting| match one.origin {
        Origin::Default => "default".to_owned(),
        Origin::Line(line) => format!("line {line}"),
        Origin::Set => "--set".to_owned(),
    };
    for one in settings {
        // As in JSON, a text is one line, and good TOML too.
        let value = serde_json::to_string(&one.value).expect("plain data");
        out::line(format!("{:<10}{} = {value}", line(one), one.path));
    }
    0
}
