//! The doubt in which a run is when all hosts have switched and a look at the whole fails: what is live may stay, or all go
//! back. A person decides, where the file says so.

use std::collections::BTreeMap;
use std::fmt::Debug;

use futures_util::future::BoxFuture;

use super::Step;
use super::begun::{Begun, Failed};
use super::look::{LastWords, look};
use super::stretch::Setting;
use crate::event::Event;
use crate::fleet::HostName;
use crate::release::ReleaseName;

/// What a person should know who decides.
#[derive(Debug, Clone)]
pub struct Doubt {
    /// The look that failed.
    pub step: String,
    /// Where it did, and why.
    pub failed: Vec<Failed>,
    /// What is live on each host, by a fresh look; hosts that could not be read are not among them.
    pub live: BTreeMap<HostName, Option<ReleaseName>>,
    /// What each host would go back to.
    pub before: BTreeMap<HostName, Option<ReleaseName>>,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// All hosts are put back.
    pub goes_back: bool,
    /// How it came to that, a sentence without a full stop.
    pub words: String,
}

/// Who decides.
pub trait Decides: Debug + Sync {
    /// Asks, or knows without asking.
    fn decide<'a>(&'a self, doubt: &'a Doubt) -> BoxFuture<'a, Decided>;
}

/// Nobody is asked: all hosts go back.
#[derive(Debug, Clone, Copy)]
pub struct Nobody;

impl Decides for Nobody {
    fn decide<'a>(&'a self, doubt: &'a Doubt) -> BoxFuture<'a, Decided> {
        let words = format!("{} failed, and all hosts go back: nobody is there to be asked", doubt.step);
        Box::pin(async { Decided { goes_back: true, words } })
    }
}

/// Says whether what is live stays although the switch has failed: nothing else did than a look that a person is asked
/// about, and they want it so.
pub(super) async fn stays(setting: Setting<'_>, begun: &Begun<'_>) -> bool {
    let Some((step, failed)) = begun.asks().filter(|_| !setting.run.stop.is_cancelled()) else { return false };
    let decided = setting.decides.decide(&doubt(setting, step, failed).await).await;
    setting.run.events.send(Event::Warning { host: None, message: decided.words });
    !decided.goes_back
}

async fn doubt(setting: Setting<'_>, step: &Step, failed: Vec<Failed>) -> Doubt {
    let mut look = look(setting.machines, LastWords::default()).await;
    look.hosts.retain(|host, _| !look.unread.contains(host));
    let before = setting.machines.iter().map(|machine| (machine.host.name.clone(), machine.before.clone()));
    Doubt { step: step.name(), failed, live: look.hosts, before: before.collect() }
}
