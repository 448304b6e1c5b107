//! Services: what each kind needs, its templates, and who may run it.

use std::fs::Permissions;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use super::super::file::{ServiceKindText, ServiceTable, StrategyText, UnitScopeText};
use super::super::placed::At;
use super::super::service::{ServiceCommands, ServiceFile, TEMPLATE_NAMES};
use super::super::suggest::did_you_mean;
use super::super::{Service, ServiceKind, Strategy};
use super::operations::time_limit;
use super::{Check, hosts, named_twice, parts, secrets, templates};
use crate::fleet::{Fleet, HostName, Targets};
use crate::template::{Flaw, Template};

const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Complains about names that stand twice in one list.
pub(super) fn unique(check: &mut Check<'_>, list: &[ServiceTable]) {
    named_twice(check, "services", list.iter().map(|service| service.name.as_ref()));
}

/// Takes the services of one environment, or those of the file, which have no fleet.
pub(super) fn services(check: &mut Check<'_>, list: &[&ServiceTable], fleet: Option<&Fleet>) -> Option<Vec<Service>> {
    let read: Vec<_> = list.iter().map(|table| service(check, table, fleet)).collect();
    read.into_iter().collect()
}

fn service(check: &mut Check<'_>, table: &ServiceTable, fleet: Option<&Fleet>) -> Option<Service> {
    let name = table.name.as_ref().and_then(|name| check.name("service name", name));
    let group = optional(table.group.as_ref(), |group| check.name("group", group));
    let parts = parts::parts(check, table);
    let targets = hosts::targets(check, table.roles.as_ref(), false);
    let singleton = optional(table.singleton.as_ref(), |host| singleton(check, host, targets.as_ref(), fleet));
    let programs: Vec<_> = list(table.programs.as_ref()).map(|program| program_name(check, program)).collect();
    let files: Vec<_> = list(table.templates.as_ref()).map(|path| file(check, path)).collect();
    let into = optional(table.into.as_ref(), |into| check.line("into", into));
    let looks = optional(table.check.as_ref(), |text| templates::looks(check, text));
    let limit = table.timeout.as_ref().map_or(Some(TIME_LIMIT), |timeout| time_limit(check, timeout));
    let commands = commands(check, table);
    let becoming = secrets::user(check, table.becoming.as_ref());
    fits(check, table);
    let strategy = strategy(table.strategy.as_ref().map(|strategy| strategy.value));
    Some(Service {
        name: name?,
        kind: kind(table.kind.as_ref()?.value),
        targets: targets?,
        singleton: singleton?,
        group: group?,
        parts: parts?,
        programs: programs.into_iter().collect::<Option<_>>()?,
        files: files.into_iter().collect::<Option<_>>()?,
        into: into?,
        check: looks?,
        strategy,
        serial: table.serial.unwrap_or(false),
        time_limit: limit?,
        commands: commands?,
        is_users: table.scope.as_ref().is_some_and(|scope| scope.value == UnitScopeText::User),
        proof: proof(table),
        becoming: becoming?,
    })
}

/// What was left out is right; what is there and wrong is nothing.
#[expect(clippy::option_option, reason = "a wrong value and none are not the same")]
pub(super) fn optional<T, R>(value: Option<&At<T>>, read: impl FnOnce(&At<T>) -> Option<R>) -> Option<Option<R>> {
    value.map_or(Some(None), |value| read(value).map(Some))
}

fn list(texts: Option<&At<Vec<At<String>>>>) -> impl Iterator<Item = &At<String>> {
    texts.into_iter().flat_map(|texts| &texts.value)
}

fn kind(text: ServiceKindText) -> ServiceKind {
    match text {
        ServiceKindText::Supervisor => ServiceKind::Supervisor,
        ServiceKindText::Systemd => ServiceKind::Systemd,
        ServiceKindText::Daemontools => ServiceKind::Daemontools,
        ServiceKindText::Command => ServiceKind::Command,
    }
}

fn strategy(text: Option<StrategyText>) -> Strategy {
    match text {
        Some(StrategyText::Reload) => Strategy::Reload,
        Some(StrategyText::StopFlipStart) => Strategy::StopFlipStart,
        Some(StrategyText::None) => Strategy::None,
        Some(StrategyText::Restart) | None => Strategy::Restart,
    }
}

