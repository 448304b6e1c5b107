//! Templates: files that can be read, places that are there for them, and no secret that others could read.

use std::os::unix::fs::PermissionsExt as _;

use super::super::file::TemplateTable;
use super::super::placed::At;
use super::super::service::TEMPLATE_NAMES;
use super::service::{filled, optional, read_beside};
use super::{Check, hosts, secrets};
use crate::fleet::{Become, Fleet};
use crate::template::FilledFile;
use crate::template::Wording;

/// Takes the templates of one environment, or those of the file, which have no fleet.
pub(super) fn templates(
    check: &mut Check<'_>,
    list: &[&TemplateTable],
    fleet: Option<&Fleet>,
) -> Option<Vec<FilledFile>> {
    let read: Vec<_> = list.iter().map(|table| file(check, table)).collect();
    if let Some(fleet) = fleet {
        twice(check, list, &read, fleet);
    }
    read.into_iter().collect()
}

fn file(check: &mut Check<'_>, table: &TemplateTable) -> Option<FilledFile> {
    let secrets = secrets::named(check, table.secrets.as_deref().unwrap_or_default());
    let known: Vec<&str> = TEMPLATE_NAMES.iter().copied().filter(|name| *name != "service").collect();
    let known: Vec<&str> = known.into_iter().chain(secrets.iter().map(String::as_str)).collect();
    let src = table.src.as_ref().and_then(|src| {
        if let Some(path) = src.value.strip_prefix("release:") {
            let path = check.inside_release("src", &src.with(path.to_owned()))?;
            let known = known.iter().map(|name| (*name).to_owned()).collect();
            return Some((Wording::OfRelease { path, known, template: None }, false));
        }
        let (text, permissions) = read_beside(check, "src", src)?;
        let template = filled(check, src.span(), &src.value, &text, &known)?;
        Some((Wording::Beside(template), permissions.mode() & 0o100 != 0))
    });
    let dest = table.dest.as_ref().and_then(|dest| place(check, dest));
    let targets = hosts::targets(check, table.roles.as_ref(), false);
    let looks = optional(table.check.as_ref(), |text| looks(check, text));
    let mode = optional(table.mode.as_ref(), |mode| permissions(check, mode, !secrets.is_empty()));
    let owner = ownership(check, table.owner.as_ref(), table.group.as_ref());
    let becoming = becoming(check, table);
    let (template, is_program) = src?;
    Some(FilledFile {
        dest: dest?,
        template,
        mode: mode?.unwrap_or_else(|| usual(!secrets.is_empty(), is_program).to_owned()),
        owner: owner?,
        targets: targets?,
        check: looks?,
        secrets,
        becoming: becoming?,
    })
}

/// Takes who puts it in its place. What it has to keep there lies among the records of the login, which only root may write.
#[expect(clippy::option_option, reason = "wrong, and none")]
fn becoming(check: &mut Check<'_>, table: &TemplateTable) -> Option<Option<Become>> {
    let becoming = secrets::user(check, table.becoming.as_ref())?;
    let (Some(found), Some(place)) = (&becoming, &table.becoming) else { return Some(None) };
    if found.user != "root" {
        let hint = format!("become = \"root\", with owner = {:?}", found.user);
        check.problem(
            place.span(),
            format!("`become`: a template is put in its place by root, not {:?}", found.user),
            hint,
        );
        return None;
    }
    if table.dest.as_ref().is_some_and(|dest| !dest.value.starts_with('/')) {
        let hint =
            "an absolute `dest`, or no `become`: what is in the release, and in the home, is the login's".to_owned();
        check.problem(place.span(), "`become` is for places outside of the release and of the home", hint);
        return None;
    }
    Some(becoming)
}

fn usual(has_secrets: bool, is_program: bool) -> &'static str {
    match (has_secrets, is_program) {
        (true, true) => "0700",
        (true, false) => "0600",
        (false, true) => "0755",
        (false, false) => "0644",
    }
}

/// Takes a place in the release or, absolute or in the login's home, outside of it.
fn place(check: &mut Check<'_>, dest: &At<String>) -> Option<String> {
    no_blanks_around(check, "dest", dest)?;
    let is_outside = dest.value.starts_with('/') || dest.value.starts_with("~/");
    if is_outside { outside(check, "dest", dest) } else { check.inside_release("dest", dest) }
}

