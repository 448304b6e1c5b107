//! `pre_connect`: what opens a host's door.

use std::time::Duration;

use super::super::PreConnect;
use super::super::file::PreConnectTable;
use super::Check;
use super::operations::time_limit;

const TIMEOUT: Duration = Duration::from_secs(1);

pub(super) fn pre_connect(check: &mut Check<'_>, table: &PreConnectTable) -> Option<PreConnect> {
    let mut knock = Vec::new();
    for port in table.knock.iter().flatten() {
        match u16::try_from(port.value).ok().filter(|port| *port > 0) {
            Some(port) => knock.push(port),
            None => check.problem(port.span(), format!("{} is no port", port.value), "ports are 1 to 65535".to_owned()),
        }
    }
    let timeout = table.timeout.as_ref().map_or(Some(TIMEOUT), |timeout| time_limit(check, timeout))?;
    Some(PreConnect { knock, timeout })
}
