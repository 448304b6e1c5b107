//! Where code comes from: exactly one place, and only the keys that go with it.

use super::super::file::{ExtraTable, SourceTable};
use super::super::placed::At;
use super::Check;
use super::components::Component;
use crate::source::{Extra, Patch, Source, Wanted};

const KINDS: &str = "exactly one of `git`, `dir` and `archive`";

fn kinds(table: &SourceTable) -> Vec<(&'static str, &At<String>)> {
    let all = [("git", &table.git), ("dir", &table.dir), ("archive", &table.archive)];
    let mut named: Vec<_> = all.into_iter().filter_map(|(kind, value)| Some((kind, value.as_ref()?))).collect();
    named.sort_by_key(|(_, value)| value.span().start);
    named
}

/// Complains about every source after the first of one table.
pub(super) fn one_kind(check: &mut Check<'_>, table: &At<SourceTable>) {
    let named = kinds(&table.value);
    for (kind, value) in named.iter().skip(1) {
        let message = format!("a second source: `{kind}` beside `{}`", named[0].0);
        check.problem(value.span(), message, format!("keep {KINDS}"));
    }
}

/// Complains about an environment, or a component of it, without a source.
pub(super) fn present(check: &mut Check<'_>, env: &At<String>, component: Option<&Component<'_>>, table: &SourceTable) {
    if !kinds(table).is_empty() {
        return;
    }
    if let Some(Component { name, .. }) = component {
        let paths = [format!("components.{}", name.value), format!("env.{}.components.{}", env.value, name.value)];
        if !paths.iter().any(|path| check.lost(path) || check.lost(&format!("{path}.source"))) {
            let message = format!("component {:?} has no source of its own", name.value);
            check.problem(name.span(), message, format!("[components.{}.source] needs {KINDS}", name.value));
        }
    } else if !check.source_lost(env) {
        let message = format!("environment {:?} has no source: nothing says where the code comes from", env.value);
        check.problem(env.span(), message, format!("[source] needs {KINDS}"));
    }
}

pub(super) fn source(check: &mut Check<'_>, table: &SourceTable) -> Option<Wanted> {
    let exclude: Vec<_> = table.exclude.iter().flatten().map(|pattern| check.line("exclude", pattern)).collect();
    let reference = table.reference.as_ref().and_then(|reference| reference_name(check, reference));
    let strip = table.strip.as_ref().and_then(|strip| strip_count(check, strip));
    let kind = kinds(table).first().copied();
    let extra: Vec<_> = table.extra.iter().flatten().map(|table| another(check, table)).collect();
    let patches = patches(check, table, kind.map(|(kind, _)| kind));
    if let (Some((kind, _)), Some(reference)) = (kind.filter(|kind| kind.0 != "git"), &table.reference) {
        check.problem(reference.span(), "`ref` goes with `git` only", format!("leave `ref` out beside `{kind}`"));
    }
    if let (Some((kind, _)), Some(strip)) = (kind.filter(|kind| kind.0 != "archive"), &table.strip) {
        check.problem(strip.span(), "`strip` goes with `archive` only", format!("leave `strip` out beside `{kind}`"));
    }
    let source = match kind? {
        ("git", place) => {
            let location = location(check, place);
            Source::Git { location: location?, reference }
        }
        ("dir", place) => Source::Directory(check.local_path("dir", place)?),
        (kind, place) => Source::Archive { path: check.local_path(kind, place)?, strip: strip.unwrap_or(0) },
    };
    Some(Wanted {
        source,
        exclude: exclude.into_iter().collect::<Option<_>>()?,
        patches: patches?,
        extra: extra.into_iter().collect::<Option<_>>()?,
    })
}

/// Takes patches that can be read.
fn patches(check: &mut Check<'_>, table: &SourceTable, kind: Option<&str>) -> Option<Vec<Patch>> {
    let named = table.patches.as_deref().unwrap_or_default();
    if let (Some(kind), Some(first)) = (kind.filter(|kind| *kind != "git"), named.first()) {
        let hint = format!("leave `patches` out beside `{kind}`");
        check.problem(first.span(), "`patches` goes with `git` only", hint);
    }
    let read = named.iter().map(|text| {
        let path = check.local_path("patches", text)?;
        if let Err(error) = std::fs::File::open(&path) {
            let hint = "patches stand beside this file, and are named by their paths from here".to_owned();
            check.problem(text.span(), format!("cannot read {}: {error}", path.display()), hint);
            return None;
        }
        Some(Patch { name: text.value.clone(), path })
    });
    let read: Vec<_> = read.collect();
    read.into_iter().collect()
}

fn another(check: &mut Check<'_>, table: &ExtraTable) -> Option<Extra> {
    let reference = table.reference.as_ref().map(|reference| reference_name(check, reference));
    let path = table.path.as_ref().and_then(|path| check.inside_release("path", path));
    let location = table.git.as_ref().and_then(|place| location(check, place));
    Some(Extra {
        location: location?,
        reference: match reference {
            None => None,
            Some(reference) => Some(reference?),
        },
        path: path?,
    })
}

/// Takes a URL as it is and makes a path absolute.
fn location(check: &mut Check<'_>, place: &At<String>) -> Option<String> {
    // As git reads it: a colon before the first slash is `[user@]host:path`.
    let first_part = place.value.split('/').next().unwrap_or_default();
    if first_part.contains(':') {
        let text = check.line("git", place)?;
        if text.starts_with('-') {
            check.problem(place.span(), "`git` looks like an option", "a path or a URL".to_owned());
            return None;
        }
        return Some(text);
    }
    let path = check.local_path("git", place)?;
    let Some(path) = path.to_str() else {
        let hint = "move the project, or give `git` a URL".to_owned();
        check.problem(place.span(), format!("{} is not UTF-8, which `git` here must be", path.display()), hint);
        return None;
    };
    Some(path.to_owned())
}

fn reference_name(check: &mut Check<'_>, reference: &At<String>) -> Option<String> {
    let text = check.line("ref", reference)?;
    if text.starts_with('-') || text.contains(char::is_whitespace) {
        check.problem(
            reference.span(),
            format!("{text:?} is no name of a branch, tag or commit"),
            "such as \"main\"".to_owned(),
        );
        return None;
    }
    Some(text)
}

fn strip_count(check: &mut Check<'_>, strip: &At<i64>) -> Option<u32> {
    if let Ok(strip) = u32::try_from(strip.value) {
        return Some(strip);
    }
    check.problem(
        strip.span(),
        format!("`strip` cannot be {}", strip.value),
        "a number of directories, 0 or more".to_owned(),
    );
    None
}
