//! What a host keeps of what a run has taken down, a service or a host of a pool: a note of whose run did it, until it is up
//! again. A run that is killed leaves it behind, so that the next one, or a person, knows what is down, and brings up nothing
//! that was never taken down.

use crate::engine::On;
use crate::script::Script;

/// Before the deed: what is in doubt is brought up again.
const WRITE: &str = r#"mkdir -p -- "${relm_note%/*}" && printf '%s\n' "$relm_by" >"$relm_note" || exit"#;

/// What stands there already is from whoever had it down before.
const WRITE_IF_NEW: &str = r#"relm_is_new=
[ -e "$relm_note" ] || relm_is_new=yes
mkdir -p -- "${relm_note%/*}" || exit
[ -z "$relm_is_new" ] || printf '%s\n' "$relm_by" >"$relm_note" || exit"#;

/// What was down already was not taken down by this.
const IS_DOWN: &str = r#"relm_code=$?
case $relm_code in
  0) printf '%s\n' "$relm_by" >"$relm_note" || exit ;;
  90|91) [ -z "$relm_is_new" ] || rm -f -- "$relm_note" || exit ;;
esac
exit "$relm_code""#;

const IF_NOTED: &str = r#"[ -e "$relm_note" ] || exit 90"#;

const IS_UP: &str = r#"relm_code=$?
case $relm_code in 0|90|91|98) [ ! -e "$relm_note" ] || rm -f -- "$relm_note" || exit ;; esac
exit "$relm_code""#;

/// A note, by its path.
pub(super) struct DownNote(String);

impl DownNote {
    /// Of a service.
    pub(super) fn of_service(name: &str, on: &On<'_>) -> Self {
        Self(format!("{}/.relm/stopped/{name}", on.layout.base()))
    }

    /// Of a host that is out of a pool.
    pub(super) fn of_pool(name: &str, on: &On<'_>) -> Self {
        Self(format!("{}/.relm/drained/{name}/{}", on.layout.base(), on.host.name))
    }

    /// `deed`, written down before it is done.
    pub(super) fn before(&self, deed: &Script, by: &str) -> Script {
        self.there(Script::new(WRITE).then(&deed.apart())).set("relm_by", by)
    }

    /// `deed`, written down until it is up again.
    pub(super) fn until_up(&self, deed: &Script, by: &str) -> Script {
        self.there(Script::new(WRITE_IF_NEW).then(&deed.apart()).then(&Script::new(IS_DOWN))).set("relm_by", by)
    }

    /// `deed`, which brings it up at its end, written down until it has come to that.
    pub(super) fn until_done(&self, deed: &Script, by: &str) -> Script {
        self.there(Script::new(WRITE_IF_NEW).then(&deed.apart())).set("relm_by", by)
    }

    /// `up`, where it was written down that it is down.
    pub(super) fn if_noted(&self, up: &Script) -> Script {
        self.there(Script::new(IF_NOTED).then(&up.apart()))
    }

    /// `up`, and what was written down is over.
    pub(super) fn over(&self, up: &Script) -> Script {
        self.there(up.apart().then(&Script::new(IS_UP)))
    }

    fn there(&self, script: Script) -> Script {
        script.set("relm_note", &self.0)
    }
}
