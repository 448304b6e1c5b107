//! The `[release]` table: where on a host, how many are kept, in what batches, and what they share.

use std::time::Duration;

use super::super::file::{BatchText, ReleaseTable};
use super::super::placed::At;
use super::super::{Batch, ReleaseRules};
use super::Check;
use super::operations::pause;
use super::service::optional;
use super::text::is_below;

/// Failed releases stay so long where nothing is said, for a look at what went wrong.
const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn release(check: &mut Check<'_>, table: &ReleaseTable) -> Option<ReleaseRules> {
    let root = table.root.as_ref().map_or(Some("www".to_owned()), |root| host_root(check, root));
    let keep = table.keep.as_ref().map_or(Some(3), |keep| kept(check, keep));
    let keep_failed = table.keep_failed.as_ref().map_or(Some(DAY), |text| pause(check, text));
    let min_age = table.min_age.as_ref().map_or(Some(Duration::ZERO), |text| pause(check, text));
    let batches = table.batches.as_ref().map_or(Some(vec![Batch::Percent(100)]), |list| batches(check, list));
    let max_parallel = optional(table.max_parallel.as_ref(), |count| at_once(check, count));
    let max_unreachable = table.max_unreachable.as_ref().map_or(Some(Batch::Hosts(0)), |text| missed(check, text));
    let mut taken = Vec::new();
    let mut paths = |key, list: &Option<Vec<At<String>>>| {
        let list: Vec<_> = list.iter().flatten().map(|path| release_path(check, key, path, &mut taken)).collect();
        list.into_iter().collect::<Option<Vec<_>>>()
    };
    let shared_dirs = paths("shared_dirs", &table.shared_dirs);
    let shared_files = paths("shared_files", &table.shared_files);
    let copy_from_current = paths("copy_from_current", &table.copy_from_current);
    let version_file = table.version_file.as_ref().map(|path| release_path(check, "version_file", path, &mut taken));
    let record_file = table.record_file.as_ref().map(|path| record_file(check, path));
    Some(ReleaseRules {
        root: root?,
        keep: keep?,
        keep_failed: keep_failed?,
        min_age: min_age?,
        batches: batches?,
        max_parallel: max_parallel?,
        max_unreachable: max_unreachable?,
        shared_dirs: shared_dirs?,
        shared_files: shared_files?,
        copy_from_current: copy_from_current?,
        version_file: match version_file {
            None => None,
            Some(path) => Some(path?),
        },
        record_file: match record_file {
            None => None,
            Some(path) => Some(path?),
        },
    })
}

/// Takes a path inside the environment's directory that is none of what relm keeps there.
fn record_file(check: &mut Check<'_>, text: &At<String>) -> Option<String> {
    let path = check.inside_release("record_file", text)?;
    let first = path.split('/').next().unwrap_or(&path);
    if ["releases", "current", "shared", "components", ".relm"].contains(&first) {
        let hint = "a name of its own in the environment's directory, such as \"RELEASES.txt\"".to_owned();
        check.problem(text.span(), format!("`record_file` cannot be {path:?}: {first} is relm's"), hint);
        return None;
    }
    Some(path)
}

/// Takes the directory on the hosts, without needless slashes and dots.
fn host_root(check: &mut Check<'_>, root: &At<String>) -> Option<String> {
    let text = check.line("root", root)?;
    let below_home = match text.strip_prefix('~') {
        None => text.as_str(),
        Some("" | "/") => ".",
        Some(rest) if rest.starts_with('/') => rest.trim_start_matches('/'),
        Some(_) => {
            let hint = "write the whole path; a relative one starts in the home of the login".to_owned();
            check.problem(root.span(), format!("root {text:?} names another user's home"), hint);
            return None;
        }
    };
    let parts: Vec<_> = below_home.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.contains(&"..") {
        check.problem(root.span(), format!("root {text:?} has `..` in it"), "write where it leads".to_owned());
        return None;
    }
    match (below_home.starts_with('/'), parts.is_empty()) {
        (true, true) => {
            let hint = "such as \"/srv/www\", or \"www\" in the home of the login".to_owned();
            check.problem(root.span(), format!("root {text:?} is the whole file system"), hint);
            None
        }
        (true, false) => Some(format!("/{}", parts.join("/"))),
        (false, true) => Some(".".to_owned()),
        (false, false) => Some(parts.join("/")),
    }
}

