//! `relm deploy --resume`, from the connection to the exit code.

use std::collections::BTreeMap;

use super::change::Change;
use super::code::{self, Code};
use super::complaint::Complaint;
use super::ground::Ground;
use crate::config::OwnTask;
use crate::engine::{self, Difference, Machine, Plan};
use crate::fleet::HostName;
use crate::release::{Record, ReleaseName};
use crate::source::Source;
use crate::tasks::deploy::SourceArgs;
use crate::tasks::resume::{self, Chosen};
use crate::tasks::{Payload, Refusal, Site, command, own};

/// What was begun.
#[derive(Debug, Clone, Copy)]
pub(super) enum Begun<'t> {
    Deploy,
    /// A task of the file's own that builds a release.
    Own(&'t OwnTask),
}

impl Begun<'_> {
    fn choose(self, site: Site<'_>, wanted: Option<&ReleaseName>, away: &[HostName]) -> Result<Chosen, Refusal> {
        match self {
            Self::Deploy => resume::choose(site, wanted, away),
            Self::Own(task) => own::choose(site, task, wanted),
        }
    }

    fn plan(
        self,
        site: Site<'_>,
        chosen: &Chosen,
        payload: Option<&Payload>,
        differences: &BTreeMap<HostName, Vec<Difference>>,
    ) -> Result<Plan, Refusal> {
        match self {
            Self::Deploy => resume::plan(site, chosen, payload, differences),
            Self::Own(task) => own::go_on(site, task, chosen, payload, differences),
        }
    }
}

impl Change<'_> {
    /// Goes on with what was begun.
    pub(super) async fn resume(
        self,
        begun: Begun<'_>,
        wanted: Option<&ReleaseName>,
        source: &SourceArgs,
    ) -> Result<u8, Complaint> {
        self.until_stopped(Box::pin(self.try_resume(begun, wanted, source))).await
    }

    async fn try_resume(
        &self,
        begun: Begun<'_>,
        wanted: Option<&ReleaseName>,
        source: &SourceArgs,
    ) -> Result<u8, Complaint> {
        self.pass_guards(None).await?;
        let ground = self.survey("").await?;
        let site = self.site(&ground.survey);
        let chosen = begun.choose(site, wanted, self.away())?;
        let machines = as_they_began(self.machines(&ground), &ground, &chosen.record.name);
        let look_at = resume::to_inspect(site, &chosen.record.name);
        let differences = inspected(&machines, &look_at, &chosen.record).await?;
        let mut planned = begun.plan(site, &chosen, None, &differences)?;
        let mut code = None;
        if resume::needs_code(&planned) {
            let code = &*code.insert(self.fetch_again(&ground, &chosen.record, source).await?);
            planned = begun.plan(site, &chosen, Some(&code.payload), &differences)?;
        }
        let mut planned = self.looking(planned, None);
        self.require_hosts(&planned)?;
        self.require_lock()?;
        if self.dry_run {
            return Ok(self.preview(&planned, &machines).await);
        }
        self.agree(&planned, &machines, chosen.question.as_deref()).await?;
        self.running.set(true);
        let joining: Vec<Machine> =
            machines.iter().filter(|machine| chosen.joining.contains(&machine.host.name)).cloned().collect();
        engine::join(&joining, &chosen.record).await?;
        Ok(self.carry_out_bringing(code.as_ref(), &mut planned, &machines).await)
    }

    /// Freezes the source once more; it must be the tree that the hosts were told of.
    pub(super) async fn fetch_again(
        &self,
        ground: &Ground,
        record: &Record,
        source: &SourceArgs,
    ) -> Result<Code, Complaint> {
        let mut wanted = code::wanted(&self.env, source)?;
        if let (Source::Git { reference, .. }, Some(commit)) = (&mut wanted.source, &record.commit) {
            *reference = Some(commit.clone());
        }
        wanted.pin(&record.added);
        let anew = format!("{}   for a new release", command("deploy", &self.env));
        let mut code = code::freeze(wanted).await.map_err(|complaint| {
            let begun = format!("release {} was begun from {}, which cannot be had", record.name, record.source);
            let reason = format!("{begun}: {}", complaint.message());
            Complaint::refused(reason).next(format!("bring it back and go on, or   {anew}"))
        })?;
        if code.payload.tree == record.tree {
            code.read_templates(&self.env)?;
            code.address(ground, Some(&record.name)).await;
            return Ok(code);
        }
        Err(Complaint::refused(format!(
            "the source has changed: release {} was begun from {} with the tree {}, and {} is {} now",
            record.name,
            record.source,
            short(&record.tree),
            code.origin.source,
            short(&code.payload.tree),
        ))
        .next(format!("put the source back as it was, or   {anew}")))
    }
}

fn short(tree: &str) -> &str {
    tree.get(..12).unwrap_or(tree)
}

/// The machines, each with what was live there before the deploy that is gone on with flipped it.
pub(super) fn as_they_began(mut machines: Vec<Machine>, ground: &Ground, name: &ReleaseName) -> Vec<Machine> {
    for machine in machines.iter_mut().filter(|machine| machine.before.as_ref() == Some(name)) {
        let Some(seen) = ground.survey.host(&machine.host.name) else { continue };
        // A history that does not tell leaves the host as it is: better than to take `current` away.
        let Some(flip) = seen.brought_in(name) else { continue };
        machine.before.clone_from(&flip.from);
        let record = flip.from.as_ref().and_then(|from| seen.release(from)).map(|release| &release.record);
        machine.before_reference = record.map(|record| record.reference.clone()).unwrap_or_default();
    }
    machines
}

pub(super) async fn inspected(
    machines: &[Machine],
    hosts: &[HostName],
    record: &Record,
) -> Result<BTreeMap<HostName, Vec<Difference>>, Complaint> {
    let machines: Vec<&Machine> = machines.iter().filter(|machine| hosts.contains(&machine.host.name)).collect();
    let mut found = BTreeMap::new();
    for (host, answer) in engine::inspect(&machines, record).await {
        let differences = answer.map_err(|reason| {
            Complaint::refused(format!("{host}: cannot look at release {}: {reason}", record.name))
        })?;
        found.insert(host, differences);
    }
    Ok(found)
}
