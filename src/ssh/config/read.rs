//! Reads the files in their order, block by block.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::conditions::{self, Activity};
use super::keywords::{self, Form, Meaning};
use super::names::Names;
use super::values::Values;
use super::{file, jumps, line};
use crate::ssh::{Settings, pattern};

/// What `Releases.toml` says about the host, as `ssh -l USER -p PORT -J JUMP HOST` would.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) host: &'a str,
    pub(super) user: Option<&'a str>,
    pub(super) port: Option<u16>,
    /// The hosts before it, where another host's `ProxyJump` names them.
    pub(super) jump: Option<&'a str>,
    pub(super) settings: &'a Settings,
}

/// As many as OpenSSH allows (`READCONF_MAX_DEPTH`).
const DEEPEST_INCLUDE: usize = 16;

/// Collects the values that count for the host that is asked for.
pub(super) fn values(asked: &Asked<'_>) -> Result<Values, String> {
    let mut values = Values::default();
    let port = asked.port.map(|port| port.to_string());
    let given = [("user", asked.user), ("port", port.as_deref()), ("proxyjump", asked.jump)];
    for (keyword, value) in given.into_iter().filter_map(|(keyword, value)| Some((keyword, value?))) {
        values.take(keyword, vec![value.to_owned()], "Releases.toml".to_owned());
    }
    let (mut values, wants_final) = all_files(asked, values, false)?;
    if wants_final {
        // The second pass knows the host's name and what the first has found; `Match final` counts now.
        let address = Names::settled(asked, &values)?.address;
        values.set("hostname", address.replace('%', "%%"));
        (values, _) = all_files(asked, values, true)?;
    }
    Ok(values)
}

fn all_files(asked: &Asked<'_>, values: Values, is_final: bool) -> Result<(Values, bool), String> {
    let own = asked.settings.home.join(".ssh");
    let mut reading =
        Reading { asked, values, beside: &own, depth: 0, is_final, wants_final: false, is_private: false };
    match &asked.settings.config_file {
        Some(file) if !file.exists() => return Err(format!("{} does not exist", file.display())),
        Some(file) => reading.file(file, &Activity::Yes)?,
        None => {
            reading.is_private = true;
            reading.file(&own.join("config"), &Activity::Yes)?;
            reading.is_private = false;
            reading.beside = Path::new("/etc/ssh");
            reading.file(Path::new("/etc/ssh/ssh_config"), &Activity::Yes)?;
        }
    }
    Ok((reading.values, reading.wants_final))
}

struct Reading<'a> {
    asked: &'a Asked<'a>,
    values: Values,
    beside: &'a Path,
    depth: usize,
    is_final: bool,
    wants_final: bool,
    /// Others must not be able to write the file: it is a person's own.
    is_private: bool,
}

impl Reading<'_> {
    fn file(&mut self, path: &Path, outer: &Activity) -> Result<(), String> {
        let text = match fs::read(path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(format!("cannot read {}: {e}", path.display())),
        };
        if self.is_private {
            check_owner(path)?;
        }
        let mut activity = outer.clone();
        for (number, text) in text.lines().enumerate() {
            let place = format!("{}:{}", path.display(), number + 1);
            let at = |reason| format!("{place}: {reason}");
            let Some(line) = line::read(text).map_err(at)? else {
                continue;
            };
            match line.keyword.as_str() {
                "host" if line.arguments.is_empty() => return Err(at("Host has no value".to_owned())),
                "host" => activity = conditions::host_line(&line.arguments, self.asked.host).within(outer),
                "match" => {
                    let matched =
                        conditions::match_line(&line.arguments, self.asked, &self.values, self.is_final).map_err(at)?;
                    self.wants_final |= matched.wants_final;
                    activity = matched.activity.within(outer);
                }
                "include" => self.include(&line.arguments, &activity).map_err(|reason| nested(&place, reason))?,
                _ => self.keyword(line, &activity, &place).map_err(at)?,
            }
        }
        Ok(())
    }

    fn include(&mut self, names: &[String], activity: &Activity) -> Result<(), String> {
        if names.is_empty() {
            return Err("Include has no value".to_owned());
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

    fn keyword(&mut self, line: line::Line, activity: &Activity, place: &str) -> Result<(), String> {
        let Some(keyword) = keywords::find(&line.keyword) else {
            return self.unknown(&line.keyword);
        };
        keyword.check(&line.arguments)?;
        if keyword.name == "ProxyJump" {
            jumps::check(&line.rest)?;
        }
        let is_needless = keyword.name == "ForwardAgent" && !self.asked.settings.lends_agent;
        if keyword.meaning == Meaning::Nothing || is_needless {
            return Ok(());
        }
        match activity {
            Activity::Yes => {
                let arguments = if keyword.form == Form::Any { vec![line.rest] } else { line.arguments };
                self.values.take(&line.keyword, arguments, place.to_owned());
                Ok(())
            }
            Activity::Unsure(criterion) if self.values.would_take(&line.keyword) => {
                Err(format!("{} depends on `{criterion}`, which is not supported", keyword.name))
            }
            Activity::No | Activity::Unsure(_) => Ok(()),
        }
    }

    fn unknown(&self, keyword: &str) -> Result<(), String> {
        let ignored = self.values.one("ignoreunknown").unwrap_or_default().to_ascii_lowercase();
        // Apple's ssh knows it, and it says only where passphrases are kept.
        let is_apples = cfg!(target_os = "macos") && keyword == "usekeychain";
        if is_apples || pattern::selects(ignored.split(','), keyword) {
            return Ok(());
        }
        Err(format!("{keyword} is no keyword of ssh's; `IgnoreUnknown {keyword}` before it lets it pass"))
    }
}

/// ssh does not go by a person's file that others could have changed.
fn check_owner(path: &Path) -> Result<(), String> {
    let metadata = fs::metadata(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let is_own = [0, rustix::process::getuid().as_raw()].contains(&metadata.uid());
    if is_own && metadata.mode() & 0o022 == 0 {
        return Ok(());
    }
    Err(format!("{}: others may write it, so ssh would not read it either", path.display()))
}

/// Leaves a place alone that an included file has named already.
fn nested(place: &str, reason: String) -> String {
    if reason.starts_with('/') {
        return reason;
    }
    format!("{place}: {reason}")
}
