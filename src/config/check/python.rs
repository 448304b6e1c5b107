//! The `[python]` table: one way of naming packages, and how they are installed.

use std::path::PathBuf;

use super::super::file::{InstallerText, PythonTable, ReuseText};
use super::super::placed::At;
use super::super::{Installer, Packages, Python, Reuse};
use super::service::optional;
use super::{Check, hosts};

/// Complains about every way of naming packages after the first of one table.
pub(super) fn one_way(check: &mut Check<'_>, table: &At<PythonTable>) {
    let table = &table.value;
    let project = table.project.as_ref().filter(|project| project.value);
    let all = [
        ("requirements", table.requirements.as_ref().map(At::span)),
        ("project", project.map(At::span)),
        ("command", table.command.as_ref().map(At::span)),
    ];
    let mut named: Vec<_> = all.into_iter().filter_map(|(key, span)| Some((key, span?))).collect();
    named.sort_by_key(|(_, span)| span.start);
    for (key, span) in named.iter().skip(1) {
        let hint = "keep exactly one of `requirements`, `project` and `command`".to_owned();
        check.problem(span.clone(), format!("packages are named twice: `{key}` beside `{}`", named[0].0), hint);
    }
}

pub(super) fn python(check: &mut Check<'_>, table: &PythonTable) -> Option<Python> {
    let packages = packages(check, table);
    let python = table.python.as_ref().map_or(Some("python3".to_owned()), |python| interpreter(check, python));
    let targets = hosts::targets(check, table.roles.as_ref(), false);
    let index = table.index.as_ref().and_then(|index| address(check, index));
    let args: Vec<_> = table.args.iter().flatten().map(|arg| check.no_nul("args", arg)).collect();
    let post: Vec<_> = table.post.iter().flatten().map(|command| check.command("post", command)).collect();
    let offline = optional(table.offline.as_ref(), |place| wheels(check, place, table));
    let bring_uv = table.bring_uv.as_ref().and_then(|path| bring_uv(check, path, table.installer));
    Some(Python {
        packages: packages?,
        python: python?,
        targets: targets?,
        installer: match table.installer {
            None | Some(InstallerText::Auto) => Installer::Auto,
            Some(InstallerText::Uv) => Installer::Uv,
            Some(InstallerText::Pip) => Installer::Pip,
        },
        index,
        args: args.into_iter().collect::<Option<_>>()?,
        reuse: match table.reuse {
            None | Some(ReuseText::Pinned) => Reuse::Pinned,
            Some(ReuseText::Always) => Reuse::Always,
            Some(ReuseText::Never) => Reuse::Never,
        },
        post: post.into_iter().collect::<Option<_>>()?,
        offline: offline?,
        bring_uv,
    })
}

/// Takes a directory of packages.
fn wheels(check: &mut Check<'_>, place: &At<String>, table: &PythonTable) -> Option<String> {
    if table.index.is_some() {
        let hint = "leave one of them out: `offline` takes packages from its directory alone".to_owned();
        check.problem(place.span(), "`offline` beside `index`", hint);
        return None;
    }
    if place.value.contains(char::is_whitespace) {
        let hint = "pip would take it for several places".to_owned();
        check.problem(place.span(), format!("`offline`: {:?} has a space in it", place.value), hint);
        return None;
    }
    if place.value.starts_with('/') { check.line("offline", place) } else { check.inside_release("offline", place) }
}

fn bring_uv(check: &mut Check<'_>, path: &At<String>, installer: Option<InstallerText>) -> Option<PathBuf> {
    if matches!(installer, Some(InstallerText::Pip)) {
        let hint = "leave one of them out".to_owned();
        check.problem(path.span(), "`bring_uv` has no meaning where `installer` is \"pip\"", hint);
        return None;
    }
    check.local_path("bring_uv", path)
}

fn packages(check: &mut Check<'_>, table: &PythonTable) -> Option<Packages> {
    if let Some(command) = &table.command {
        return check.command("command", command).map(Packages::Command);
    }
    if table.project.as_ref().is_some_and(|project| project.value) {
        return Some(Packages::Project);
    }
    let Some(files) = &table.requirements else {
        return Some(Packages::Requirements(vec!["requirements.txt".to_owned()]));
    };
    if files.value.is_empty() && !check.lost.iter().any(|lost| lost.ends_with("requirements")) {
        let hint = "leave it out to mean \"requirements.txt\", or leave out [python]".to_owned();
        check.problem(files.span(), "`requirements` names no file", hint);
    }
    let files: Vec<_> = files.value.iter().map(|file| check.inside_release("requirements", file)).collect();
    files.into_iter().collect::<Option<_>>().map(Packages::Requirements)
}

fn interpreter(check: &mut Check<'_>, python: &At<String>) -> Option<String> {
    let text = check.line("python", python)?;
    if text.starts_with('-') {
        check.problem(python.span(), format!("{text:?} is no interpreter"), "such as \"python3.12\"".to_owned());
        return None;
    }
    Some(text)
}

fn address(check: &mut Check<'_>, index: &At<String>) -> Option<String> {
    let text = check.line("index", index)?;
    if text.starts_with('-') || text.contains(char::is_whitespace) {
        let hint = "such as \"https://pypi.example.org/simple\"".to_owned();
        check.problem(index.span(), format!("{text:?} is no address of a package index"), hint);
        return None;
    }
    Some(text)
}
