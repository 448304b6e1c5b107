//! Tells of a run whoever the file says. Nobody's deploy waits long for it, and none fails because of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::change::Change;
use super::screen::Told;
use super::{diff, secrets};
use crate::config::{Notifier, Occasion};
use crate::engine::Plan;
use crate::event::{Ending, Event, live_on_all};
use crate::fleet::Scope;
use crate::notify::{self, Message};
use crate::release::{Commit, Record};
use crate::secret::Secrets;
use crate::ui::text;

/// A chat has no use for more commits.
const MOST: usize = 100;

/// Those who are told of a run.
pub(super) struct News {
    notifiers: Vec<Notifier>,
    secrets: Arc<Secrets>,
    /// Why a secret is not there; its notifiers are told nothing, and the run goes on.
    missing: Vec<String>,
    directory: PathBuf,
    facts: Facts,
    begun: Vec<JoinHandle<Option<String>>>,
}

/// What every message says.
struct Facts {
    task: String,
    subject: String,
    /// What is told of it in a letter besides: why, and with what commits.
    about: Vec<String>,
    env: Scope,
    release: String,
    common: serde_json::Map<String, Value>,
    person: String,
}

impl Change<'_> {
    /// Says that a run begins, where it flips and anybody is told of it.
    pub(super) async fn announce(&self, plan: &Plan) -> Option<News> {
        let tells = ["deploy", "rollback", "converge"].contains(&plan.task.as_str());
        let has_work = plan.steps.iter().any(|step| step.left().next().is_some());
        if self.quiet || !tells || !has_work || self.env.notify.is_empty() {
            return None;
        }
        let names = self.env.notify.iter().flat_map(Notifier::secrets).map(str::to_owned).collect::<BTreeSet<_>>();
        let (secrets, missing) = match secrets::some(self.config, &self.env, &names, &self.known_secrets()).await {
            Ok((secrets, missing)) => (secrets, missing),
            Err(complaint) => (Secrets::default(), vec![complaint.message().to_owned()]),
        };
        let mut news = News {
            notifiers: self.env.notify.clone(),
            secrets: Arc::new(secrets.hiding(self.known_secrets().mask())),
            missing,
            directory: self.config.path.parent().map(PathBuf::from).unwrap_or_default(),
            facts: self.facts(plan, self.commits().await.as_deref()),
            begun: Vec::new(),
        };
        news.begun = news.tell(Occasion::Start, None);
        Some(news)
    }

    /// The commits that come with a new release; nothing where that cannot be told.
    async fn commits(&self) -> Option<Vec<Commit>> {
        let new = self.made.get()?.commit.as_ref()?;
        let old = self.seen()?.live_everywhere().and_then(|live| self.record_of(live))?.commit?;
        let (mut commits, _) = diff::between(&self.env.source.source, &old, new).await.ok()?;
        commits.truncate(MOST);
        Some(commits)
    }

    fn facts(&self, plan: &Plan, commits: Option<&[Commit]>) -> Facts {
        let release = plan.release.as_ref().map(ToString::to_string).unwrap_or_default();
        let known = plan.release.as_ref().and_then(|name| self.record_of(name));
        let (actor, hosts) = (&self.actor, self.reached().fleet.names());
        let common = json!({
            "task": plan.task, "app": self.env.app, "env": plan.env.env, "release": plan.release,
            "source": known.as_ref().map(|record: &Record| record.source.clone()),
            "ref": known.as_ref().map(|record| record.reference.clone()),
            "commit": known.as_ref().and_then(|record| record.commit.clone()),
            "by": actor.by, "login": actor.login, "machine": actor.machine, "message": actor.message,
            "at": actor.at, "fleet": hosts, "consents": actor.consents.given(), "commits": commits,
        });
        let Value::Object(mut common) = common else { unreachable!("it is written as an object") };
        if let Some(component) = &plan.env.component {
            common.insert("component".to_owned(), json!(component));
        }
        Facts {
            task: plan.task.clone(),
            subject: format!("[{}] {} on {}", self.env.app, plan.task, plan.env),
            env: plan.env.clone(),
            about: about(actor.message.as_deref(), commits.unwrap_or_default()),
            person: actor.by.split(" <").next().unwrap_or(&actor.by).to_owned(),
            release,
            common,
        }
    }
}

