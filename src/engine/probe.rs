//! Looks at hosts before a run begins, or outside of any.

use std::time::Duration;

use futures_util::future::join_all;

use super::{Machine, Operation, Sight};
use crate::fleet::{HostName, Scope};

/// A look that has no limit of its own.
const PATIENCE: Duration = Duration::from_secs(60);

/// What an operation that only reads sees on each of `machines`, all at once. A host that cannot say is one of which
/// nobody can tell.
pub async fn probe(operation: &dyn Operation, machines: &[&Machine], env: &Scope) -> Vec<(HostName, Sight)> {
    let looks = machines.iter().map(|machine| async move {
        let work = operation.work(&machine.on(env, None));
        let limit = work.time_limit.unwrap_or(PATIENCE);
        let sight = match machine.transport.capture(&work.script, Some(limit)).await {
            Ok(exit) => operation.sight(&machine.masked(exit)),
            Err(error) => Sight::Unknown(error.to_string()),
        };
        (machine.host.name.clone(), sight)
    });
    join_all(looks).await
}
