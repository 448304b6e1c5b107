//! `relm converge`, from the connection to the exit code.

use super::change::Change;
use super::complaint::Complaint;
use super::resume::{as_they_began, inspected};
use crate::engine::{self, Machine};
use crate::fleet::HostName;
use crate::release::ReleaseName;
use crate::tasks::converge;
use crate::tasks::deploy::SourceArgs;

impl Change<'_> {
    /// Brings hosts that are behind to the fleet's release.
    pub(super) async fn converge(self, to: Option<&ReleaseName>) -> Result<u8, Complaint> {
        self.until_stopped(Box::pin(self.try_converge(to))).await
    }

    async fn try_converge(&self, to: Option<&ReleaseName>) -> Result<u8, Complaint> {
        let ground = self.survey("").await?;
        let site = self.site(&ground.survey);
        let chosen = converge::choose(site, to)?;
        // Those that have come to their end stay what they are.
        let (going_on, others): (Vec<Machine>, Vec<Machine>) =
            self.machines(&ground).into_iter().partition(|machine| chosen.behind.contains(&machine.host.name));
        // What was put back to it goes back to nothing older.
        let (again, going_on): (Vec<Machine>, Vec<Machine>) =
            going_on.into_iter().partition(|machine| chosen.again.contains(&machine.host.name));
        let mut machines = as_they_began(going_on, &ground, &chosen.record.name);
        machines.extend(again.into_iter().chain(others));
        let place = |machine: &Machine| self.env.fleet.hosts.iter().position(|host| host.name == machine.host.name);
        machines.sort_by_key(place);
        self.require_lock()?;
        if chosen.behind.is_empty() {
            let nothing = converge::nothing(site, &chosen);
            if self.dry_run {
                return Ok(self.preview(&nothing, &machines).await);
            }
            return Ok(self.carry_out(&nothing, &machines).await);
        }
        let differences = inspected(&machines, &converge::to_inspect(site, &chosen), &chosen.record).await?;
        let mut planned = converge::plan(site, &chosen, None, &differences)?;
        let mut code = None;
        if crate::tasks::resume::needs_code(&planned) {
            let code = &*code.insert(self.fetch_again(&ground, &chosen.record, &SourceArgs::default()).await?);
            planned = converge::plan(site, &chosen, Some(&code.payload), &differences)?;
        }
        let mut planned = self.looking(planned, None);
        if self.dry_run {
            return Ok(self.preview(&planned, &machines).await);
        }
        self.may_begin(&planned, &machines).await?;
        self.running.set(true);
        let of = |hosts: &[HostName]| -> Vec<Machine> {
            machines.iter().filter(|machine| hosts.contains(&machine.host.name)).cloned().collect()
        };
        engine::forget_lost(&of(&chosen.lost), &chosen.record).await?;
        engine::join(&of(&chosen.joining), &chosen.record).await?;
        Ok(self.carry_out_bringing(code.as_ref(), &mut planned, &machines).await)
    }
}