impl News {
    /// Tells how the run ended; returns what should be known of those who could not be told.
    pub(super) async fn tell_end(mut self, told: &Told, took: chrono::TimeDelta) -> Vec<String> {
        // The end must not come before the beginning.
        let begun = std::mem::take(&mut self.begun);
        let mut notes = self.missing.iter().map(|reason| format!("notify: {reason}")).collect::<Vec<_>>();
        notes.extend(heard(begun).await);
        let Some(occasion) = occasion(&self.facts.task, told) else { return notes };
        notes.extend(heard(self.tell(occasion, Some((told, took)))).await);
        notes
    }

    fn tell(&self, occasion: Occasion, end: Option<(&Told, chrono::TimeDelta)>) -> Vec<JoinHandle<Option<String>>> {
        let message = Arc::new(self.facts.message(occasion, end));
        let wanted = self.notifiers.iter().filter(|notifier| notifier.on.contains(&occasion));
        // Why it is not there has been said, once for all.
        let able = wanted.filter(|notifier| notifier.secrets().iter().all(|name| self.secrets.get(name).is_some()));
        let tasks = able.cloned().map(|notifier| {
            let (message, secrets, directory) =
                (Arc::clone(&message), Arc::clone(&self.secrets), self.directory.clone());
            tokio::spawn(async move {
                let reason = notify::send(&notifier, &message, &secrets, &directory).await.err()?;
                Some(format!("notify: {} was not told of the {}: {reason}", notifier.name, occasion.word()))
            })
        });
        tasks.collect()
    }
}

async fn heard(tasks: Vec<JoinHandle<Option<String>>>) -> Vec<String> {
    join_all(tasks).await.into_iter().filter_map(|done| done.unwrap_or_else(|error| Some(error.to_string()))).collect()
}

fn occasion(task: &str, told: &Told) -> Option<Occasion> {
    let Some(Event::RunEnded { ending, exit_code, .. }) = &told.ended else { return None };
    match (ending, exit_code) {
        (Ending::Paused, _) => Some(Occasion::Paused),
        (Ending::Succeeded, 0) if task == "rollback" => Some(Occasion::Rollback),
        (Ending::Succeeded, 0) => Some(Occasion::Success),
        (_, 0) => None,
        _ => Some(Occasion::Failure),
    }
}

impl Facts {
    fn message(&self, occasion: Occasion, end: Option<(&Told, chrono::TimeDelta)>) -> Message {
        let mut all = self.common.clone();
        all.insert("event".to_owned(), json!(occasion.word()));
        let mut lines = vec![self.sentence(occasion, end.map(|(told, _)| told))];
        lines.extend(self.about.iter().cloned());
        if let Some((told, took)) = end {
            let seconds = took.as_seconds_f64();
            all.insert("seconds".to_owned(), json!((seconds * 10.0).round() / 10.0));
            let failed: Vec<_> = told.failed.iter().filter_map(failure).collect();
            lines.extend(failed.iter().map(|(step, host, what)| format!("{step} on {host}: {what}")));
            let failed = failed.iter().map(|(step, host, what)| json!({"step": step, "host": host, "what": what}));
            all.insert("failed".to_owned(), failed.collect());
            if let Some(Event::RunEnded { ending, exit_code, hosts, reason, next, .. }) = &told.ended {
                let end =
                    json!({ "ending": ending, "exit_code": exit_code, "hosts": hosts, "reason": reason, "next": next });
                let Value::Object(end) = end else { unreachable!("it is written as an object") };
                all.extend(end);
                lines.extend(reason.clone());
                lines.extend(live(hosts));
                lines.extend(next.iter().map(|command| format!("next: {command}")));
            }
            lines.push(format!("after {}", text::duration(seconds)));
        }
        all.insert("text".to_owned(), json!(lines[0]));
        let variables = [("RELM_EVENT", occasion.word()), ("RELM_TASK", &self.task), ("RELM_RELEASE", &self.release)];
        let variables = variables.into_iter().chain(self.env.variables());
        Message {
            payload: Value::Object(all).to_string() + "\n",
            subject: format!("{}: {}", self.subject, end.map_or(occasion.word(), |(told, _)| word(occasion, told))),
            text: lines.join("\n"),
            variables: variables.map(|(name, value)| (name, value.to_owned())).collect(),
        }
    }

