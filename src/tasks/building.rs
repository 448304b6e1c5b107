//! The steps that build a release, shared by `deploy`, `setup-release` and the file's own tasks.

use std::sync::Arc;

use crate::config::{
    self, AppOperation, Environment, Inputs, Installer, OnTimeout, Packages, Python, Retry, Reuse, Undo,
};
use crate::engine::{Operation, Plan};
use crate::event::Phase;
use crate::fleet::Targets;
use crate::operations::{
    AwaitCommand, AwaitJob, BuildVirtualenv, CheckUpload, ConditionalCommand, CopyFromCurrent, LinkShared,
    MigrateDatabase, RetryCommand, RunCommand, SecretFile, StartJob, UnlessSame, UploadCode, WriteSecrets,
    WriteVersion,
};
use crate::release::Record;

use super::unfinished::was_switching;
use super::{
    Payload, Site, holding, maintenance, pools, publishing, serving, singletons, standing, templates, transfers,
    wellness,
};

/// Adds what makes the release of `record` out of code, up to and with its virtualenv.
pub(super) fn build(plan: Plan, env: &Environment, record: &Record, payload: &Payload) -> Plan {
    bring(plan, env, record, payload).claiming(record)
}

/// The same where the release was begun already.
pub(super) fn bring(plan: Plan, env: &Environment, record: &Record, payload: &Payload) -> Plan {
    let mut plan = limited(plan, env)
        .prepare(UploadCode { parcels: payload.parcels.clone(), tree: payload.tree.clone() })
        .prepare(CheckUpload { parcels: payload.parcels.clone(), tree: payload.tree.clone(), bytes: payload.unpacked });
    let rules = &env.release;
    if !rules.shared_dirs.is_empty() || !rules.shared_files.is_empty() {
        plan = plan.prepare(LinkShared { dirs: rules.shared_dirs.clone(), files: rules.shared_files.clone() });
    }
    if !rules.copy_from_current.is_empty() {
        plan = plan.prepare(CopyFromCurrent { paths: rules.copy_from_current.clone() });
    }
    if let Some(path) = &rules.version_file {
        plan = plan.prepare(WriteVersion { path: path.clone(), app: env.app.clone(), record: record.clone() });
    }
    if !env.secret_files.is_empty() {
        plan = plan.prepare(secret_files(env));
    }
    if !env.templates.is_empty() {
        plan = plan.prepare(templates::write(env, &record.reference, payload));
    }
    if let Some(python) = &env.python {
        plan = plan.prepare(virtualenv(python));
    }
    serving::render(plan, env, &record.reference)
}

/// What writes the files whose content is a secret.
pub(super) fn secret_files(env: &Environment) -> WriteSecrets {
    let file = |file: &config::SecretFile| SecretFile {
        path: file.path.clone(),
        secret: file.secret.clone(),
        targets: file.targets.clone(),
        owner: file.owner.clone(),
        mode: file.mode.clone(),
    };
    WriteSecrets { files: env.secret_files.iter().map(file).collect() }
}

/// How many hosts may prepare at a time.
fn limited(plan: Plan, env: &Environment) -> Plan {
    plan.at_most(env.release.max_parallel)
}

/// Adds what stands around the flip and behind it: services are the last to stop and the first to start, and
/// health is looked at when all else is done, and only then a host gets its requests again.
pub(super) fn around_flip(mut plan: Plan, site: Site<'_>, reference: &str) -> Plan {
    let env = site.env;
    plan.follows_unfinished = was_switching(site.survey) || holding::was_holding(site.survey);
    let plan = standing::tell(plan, env, site.survey);
    let plan = maintenance::around(limited(plan, env), site, reference);
    let plan = singletons::leave(plan, site, reference, singletons::follows);
    let plan = pools::drain(plan, env, reference, None);
    let plan = app_operations(plan, site, reference, &[Phase::BeforeFlip]);
    let plan = publishing::publish(templates::place(serving::stops(plan, env, reference), site), env);
    let plan = serving::starts(plan, site, reference);
    let plan = app_operations(plan, site, reference, &[Phase::AfterFlip, Phase::Finish]);
    let plan = wellness::look(plan, env, reference, &[Phase::AfterFlip, Phase::Finish]);
    wellness::look_at_all(pools::undrain(plan, env, reference), env, reference)
}

/// Adds the app's operations of some phases, in the order of the file, and with those of `prepare` the transfers.
pub(super) fn app_operations(plan: Plan, site: Site<'_>, reference: &str, phases: &[Phase]) -> Plan {
    let wanted = site.env.operations.iter().filter(|operation| phases.contains(&operation.phase));
    let plan = wanted.fold(plan, |plan, operation| {
        let command = command(operation, reference);
        let plan = holding::stop(plan, site, operation, &command);
        let plan = add(plan, site, operation.phase, operation, command);
        transfers::after(plan, site.env, Some(&operation.name))
    });
    if phases.contains(&Phase::Prepare) { transfers::after(plan, site.env, None) } else { plan }
}

