//! Files of SQL that have run and are wanted once more, as `--redo` says for one deploy.

use std::fmt::Write as _;

use super::{Refusal, Site, command};
use crate::config::{AppOperation, Environment, Migration};
use crate::engine::Plan;
use crate::event::Phase;
use crate::operations::CheckRedo;
use crate::release::ReleaseName;

/// Notes what is wanted, `PATH` or `OPERATION:PATH`, with the operations of `env`; or says why that cannot be.
pub fn take(env: &mut Environment, wanted: &[String]) -> Result<(), String> {
    for text in wanted {
        let (operation, path) = text.split_once(':').map_or((None, text.as_str()), |(name, path)| (Some(name), path));
        // The ledger's lines are read word by word, and what has to be typed next is no riddle for a shell.
        if path.is_empty() || !path.chars().all(|c| c.is_ascii_alphanumeric() || "._/+=@-".contains(c)) {
            return Err(format!("--redo {text}: that is no path of a file of SQL, such as 1.9/01-goods.sql"));
        }
        let giving = |other: &&mut AppOperation| other.migrate.as_ref().is_some_and(|migrate| migrate.sql.is_some());
        let mut all: Vec<&mut AppOperation> = env.operations.iter_mut().filter(giving).collect();
        let names = all.iter().map(|other| other.name.clone()).collect::<Vec<_>>().join(", ");
        all.retain(|other| operation.is_none_or(|name| other.name == name));
        let migrate = match all.as_mut_slice() {
            [one] => one.migrate.as_mut(),
            [] if names.is_empty() => {
                return Err(format!("--redo {text}: no operation here has migrate = {{ sql = \"…\" }}"));
            }
            [] => return Err(format!("--redo {text}: no such operation runs files of SQL here; there is {names}")),
            [first, ..] => {
                let example = format!("--redo {}:{path}", first.name);
                return Err(format!("--redo {text}: say of which operation, {names}, such as {example}"));
            }
        };
        if let Some(migrate) = migrate.filter(|migrate| !migrate.again.iter().any(|known| known == path)) {
            migrate.again.push(path.to_owned());
        }
    }
    Ok(())
}

/// The operations of which something is wanted once more.
fn wanted(env: &Environment) -> impl Iterator<Item = (&AppOperation, &Migration)> {
    let all = env.operations.iter().filter_map(|operation| Some((operation, operation.migrate.as_ref()?)));
    all.filter(|(_, migrate)| !migrate.again.is_empty())
}

/// What has to be typed behind a command that goes on.
pub(super) fn words(env: &Environment) -> String {
    let mut words = String::new();
    for (operation, migrate) in wanted(env) {
        for path in &migrate.again {
            let _ = write!(words, " --redo {}:{path}", operation.name);
        }
    }
    words
}

/// Adds the looks whether it has run at all, and tells of it.
pub(super) fn check(plan: Plan, env: &Environment) -> Plan {
    wanted(env).fold(plan, |plan, (operation, migrate)| {
        let (step, targets) = (operation.name.clone(), operation.targets.clone());
        let again = migrate.again.clone();
        let note = format!("{step} runs again what has run: {}", again.join(", "));
        plan.step(Phase::Check, CheckRedo { step, targets, again }).note(note)
    })
}

/// Refuses it where the release is live on a host: in what is live no step of `prepare` is run again.
pub(super) fn require_not_live(site: Site<'_>, name: &ReleaseName) -> Result<(), Refusal> {
    let is_live = site.survey.hosts.iter().any(|(_, seen)| seen.live() == Some(name));
    if !is_live || wanted(site.env).next().is_none() {
        return Ok(());
    }
    Err(Refusal::new(format!("{name} is live already, and --redo is for what comes before the switch"))
        .next(command("deploy", site.env) + &words(site.env)))
}
