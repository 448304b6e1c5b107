//! Asks all hosts what stands there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use crate::fleet::{Host, HostName, Scope};
use crate::script::Script;
use crate::survey::{HostSeen, Survey, parse};
use crate::transport::Transport;

/// A host that does not answer within this is silent.
const PATIENCE: Duration = Duration::from_secs(60);

const SURVEY: &str = concat!(
    include_str!("base.sh"),
    include_str!("lock/state.sh"),
    include_str!("hides.sh"),
    include_str!("in_use.sh"),
    include_str!("survey.sh")
);

/// What a host is asked. `files` are those that must stand in its `shared/`. With `processes`, also which releases are in
/// use.
pub fn question(root: &str, env: &Scope, files: &[String], processes: bool) -> Script {
    let script = Script::new(SURVEY).set("root", root).set("env", env.directory());
    script.set("processes", if processes { "yes" } else { "" }).set("relm_files", files.join("\n"))
}

/// Surveys `hosts` all at once. Changes nothing. A host whose answer is known, because it was asked when its lock was
/// taken, is not asked again.
pub async fn survey(
    hosts: &[(Host, Arc<dyn Transport>)],
    question: &Script,
    answers: &BTreeMap<HostName, String>,
) -> Survey {
    let asked = hosts.iter().map(|(host, transport)| async move {
        let seen = match answers.get(&host.name) {
            Some(answer) => parse(answer).map_err(|error| error.to_string()),
            None => ask(transport.as_ref(), question).await,
        };
        (host, seen)
    });
    let mut survey = Survey::default();
    for (host, answer) in join_all(asked).await {
        match answer {
            Ok(seen) => survey.hosts.push((host.name.clone(), seen)),
            Err(reason) => survey.silent.push((host.name.clone(), reason)),
        }
    }
    survey
}

async fn ask(transport: &dyn Transport, question: &Script) -> Result<HostSeen, String> {
    let exit = transport.capture_openly(question, Some(PATIENCE)).await.map_err(|error| error.to_string())?;
    if !exit.status.success() {
        return Err(format!("the survey {}: {}", exit.status, exit.stderr.trim()));
    }
    parse(&exit.stdout).map_err(|error| error.to_string())
}
