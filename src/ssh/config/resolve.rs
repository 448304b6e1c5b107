//! From texts to a destination: defaults, numbers, times, paths.

use std::path::PathBuf;
use std::time::Duration;

use super::algorithms::{self, Algorithms};
use super::names::Names;
use super::read::Asked;
use super::scalars::{at, flag, parsed, some_time};
use super::values::{Value, Values};
use super::{Destination, Family, Method, Way, tokens};
use crate::ssh::pattern;

/// The keys ssh tries where no `IdentityFile` is given, in its order.
const USUAL_KEYS: [&str; 5] =
    ["~/.ssh/id_rsa", "~/.ssh/id_ecdsa", "~/.ssh/id_ecdsa_sk", "~/.ssh/id_ed25519", "~/.ssh/id_ed25519_sk"];
const USUAL_KNOWN_HOSTS: [&str; 2] = ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"];
const USUAL_GLOBAL_KNOWN_HOSTS: [&str; 2] = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"];

/// Makes a destination of what was read.
///
/// `StrictHostKeyChecking` has little say: an unknown key is refused unless `Releases.toml` too lets new ones pass, and a
/// changed one is never accepted, even where a file says `no`. `relm trust` is the way to a new key.
pub(super) fn destination(
    [name, trusted_as]: [&str; 2],
    way: Way,
    asked: &Asked<'_>,
    values: &Values,
) -> Result<Destination, String> {
    if let Some(reason) = values.refused() {
        return Err(reason);
    }
    let names = Names::settled(asked, values)?;
    let alias = values.one("hostkeyalias").map(str::to_lowercase);
    let paths = Paths { asked, names: &names };
    Ok(Destination {
        name: name.to_owned(),
        trusted_as: trusted_as.to_owned(),
        given: names.given.clone(),
        principal: alias.clone().unwrap_or_else(|| names.address.clone()),
        known_as: known_as(alias, &names.address, names.port),
        user_known_hosts: paths.list(values.value("userknownhostsfile"), &USUAL_KNOWN_HOSTS, true)?,
        global_known_hosts: paths.list(values.value("globalknownhostsfile"), &USUAL_GLOBAL_KNOWN_HOSTS, false)?,
        revoked_host_keys: paths.list(values.value("revokedhostkeys"), &[], true)?,
        lets_new_keys_pass: values
            .one("stricthostkeychecking")
            .is_some_and(|word| ["no", "false", "off", "accept-new"].contains(&&*word.to_ascii_lowercase())),
        hash_known_hosts: flag(values, "hashknownhosts")?.unwrap_or(false),
        identity_files: identity_files(&paths, values)?,
        certificate_files: paths.all(values.all("certificatefile"))?,
        identities_only: flag(values, "identitiesonly")?.unwrap_or(false),
        agent: agent(&paths, values)?,
        lent_agent: lent_agent(&paths, values)?,
        methods: methods(values)?,
        password_prompts: parsed(values, "numberofpasswordprompts", |text| text.parse().ok())?.unwrap_or(3),
        smallest_rsa: parsed(values, "requiredrsasize", |text| text.parse().ok())?.unwrap_or(1024),
        algorithms: algorithms(values)?,
        environment: environment(asked, values)?,
        way,
        family: family(values)?,
        bind_address: values.one("bindaddress").map(str::to_owned),
        connect_timeout: some_time(values, "connecttimeout")?.unwrap_or(Duration::from_secs(10)),
        connection_attempts: parsed(values, "connectionattempts", |text| text.parse().ok().filter(|n| *n > 0))?
            .unwrap_or(1),
        // 0 turns these off for ssh; here a host that freezes would hold up all others for ever.
        alive_interval: some_time(values, "serveraliveinterval")?.unwrap_or(Duration::from_secs(5)),
        alive_count: parsed(values, "serveralivecountmax", |text| text.parse().ok())?
            .filter(|count| *count > 0)
            .unwrap_or(3),
        address: names.address.clone(),
        port: names.port,
        user: names.user.clone(),
    })
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
    let named = values.all("identityfile");
    if named.is_empty() {
        return paths.list(None, &USUAL_KEYS, true);
    }
    let named: Vec<Value> =
        named.iter().filter(|value| !value.arguments[0].eq_ignore_ascii_case("none")).cloned().collect();
    paths.all(&named)
}

fn agent(paths: &Paths<'_>, values: &Values) -> Result<Option<PathBuf>, String> {
    let settings = paths.asked.settings;
    match values.value("identityagent") {
        None => Ok(settings.agent.clone()),
        Some(value) => match value.arguments[0].as_str() {
            "none" => Ok(None),
            "SSH_AUTH_SOCK" | "$SSH_AUTH_SOCK" | "${SSH_AUTH_SOCK}" => Ok(settings.agent.clone()),
            variable if variable.starts_with('$') && !variable.starts_with("${") => {
                let name = variable.trim_start_matches('$');
                Ok(settings.variables.get(name).filter(|socket| !socket.is_empty()).map(PathBuf::from))
            }
            path => at(value, paths.one(path)).map(Some),
        },
    }
}

