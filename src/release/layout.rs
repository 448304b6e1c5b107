//! Every path relm uses on a host, from one root.

use super::ReleaseName;

/// The places of one environment on one host. All paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    base: String,
}

impl Layout {
    /// The layout below `base`, the absolute `<root>/<env>` of a host.
    pub fn new(base: impl Into<String>) -> Self {
        Self { base: base.into() }
    }

    /// `<root>/<env>` itself.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The link to the live release.
    pub fn current(&self) -> String {
        format!("{}/current", self.base)
    }

    /// One release's tree.
    pub fn release(&self, name: &ReleaseName) -> String {
        format!("{}/releases/{name}", self.base)
    }

    /// What outlives releases.
    pub fn shared(&self) -> String {
        format!("{}/shared", self.base)
    }

    /// The records of one release, outside its tree.
    pub fn record(&self, name: &ReleaseName) -> String {
        format!("{}/{name}", self.records())
    }

    /// The records of all releases.
    pub fn records(&self) -> String {
        format!("{}/.relm/releases", self.base)
    }

    /// The jobs that were started here.
    pub fn jobs(&self) -> String {
        format!("{}/.relm/jobs", self.base)
    }

    /// Where a release of this layout lies when seen from `current`.
    pub fn link_target(name: &ReleaseName) -> String {
        format!("releases/{name}")
    }
}
