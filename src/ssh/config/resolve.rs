//! From texts to a destination: defaults, numbers, times, paths.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Destination;
use super::read::Asked;
use super::tokens;
use super::values::{Value, Values};
use crate::fleet::HostName;

/// The keys ssh tries where no `IdentityFile` is given, in its order; `sk` keys need their hardware and so an agent.
const USUAL_KEYS: [&str; 3] = ["~/.ssh/id_rsa", "~/.ssh/id_ecdsa", "~/.ssh/id_ed25519"];
const USUAL_KNOWN_HOSTS: [&str; 2] = ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"];
const USUAL_GLOBAL_KNOWN_HOSTS: [&str; 2] = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"];

/// Makes a destination of what was read.
///
/// `StrictHostKeyChecking` is read and has no say: an unknown key is always refused and a changed one never accepted,
/// even where a file says `no` or `accept-new`. `relm trust` is the way to a new key.
pub(super) fn destination(name: &HostName, asked: &Asked<'_>, values: &Values) -> Result<Destination, String> {
    refuse_what_leads_elsewhere(values)?;
    let home = asked.settings.home.as_path();
    let address = match values.value("hostname") {
        None => asked.host.to_owned(),
        Some(value) => at(value, tokens::expand(&value.arguments[0], &[('h', asked.host)]))?,
    }
    .to_lowercase();
    let port = parsed(values, "port", |text| text.parse().ok().filter(|port| *port > 0))?.unwrap_or(22_u16);
    let user = values.one("user").unwrap_or(&asked.settings.local_user).to_owned();
    let alias = values.one("hostkeyalias").map(str::to_lowercase);
    let paths = Paths {
        home,
        tokens: vec![
            ('d', home.to_string_lossy().into_owned()),
            ('h', address.clone()),
            ('k', alias.clone().unwrap_or_else(|| asked.host.to_owned())),
            ('n', asked.host.to_owned()),
            ('p', port.to_string()),
            ('r', user.clone()),
            ('u', asked.settings.local_user.clone()),
        ],
    };
    Ok(Destination {
        name: name.clone(),
        known_as: known_as(alias, &address, port),
        user_known_hosts: paths.list(values.value("userknownhostsfile"), &USUAL_KNOWN_HOSTS)?,
        global_known_hosts: paths.list(values.value("globalknownhostsfile"), &USUAL_GLOBAL_KNOWN_HOSTS)?,
        hash_known_hosts: parsed(values, "hashknownhosts", yes)?.unwrap_or(false),
        identity_files: identity_files(&paths, values)?,
        identities_only: parsed(values, "identitiesonly", yes)?.unwrap_or(false),
        agent: agent(&paths, asked, values)?,
        connect_timeout: some_time(values, "connecttimeout")?.unwrap_or(Duration::from_secs(10)),
        // 0 turns these off for ssh; here a host that freezes would hold up all others for ever.
        alive_interval: some_time(values, "serveraliveinterval")?.unwrap_or(Duration::from_secs(5)),
        alive_count: parsed(values, "serveralivecountmax", |text| text.parse().ok())?
            .filter(|count| *count > 0)
            .unwrap_or(3),
        address,
        port,
        user,
    })
}

fn refuse_what_leads_elsewhere(values: &Values) -> Result<(), String> {
    let refused = [
        ("proxyjump", "ProxyJump and ProxyCommand are not supported yet"),
        ("canonicalizehostname", "CanonicalizeHostname is not supported yet"),
        ("revokedhostkeys", "RevokedHostKeys is not supported yet; @revoked lines in known_hosts are"),
    ];
    for (keyword, reason) in refused {
        match values.value(keyword) {
            Some(value) if !["none", "no", "false"].contains(&value.arguments[0].to_ascii_lowercase().as_str()) => {
                return Err(format!("{}: {reason}", value.place));
            }
            _ => {}
        }
    }
    Ok(())
}

/// An alias counts without the port, and a key known without its port counts for every port: both as in OpenSSH.
fn known_as(alias: Option<String>, address: &str, port: u16) -> Vec<String> {
    match alias {
        Some(alias) => vec![alias],
        None if port == 22 => vec![address.to_owned()],
        None => vec![format!("[{address}]:{port}"), address.to_owned()],
    }
}

fn identity_files(paths: &Paths<'_>, values: &Values) -> Result<Vec<PathBuf>, String> {
    if values.identity_files().is_empty() {
        return paths.list(None, &USUAL_KEYS);
    }
    let named = values.identity_files().iter().filter(|value| value.arguments[0] != "none");
    named.map(|value| at(value, paths.one(&value.arguments[0]))).collect()
}

fn agent(paths: &Paths<'_>, asked: &Asked<'_>, values: &Values) -> Result<Option<PathBuf>, String> {
    match values.value("identityagent") {
        None => Ok(asked.settings.agent.clone()),
        Some(value) => match value.arguments[0].as_str() {
            "none" => Ok(None),
            "SSH_AUTH_SOCK" | "$SSH_AUTH_SOCK" | "${SSH_AUTH_SOCK}" => Ok(asked.settings.agent.clone()),
            other if other.starts_with('$') => at(value, Err(format!("IdentityAgent {other} is not supported yet"))),
            path => at(value, paths.one(path)).map(Some),
        },
    }
}

/// How paths are read here.
struct Paths<'a> {
    home: &'a Path,
    tokens: Vec<(char, String)>,
}

impl Paths<'_> {
    fn one(&self, text: &str) -> Result<PathBuf, String> {
        let tokens: Vec<_> = self.tokens.iter().map(|(name, value)| (*name, value.as_str())).collect();
        tokens::path(text, self.home, &tokens)
    }

    fn list(&self, value: Option<&Value>, usual: &[&str]) -> Result<Vec<PathBuf>, String> {
        match value {
            None => usual.iter().map(|path| self.one(path)).collect(),
            Some(value) if value.arguments == ["none"] => Ok(Vec::new()),
            Some(value) => value.arguments.iter().map(|path| at(value, self.one(path))).collect(),
        }
    }
}

fn at<T>(value: &Value, result: Result<T, String>) -> Result<T, String> {
    result.map_err(|reason| format!("{}: {reason}", value.place))
}

fn parsed<T>(values: &Values, keyword: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, String> {
    let Some(value) = values.value(keyword) else {
        return Ok(None);
    };
    let text = &value.arguments[0];
    let reason = || format!("{text:?} is no value for {}", super::values::spelled(keyword).unwrap_or(keyword));
    at(value, parse(text).map(Some).ok_or_else(reason))
}

fn yes(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" => Some(true),
        "no" | "false" => Some(false),
        _ => None,
    }
}

fn some_time(values: &Values, keyword: &str) -> Result<Option<Duration>, String> {
    Ok(parsed(values, keyword, time)?.filter(|time| !time.is_zero()))
}

/// Reads `90`, `1m30s` or `none`, which is 0 too.
fn time(text: &str) -> Option<Duration> {
    if text == "none" {
        return Some(Duration::ZERO);
    }
    let mut seconds = 0_u64;
    let mut number = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        let unit = match c.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(unit)?)?;
        number.clear();
    }
    if !number.is_empty() {
        seconds = seconds.checked_add(number.parse().ok()?)?;
    }
    Some(Duration::from_secs(seconds))
}