/// Adds one of the app's operations, whose command is `command`.
pub(super) fn add(plan: Plan, site: Site<'_>, phase: Phase, operation: &AppOperation, command: RunCommand) -> Plan {
    if operation.is_job {
        return plan.step(phase, StartJob::of_release(command, site.actor).logging(operation.log_max));
    }
    let Some(wait) = operation.wait else { return add_command(plan, site.env, phase, operation, command) };
    let pauses = wait.on_timeout == OnTimeout::Pause;
    let (journaled, reference) = (command.journaled, command.reference.clone());
    let wait = AwaitCommand { check: command, every: wait.every, factor: wait.factor, max: wait.max, pauses };
    let awaited = operation.awaits.as_ref();
    let Some(job) = awaited.and_then(|name| site.env.operations.iter().find(|other| other.name == *name)) else {
        return plan.step(phase, wait);
    };
    plan.step(phase, AwaitJob { wait, job: RunCommand { journaled, ..self::command(job, &reference) } })
}

fn add_command(plan: Plan, env: &Environment, phase: Phase, operation: &AppOperation, command: RunCommand) -> Plan {
    // Whoever types a task that works in the live release wants it done.
    let unless_same = operation.unless_same.as_ref().filter(|_| command.journaled);
    let alone = command.clone();
    let inner: Arc<dyn Operation> = match operation.retry {
        Some(retry) => {
            let Retry { times, every, factor } = retry;
            Arc::new(RetryCommand { command, times, every, factor })
        }
        None => Arc::new(command),
    };
    if operation.unless.is_some() || operation.changed_if.is_some() {
        let (unless, changed_if) = (operation.unless.clone(), operation.changed_if.clone());
        return plan.step(phase, ConditionalCommand { operation: inner, command: alone, unless, changed_if });
    }
    if let Some(migration) = &operation.migrate {
        let (pending, backup) = (holding::pending(migration), migration.backup.clone());
        let order = order(&operation.name, phase);
        let secrets = given(env);
        return plan
            .step(phase, MigrateDatabase { operation: inner, command: alone, pending, backup, secrets })
            .note(order);
    }
    match unless_same {
        Some(Inputs { inputs, outputs }) => {
            plan.step(phase, UnlessSame { operation: inner, inputs: inputs.clone(), outputs: outputs.clone() })
        }
        None => plan.step_of(phase, inner),
    }
}

/// The secrets that hosts are given, each with its hosts.
fn given(env: &Environment) -> Vec<(String, Targets)> {
    let operations = env
        .operations
        .iter()
        .flat_map(|operation| operation.secrets.iter().map(|secret| (secret.clone(), operation.targets.clone())));
    let templates =
        env.templates.iter().flat_map(|file| file.secrets.iter().map(|secret| (secret.clone(), file.targets.clone())));
    let files = env.secret_files.iter().map(|file| (file.secret.clone(), file.targets.clone()));
    operations.chain(files).chain(templates).collect()
}

/// Which code meets which schema.
fn order(name: &str, phase: Phase) -> String {
    if phase < Phase::Flip {
        format!("{name} comes before the flip: the old code runs on the new schema until all hosts have switched")
    } else {
        format!("{name} comes after the flip: the new code runs on the old schema until it is done")
    }
}

/// One of the app's operations.
pub(super) fn command(operation: &AppOperation, reference: &str) -> RunCommand {
    RunCommand {
        targets: operation.targets.clone(),
        at_once: operation.at_once,
        time_limit: operation.time_limit,
        undo: operation.undo.as_ref().map(|undo| match undo {
            Undo::Again => operation.run.clone(),
            Undo::Command(command) => command.clone(),
        }),
        reference: reference.to_owned(),
        outside: operation.phase == Phase::Check,
        journaled: operation.phase != Phase::Check,
        always: operation.always,
        becoming: operation.becoming.clone(),
        variables: operation.variables.clone(),
        secrets: operation.secrets.clone(),
        cwd: operation.cwd.clone(),
        ..RunCommand::new(&operation.name, &operation.run)
    }
}

/// A command that may be run before there is a release, and is no step of one.
pub(super) fn outside(name: &str, run: &str, targets: &Targets) -> RunCommand {
    RunCommand { targets: targets.clone(), outside: true, journaled: false, ..RunCommand::new(name, run) }
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
        post: python.post.clone(),
        offline: python.offline.clone(),
        reuse: match python.reuse {
            Reuse::Pinned => "pinned",
            Reuse::Always => "always",
            Reuse::Never => "never",
        },
        brings: python.bring_uv.as_deref().map(crate::operations::uv),
    }
}
