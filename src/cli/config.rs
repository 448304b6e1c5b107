//! `relm config`: what holds for an environment.

use std::fs;

use clap::Args;

use super::args::Common;
use super::complaint::Complaint;
use super::{out, session};
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
}

pub(super) fn print(args: &ConfigArgs, common: &Common) -> Result<u8, Complaint> {
    session::whole("config", common)?;
    let config = session::load(common)?;
    let env = session::chosen(&config, &args.env, common)?;
    let text = fs::read_to_string(&config.path);
    let text = text.map_err(|error| Complaint::failed(format!("{}: {error}", config.path.display())))?;
    let whole = env.effective(&text, &config.path, &session::home()).ok_or_else(|| {
        Complaint::failed(format!("what holds for {} cannot be written as one file that means the same", env.name))
    })?;
    if common.json {
        let value: serde_json::Value = toml::from_str(&whole).map_err(|error| Complaint::failed(error.to_string()))?;
        out::json(&value);
    } else {
        out::line(whole.trim_end());
    }
    Ok(0)
}
