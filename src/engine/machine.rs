//! A host that relm is connected to, with what was seen there.

use std::sync::Arc;

use crate::fleet::{EnvName, Host};
use crate::release::{Layout, ReleaseName};
use crate::transport::Transport;

use super::On;

/// One host of a run.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The host.
    pub host: Host,
    /// The way to it.
    pub transport: Arc<dyn Transport>,
    /// Its paths.
    pub layout: Layout,
    /// What was live when it was surveyed.
    pub before: Option<ReleaseName>,
    /// What that was made from, for commands that run in it again.
    pub before_reference: String,
}

impl Machine {
    /// What an operation sees of it while the run is about `release`.
    pub(super) fn on<'a>(&'a self, env: &'a EnvName, release: Option<&'a ReleaseName>) -> On<'a> {
        let (before, before_reference) = (self.before.as_ref(), self.before_reference.as_str());
        On { host: &self.host, layout: &self.layout, env, release, before, before_reference }
    }
}
