//! Which paths a tree may have.

use super::error::{Refusal, SourceError};

/// What Linux file systems take as one name.
const LONGEST_COMPONENT: usize = 255;

/// `PATH_MAX` less room for the root and the release's name on a host.
const LONGEST_PATH: usize = 4096 - 512;

/// What Linux takes as the target of a link.
const LONGEST_TARGET: usize = 4095;

/// Where relm puts its own files inside a release on a host.
const RESERVED: [&str; 2] = [".relm", "python_env"];

/// What the files begin with that travel with the code and tell of it.
const MANIFEST: &str = ".relm-manifest";

/// Makes a name printable on one line.
pub(super) fn shown(name: &[u8]) -> String {
    name.utf8_chunks().fold(String::new(), |mut text, chunk| {
        text.extend(chunk.valid().chars().flat_map(|c| {
            let plain = !c.is_control();
            plain.then_some(c).into_iter().chain((!plain).then(|| c.escape_default()).into_iter().flatten())
        }));
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
        text
    })
}

/// Returns an archive's name for a path without `./`, doubled and trailing slashes; refuses what leads elsewhere.
pub(super) fn normalised(name: &[u8]) -> Result<Vec<u8>, SourceError> {
    if name.is_empty() {
        return Err(SourceError::refused(b"(nameless)", Refusal::Nameless));
    }
    if name.starts_with(b"/") {
        return Err(SourceError::refused(name, Refusal::Absolute));
    }
    let parts = name.split(|&byte| byte == b'/');
    let parts: Vec<_> = parts.filter(|part| !matches!(*part, b"" | b".")).collect();
    if parts.contains(&b"..".as_slice()) {
        return Err(SourceError::refused(name, Refusal::Climbs));
    }
    Ok(parts.join(&b'/'))
}

/// Returns the path as text if it can stand in a release.
pub(super) fn legal(path: &[u8]) -> Result<&str, SourceError> {
    let refuse = |why| Err(SourceError::refused(path, why));
    let Ok(text) = str::from_utf8(path) else {
        return refuse(Refusal::NotUtf8);
    };
    let top = text.split('/').next().unwrap_or(text);
    match () {
        () if text.contains('\0') => refuse(Refusal::ZeroByte),
        () if text.split('/').any(|part| part.len() > LONGEST_COMPONENT) => refuse(Refusal::LongComponent),
        () if text.len() > LONGEST_PATH => refuse(Refusal::LongPath),
        () if RESERVED.contains(&top) || top.starts_with(MANIFEST) => refuse(Refusal::Reserved),
        () => Ok(text),
    }
}

/// Returns a link's target as text if a link can have it; any place is allowed, as git allows it.
pub(super) fn legal_target<'a>(path: &str, target: &'a [u8]) -> Result<&'a str, SourceError> {
    let refuse = |why| Err(SourceError::refused(path.as_bytes(), why));
    match str::from_utf8(target) {
        Err(_) => refuse(Refusal::NotUtf8),
        Ok("") => refuse(Refusal::NoTarget),
        Ok(text) if text.contains('\0') => refuse(Refusal::ZeroByte),
        Ok(text) if text.len() > LONGEST_TARGET => refuse(Refusal::LongPath),
        Ok(text) => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why<T>(result: &Result<T, SourceError>) -> Option<Refusal> {
        match result {
            Err(SourceError::Refused { why, .. }) => Some(*why),
            _ => None,
        }
    }

    #[test]
    fn names_of_archives() {
        for (name, path) in
            [("a", "a"), ("./a", "a"), ("./", ""), ("a//b/./c/", "a/b/c"), ("-rf", "-rf"), ("a..b/...", "a..b/...")]
        {
            assert_eq!(normalised(name.as_bytes()).unwrap(), path.as_bytes(), "{name}");
        }
        for (name, refusal) in [
            ("", Refusal::Nameless),
            ("/etc/passwd", Refusal::Absolute),
            ("../x", Refusal::Climbs),
            ("a/../b", Refusal::Climbs),
            ("a/..", Refusal::Climbs),
        ] {
            assert_eq!(why(&normalised(name.as_bytes())), Some(refusal), "{name}");
        }
    }

    #[test]
    fn paths_of_a_release() {
        let (fits, long) = ("x".repeat(255), "x".repeat(256));
        let deep = "d/".repeat(1800);
        for path in
            ["a", "-n", "line\nbreak", "it's \"so\"", "größe/日本", "lib/python_env", "lib/.relm", ".relmx", &fits]
        {
            assert_eq!(legal(path.as_bytes()).unwrap(), path);
        }
        for (path, refusal) in [
            (b"caf\xe9".as_slice(), Refusal::NotUtf8),
            (b"a\0b", Refusal::ZeroByte),
            (long.as_bytes(), Refusal::LongComponent),
            (deep.as_bytes(), Refusal::LongPath),
            (b".relm", Refusal::Reserved),
            (b".relm/lock", Refusal::Reserved),
            (b"python_env/bin/python", Refusal::Reserved),
            (b".relm-manifest", Refusal::Reserved),
            (b".relm-manifest.gone", Refusal::Reserved),
            (b".relm-manifest-of-mine/notes", Refusal::Reserved),
        ] {
            assert_eq!(why(&legal(path)), Some(refusal), "{}", shown(path));
        }
    }

    #[test]
    fn targets_of_links() {
        for target in ["/etc/passwd", "../../up", "a b\n", "größe"] {
            assert_eq!(legal_target("l", target.as_bytes()).unwrap(), target);
        }
        assert_eq!(why(&legal_target("l", b"")), Some(Refusal::NoTarget));
        assert_eq!(why(&legal_target("l", b"\xff")), Some(Refusal::NotUtf8));
    }

    #[test]
    fn a_name_is_shown_on_one_line() {
        assert_eq!(shown(b"a\nb\xe9 \xc3\xa9"), "a\\nb\\xe9 é");
    }
}
