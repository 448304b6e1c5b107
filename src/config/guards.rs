//! What `[guards]` says, checked; and when a window is open.

use chrono::{DateTime, Utc};
use jiff::Timestamp;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

/// The `[guards]` table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guards {
    /// Ask before something other than the file's own source is deployed.
    pub reference: bool,
    /// What becomes of a deploy of the code that is live; nothing special if nothing is said.
    pub same_code: Option<SameCode>,
    /// What commits say for whoever deploys them has to be acknowledged.
    pub notes: bool,
    /// When deploys may begin.
    pub window: Option<Window>,
    /// The file's repository must be clean and equal to its upstream.
    pub clean_repository: bool,
    /// The branch that it must be on.
    pub branch: Option<String>,
    /// Commands of this machine that must succeed first.
    pub before: Vec<String>,
    /// In the order of the file.
    pub questions: Vec<Question>,
}

impl Guards {
    /// The names `--consent` knows: those of the guards that are set.
    pub fn names(&self) -> Vec<&str> {
        let set = [
            ("ref", self.reference),
            ("same_code", self.same_code == Some(SameCode::Confirm)),
            ("notes", self.notes),
            ("window", self.window.is_some()),
            ("clean_repository", self.clean_repository),
            ("before", !self.before.is_empty()),
        ];
        let set = set.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name);
        set.chain(self.questions.iter().map(|question| question.name.as_str())).collect()
    }
}

/// What becomes of a deploy of the code that is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameCode {
    /// It does nothing.
    Skip,
    /// Somebody is asked.
    Confirm,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Unique.
    pub name: String,
    /// What is asked.
    pub question: String,
    /// The days it is asked on; every day if there are none.
    pub days: Vec<Weekday>,
}

impl Question {
    /// Says whether it is asked at that time, where relm runs.
    pub fn is_asked(&self, at: DateTime<Utc>) -> bool {
        self.days.is_empty() || self.days.contains(&stamp(at).to_zoned(TimeZone::system()).weekday())
    }
}

/// Days and times at which deploys may begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// As it is written.
    pub text: String,
    days: Vec<Weekday>,
    from: Time,
    until: Time,
    zone: TimeZone,
}

impl Window {
    /// Reads `Mon-Fri 09:00-16:00 Europe/Berlin`; says what is wrong with anything else.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split_whitespace().collect();
        let [days, times, zone] = parts[..] else {
            return Err(format!("{text:?} is not days, times and a time zone"));
        };
        let (from, until) = times.split_once('-').ok_or_else(|| format!("{times:?} is no time from and until"))?;
        let time = |text: &str| Time::strptime("%H:%M", text).map_err(|_| format!("{text:?} is no time of day"));
        let (from, until) = (time(from)?, time(until)?);
        if from == until {
            return Err(format!("{times} is no time at all"));
        }
        let zone = TimeZone::get(zone).map_err(|_| format!("this machine knows no time zone {zone:?}"))?;
        let days = days.split(',').map(span).collect::<Result<Vec<_>, _>>()?.concat();
        Ok(Self { text: text.to_owned(), days, from, until, zone })
    }

    /// Says whether it is open. One that ends before it begins ends on the next day.
    pub fn is_open(&self, at: DateTime<Utc>) -> bool {
        let there = stamp(at).to_zoned(self.zone.clone());
        let (day, time) = (there.weekday(), there.time());
        if self.from < self.until {
            return self.days.contains(&day) && self.from <= time && time < self.until;
        }
        self.days.contains(&day) && self.from <= time || self.days.contains(&day.previous()) && time < self.until
    }

    /// The time there.
    pub fn clock(&self, at: DateTime<Utc>) -> String {
        stamp(at).to_zoned(self.zone.clone()).strftime("%a %H:%M").to_string()
    }
}

/// Reads `Mon` or `Mon-Fri`.
fn span(text: &str) -> Result<Vec<Weekday>, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (day(first)?, day(last)?);
    let mut days = vec![first];
    while let Some(now) = days.last().copied().filter(|now| *now != last) {
        days.push(now.next());
    }
    Ok(days)
}

/// Reads `Mon`.
pub fn day(text: &str) -> Result<Weekday, String> {
    let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let at = names.iter().zip(1..).find(|(name, _)| **name == text).map(|(_, at)| at);
    let day = at.and_then(|at| Weekday::from_monday_one_offset(at).ok());
    day.ok_or_else(|| format!("{text:?} is no day; they are Mon, Tue, Wed, Thu, Fri, Sat and Sun"))
}

fn stamp(at: DateTime<Utc>) -> Timestamp {
    Timestamp::from_second(at.timestamp()).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_open_by_the_clock_of_its_zone() {
        let cases = [
            ("Mon-Fri 09:00-16:00 Europe/Berlin", "2026-07-17T07:00:00Z", true),
            ("Mon-Fri 09:00-16:00 Europe/Berlin", "2026-07-17T06:59:59Z", false),
            ("Mon-Fri 09:00-16:00 Europe/Berlin", "2026-01-16T08:00:00Z", true),
            ("Mon-Fri 09:00-16:00 Europe/Berlin", "2026-01-16T07:30:00Z", false),
            ("Mon-Fri 09:00-16:00 Europe/Berlin", "2026-01-16T15:00:00Z", false),
            ("Mon-Fri 09:00-16:00 UTC", "2026-01-17T10:00:00Z", false),
            ("Sat,Sun 09:00-16:00 UTC", "2026-01-17T10:00:00Z", true),
            ("Sat-Mon 09:00-16:00 UTC", "2026-01-19T10:00:00Z", true),
            ("Fri 22:00-04:00 US/Eastern", "2026-01-17T08:59:00Z", true),
            ("Fri 22:00-04:00 US/Eastern", "2026-01-17T09:00:00Z", false),
            ("Fri 22:00-04:00 US/Eastern", "2026-01-16T08:00:00Z", false),
        ];
        for (window, at, open) in cases {
            let at = DateTime::parse_from_rfc3339(at).expect("a time").to_utc();
            assert_eq!(Window::parse(window).expect("a window").is_open(at), open, "{window} at {at}");
        }
    }

    #[test]
    fn what_is_no_window() {
        for text in [
            "",
            "Mon-Fri 09:00-16:00",
            "Mon-Fri 9-16 UTC",
            "Mon-Fri 09:00-25:00 UTC",
            "Mon-Fri 09:00-09:00 UTC",
            "mon 09:00-16:00 UTC",
            "Mon-Frie 09:00-16:00 UTC",
            "Mon 09:00-16:00 Europe/Berlni",
            "Mon 09:00-16:00 ../../etc/passwd",
        ] {
            assert!(Window::parse(text).is_err(), "{text}");
        }
    }
}
