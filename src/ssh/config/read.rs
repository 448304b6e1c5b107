//! Reads the files in their order, block by block.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::conditions::{self, Activity};
use super::values::{self, Values};
use super::{file, line};
use crate::ssh::Settings;

/// What `Releases.toml` says about the host, as `ssh -l USER -p PORT HOST` would.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) host: &'a str,
    pub(super) user: Option<&'a str>,
    pub(super) port: Option<u16>,
    pub(super) settings: &'a Settings,
}

/// As many as OpenSSH allows (`READCONF_MAX_DEPTH`).
const DEEPEST_INCLUDE: usize = 16;

/// Collects the values that count for the host that is asked for.
pub(super) fn values(asked: &Asked<'_>) -> Result<Values, String> {
    let mut values = Values::default();
    if let Some(user) = asked.user {
        values.take("user", vec![user.to_owned()], "Releases.toml".to_owned());
    }
    if let Some(port) = asked.port {
        values.take("port", vec![port.to_string()], "Releases.toml".to_owned());
    }
    let own = asked.settings.home.join(".ssh");
    let mut reading = Reading { asked, values, beside: &own, depth: 0 };
    match &asked.settings.config_file {
        Some(file) if !file.exists() => return Err(format!("{} does not exist", file.display())),
        Some(file) => reading.file(file, &Activity::Yes)?,
        None => {
            reading.file(&own.join("config"), &Activity::Yes)?;
            reading.beside = Path::new("/etc/ssh");
            reading.file(Path::new("/etc/ssh/ssh_config"), &Activity::Yes)?;
        }
    }
    Ok(reading.values)
}

struct Reading<'a> {
    asked: &'a Asked<'a>,
    values: Values,
    beside: &'a Path,
    depth: usize,
}

impl Reading<'_> {
    fn file(&mut self, path: &Path, outer: &Activity) -> Result<(), String> {
        let text = match fs::read(path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(format!("cannot read {}: {e}", path.display())),
        };
        let mut activity = outer.clone();
        for (number, text) in text.lines().enumerate() {
            let place = format!("{}:{}", path.display(), number + 1);
            let at = |reason| format!("{place}: {reason}");
            let Some(line) = line::read(text).map_err(at)? else {
                continue;
            };
            match line.keyword.as_str() {
                "host" => activity = conditions::host_line(&line.arguments, self.asked.host).within(outer),
                "match" => {
                    activity =
                        conditions::match_line(&line.arguments, self.asked, &self.values).map_err(at)?.within(outer);
                }
                "include" => self.include(&line.arguments, &activity).map_err(|reason| nested(&place, reason))?,
                keyword => self.keyword(keyword, line.arguments, &activity, &place).map_err(at)?,
            }
        }
        Ok(())
    }

    fn include(&mut self, names: &[String], activity: &Activity) -> Result<(), String> {
        if *activity == Activity::No {
            return Ok(());
        }
        if self.depth == DEEPEST_INCLUDE {
            return Err("files include one another too deeply".to_owned());
        }
        self.depth += 1;
        for name in names {
            for path in file::included(name, &self.asked.settings.home, self.beside)? {
                self.file(&path, activity)?;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn keyword(
        &mut self,
        keyword: &str,
        arguments: Vec<String>,
        activity: &Activity,
        place: &str,
    ) -> Result<(), String> {
        let Some(spelled) = values::spelled(keyword) else {
            return Ok(());
        };
        if arguments.first().is_none_or(String::is_empty) {
            return Err(format!("{spelled} has no value"));
        }
        match activity {
            Activity::Yes => {
                self.values.take(keyword, arguments, place.to_owned());
                Ok(())
            }
            Activity::Unsure(criterion) if self.values.would_take(keyword) => {
                Err(format!("{spelled} depends on `{criterion}`, which is not supported yet"))
            }
            Activity::No | Activity::Unsure(_) => Ok(()),
        }
    }
}

/// Leaves a place alone that an included file has named already.
fn nested(place: &str, reason: String) -> String {
    if reason.starts_with('/') {
        return reason;
    }
    format!("{place}: {reason}")
}
