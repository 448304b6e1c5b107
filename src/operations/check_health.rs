//! Looks for a sign that a host is well, until it is there.

use std::time::Duration;

use super::sourcing::defined;
use super::values::values;
use super::{RunCommand, refused};
use crate::engine::{On, Operation, Reading, Work};
use crate::fleet::Targets;
use crate::script::Script;
use crate::template::Template;
use crate::transport::Input;

/// Tries until the sign is there, in one script: a connection that breaks meanwhile ends nothing.
#[derive(Debug)]
pub struct CheckHealth {
    /// Its name and places; its text is the command, where that is the sign.
    pub check: RunCommand,
    /// What it is, if not that command.
    pub sign: Option<Sign>,
    /// How long it may take to come.
    pub within: Duration,
    /// The pause between two attempts.
    pub every: Duration,
    /// How long one attempt may take.
    pub attempt: Duration,
    /// The app's name, for templates.
    pub app: String,
    /// Looked for when all hosts have switched, and without it all go back.
    pub of_all: bool,
    /// Unless a person who is asked has them stay.
    pub asks: bool,
}

/// What is looked for.
#[derive(Debug, Clone)]
pub enum Sign {
    /// An answer to a question that the host asks.
    Http {
        /// The address.
        url: Template,
        /// Its status.
        expect: u16,
        /// What it holds.
        contains: Option<Template>,
        /// Header lines that are sent.
        headers: Vec<String>,
    },
    /// A host and a port that take a connection.
    Tcp(Template),
    /// A file.
    File(Template),
}

/// What hangs is ended so long after the last moment.
const GRACE: Duration = Duration::from_secs(10);

impl CheckHealth {
    /// The sign's kind, what is asked, and what else belongs to it.
    fn filled(&self, on: &On<'_>) -> Result<Asked, String> {
        let values = values(on, &self.app, &self.check.reference);
        Ok(match &self.sign {
            None => Asked { kind: "command", ..Asked::default() },
            Some(Sign::Tcp(place)) => Asked { kind: "tcp", what: place.render(&values)?, ..Asked::default() },
            Some(Sign::File(path)) => Asked { kind: "file", what: path.render(&values)?, ..Asked::default() },
            Some(Sign::Http { url, expect, contains, headers }) => Asked {
                kind: "http",
                what: url.render(&values)?,
                expect: expect.to_string(),
                contains: contains.as_ref().map(|text| text.render(&values)).transpose()?.unwrap_or_default(),
                headers: headers.clone(),
            },
        })
    }
}

#[derive(Default)]
struct Asked {
    kind: &'static str,
    what: String,
    expect: String,
    contains: String,
    headers: Vec<String>,
}

impl Operation for CheckHealth {
    fn name(&self) -> String {
        format!("health:{}", self.check.name)
    }

    fn targets(&self) -> Targets {
        self.check.targets()
    }

    fn work(&self, on: &On<'_>) -> Work {
        let asked = match self.filled(on) {
            Ok(asked) => asked,
            Err(reason) => return refused(&reason),
        };
        let seconds = |time: Duration| time.as_secs().to_string();
        let script = Script::new(concat!(
            include_str!("clock.sh"),
            include_str!("directly.sh"),
            include_str!("check_health.sh")
        ))
        .args(&asked.headers)
        .set("relm_kind", asked.kind)
        .set("relm_what", asked.what)
        .set("relm_expect", asked.expect)
        .set("relm_contains", asked.contains)
        .set("relm_within", seconds(self.within))
        .set("relm_every", seconds(self.every))
        .set("relm_attempt", seconds(self.attempt));
        let script = self.check.script(script, on, &self.check.run, &self.check.reference);
        Work {
            script,
            input: Input::Nothing,
            time_limit: Some(self.within + self.attempt + GRACE),
            reading: Reading::Plain,
            command: self.sign.is_none().then(|| self.check.run.clone()),
        }
    }

    fn definition(&self, on: &On<'_>) -> String {
        let becoming = self.check.becoming.as_ref().map(|becoming| format!("\nas {}", becoming.user));
        let text = format!("{:?}{}{}", self.sign, self.check.run, becoming.unwrap_or_default());
        defined(text, &self.check.variables, on)
    }

    fn command(&self) -> Option<&str> {
        self.sign.is_none().then_some(self.check.run.as_str())
    }

    fn is_journaled(&self) -> bool {
        self.check.is_journaled()
    }

    fn ends_switch(&self) -> bool {
        self.of_all
    }

    fn asks(&self) -> bool {
        self.asks
    }
}