    fn sentence(&self, occasion: Occasion, end: Option<&Told>) -> String {
        let Self { task, env, release, person, .. } = self;
        match occasion {
            Occasion::Start => format!("{person} has begun {task} {release} on {env}"),
            Occasion::Success => format!("{env} runs {release} ({task} by {person})"),
            Occasion::Rollback => format!("{env} runs {release} again (rollback by {person})"),
            Occasion::Failure => {
                let how = end.and_then(|told| told.ended.as_ref()).map_or("failed", |ended| how(ended, release));
                format!("{task} {release} on {env} {how} (by {person})")
            }
            Occasion::Paused => format!("{task} {release} on {env} is paused (by {person})"),
        }
    }
}

/// How a run has ended that is no success, in the words of a sentence: a chat shows nothing else.
fn how(ended: &Event, release: &str) -> &'static str {
    let Event::RunEnded { ending, hosts, unread, behind, reason, .. } = ended else { return "failed" };
    let on_all = live_on_all(hosts, unread, behind);
    let all_new = on_all.is_some_and(|live| live.as_ref().is_some_and(|live| live.as_str() == release));
    match ending {
        Ending::PutBack if reason.is_none() => "failed, everything is as before",
        Ending::PutBack => "failed, and not all of it could be put back",
        Ending::LiveButUnfinished => "is live, what comes after it failed",
        Ending::Mixed if on_all.is_some() => "failed, and not all of it could be put back",
        Ending::Mixed => "failed, and the hosts differ",
        Ending::Interrupted if all_new => "was interrupted, and is live",
        Ending::Interrupted if reason.is_none() => "was interrupted, everything is as before",
        Ending::Interrupted => "was interrupted, and not all of it could be put back",
        Ending::NothingChanged | Ending::Succeeded | Ending::Paused if all_new => "failed",
        Ending::NothingChanged | Ending::Succeeded | Ending::Paused => "failed, and is not live",
    }
}

/// The last word of a letter's subject.
fn word(occasion: Occasion, told: &Told) -> &'static str {
    match &told.ended {
        Some(Event::RunEnded { ending: Ending::LiveButUnfinished, .. }) => "live, not finished",
        Some(Event::RunEnded { ending: Ending::Interrupted, .. }) => "interrupted",
        Some(Event::RunEnded { ending: Ending::Mixed, .. }) => "not put back",
        _ => occasion.word(),
    }
}

fn about(message: Option<&str>, commits: &[Commit]) -> Vec<String> {
    let commit = |commit: &Commit| {
        format!("  {} {} ({})", commit.id.get(..12).unwrap_or(&commit.id), commit.subject, commit.author)
    };
    let title = (!commits.is_empty()).then(|| "commits:".to_owned());
    message.map(|why| format!("why: {why}")).into_iter().chain(title).chain(commits.iter().map(commit)).collect()
}

fn failure(event: &Event) -> Option<(&str, &str, &str)> {
    let Event::HostFailed { step, host, failure, .. } = event else { return None };
    Some((step, host.as_str(), &failure.what))
}

/// What is live, a line for each release.
fn live<H: ToString>(hosts: &BTreeMap<H, Option<crate::release::ReleaseName>>) -> Vec<String> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (host, release) in hosts {
        let release = release.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
        groups.entry(release).or_default().push(host.to_string());
    }
    groups.into_iter().map(|(release, hosts)| format!("live: {release} on {}", hosts.join(", "))).collect()
}
