//! Pools: who is in them, and how a host is taken out.

use std::time::Duration;

use super::super::file::PoolTable;
use super::super::placed::At;
use super::super::{Pool, Way};
use super::operations::pause;
use super::service::template;
use super::{Check, hosts, named_twice, secrets};
use crate::fleet::Targets;

const WAIT: Duration = Duration::from_secs(1);

/// Complains about names that stand twice in one list.
pub(super) fn unique(check: &mut Check<'_>, list: &[PoolTable]) {
    named_twice(check, "pools", list.iter().map(|table| table.name.as_ref()));
}

pub(super) fn pools(check: &mut Check<'_>, list: &[&PoolTable]) -> Option<Vec<Pool>> {
    let read: Vec<_> = list.iter().map(|table| pool(check, table)).collect();
    read.into_iter().collect()
}

fn pool(check: &mut Check<'_>, table: &PoolTable) -> Option<Pool> {
    let name = table.name.as_ref().and_then(|name| check.name("pool name", name));
    let targets = table.roles.as_ref().and_then(|roles| hosts::targets(check, Some(roles), false));
    let proxies = proxies(check, table);
    let way = way(check, table);
    let becoming = secrets::user(check, table.becoming.as_ref());
    let min_healthy = table.min_healthy.as_ref().map_or(Some(1), |number| at_least(check, number));
    let wait = table.wait.as_ref().map_or(Some(WAIT), |wait| pause(check, wait));
    let server = match &table.server {
        None => template(check, 0..0, "server", "{{ address }}"),
        Some(text) => {
            let line = check.line("server", text)?;
            template(check, text.span(), "server", &line)
        }
    };
    Some(Pool {
        name: name?,
        targets: targets?,
        proxies: proxies?,
        way: way?,
        server: server?,
        min_healthy: min_healthy?,
        wait: wait?,
        becoming: becoming?,
    })
}

#[expect(clippy::option_option, reason = "wrong roles and none are not the same")]
fn proxies(check: &mut Check<'_>, table: &PoolTable) -> Option<Option<Targets>> {
    match (&table.proxies, &table.nginx) {
        (None, Some(nginx)) => {
            let hint = "write the roles of the hosts on which nginx runs: proxies = [\"proxy\"]".to_owned();
            check.problem(nginx.span(), "`nginx` needs `proxies` beside it", hint);
            None
        }
        (None, None) => Some(None),
        (Some(roles), _) => hosts::targets(check, Some(roles), false).map(Some),
    }
}

fn way(check: &mut Check<'_>, table: &PoolTable) -> Option<Way> {
    let or = |check: &mut Check<'_>, key: &str, text: &Option<At<String>>, usual: &str| {
        text.as_ref().map_or_else(|| Some(usual.to_owned()), |text| check.command(key, text))
    };
    match (&table.nginx, &table.drain, &table.undrain) {
        (Some(file), None, None) => {
            let file = check.line("nginx", file);
            let test = or(check, "test", &table.test, "nginx -t");
            let reload = or(check, "reload", &table.reload, "nginx -s reload");
            Some(Way::Nginx { file: file?, test: test?, reload: reload? })
        }
        (None, Some(drain), Some(undrain)) => {
            let (drain, undrain) = (check.command("drain", drain), check.command("undrain", undrain));
            Some(Way::Commands { drain: drain?, undrain: undrain? })
        }
        (Some(_), Some(other), _) | (Some(_), None, Some(other)) => {
            let hint = "either nginx's file or commands of your own".to_owned();
            check.problem(other.span(), "a command stands beside `nginx`", hint);
            None
        }
        (None, Some(one), None) | (None, None, Some(one)) => {
            let hint = "what is taken out must be taken in again: write both".to_owned();
            check.problem(one.span(), "`drain` and `undrain` belong together", hint);
            None
        }
        (None, None, None) => {
            let name = table.name.as_ref().filter(|_| !check.lost("pool"))?;
            let hint = "write it like this: nginx = \"/etc/nginx/sites-available/shop\"".to_owned();
            let message = format!("pool {:?} has neither `nginx` nor `drain` and `undrain`", name.value);
            check.problem(name.span(), message, hint);
            None
        }
    }
}

fn at_least(check: &mut Check<'_>, number: &At<i64>) -> Option<usize> {
    let hosts = usize::try_from(number.value).ok();
    if hosts.is_none() {
        let hint = "a number of hosts from 0; with 0 the pool may be empty for a while".to_owned();
        check.problem(number.span(), format!("`min_healthy` cannot be {}", number.value), hint);
    }
    hosts
}
