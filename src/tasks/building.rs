//! The steps that build a release, shared by `deploy`, `setup-release` and the file's own tasks.

use crate::config::{self, AppOperation, Environment, Installer, OnTimeout, Packages, Python, Reuse, Undo};
use crate::engine::Plan;
use crate::event::Phase;
use crate::fleet::Targets;
use crate::operations::{
    AwaitCommand, BuildVirtualenv, CheckUpload, CopyFromCurrent, LinkShared, RunCommand, SecretFile, UploadCode,
    WriteSecrets,
};
use crate::release::Record;

use super::Payload;

/// Adds what makes the release of `record` out of code, up to and with its virtualenv.
pub(super) fn build(plan: Plan, env: &Environment, record: &Record, payload: &Payload) -> Plan {
    bring(plan, env, payload).claiming(record)
}

/// The same where the release was begun already.
pub(super) fn bring(plan: Plan, env: &Environment, payload: &Payload) -> Plan {
    let mut plan = plan
        .prepare(UploadCode { parcels: payload.parcels.clone(), tree: payload.tree.clone() })
        .prepare(CheckUpload { parcels: payload.parcels.clone(), tree: payload.tree.clone(), bytes: payload.unpacked });
    let rules = &env.release;
    if !rules.shared_dirs.is_empty() || !rules.shared_files.is_empty() {
        plan = plan.prepare(LinkShared { dirs: rules.shared_dirs.clone(), files: rules.shared_files.clone() });
    }
    if !rules.copy_from_current.is_empty() {
        plan = plan.prepare(CopyFromCurrent { paths: rules.copy_from_current.clone() });
    }
    if !env.secret_files.is_empty() {
        let file = |file: &config::SecretFile| SecretFile {
            path: file.path.clone(),
            secret: file.secret.clone(),
            targets: file.targets.clone(),
        };
        plan = plan.prepare(WriteSecrets { files: env.secret_files.iter().map(file).collect() });
    }
    match &env.python {
        Some(python) => plan.prepare(virtualenv(python)),
        None => plan,
    }
}

/// Adds the app's operations of some phases, in the order of the file.
pub(super) fn app_operations(plan: Plan, env: &Environment, reference: &str, phases: &[Phase]) -> Plan {
    let wanted = env.operations.iter().filter(|operation| phases.contains(&operation.phase));
    wanted.fold(plan, |plan, operation| add(plan, operation.phase, operation, command(operation, reference)))
}

/// Adds one of the app's operations, whose command is `command`.
pub(super) fn add(plan: Plan, phase: Phase, operation: &AppOperation, command: RunCommand) -> Plan {
    let Some(wait) = operation.wait else { return plan.step(phase, command) };
    let pauses = wait.on_timeout == OnTimeout::Pause;
    plan.step(phase, AwaitCommand { check: command, every: wait.every, factor: wait.factor, max: wait.max, pauses })
}

/// One of the app's operations.
pub(super) fn command(operation: &AppOperation, reference: &str) -> RunCommand {
    RunCommand {
        name: operation.name.clone(),
        targets: operation.targets.clone(),
        serial: operation.serial,
        time_limit: operation.time_limit,
        run: operation.run.clone(),
        undo: operation.undo.as_ref().map(|undo| match undo {
            Undo::Again => operation.run.clone(),
            Undo::Command(command) => command.clone(),
        }),
        reference: reference.to_owned(),
        outside: operation.phase == Phase::Check,
        journaled: operation.phase != Phase::Check,
        always: operation.always,
        becoming: operation.becoming.clone(),
        secrets: operation.secrets.clone(),
    }
}

/// A command that may be run before there is a release, and is no step of one.
pub(super) fn outside(name: &str, run: &str, targets: &Targets) -> RunCommand {
    RunCommand {
        name: name.to_owned(),
        targets: targets.clone(),
        serial: false,
        time_limit: None,
        run: run.to_owned(),
        undo: None,
        reference: String::new(),
        outside: true,
        journaled: false,
        always: false,
        becoming: None,
        secrets: Vec::new(),
    }
}

fn virtualenv(python: &Python) -> BuildVirtualenv {
    let (packages, sources) = match &python.packages {
        Packages::Requirements(files) => ("requirements", files.clone()),
        Packages::Project => ("project", Vec::new()),
        Packages::Command(command) => ("command", vec![command.clone()]),
    };
    BuildVirtualenv {
        targets: python.targets.clone(),
        python: python.python.clone(),
        installer: match python.installer {
            Installer::Auto => "auto",
            Installer::Uv => "uv",
            Installer::Pip => "pip",
        },
        packages,
        sources,
        index: python.index.clone(),
        args: python.args.clone(),
        reuse: match python.reuse {
            Reuse::Pinned => "pinned",
            Reuse::Always => "always",
            Reuse::Never => "never",
        },
        brings: python.bring_uv.as_deref().map(crate::operations::uv),
    }
}