/// Whether its processes must run from the new release. What no deploy touches runs from an older one, or from none.
fn proof(table: &ServiceTable) -> bool {
    table.proof.unwrap_or(table.strategy.as_ref().is_none_or(|strategy| strategy.value != StrategyText::None))
}

fn singleton(
    check: &mut Check<'_>,
    host: &At<String>,
    targets: Option<&Targets>,
    fleet: Option<&Fleet>,
) -> Option<HostName> {
    let name = check.fleet_name(host, HostName::new)?;
    let Some(fleet) = fleet else { return Some(name) };
    if fleet.hosts.iter().all(|known| known.name != name) {
        let known: Vec<&str> = fleet.hosts.iter().map(|host| host.name.as_str()).collect();
        let message = format!("an environment that has this service has no host {:?}", host.value);
        check.problem(host.span(), message, did_you_mean(&host.value, &known));
        return None;
    }
    let hosts = fleet.select(targets?);
    if hosts.iter().all(|known| known.name != name) {
        let names: Vec<&str> = hosts.iter().map(|host| host.name.as_str()).collect();
        let hint = format!(
            "its roles are those of {}",
            if names.is_empty() { "no host".to_owned() } else { names.join(", ") }
        );
        check.problem(host.span(), format!("{:?} has none of the roles of the service", host.value), hint);
        return None;
    }
    Some(name)
}

/// Names as supervisor, systemd and daemontools have them: what they print is read by its blanks.
fn program_name(check: &mut Check<'_>, name: &At<String>) -> Option<String> {
    let text = check.line("programs", name)?;
    if text.starts_with('-') || text.contains(char::is_whitespace) {
        let hint = "a name such as \"shop-web\", \"workers:*\" or \"shop.service\"; a path for daemontools".to_owned();
        check.problem(name.span(), format!("{text:?} is no name of a program"), hint);
        return None;
    }
    Some(text)
}

/// Reads a template. Its name on the host is that of the file, without `.j2`.
fn file(check: &mut Check<'_>, path: &At<String>) -> Option<ServiceFile> {
    let local = check.local_path("templates", path)?;
    let name = local.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = name.strip_suffix(".j2").unwrap_or(name).to_owned();
    let (text, permissions) = read_beside(check, "templates", path)?;
    if name.is_empty() || name.starts_with(['.', '-']) {
        check.problem(
            path.span(),
            format!("{name:?} is no name for a service's file"),
            "such as \"shop.conf\"".to_owned(),
        );
        return None;
    }
    let template = template(check, path.span(), &path.value, &text)?;
    Some(ServiceFile { name, template, executable: permissions.mode() & 0o100 != 0 })
}

/// Reads a file beside this one, and what may be done with it.
pub(super) fn read_beside(check: &mut Check<'_>, key: &str, path: &At<String>) -> Option<(String, Permissions)> {
    let local = check.local_path(key, path)?;
    let read = std::fs::read_to_string(&local).and_then(|text| Ok((text, std::fs::metadata(&local)?.permissions())));
    match read {
        Ok(read) => Some(read),
        Err(error) => {
            let hint = "templates stand beside this file, and are named by their paths from here".to_owned();
            check.problem(path.span(), format!("cannot read {}: {error}", local.display()), hint);
            None
        }
    }
}

pub(super) fn template(check: &mut Check<'_>, place: Range<usize>, name: &str, text: &str) -> Option<Template> {
    filled(check, place, name, text, TEMPLATE_NAMES)
}

/// Takes a template that uses no other names than `known`.
pub(super) fn filled(
    check: &mut Check<'_>,
    place: Range<usize>,
    name: &str,
    text: &str,
    known: &[&str],
) -> Option<Template> {
    match Template::new(name, text, known) {
        Ok(template) => Some(template),
        Err(Flaw::Broken(words)) => {
            let hint = "it is filled in as Jinja would: {{ release_path }}, {% if \"web\" in roles %}".to_owned();
            check.problem(place, format!("{name}: {words}"), hint);
            None
        }
        Err(Flaw::Unknown(unknown)) => {
            let message = format!("{name} uses {unknown:?}, which has no value");
            check.problem(place, message, did_you_mean(&unknown, known));
            None
        }
    }
}