/// Takes a path of a host outside of releases.
pub(super) fn outside(check: &mut Check<'_>, key: &str, text: &At<String>) -> Option<String> {
    let path = check.line(key, text)?;
    no_blanks_around(check, key, text)?;
    let below = path.strip_prefix("~/").or_else(|| path.strip_prefix('/'));
    let Some(below) = below else {
        let hint = "write an absolute path, or one that begins with ~/".to_owned();
        check.problem(text.span(), format!("`{key}`: the path {path:?} is neither absolute nor in the home"), hint);
        return None;
    };
    if below.split('/').any(|part| matches!(part, "" | "." | "..")) {
        let hint = "write it without `.`, `..` and empty parts".to_owned();
        check.problem(text.span(), format!("`{key}`: {path:?} has a part that leads elsewhere"), hint);
        return None;
    }
    Some(path)
}

/// A blank at an end is seen by nobody, and names another file.
fn no_blanks_around(check: &mut Check<'_>, key: &str, text: &At<String>) -> Option<()> {
    let bare = text.value.trim();
    if bare == text.value || bare.is_empty() {
        return Some(());
    }
    check.problem(
        text.span(),
        format!("`{key}`: {:?} begins or ends with a blank", text.value),
        format!("write {bare:?}"),
    );
    None
}

fn permissions(check: &mut Check<'_>, mode: &At<String>, has_secrets: bool) -> Option<String> {
    let digits = mode.value.strip_prefix('0').unwrap_or(&mode.value);
    let is_mode = digits.len() == 3 && digits.chars().all(|digit| ('0'..='7').contains(&digit));
    if !is_mode {
        let hint = "three octal digits, such as \"0640\"".to_owned();
        check.problem(mode.span(), format!("`mode`: {:?} are no permissions", mode.value), hint);
        return None;
    }
    if has_secrets && !digits.ends_with("00") {
        let hint = "there are secrets in it: \"0600\" or \"0400\"".to_owned();
        check.problem(mode.span(), format!("`mode`: with {:?} others could read it", mode.value), hint);
        return None;
    }
    Some(format!("0{digits}"))
}

/// Takes owner and group of a file, as chown does; nothing if neither is named.
pub(super) fn ownership(
    check: &mut Check<'_>,
    owner: Option<&At<String>>,
    group: Option<&At<String>>,
) -> Option<String> {
    let owner = optional(owner, |name| account(check, "owner", name));
    let group = optional(group, |name| account(check, "group", name));
    let (owner, group) = (owner?.unwrap_or_default(), group?.unwrap_or_default());
    Some(if group.is_empty() { owner } else { format!("{owner}:{group}") })
}

fn account(check: &mut Check<'_>, key: &str, name: &At<String>) -> Option<String> {
    if !secrets::is_account(&name.value) {
        let hint = "a name or a number, such as \"www-data\"".to_owned();
        check.problem(name.span(), format!("`{key}`: {:?} is no name of an account", name.value), hint);
        return None;
    }
    Some(name.value.clone())
}

/// A command that has to say which file it looks at.
pub(super) fn looks(check: &mut Check<'_>, text: &At<String>) -> Option<String> {
    let command = check.command("check", text)?;
    if !command.contains("{file}") && !command.contains("RELM_FILE") {
        let hint = "such as check = \"visudo -cf {file}\"".to_owned();
        check.problem(text.span(), "`check` does not say {file}: it would not look at the new file", hint);
        return None;
    }
    Some(command.replace("{file}", "\"$RELM_FILE\""))
}

/// Complains where a host would get two files at one place.
fn twice(check: &mut Check<'_>, list: &[&TemplateTable], read: &[Option<FilledFile>], fleet: &Fleet) {
    for (at, file) in read.iter().enumerate() {
        let (Some(file), Some(dest)) = (file, &list[at].dest) else { continue };
        let same = |other: &&FilledFile| {
            let both = |host: &&crate::fleet::Host| file.targets.concern(host) && other.targets.concern(host);
            other.dest == file.dest && fleet.hosts.iter().any(|host| both(&host))
        };
        if read[..at].iter().flatten().any(|other| same(&other)) {
            let hint = "leave one of them out, or give them roles that share no host".to_owned();
            check.problem(dest.span(), format!("two templates go to {:?} on one host", file.dest), hint);
        }
    }
}

/// Complains about places in the release that something else is put in.
pub(super) fn elsewhere(check: &mut Check<'_>, list: &[&TemplateTable], others: &[&str]) {
    for dest in list.iter().filter_map(|table| table.dest.as_ref()) {
        if others.contains(&dest.value.as_str()) {
            let hint = "leave one of them out: shared, version or secret file, or template".to_owned();
            check.problem(dest.span(), format!("something else goes to {:?} too", dest.value), hint);
        }
    }
}