fn kept(check: &mut Check<'_>, keep: &At<i64>) -> Option<usize> {
    if let Some(keep) = usize::try_from(keep.value).ok().filter(|keep| *keep > 0) {
        return Some(keep);
    }
    let hint = "at least 1: the current release is one of them, and a rollback needs another".to_owned();
    check.problem(keep.span(), format!("`keep` cannot be {}", keep.value), hint);
    None
}

/// Takes how many hosts do something at a time.
pub(super) fn at_once(check: &mut Check<'_>, count: &At<i64>) -> Option<usize> {
    let taken = usize::try_from(count.value).ok().filter(|count| *count > 0);
    if taken.is_none() {
        let hint = "a number of hosts from 1; leave it out to mean all of them".to_owned();
        check.problem(count.span(), format!("`max_parallel` cannot be {}", count.value), hint);
    }
    taken
}

fn batches(check: &mut Check<'_>, list: &At<Vec<At<BatchText>>>) -> Option<Vec<Batch>> {
    if list.value.is_empty() && !check.lost.iter().any(|lost| lost.ends_with("batches")) {
        check.problem(list.span(), "`batches` is empty", "leave it out to switch all hosts at once".to_owned());
    }
    let read: Vec<_> = list.value.iter().map(|text| batch(check, text)).collect();
    read.into_iter().collect()
}

fn batch(check: &mut Check<'_>, text: &At<BatchText>) -> Option<Batch> {
    let (batch, shown) = match &text.value {
        BatchText::Hosts(count) => {
            let count_or_none = usize::try_from(*count).ok().filter(|count| *count > 0);
            (count_or_none.map(Batch::Hosts), count.to_string())
        }
        BatchText::Percent(percent) => (percentage(percent).map(Batch::Percent), format!("{percent:?}")),
    };
    if batch.is_none() {
        let hint = "a number of hosts from 1, or a share from \"1%\" to \"100%\"".to_owned();
        check.problem(text.span(), format!("a batch cannot be {shown}"), hint);
    }
    batch
}

/// Takes how many hosts may be missing.
fn missed(check: &mut Check<'_>, text: &At<BatchText>) -> Option<Batch> {
    let (missed, shown) = match &text.value {
        BatchText::Hosts(count) => (usize::try_from(*count).ok().map(Batch::Hosts), count.to_string()),
        BatchText::Percent(percent) => (percentage(percent).map(Batch::Percent), format!("{percent:?}")),
    };
    if missed.is_none() {
        let hint = "a number of hosts from 0, or a share from \"1%\" to \"100%\"; one host is always needed".to_owned();
        check.problem(text.span(), format!("`max_unreachable` cannot be {shown}"), hint);
    }
    missed
}

fn percentage(text: &str) -> Option<u8> {
    let digits = text.strip_suffix('%').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok().filter(|percent| (1..=100).contains(percent))
}

/// Takes a path that relm itself puts into a release; `taken` are those it puts there already.
fn release_path(check: &mut Check<'_>, key: &str, text: &At<String>, taken: &mut Vec<String>) -> Option<String> {
    let path = check.inside_release(key, text)?;
    if is_below(&path, "python_env") {
        let hint = "every release has a virtualenv of its own there; take it out".to_owned();
        check.problem(text.span(), format!("`{key}` cannot name {path:?}, the release's virtualenv"), hint);
        return None;
    }
    let top = path.split('/').next().unwrap_or(&path);
    if top == ".relm" || top.starts_with(".relm-manifest") {
        let hint = "relm keeps its own there while it makes a release; take another name".to_owned();
        check.problem(text.span(), format!("`{key}` cannot name {path:?}, which is relm's"), hint);
        return None;
    }
    if let Some(other) = taken.iter().find(|other| is_below(&path, other) || is_below(other, &path)) {
        let message = if path == *other {
            format!("the path {path:?} is named twice")
        } else {
            format!("the paths {other:?} and {path:?} lie in one another")
        };
        check.problem(text.span(), message, "shared and copied paths cannot overlap; keep one of them".to_owned());
        return None;
    }
    taken.push(path.clone());
    Some(path)
}
