//! What a task is planned on: the hosts, and what stands on them.

use std::sync::Arc;

use super::connect::Connections;
use crate::engine::Machine;
use crate::engine::lock::Fence;
use crate::fleet::HostName;
use crate::secret::Secrets;
use crate::survey::Survey;

/// What stands ready when a task is planned.
pub(super) struct Ground {
    pub(super) survey: Survey,
    pub(super) connections: Connections,
}

impl Ground {
    /// The hosts that answered, each with its fence.
    pub(super) fn machines(&self, secrets: &Arc<Secrets>, fence: impl Fn(&HostName) -> Option<Fence>) -> Vec<Machine> {
        let machines = self.connections.hosts.iter().filter_map(|(host, transport)| {
            let seen = self.survey.host(&host.name)?;
            let (transport, layout) = (Arc::clone(transport), seen.layout.clone());
            let before = seen.live().cloned();
            let record = before.as_ref().and_then(|before| seen.release(before)).map(|release| &release.record);
            let before_reference = record.map(|record| record.reference.clone()).unwrap_or_default();
            let (fence, secrets, turn) = (fence(&host.name), Arc::clone(secrets), Arc::default());
            Some(Machine { host: host.clone(), transport, layout, before, before_reference, fence, secrets, turn })
        });
        machines.collect()
    }
}
