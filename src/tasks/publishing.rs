//! The steps that publish paths of the release.

use crate::config::{Environment, PublishMode};
use crate::engine::Plan;
use crate::event::Phase;
use crate::operations::{Publish, Published};

/// Adds it, after the flip and before anything is started.
pub(super) fn publish(plan: Plan, env: &Environment) -> Plan {
    add(plan, env, Phase::AfterFlip, false)
}

/// Adds the look whether it can be done, when the release is made.
pub(super) fn look(plan: Plan, env: &Environment) -> Plan {
    add(plan, env, Phase::Prepare, true)
}

fn add(plan: Plan, env: &Environment, phase: Phase, only_looks: bool) -> Plan {
    if env.publish.is_empty() {
        return plan;
    }
    let path = |path: &crate::config::Publish| Published {
        mode: match path.mode {
            PublishMode::Link => "link",
            PublishMode::Mirror => "mirror",
            PublishMode::Overlay => "overlay",
        },
        from: path.from.clone(),
        to: path.to.clone(),
        exclude: path.exclude.clone(),
        targets: path.targets.clone(),
    };
    plan.step(phase, Publish { paths: env.publish.iter().map(path).collect(), only_looks })
}
