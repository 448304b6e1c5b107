//! What is published: paths in the release, places outside of it, each once.

use super::super::file::{PublishModeText, PublishTable};
use super::super::{Publish, PublishMode};
use super::templates::outside;
use super::text::is_below;
use super::{Check, hosts};
use crate::fleet::Fleet;

/// Takes what one environment publishes, or the file, which has no fleet.
pub(super) fn publish(check: &mut Check<'_>, list: &[&PublishTable], fleet: Option<&Fleet>) -> Option<Vec<Publish>> {
    let read: Vec<_> = list.iter().map(|table| one(check, table)).collect();
    for (at, table) in list.iter().enumerate() {
        let (Some(fleet), Some(own), Some(to)) = (fleet, &read[at], &table.to) else { continue };
        let before = read[..at].iter().flatten().find(|other| meet(own, other, fleet));
        if let Some(other) = before {
            let hint = "each place takes one path; give them places apart, or roles that share no host".to_owned();
            check.problem(
                to.span(),
                format!("{:?} and {:?} would be published into each other", other.to, own.to),
                hint,
            );
        }
    }
    read.into_iter().collect()
}

/// Whether one is published into the other on some host.
fn meet(one: &Publish, other: &Publish, fleet: &Fleet) -> bool {
    let both = |host: &&crate::fleet::Host| one.targets.concern(host) && other.targets.concern(host);
    overlap(&one.to, &other.to) && fleet.hosts.iter().any(|host| both(&host))
}

/// Says whether one path is the other, or stands below it.
pub(super) fn overlap(one: &str, other: &str) -> bool {
    is_below(one, other) || is_below(other, one)
}

fn one(check: &mut Check<'_>, table: &PublishTable) -> Option<Publish> {
    let from = table.from.as_ref().and_then(|from| check.inside_release("from", from));
    let to = table.to.as_ref().and_then(|to| outside(check, "to", to));
    let targets = hosts::targets(check, table.roles.as_ref(), false);
    let exclude: Vec<_> = table.exclude.iter().flat_map(|list| &list.value).collect();
    let exclude: Vec<_> = exclude.into_iter().map(|text| check.inside_release("exclude", text)).collect();
    let mode = match table.mode.as_ref()?.value {
        PublishModeText::Link => PublishMode::Link,
        PublishModeText::Mirror => PublishMode::Mirror,
        PublishModeText::Overlay => PublishMode::Overlay,
    };
    if let (PublishMode::Link, Some(exclude)) = (mode, &table.exclude) {
        let hint = "a link shows all there is: leave `exclude` out, or take another mode".to_owned();
        check.problem(exclude.span(), "`exclude` has no meaning for a link", hint);
    }
    Some(Publish {
        from: from?,
        to: to?,
        mode,
        exclude: exclude.into_iter().collect::<Option<_>>()?,
        targets: targets?,
    })
}
