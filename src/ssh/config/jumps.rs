//! `ProxyJump` and `ProxyCommand`: the way to a host that is not reached directly.

use super::Destination;
use super::names::Names;
use super::read::Asked;
use super::scalars::at;
use super::tokens;
use super::values::Values;

/// How to get to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ssh) enum Way {
    /// By its address.
    Direct,
    /// Through the input and output of a command (`ProxyCommand`).
    Command(String),
    /// Through another host, which is reached and checked first (`ProxyJump`).
    Jump(Box<Destination>),
}

/// More than anybody has, and an end for hosts that jump through each other.
const MOST_JUMPS: usize = 8;

/// Reads the way to a host.
pub(super) fn way(trusted_as: &str, asked: &Asked<'_>, values: &Values, depth: usize) -> Result<Way, String> {
    let named = |keyword| values.value(keyword).filter(|value| !value.arguments[0].eq_ignore_ascii_case("none"));
    let Some(value) = named("proxyjump") else {
        let Some(value) = named("proxycommand") else { return Ok(Way::Direct) };
        let here = Names::settled(asked, values)?;
        return at(value, tokens::expand(&value.arguments[0], &here.few()).map(Way::Command));
    };
    let text = value.arguments[0].as_str();
    let at = |reason: String| format!("{}: {reason}", value.place);
    if depth == MOST_JUMPS {
        return Err(at("ProxyJump leads in a circle".to_owned()));
    }
    // ssh goes to the last one named, and tells it the others to go through.
    let (before, last) = match text.rsplit_once(',') {
        Some((before, last)) => (Some(before), last),
        None => (None, text),
    };
    check(text).map_err(at)?;
    let hop = hop_of(last).map_err(at)?;
    let asked =
        Asked { host: &hop.host, user: hop.user.as_deref(), port: hop.port, jump: before, settings: asked.settings };
    let hop = super::resolved(&hop.host, trusted_as, &asked, depth + 1)?;
    // Whoever passes a connection on needs nobody's keys.
    Ok(Way::Jump(Box::new(super::Destination { lent_agent: None, ..hop })))
}

/// Says what is wrong with a list of jump hosts.
pub(super) fn check(text: &str) -> Result<(), String> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(());
    }
    text.split(',').try_for_each(|hop| hop_of(hop).map(|_| ()))
}

#[derive(Debug, PartialEq, Eq)]
struct Hop {
    host: String,
    user: Option<String>,
    port: Option<u16>,
}

/// Reads `[user@]host[:port]` or `ssh://[user@]host[:port]`.
fn hop_of(text: &str) -> Result<Hop, String> {
    let wrong = || format!("{text:?} is no host for ProxyJump");
    let text = text.strip_prefix("ssh://").map_or(text, |text| text.strip_suffix('/').unwrap_or(text));
    let (user, place) = match text.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, text),
    };
    let (host, port) = match place.strip_prefix('[') {
        Some(inside) => {
            let (host, rest) = inside.split_once(']').ok_or_else(wrong)?;
            (host, rest.strip_prefix(':').or((!rest.is_empty()).then_some("")))
        }
        None => match place.split_once(':') {
            Some((host, port)) if !port.contains(':') => (host, Some(port)),
            Some(_) | None => (place, None),
        },
    };
    let port = match port {
        None => None,
        Some(port) => Some(port.parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(wrong)?),
    };
    // ssh hands these to a shell, and takes no others.
    let odd = |c: char| c.is_whitespace() || c.is_control() || "'`\"$\\;&<>|(){}%".contains(c);
    if host.is_empty() || host.starts_with('-') || host.contains(odd) || user.is_some_and(str::is_empty) {
        return Err(wrong());
    }
    if user.is_some_and(|user| user.starts_with('-') || user.contains(odd)) {
        return Err(wrong());
    }
    Ok(Hop { host: host.to_owned(), user: user.map(str::to_owned), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops_as_ssh_writes_them() {
        let read = |text| hop_of(text).ok().map(|hop| (hop.user, hop.host, hop.port));
        let hop = |user: Option<&str>, host: &str, port| Some((user.map(str::to_owned), host.to_owned(), port));
        assert_eq!(read("bastion"), hop(None, "bastion", None));
        assert_eq!(read("me@bastion:2222"), hop(Some("me"), "bastion", Some(2222)));
        assert_eq!(read("ssh://me@bastion:2222"), hop(Some("me"), "bastion", Some(2222)));
        assert_eq!(read("a@b@[::1]:22"), hop(Some("a@b"), "::1", Some(22)));
        assert_eq!(read("::1"), hop(None, "::1", None));
        for wrong in ["", "@b", "-oProxyCommand=x", "b:", "b:0", "b:x", "a b", "$(x)", "[b", "[b]2"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
