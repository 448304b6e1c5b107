//! The command line: parse, load, connect, survey, plan, run, exit. The only layer that knows all others.

mod act;
mod args;
mod ask;
mod behind;
mod build;
mod busy;
mod carry_out;
mod change;
mod code;
mod complaint;
mod config;
mod confirm;
mod connect;
mod converge;
mod debug;
mod diff;
mod distribute;
mod doubt;
mod echo;
mod filled;
mod ground;
mod guards;
mod init;
mod jobs;
mod keeping;
mod lock;
mod locking;
mod log;
mod maintenance;
mod manage;
mod notes;
mod notify;
mod out;
mod own;
mod preview;
mod promote;
mod read;
mod resume;
mod retype;
mod screen;
mod secrets;
mod services;
mod session;
mod show;
mod show_diff;
mod show_lock;
mod signals;
mod status;
mod tag;
mod timings;
mod tried;
mod trust;
mod who;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Cli, Command};
use complaint::Complaint;

use crate::{child, tasks};

/// Does what the command line asks for.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            if let Some(meant) = retype::in_order(&error) {
                Complaint::hint(&meant);
            }
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    allow_many_open_files();
    let done = dispatch(&cli);
    echo::back();
    child::end_all();
    match done {
        Ok(code) => ExitCode::from(code),
        Err(complaint) => {
            complaint.print();
            ExitCode::from(complaint.code)
        }
    }
}

/// One connection a host, and pipes for commands of this machine: soon more than the 1024 files that are usual. What
/// the system does not allow is missed only where it is needed, and told there.
fn allow_many_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

fn dispatch(cli: &Cli) -> Result<u8, Complaint> {
    let common = &cli.common;
    // Behind the name of a task another file may be named.
    if !matches!(cli.command, Command::Own(_)) {
        common.config.iter().for_each(|file| tasks::name_file(file));
    }
    match &cli.command {
        Command::Init(init) => session::unset("init", common).and_then(|()| init::write(init)),
        Command::Config(args) => config::print(args, common),
        Command::Debug(command) => debug::run(command, common),
        Command::Tasks => {
            session::unset("tasks", common)?;
            show::tasks(&session::load(common)?, common);
            Ok(0)
        }
        command => {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            let runtime = runtime.map_err(|error| Complaint::failed(format!("cannot start: {error}")))?;
            let done = runtime.block_on(async {
                signals::heard();
                act::act(command, common).await
            });
            // A host that hangs must not keep relm from ending.
            runtime.shutdown_background();
            done
        }
    }
}
