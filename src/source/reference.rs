//! What a branch, tag or commit asked for by a person means.

use super::error::SourceError;
use super::git::Repository;
use super::location::shown_location;

/// Names offered when one is unknown.
const MOST_NAMES: usize = 4;

/// How alike a name must be to be offered; 0.75 lets `mian` find `main` and keeps `master` away from it.
const ALIKE: f64 = 0.75;

/// Returns the id of the commit.
pub(super) fn resolve(repository: &Repository, location: &str, reference: &str) -> Result<String, SourceError> {
    let Some(id) = repository.commit(reference)? else {
        return Err(unknown(repository, location, reference)?);
    };
    // Git would take the tag and warn; which of the two is meant is not ours to guess.
    let branch = repository.commit(&format!("refs/heads/{reference}"))?;
    let tag = repository.commit(&format!("refs/tags/{reference}"))?;
    if branch.is_some() && tag.is_some() && branch != tag {
        return Err(SourceError::AmbiguousReference {
            location: shown_location(location),
            reference: reference.to_owned(),
        });
    }
    Ok(id)
}

fn unknown(repository: &Repository, location: &str, reference: &str) -> Result<SourceError, SourceError> {
    let location = shown_location(location);
    let format = "--format=%(refname:lstrip=2)";
    let listed = ["for-each-ref", format, "refs/heads", "refs/tags", "refs/remotes"];
    let names = repository.run("list branches and tags", &listed)?;
    if names.is_empty() && repository.commit("HEAD")?.is_none() {
        return Ok(SourceError::NoCommit { location });
    }
    Ok(SourceError::UnknownReference {
        location,
        reference: reference.to_owned(),
        near: near(reference, &String::from_utf8_lossy(&names)),
    })
}

fn near(reference: &str, names: &str) -> Vec<String> {
    let likeness = |name: &&str| {
        let contains = reference.len() > 2 && name.contains(reference);
        let likeness = strsim::damerau_levenshtein(reference, name);
        let longest = reference.chars().count().max(name.chars().count()).max(1);
        #[allow(clippy::cast_precision_loss, reason = "names are short")]
        let likeness = 1.0 - likeness as f64 / longest as f64;
        if contains { likeness.max(ALIKE) } else { likeness }
    };
    let mut near: Vec<_> = names.lines().map(|name| (likeness(&name), name)).collect();
    near.retain(|(likeness, _)| *likeness >= ALIKE);
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    near.dedup();
    near.into_iter().take(MOST_NAMES).map(|(_, name)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_resemble() {
        let names = "main\nmaster\nfeature/basket\nv1.0\nv1.1\nv2.0\norigin/release";
        for (asked, offered) in [
            ("mian", &["main"][..]),
            ("mater", &["master"]),
            ("basket", &["feature/basket"]),
            ("release", &["origin/release"]),
            ("v1.2", &["v1.0", "v1.1"]),
            ("nothing-like-it", &[]),
        ] {
            assert_eq!(near(asked, names), offered, "{asked}");
        }
    }
}
