//! Release names: the second, in UTC and by the controller's clock, in which the release was asked for.

use std::fmt;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

const FORMAT: &str = "%Y-%m-%d_%H.%M.%S";
const LENGTH: usize = "2026-11-20_14.30.05".len();

/// `2026-11-20_14.30.05`. The ancestor's names ended at the minute, and two deploys in one minute shared a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReleaseName(String);

/// Says that a text is no release name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no release name; one looks like 2026-11-20_14.30.05")]
pub struct ReleaseNameError(String);

impl ReleaseName {
    /// Names a release after `time`.
    pub fn at(time: DateTime<Utc>) -> Self {
        Self(time.format(FORMAT).to_string())
    }

    /// Reads a name and refuses everything that is not exactly one.
    pub fn parse(text: &str) -> Result<Self, ReleaseNameError> {
        let error = || ReleaseNameError(text.to_owned());
        let time = NaiveDateTime::parse_from_str(text, FORMAT).map_err(|_| error())?;
        // chrono takes "2026-1-2…" too; only the one spelling is a name. Nor is there a year 10000, or one before 0.
        if text.len() == LENGTH && time.format(FORMAT).to_string() == text {
            Ok(Self(text.to_owned()))
        } else {
            Err(error())
        }
    }

    /// The name to try when this one is taken.
    #[must_use]
    pub fn next_second(&self) -> Self {
        Self::at(self.time() + TimeDelta::seconds(1))
    }

    /// The time in the name.
    pub fn time(&self) -> DateTime<Utc> {
        NaiveDateTime::parse_from_str(&self.0, FORMAT).expect("a release name holds a time").and_utc()
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReleaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl std::str::FromStr for ReleaseName {
    type Err = ReleaseNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl From<ReleaseName> for String {
    fn from(name: ReleaseName) -> Self {
        name.0
    }
}

impl TryFrom<String> for ReleaseName {
    type Error = ReleaseNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_time_and_back() {
        let name = ReleaseName::parse("2026-12-31_23.59.59").expect("a name");
        assert_eq!(ReleaseName::at(name.time()), name);
        assert_eq!(name.next_second().as_str(), "2027-01-01_00.00.00");
    }

    #[test]
    fn only_the_one_spelling_is_a_name() {
        for text in [
            "",
            "current",
            "2026-1-2_03.04.05",
            "2026-02-30_00.00.00",
            "2026-01-02_03.04.05 ",
            "../2026-01-02_03.04.05",
            "2026-01-02_03.04",
            "+262142-12-31_23.59.59",
            "-0001-01-01_00.00.00",
        ] {
            assert!(ReleaseName::parse(text).is_err(), "{text:?}");
        }
    }
}
