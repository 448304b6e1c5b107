//! Addresses of repositories: how they are shown, and what a relative one of a submodule means.

use std::path::Path;

use super::gather::last_component;

/// Tells whether a location is a directory of this machine.
pub(super) fn is_local(location: &str) -> bool {
    location.starts_with('/') || !(location.contains("://") || is_scp_like(location))
}

/// `git@host:path`: a colon before the first slash.
fn is_scp_like(location: &str) -> bool {
    let before_slash = location.split('/').next().unwrap_or(location);
    before_slash.contains(':')
}

/// Shows a location as it may stand in records and messages: no passwords, no path of a home.
pub(super) fn shown_location(location: &str) -> String {
    if is_local(location) {
        return last_component(Path::new(location));
    }
    without_secrets(location)
}

/// Takes out what a URL says before its host: over http even a lone user name can be a token.
pub(super) fn without_secrets(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let authority = match authority.rsplit_once('@') {
        None => authority.to_owned(),
        Some((_, host)) if scheme.starts_with("http") => host.to_owned(),
        Some((user, host)) => format!("{}@{host}", user.split(':').next().unwrap_or(user)),
    };
    format!("{scheme}://{authority}{path}")
}

/// Returns the address a submodule has, `./` and `../` being relative to the repository that holds it.
pub(super) fn resolved(url: &str, holder: &str) -> String {
    if !url.starts_with("./") && !url.starts_with("../") {
        return url.to_owned();
    }
    let (mut base, mut rest, mut separator) = (holder.trim_end_matches('/'), url, '/');
    loop {
        if let Some(after) = rest.strip_prefix("../") {
            rest = after;
            (base, separator) = parent(base);
        } else if let Some(after) = rest.strip_prefix("./") {
            rest = after;
        } else {
            return format!("{base}{separator}{}", rest.trim_end_matches('/'));
        }
    }
}

/// Above `git@host:repository` stands `git@host:`.
fn parent(base: &str) -> (&str, char) {
    match base.rsplit_once('/') {
        Some((above, _)) => (above, '/'),
        None => base.rsplit_once(':').map_or((base, '/'), |(host, _)| (host, ':')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_stay_here() {
        for (url, shown) in [
            ("https://github.com/a/b.git", "https://github.com/a/b.git"),
            ("https://token@github.com/a/b.git", "https://github.com/a/b.git"),
            ("https://user:p@ss@github.com/a", "https://github.com/a"),
            ("ssh://git:secret@host:22/a", "ssh://git@host:22/a"),
            ("git@github.com:a/b.git", "git@github.com:a/b.git"),
            ("file:///srv/a@b", "file:///srv/a@b"),
            ("/home/anna/shop", "shop"),
            ("/home/anna/shop/", "shop"),
        ] {
            assert_eq!(shown_location(url), shown, "{url}");
        }
    }

    #[test]
    fn relative_addresses() {
        for (url, holder, result) in [
            ("../lib", "https://host/a/b.git", "https://host/a/lib"),
            ("../lib", "https://host/a/b.git/", "https://host/a/lib"),
            ("./lib", "https://host/a/b.git", "https://host/a/b.git/lib"),
            ("../../x/lib.git", "ssh://git@host/a/b", "ssh://git@host/x/lib.git"),
            ("../lib", "git@host:a/b.git", "git@host:a/lib"),
            ("../lib", "git@host:b.git", "git@host:lib"),
            ("../lib/", "/srv/git/app", "/srv/git/lib"),
            ("https://other/lib", "/srv/git/app", "https://other/lib"),
            ("git@other:lib", "/srv/git/app", "git@other:lib"),
        ] {
            assert_eq!(resolved(url, holder), result, "{url} in {holder}");
        }
    }

    #[test]
    fn what_is_a_directory_here() {
        for (location, local) in [
            ("/srv/app", true),
            ("/srv/a:b", true),
            ("shop", true),
            ("./a:b", true),
            ("https://host/a", false),
            ("file:///srv/app", false),
            ("git@host:a", false),
            ("host:a", false),
        ] {
            assert_eq!(is_local(location), local, "{location}");
        }
    }
}
