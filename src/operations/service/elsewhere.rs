//! Services of a single host that was another one before: each host keeps a note of those that were started on it, and where
//! the file names another host now, they are stopped before they start there.

use super::Service;
use crate::engine::{On, Operation, Work};
use crate::script::Script;

/// Stops such a service on a host that is not its own any more, and takes its files away.
#[derive(Debug, Clone)]
pub struct StopElsewhere {
    /// The service.
    pub service: Service,
    /// It has not been started on its new host yet: when the run fails it runs here again.
    pub comes_back: bool,
}

/// It is gone from a host, once and for all: the note goes.
#[derive(Debug, Clone)]
pub struct ForgetElsewhere {
    /// Its name.
    pub service: String,
}

/// Before the deed: what is in doubt is stopped elsewhere.
const RUNS: &str = r#"mkdir -p -- "$relm_base/.relm/alone" || exit
printf 'runs\n' >"$relm_base/.relm/alone/$relm_service" || exit"#;

/// 91 is a release without files: it does not run.
const OR_NOT: &str = r#"relm_code=$?
[ "$relm_code" -ne 91 ] || rm -f -- "$relm_base/.relm/alone/$relm_service"
exit "$relm_code""#;

const LEFT: &str = r#"mkdir -p -- "$relm_base/.relm/alone" || exit
printf 'left\n' >"$relm_base/.relm/alone/$relm_service" || exit"#;

const IF_LEFT: &str = r#"relm_note=
read -r relm_note 2>/dev/null <"$relm_base/.relm/alone/$relm_service"
[ "$relm_note" = left ] || exit 90"#;

const OR_FAIL: &str = r#"relm_code=$?
[ "$relm_code" -eq 0 ] || exit "$relm_code""#;

const GONE: &str = r#"rm -f -- "$relm_base/.relm/alone/$relm_service""#;

const FORGET: &str = r#"[ -e "$relm_base/.relm/alone/$relm_service" ] || exit 90
rm -f -- "$relm_base/.relm/alone/$relm_service""#;

impl Service {
    /// `up`, with the note that it was started here if it is for one host alone.
    pub(super) fn alone(&self, up: Script, on: &On<'_>) -> Script {
        if self.singleton.is_none() {
            return up;
        }
        self.knowing(Script::new(RUNS).then(&up.apart()).then(&Script::new(OR_NOT)), on)
    }

    fn knowing(&self, script: Script, on: &On<'_>) -> Script {
        script.set("relm_service", &self.name).set("relm_base", on.layout.base())
    }

    /// Stops it here and takes its files away, whatever a release has for it.
    fn going(&self, on: &On<'_>) -> Script {
        let stop = self.script_as("relm_turn_stop", on).apart().then(&Script::new(OR_FAIL));
        let nothing = On { release: None, before: None, ..*on };
        stop.then(&self.replacing("relm_turn_clear", &nothing).apart())
    }

    /// The same, and it is as if it had never been here.
    pub(super) fn gone(&self, on: &On<'_>) -> Script {
        self.knowing(self.going(on).apart().then(&Script::new(OR_FAIL)).then(&Script::new(GONE)), on)
    }
}

impl StopElsewhere {
    fn called(service: &str) -> String {
        format!("stop_elsewhere:{service}")
    }
}

/// The host with what was live when the run began.
fn before<'a>(on: &On<'a>) -> On<'a> {
    On { release: on.before, ..*on }
}

impl Operation for StopElsewhere {
    fn name(&self) -> String {
        Self::called(&self.service.name)
    }

    fn work(&self, on: &On<'_>) -> Work {
        let going = self.service.going(&before(on));
        self.service.work(self.service.knowing(Script::new(LEFT).then(&going.apart()), on))
    }

    fn undo(&self, on: &On<'_>) -> Option<Work> {
        if !self.comes_back || on.before.is_none() {
            return None;
        }
        let service = Service { reference: on.before_reference.to_owned(), ..self.service.clone() };
        let up = service.alone(service.replacing("relm_turn_up", &before(on)), on);
        Some(service.work(service.knowing(Script::new(IF_LEFT).then(&up.apart()), on)))
    }

    fn definition(&self, _on: &On<'_>) -> String {
        self.service.definition()
    }

    fn is_passing(&self) -> bool {
        true
    }

    /// It runs until every host is ready.
    fn awaits_all(&self) -> bool {
        true
    }
}

impl Operation for ForgetElsewhere {
    fn name(&self) -> String {
        format!("forget_elsewhere:{}", self.service)
    }

    fn work(&self, on: &On<'_>) -> Work {
        Work::ours(Script::new(FORGET).set("relm_service", &self.service).set("relm_base", on.layout.base()))
    }

    fn makes_up_for(&self) -> Vec<String> {
        vec![StopElsewhere::called(&self.service)]
    }

    /// Nobody starts it here again once it runs there.
    fn awaits_all(&self) -> bool {
        true
    }

    fn joins(&self) -> bool {
        true
    }
}
