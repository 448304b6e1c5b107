//! What stands around every script that changes something: it registers, and then looks whether its run still holds the
//! lock. In this order, and the keeper does the reverse, so that one of the two always sees the other.

use std::time::Duration;

use crate::script::Script;

/// One run's hold on one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// The holder's directory there, absolute.
    pub(super) directory: String,
    /// What its token must be.
    pub(super) token: String,
    /// How long the host is tried again when it is lost.
    pub(in crate::engine) patience: Duration,
}

/// The exit code of a script that found its lock gone and did nothing.
pub(in crate::engine) const LOST: u32 = 93;

/// A full disk must not stop a rollback: then the command is not registered, and no more is lost than that.
const AROUND: &str = concat!(
    include_str!("state.sh"),
    r#"
relm_group=$$; read -r _ _ _ _ relm_group _ 2>/dev/null <"/proc/$$/stat"
relm_mine=$relm_lock/running/$relm_group
{ printf '%s %s\n' "$(lock_start "$relm_group")" "$relm_step" >"$relm_mine"; } 2>/dev/null
# For the keeper, in case relm is gone by then.
if [ -n "$relm_limit" ] && read -r relm_up _ </proc/uptime; then
  printf '%s\n' "$((${relm_up%%.*} + relm_limit + 10))" >"$relm_lock/limits/$relm_group"
fi 2>/dev/null
relm_now=
{ read -r relm_now <"$relm_lock/token"; } 2>/dev/null
if [ "$relm_now" != "$relm_token" ]; then
  rm -f -- "$relm_mine"
  printf 'this run has lost the lock\n' >&2
  exit 93
fi
# A run does one thing at a time on a host. What it began before and lost from its sight must not work beside this.
relm_seconds=0
while relm_others=$(lock_running "$relm_lock" | sed "/^$relm_group /d") && [ -n "$relm_others" ]; do
  case $relm_seconds in 0) relm_signal=TERM ;; 5) relm_signal=KILL ;; 15) break ;; *) relm_signal=0 ;; esac
  printf '%s\n' "$relm_others" | while read -r relm_other _; do
    kill -s "$relm_signal" -- "-$relm_other" || kill -s "$relm_signal" "-$relm_other"
  done 2>/dev/null
  relm_seconds=$((relm_seconds + 1))
  sleep 1
done
if [ -n "$relm_others" ]; then
  rm -f -- "$relm_mine"
  printf 'this still runs and does not end: %s\n' "$relm_others" >&2
  exit 1
fi
[ -z "$relm_about" ] || { printf '%s\n' "$relm_about" >"$relm_lock/release"; } 2>/dev/null
(
eval "$relm_work"
)
relm_status=$?
rm -f -- "$relm_mine" "$relm_lock/limits/$relm_group"
exit "$relm_status""#
);

/// Says whether the lock is gone; an app's own exit code may be the same as ours.
pub(in crate::engine) const IS_LOST: &str =
    r#"! { { read -r now <"$relm_lock/token"; } 2>/dev/null && [ "$now" = "$relm_token" ]; }"#;

impl Fence {
    /// The script inside the fence. `step` stands for it in messages, `about` is the release it is for.
    /// `limit` is kept by the keeper where relm cannot any more.
    pub(in crate::engine) fn around(
        &self,
        step: &str,
        about: Option<&str>,
        limit: Option<Duration>,
        script: &Script,
    ) -> Script {
        let script = Script::new(AROUND)
            .set("relm_work", script.as_str())
            .set("relm_step", step)
            .set("relm_limit", limit.map(|limit| limit.as_secs().to_string()).unwrap_or_default())
            .set("relm_about", about.unwrap_or_default());
        self.set(script)
    }

    /// Where output is kept of scripts that outlive their connection.
    pub(in crate::engine) fn output(&self) -> String {
        format!("{}/out", self.directory)
    }

    /// Gives a script the lock's directory and token.
    pub(in crate::engine) fn set(&self, script: Script) -> Script {
        script.set("relm_lock", &self.directory).set("relm_token", &self.token)
    }
}
