//! The tag of a deploy: a name that git takes, another one for each release.

use super::super::TagRules;
use super::super::file::SourceTable;
use super::super::placed::At;
use super::Check;

/// Takes `tag` and `push_tag`, for an environment if it is known to which.
pub(super) fn tag(check: &mut Check<'_>, table: &SourceTable) -> Option<TagRules> {
    let push = table.push_tag.as_ref().is_some_and(|push| push.value);
    let Some(tag) = &table.tag else {
        if let Some(place) = table.push_tag.as_ref().filter(|push| push.value) {
            let hint = "write tag = \"deployed-{env}-{release}\"".to_owned();
            check.problem(place.span(), "`push_tag` goes with `tag` only", hint);
        }
        return None;
    };
    let has_kind = table.git.is_some() || table.dir.is_some() || table.archive.is_some();
    if table.git.is_none() && has_kind {
        check.problem(tag.span(), "`tag` goes with `git` only", "leave `tag` out".to_owned());
        return None;
    }
    let is_url =
        |git: &At<String>| !git.value.starts_with('/') && git.value.split('/').next().unwrap_or("").contains(':');
    if let Some(git) = table.git.as_ref().filter(|git| is_url(git) && !push) {
        let hint = "write push_tag = true".to_owned();
        check.problem(tag.span(), format!("a tag can only be pushed to {:?}", git.value), hint);
        return None;
    }
    Some(TagRules { pattern: pattern(check, tag)?, push })
}

fn pattern(check: &mut Check<'_>, tag: &At<String>) -> Option<String> {
    let text = check.line("tag", tag)?;
    let bare = text.replace("{app}", "a").replace("{env}", "e");
    if !bare.contains("{release}") {
        let hint = "write tag = \"deployed-{env}-{release}\"".to_owned();
        check.problem(tag.span(), "`tag` would be the same for every release", hint);
        return None;
    }
    let bare = bare.replace("{release}", "2026-11-21_02.46.01");
    let odd = |c: char| c.is_whitespace() || "~^:?*[\\{}".contains(c);
    let is_part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.to_lowercase().ends_with(".lock");
    let is_name = !bare.contains(odd) && !bare.contains("..") && !bare.ends_with('.') && !bare.starts_with('-');
    if !is_name || !bare.split('/').all(is_part) {
        let hint = "letters, digits, '.', '_', '-' and '/', with {app}, {env} and {release}".to_owned();
        check.problem(tag.span(), format!("{text:?} is no name that git would take"), hint);
        return None;
    }
    Some(text)
}
