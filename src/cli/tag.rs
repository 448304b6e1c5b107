//! A tag in the source's repository once a deploy has succeeded. What goes wrong there is a note.

use super::change::Change;
use super::code;
use super::screen::Told;
use crate::engine::Plan;
use crate::event::{Ending, Event};
use crate::source::{Source, Tag};

impl Change<'_> {
    /// Sets the tag that the file asks for; returns what should be known if it could not be set.
    pub(super) async fn tag(&self, plan: &Plan, told: &Told) -> Option<String> {
        let rules = self.env.tag.as_ref().filter(|_| !self.quiet)?;
        let succeeded = matches!(told.ended, Some(Event::RunEnded { ending: Ending::Succeeded, exit_code: 0, .. }));
        let Source::Git { location, .. } = &self.env.source.source else { return None };
        if plan.task != "deploy" || !succeeded {
            return None;
        }
        let record = self.record_of(plan.release.as_ref()?)?;
        let name = rules.name(&self.env, record.name.as_str());
        let actor = &self.actor;
        let (person, address) = actor.by.split_once(" <").unwrap_or((&actor.by, ""));
        let address = match address.trim_end_matches('>') {
            "" => format!("{}@{}", actor.login, actor.machine),
            address => address.to_owned(),
        };
        let tag = Tag {
            location: location.clone(),
            name: name.clone(),
            commit: record.commit.clone()?,
            message: format!("{} on {}", record.name, self.env.name),
            by: (person.to_owned(), address),
            push: rules.push,
        };
        let places = code::places();
        let set = tokio::task::spawn_blocking(move || tag.set(&places)).await;
        let reason = set.map_err(|error| error.to_string()).and_then(|set| set).err()?;
        Some(format!("tag {name}: {reason}"))
    }
}
