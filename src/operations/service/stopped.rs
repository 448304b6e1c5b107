//! What a host keeps of a service that was stopped for a migration: a note of whose run did it, until the service is turned
//! again. A run that is killed leaves it behind, so that the next one, or a person, knows what is down.

use super::Service;
use crate::engine::On;
use crate::script::Script;

/// Before the deed: what is in doubt is brought up again.
const NOTE: &str = r#"mkdir -p -- "$relm_base/.relm/stopped" || exit
printf '%s\n' "$relm_by" >"$relm_base/.relm/stopped/$relm_service" || exit"#;

const IF_NOTED: &str = r#"[ -e "$relm_base/.relm/stopped/$relm_service" ] || exit 90"#;

const TURNED: &str = r#"relm_code=$?
case $relm_code in 0|90|91)
  [ ! -e "$relm_base/.relm/stopped/$relm_service" ] || rm -f -- "$relm_base/.relm/stopped/$relm_service" || exit ;;
esac
exit "$relm_code""#;

impl Service {
    /// `stop`, written down before it is done.
    pub(in super::super) fn noting(&self, stop: &Script, on: &On<'_>) -> Script {
        let by = on.release.map_or("hand", |release| release.as_str());
        self.knowing(Script::new(NOTE).then(&stop.apart()), on).set("relm_by", by)
    }

    /// `up`, where it was written down that the service was stopped.
    pub(in super::super) fn if_noted(&self, up: &Script, on: &On<'_>) -> Script {
        self.knowing(Script::new(IF_NOTED).then(&up.apart()), on)
    }

    /// `turn`, and what was written down is over.
    pub(super) fn turned(&self, turn: &Script, on: &On<'_>) -> Script {
        self.knowing(turn.apart().then(&Script::new(TURNED)), on)
    }

    pub(super) fn knowing(&self, script: Script, on: &On<'_>) -> Script {
        script.set("relm_service", &self.name).set("relm_base", on.layout.base())
    }
}
