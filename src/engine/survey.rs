//! Asks all hosts what stands there.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use crate::fleet::{EnvName, Host};
use crate::script::Script;
use crate::survey::{HostSeen, Survey, parse};
use crate::transport::Transport;

/// A host that does not answer within this is silent.
const PATIENCE: Duration = Duration::from_secs(60);

const SURVEY: &str = concat!(
    include_str!("base.sh"),
    include_str!("lock/state.sh"),
    include_str!("in_use.sh"),
    include_str!("survey.sh")
);

/// Surveys `hosts` all at once. Changes nothing. With `processes`, also tells which releases are in use.
pub async fn survey(hosts: &[(Host, Arc<dyn Transport>)], root: &str, env: &EnvName, processes: bool) -> Survey {
    let script = Script::new(SURVEY)
        .set("root", root)
        .set("env", env.as_str())
        .set("processes", if processes { "yes" } else { "" });
    let script = &script;
    let answers = hosts.iter().map(|(host, transport)| async move { (host, ask(transport.as_ref(), script).await) });
    let mut survey = Survey::default();
    for (host, answer) in join_all(answers).await {
        match answer {
            Ok(seen) => survey.hosts.push((host.name.clone(), seen)),
            Err(reason) => survey.silent.push((host.name.clone(), reason)),
        }
    }
    survey
}

async fn ask(transport: &dyn Transport, script: &Script) -> Result<HostSeen, String> {
    let exit = transport.capture(script, Some(PATIENCE)).await.map_err(|error| error.to_string())?;
    if !exit.status.success() {
        return Err(format!("the survey {}: {}", exit.status, exit.stderr.trim()));
    }
    parse(&exit.stdout).map_err(|error| error.to_string())
}
