//! `[lock] on_failure = "keep"`: the lock stays taken for the person whose deploy did not come to its end.

use super::change::Change;
use super::locking::holder;
use crate::engine::Plan;
use crate::engine::lock::{self, Lock};
use crate::release::Holder;
use crate::tasks::command;

/// Deploys leave something behind when they fail.
const KEEPS: &str = "deploy";

/// When these have come to their end, nothing of that is left.
const MEND: [&str; 3] = [KEEPS, "rollback", "converge"];

impl Change<'_> {
    /// Has the lock held to the end of a run after which somebody may keep it, or have no more use for it.
    pub(super) fn hold_lock(&self) {
        let is_concerned = self.env.lock.keeps && MEND.contains(&self.actor.task.as_str());
        if let (true, Some(Ok(lock))) = (is_concerned, &*self.lock_slot()) {
            lock.stay();
        }
    }

    /// Keeps the lock for the person after a failure, or gives back what an earlier one has left them. Returns what should be
    /// known of that.
    pub(super) async fn settle_lock(&self, plan: &Plan, exit_code: u8) -> Option<String> {
        if !self.env.lock.keeps {
            return None;
        }
        let lock = self.lock_slot().take()?;
        let note = match &lock {
            Ok(lock) if exit_code == 0 => self.free(lock).await,
            Ok(lock) if self.actor.task == KEEPS => Some(self.keep(lock, plan).await),
            _ => None,
        };
        *self.lock_slot() = Some(lock);
        note
    }

    async fn keep(&self, lock: &Lock, plan: &Plan) -> String {
        let name = self.env.name.words();
        // Who took it by hand had a reason of their own.
        if lock.taken().is_none_or(|taken| self.is_kept(taken)) {
            let what = plan.release.as_ref().map(|release| format!(" of {release}")).unwrap_or_default();
            let reason = Some(format!("the deploy{what} has not come to its end"));
            let kept = Holder { reason, ..holder(&self.env, &self.actor) };
            if let Err(reason) = lock::hand_over(lock, &kept).await {
                return format!("{name} could not be kept locked everywhere: {reason}");
            }
        }
        let release = command("lock release", &self.env);
        format!("{name} stays locked for you (on_failure = \"keep\"): go on with it, or   {release}")
    }

    async fn free(&self, lock: &Lock) -> Option<String> {
        if !MEND.contains(&self.actor.task.as_str()) || !lock.taken().is_some_and(|taken| self.is_kept(taken)) {
            return None;
        }
        let name = self.env.name.words();
        match lock::give_back(lock).await {
            Ok(()) => None,
            Err(reason) => {
                Some(format!("{name} is still locked for you: {reason}; {}", command("lock release", &self.env)))
            }
        }
    }

    /// Whether a failure has left it so, and not a hand; and one of this environment, where several share the lock.
    fn is_kept(&self, taken: &Holder) -> bool {
        taken.task == KEEPS && taken.env == self.env.name.to_string()
    }
}