/// Read only where it is lent: elsewhere it may say what it likes, as it always could.
fn lent_agent(paths: &Paths<'_>, values: &Values) -> Result<Option<PathBuf>, String> {
    let settings = paths.asked.settings;
    let Some(value) = values.value("forwardagent").filter(|_| settings.lends_agent) else { return Ok(None) };
    match value.arguments[0].as_str() {
        word if ["no", "false"].contains(&&*word.to_ascii_lowercase()) => Ok(None),
        word if ["yes", "true"].contains(&&*word.to_ascii_lowercase()) => agent(paths, values),
        variable if variable.starts_with('$') && !variable.starts_with("${") => {
            let name = variable.trim_start_matches('$');
            Ok(settings.variables.get(name).filter(|socket| !socket.is_empty()).map(PathBuf::from))
        }
        path => at(value, paths.one(path)).map(Some),
    }
}

/// Passwords only where they are named: relm asks for none that nobody has asked for.
fn methods(values: &Values) -> Result<Vec<Method>, String> {
    let on = |keyword: &str| Ok::<bool, String>(flag(values, keyword)?.unwrap_or(true));
    let keys = parsed(values, "pubkeyauthentication", |text| Some(!["no", "false"].contains(&&*text.to_lowercase())))?;
    let batch = flag(values, "batchmode")?.unwrap_or(false);
    let asked = values.one("preferredauthentications");
    let mut methods = Vec::new();
    for name in asked.unwrap_or("publickey").split(',') {
        let method = match name {
            "publickey" if keys.unwrap_or(true) => Method::PublicKey,
            "keyboard-interactive" if !batch && on("kbdinteractiveauthentication")? => Method::Questions,
            "password" if !batch && on("passwordauthentication")? => Method::Password,
            _ => continue,
        };
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    Ok(methods)
}

fn algorithms(values: &Values) -> Result<Algorithms, String> {
    let read = |keyword: &str| match (values.value(&keyword.to_ascii_lowercase()), algorithms::kind(keyword)) {
        (Some(value), Some(kind)) => at(value, algorithms::read(&value.arguments[0], kind).map(Some)),
        _ => Ok(None),
    };
    let of_hosts = values.one("hostkeyalgorithms");
    Ok(Algorithms {
        key_exchange: read("KexAlgorithms")?,
        ciphers: read("Ciphers")?,
        macs: read("MACs")?,
        host_keys: read("HostKeyAlgorithms")?,
        host_keys_in_order: of_hosts.is_some_and(|list| !list.starts_with(['+', '-'])),
        own_keys: read("PubkeyAcceptedAlgorithms")?,
        authorities: read("CASignatureAlgorithms")?,
    })
}

/// What `SetEnv` says and `SendEnv` finds here. The language of this machine stays here: what a command on a host says
/// must not depend on who deploys.
fn environment(asked: &Asked<'_>, values: &Values) -> Result<Vec<(String, String)>, String> {
    let mut environment: Vec<(String, String)> = Vec::new();
    let wanted = values.all("sendenv");
    for (name, value) in &asked.settings.variables {
        let is_language = name == "LANG" || name == "LANGUAGE" || name.starts_with("LC_");
        if !is_language && wanted.iter().any(|wanted| pattern::matches(&wanted.arguments[0], name)) {
            environment.push((name.clone(), value.clone()));
        }
    }
    if let Some(set) = values.value("setenv") {
        for text in &set.arguments {
            let (name, value) = text.split_once('=').ok_or_else(|| format!("{}: SetEnv has no =", set.place))?;
            environment.retain(|(known, _)| known != name);
            environment.push((name.to_owned(), value.to_owned()));
        }
    }
    Ok(environment)
}

fn family(values: &Values) -> Result<Family, String> {
    let family = parsed(values, "addressfamily", |text| match text.to_ascii_lowercase().as_str() {
        "any" => Some(Family::Any),
        "inet" => Some(Family::Four),
        "inet6" => Some(Family::Six),
        _ => None,
    })?;
    Ok(family.unwrap_or(Family::Any))
}

/// How paths are read here.
struct Paths<'a> {
    asked: &'a Asked<'a>,
    names: &'a Names,
}

impl Paths<'_> {
    fn one(&self, text: &str) -> Result<PathBuf, String> {
        let settings = self.asked.settings;
        tokens::path(text, &settings.home, &self.names.all(), &settings.variables)
    }

    fn all(&self, values: &[Value]) -> Result<Vec<PathBuf>, String> {
        values.iter().map(|value| at(value, self.one(&value.arguments[0]))).collect()
    }

    /// Of the files of the whole machine ssh reads no tokens.
    fn list(&self, value: Option<&Value>, usual: &[&str], has_tokens: bool) -> Result<Vec<PathBuf>, String> {
        match value {
            None => usual.iter().map(|path| self.one(path)).collect(),
            Some(value) if value.arguments.len() == 1 && value.arguments[0].eq_ignore_ascii_case("none") => {
                Ok(Vec::new())
            }
            Some(value) if !has_tokens => {
                let home = &self.asked.settings.home;
                value.arguments.iter().map(|path| at(value, tokens::tilde(path, home))).collect()
            }
            Some(value) => value.arguments.iter().map(|path| at(value, self.one(path))).collect(),
        }
    }
}
