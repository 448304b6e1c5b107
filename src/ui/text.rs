//! Numbers as people say them: counts, durations, sizes, ages. The one place.

use chrono::{DateTime, Utc};

/// `1 host`, `4 hosts`.
pub fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// `web1, web2, db1`.
pub fn list<T: ToString>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
    names.join(", ")
}

/// `1.2 s`, `41 s`, `1 min 12 s`, `2 h 5 min`, `3 days 1 h`. Nonsense counts as nothing.
pub fn duration(seconds: f64) -> String {
    let seconds = if seconds.is_finite() { seconds.max(0.0) } else { 0.0 };
    // Tenths matter only while they can be felt; 59.96 must not become "60 s".
    if seconds < 59.95 {
        let text = format!("{seconds:.1}");
        return format!("{} s", text.strip_suffix(".0").unwrap_or(&text));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float that is too large becomes the largest integer"
    )]
    let whole = seconds.round() as u64;
    match whole {
        0..3_600 => two(whole / 60, "min", whole % 60, "s"),
        3_600..86_400 => two(whole / 3_600, "h", whole % 3_600 / 60, "min"),
        _ => two(whole / 86_400, if whole < 172_800 { "day" } else { "days" }, whole % 86_400 / 3_600, "h"),
    }
}

fn two(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 { format!("{large} {large_unit}") } else { format!("{large} {large_unit} {small} {small_unit}") }
}

/// Seconds between two times; nothing if they are the wrong way round.
pub fn seconds_between(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from).to_std().map_or(0.0, |time| time.as_secs_f64())
}

/// `512 B`, `20.1 MB`: powers of 1000, as disks and networks are sold.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut number = bytes as f64 / 1_000.0;
    let mut unit = 0;
    // 999.96 would be shown as 1000.0.
    while number >= 999.95 && unit + 1 < UNITS.len() {
        number /= 1_000.0;
        unit += 1;
    }
    format!("{number:.1} {}", UNITS[unit])
}

/// `just now`, `5 minutes ago`, `3 days ago`; `in 2 hours` where clocks differ or a time is yet to come.
pub fn age(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (now - then).num_seconds();
    let amount = match seconds.unsigned_abs() {
        ..30 => return "just now".to_owned(),
        past @ ..60 => unit(past, "second"),
        past @ ..3_600 => unit(past / 60, "minute"),
        past @ ..86_400 => unit(past / 3_600, "hour"),
        past => unit(past / 86_400, "day"),
    };
    if seconds < 0 { format!("in {amount}") } else { format!("{amount} ago") }
}

fn unit(number: u64, noun: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), noun)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn counts_and_lists() {
        assert_eq!(count(0, "host"), "0 hosts");
        assert_eq!(count(1, "host"), "1 host");
        assert_eq!(count(4, "release"), "4 releases");
        assert_eq!(list(["a", "b"]), "a, b");
    }

    #[test]
    fn durations() {
        for (seconds, text) in [
            (0.0, "0 s"),
            (0.34, "0.3 s"),
            (1.249, "1.2 s"),
            (41.0, "41 s"),
            (59.94, "59.9 s"),
            (59.97, "1 min"),
            (72.0, "1 min 12 s"),
            (3_599.9, "1 h"),
            (7_500.0, "2 h 5 min"),
            (90_000.0, "1 day 1 h"),
            (259_200.0, "3 days"),
            (-3.0, "0 s"),
            (f64::NAN, "0 s"),
            (f64::INFINITY, "0 s"),
        ] {
            assert_eq!(duration(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn sizes() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (20_100_000, "20.1 MB"),
            (999_960, "1.0 MB"),
            (5_000_000_000, "5.0 GB"),
            (u64::MAX, "18446.7 PB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn ages() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        for (seconds, text) in [
            (0, "just now"),
            (29, "just now"),
            (45, "45 seconds ago"),
            (60, "1 minute ago"),
            (7_300, "2 hours ago"),
            (86_400 * 3 + 5, "3 days ago"),
            (-7_300, "in 2 hours"),
        ] {
            assert_eq!(age(now - TimeDelta::seconds(seconds), now), text);
        }
    }
}
