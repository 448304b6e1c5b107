//! Numbers, times and answers.

use std::time::Duration;

use super::values::{Value, Values};

/// Adds the place to an error about a value.
pub(super) fn at<T>(value: &Value, result: Result<T, String>) -> Result<T, String> {
    result.map_err(|reason| format!("{}: {reason}", value.place))
}

/// Reads a keyword's first argument.
pub(super) fn parsed<T>(
    values: &Values,
    keyword: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, String> {
    let Some(value) = values.value(keyword) else {
        return Ok(None);
    };
    let text = &value.arguments[0];
    let reason = || format!("{text:?} is no value for {}", super::keywords::find(keyword).map_or(keyword, |k| k.name));
    at(value, parse(text).map(Some).ok_or_else(reason))
}

/// Reads an answer; nothing where none was given.
pub(super) fn flag(values: &Values, keyword: &str) -> Result<Option<bool>, String> {
    parsed(values, keyword, yes)
}

fn yes(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" => Some(true),
        "no" | "false" => Some(false),
        _ => None,
    }
}

/// Reads a time that is not 0.
pub(super) fn some_time(values: &Values, keyword: &str) -> Result<Option<Duration>, String> {
    Ok(parsed(values, keyword, time)?.filter(|time| !time.is_zero()))
}

/// Reads `90`, `1m30s` or `none`, which is 0 too.
pub(super) fn time(text: &str) -> Option<Duration> {
    if text == "none" {
        return Some(Duration::ZERO);
    }
    let mut seconds = 0_u64;
    let mut number = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        let unit = match c.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(unit)?)?;
        number.clear();
    }
    if !number.is_empty() {
        seconds = seconds.checked_add(number.parse().ok()?)?;
    }
    // As long as ssh's own numbers reach.
    (i32::try_from(seconds).is_ok() && !text.is_empty()).then(|| Duration::from_secs(seconds))
}
