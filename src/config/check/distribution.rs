//! The `[distribution]` table: the store that hosts fetch code from.

use super::super::Distribution;
use super::super::file::DistributionTable;
use super::super::placed::At;
use super::Check;

/// Where nothing is said: with fewer hosts an ordinary uplink is as quick as the way round by a store.
const MIN_HOSTS: usize = 10;

const STORE: &str = "such as \"s3://deploys/shop\"";

/// Nothing where no store is named, and beside a problem.
pub(super) fn distribution(check: &mut Check<'_>, table: &DistributionTable) -> Option<Distribution> {
    let endpoint = table.endpoint.as_ref().and_then(|text| endpoint(check, text));
    let region = table.region.as_ref().and_then(|text| region(check, text));
    let min_hosts = table.min_hosts.as_ref().map_or(Some(MIN_HOSTS), |number| min_hosts(check, number));
    let Some(text) = &table.store else {
        let others = [table.endpoint.as_ref().map(At::span), table.region.as_ref().map(At::span)];
        let other = others.into_iter().flatten().next().or(table.min_hosts.as_ref().map(At::span));
        if let Some(span) = other.filter(|_| !check.lost.iter().any(|lost| lost.ends_with("distribution.store"))) {
            check.problem(span, "[distribution] names no `store`", format!("store = …, {STORE}"));
        }
        return None;
    };
    let (bucket, prefix) = store(check, text)?;
    Some(Distribution { bucket, prefix, endpoint, region, min_hosts: min_hosts? })
}

fn store(check: &mut Check<'_>, text: &At<String>) -> Option<(String, String)> {
    let whole = check.line("store", text)?;
    let Some(path) = whole.strip_prefix("s3://") else {
        check.problem(text.span(), format!("{whole:?} is no store"), STORE.to_owned());
        return None;
    };
    let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
    let letters = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    if !(3..=63).contains(&bucket.len()) || !bucket.chars().all(letters) || bucket.starts_with(['.', '-']) {
        let hint = format!("3 to 63 letters, digits, '.' and '-', {STORE}");
        check.problem(text.span(), format!("{bucket:?} is no name of a bucket"), hint);
        return None;
    }
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    let odd = |part: &str| part.is_empty() || part == "." || part == ".." || !part.chars().all(letters);
    if !prefix.is_empty() && prefix.split('/').any(odd) {
        let hint = format!("letters, digits, '.', '_' and '-' between slashes, {STORE}");
        check.problem(text.span(), format!("{prefix:?} cannot stand before names in a store"), hint);
        return None;
    }
    Some((bucket.to_owned(), if prefix.is_empty() { String::new() } else { format!("{prefix}/") }))
}

fn endpoint(check: &mut Check<'_>, text: &At<String>) -> Option<String> {
    let address = check.line("endpoint", text)?;
    let rest = address.strip_prefix("https://").or(address.strip_prefix("http://")).unwrap_or_default();
    // A password would stand in every link that goes to a host.
    let is_plain = |c: char| c.is_ascii_graphic() && !"?#@\"\\".contains(c);
    if rest.is_empty() || rest.starts_with('/') || !rest.chars().all(is_plain) {
        let hint = "such as \"https://s3.example.org\"; the key comes from AWS_ACCESS_KEY_ID".to_owned();
        check.problem(text.span(), format!("{address:?} is no address of a store"), hint);
        return None;
    }
    Some(address)
}

fn region(check: &mut Check<'_>, text: &At<String>) -> Option<String> {
    let region = check.line("region", text)?;
    if !region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        check.problem(text.span(), format!("{region:?} is no region"), "such as \"eu-central-1\"".to_owned());
        return None;
    }
    Some(region)
}

fn min_hosts(check: &mut Check<'_>, number: &At<i64>) -> Option<usize> {
    let hosts = usize::try_from(number.value).ok().filter(|hosts| *hosts > 0);
    if hosts.is_none() {
        check.problem(number.span(), format!("`min_hosts` cannot be {}", number.value), "at least 1".to_owned());
    }
    hosts
}