fn commands(check: &mut Check<'_>, table: &ServiceTable) -> Option<ServiceCommands> {
    let mut command = |key: &str, text: Option<&At<String>>| optional(text, |text| check.command(key, text));
    let control = command("control", table.control.as_ref());
    let start = command("start", table.start.as_ref());
    let stop = command("stop", table.stop.as_ref());
    let restart = command("restart", table.restart.as_ref());
    let reload = command("reload", table.reload.as_ref());
    let status = command("status", table.status.as_ref());
    let pids = command("pids", table.pids.as_ref());
    Some(ServiceCommands {
        control: control?,
        start: start?,
        stop: stop?,
        restart: restart?,
        reload: reload?,
        status: status?,
        pids: pids?,
    })
}

/// Complains about what does not go together.
fn fits(check: &mut Check<'_>, table: &ServiceTable) {
    let (Some(name), Some(kind)) = (&table.name, &table.kind) else { return };
    if let (Some(into), None) = (&table.into, &table.templates) {
        let hint = "it says where `templates` go; name them, or leave `into` out".to_owned();
        check.problem(into.span(), "`into` stands without `templates`", hint);
    }
    if let (Some(looks), None) = (&table.check, &table.templates) {
        let hint = "it looks at what `templates` make; name them, or leave `check` out".to_owned();
        check.problem(looks.span(), "`check` stands without `templates`", hint);
    }
    if let (Some(into), Some(_)) = (table.into.as_ref().filter(|into| !into.value.starts_with('/')), &table.becoming) {
        let hint = "an absolute path: a home is another one for another user".to_owned();
        check.problem(into.span(), "`into` is relative beside `become`", hint);
    }
    if let (Some(templates), None, ServiceKindText::Daemontools) = (&table.templates, &table.into, kind.value) {
        let hint = "such as into = \"/etc/service/shop\", where its `run` belongs".to_owned();
        check.problem(templates.span(), "daemontools needs `into` beside `templates`", hint);
    }
    if let Some(scope) = table.scope.as_ref().filter(|_| kind.value != ServiceKindText::Systemd) {
        let hint = "only systemd has units of users; leave `scope` out".to_owned();
        check.problem(scope.span(), "`scope` has no meaning for this kind", hint);
    }
    if kind.value != ServiceKindText::Command {
        return;
    }
    let needs = |key: &str| format!("write it like this: {key} = \"sudo -n service shop {key}\"");
    let strategy = table.strategy.as_ref().map_or(StrategyText::Restart, |strategy| strategy.value);
    let parts = table.start.is_some() && table.stop.is_some();
    match strategy {
        StrategyText::Reload if table.reload.is_none() => {
            check.problem(name.span(), format!("service {:?} has no `reload`", name.value), needs("reload"));
        }
        StrategyText::Restart if table.restart.is_none() && !parts => {
            let message = format!("service {:?} has neither `restart` nor both `stop` and `start`", name.value);
            check.problem(name.span(), message, needs("restart"));
        }
        StrategyText::None if table.restart.is_none() && table.reload.is_none() && !parts => {
            let message = format!("service {:?} has none of `restart`, `reload`, and `stop` with `start`", name.value);
            check.problem(name.span(), message, needs("restart"));
        }
        StrategyText::StopFlipStart if !parts => {
            let message = format!("service {:?} needs both `stop` and `start`", name.value);
            check.problem(name.span(), message, needs("stop"));
        }
        _ => {}
    }
    if let Some(control) = &table.control {
        let hint = "its own commands say everything; leave `control` out".to_owned();
        check.problem(control.span(), "`control` has no meaning for this kind", hint);
    }
    if proof(table) && table.pids.is_none() {
        let hint =
            "pids = \"cat run/shop.pid\", so that relm can look where they run from; or proof = false".to_owned();
        check.problem(name.span(), format!("service {:?} has no `pids`", name.value), hint);
    }
}
