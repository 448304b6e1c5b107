//! Which line of a `Releases.toml` each setting of an environment comes from.

use std::path::Path;

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::effective::lineage;
use super::laid::Laid;
use super::problem::line;
use super::spread::spread;
use super::{Environment, Set};

/// One setting that holds for an environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Where it stands: keys and, of what stands in lists, names.
    pub path: String,
    /// What it says.
    pub value: Value,
    /// Who says so.
    pub origin: Origin,
}

/// Who says what holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Nobody: it holds because nothing is said.
    Default,
    /// This line of the file.
    Line(usize),
    /// `--set`.
    Set,
}

/// A step on the way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    /// The table of a list that says so under this key.
    Known(&'static str, String),
    Place(usize),
}

/// What tables of a list are known by; what goes to a place may have the name of another.
const KNOWN_BY: [&str; 4] = ["dest", "to", "path", "name"];

impl Environment {
    /// All that holds for it, in the order in which [`Environment::effective`] writes it; where that writes nothing, nothing.
    pub fn origins(&self, text: &str, path: &Path, home: &Path, sets: &[Set]) -> Option<Vec<Setting>> {
        let whole: Table = self.effective(text, path, home, sets)?.parse().ok()?;
        let laid = Laid::new(text, sets);
        let file = Value::from(self.laid(&laid, text)?);
        let (mut places, _) = DeTable::parse_recoverable(text);
        laid.lay(places.get_mut(), &self.name);
        spread(places.get_mut());
        let envs = file.get("env")?.as_table()?;
        let lineage: Vec<&str> = lineage(envs, self.name.env.as_str()).into_iter().map(|(name, _)| name).collect();
        let mut all = Vec::new();
        leaves(&Value::from(whole), &mut Vec::new(), &mut all);
        let setting = |(way, value): (Vec<Step>, Value)| {
            let said = self.candidates(&way, &lineage).into_iter().find(|way| find(&file, way) == Some(&value));
            let origin = match said.and_then(|way| place(places.get_ref(), &way)) {
                None => Origin::Default,
                Some(at) if at > laid.own => Origin::Set,
                Some(at) => Origin::Line(line(text, at)),
            };
            Setting { path: shown(&way), value, origin }
        };
        Some(all.into_iter().map(setting).collect())
    }

    /// Where a setting may be said, the nearest first.
    fn candidates(&self, way: &[Step], lineage: &[&str]) -> Vec<Vec<Step>> {
        let below = |env: &str, rest: &[Step]| [&keys(&["env", env])[..], rest].concat();
        let own = keys(&["env", self.name.env.as_str()]);
        match way.strip_prefix(&own[..]) {
            Some([Step::Key(hosts), rest @ ..]) if hosts == "hosts" => {
                vec![way.to_vec(), [&keys(&["hosts"])[..], rest].concat()]
            }
            Some(rest) => lineage.iter().map(|env| below(env, rest)).collect(),
            None => lineage.iter().map(|env| below(env, way)).chain([way.to_vec()]).collect(),
        }
    }
}

fn keys(names: &[&str]) -> Vec<Step> {
    names.iter().map(|name| Step::Key((*name).to_owned())).collect()
}

/// Every value that is no table, nor a list of tables, with the way to it.
fn leaves(value: &Value, way: &mut Vec<Step>, all: &mut Vec<(Vec<Step>, Value)>) {
    let mut into = |step: Step, value: &Value| {
        way.push(step);
        leaves(value, way, all);
        way.pop();
    };
    match value {
        Value::Table(table) => table.iter().for_each(|(key, value)| into(Step::Key(key.clone()), value)),
        Value::Array(list) if !list.is_empty() && list.iter().all(Value::is_table) => {
            for (at, value) in list.iter().enumerate() {
                let known =
                    KNOWN_BY.iter().find_map(|key| Some(Step::Known(key, value.get(key)?.as_str()?.to_owned())));
                into(known.unwrap_or(Step::Place(at)), value);
            }
        }
        leaf => all.push((way.clone(), leaf.clone())),
    }
}

fn find<'v>(value: &'v Value, way: &[Step]) -> Option<&'v Value> {
    way.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Known(key, says) => {
            value.as_array()?.iter().rfind(|one| one.get(key).and_then(Value::as_str) == Some(says))
        }
        Step::Place(at) => value.get(at),
    })
}

/// Where in the text the value stands.
fn place(table: &DeTable<'_>, way: &[Step]) -> Option<usize> {
    let (Step::Key(first), rest) = way.split_first()? else { return None };
    let found = rest.iter().try_fold(table.get(first.as_str())?, |value: &Spanned<DeValue<'_>>, step| {
        let list = || value.get_ref().as_array();
        match step {
            Step::Key(key) => value.get_ref().get(key.as_str()),
            Step::Known(key, says) => list()?
                .iter()
                .rfind(|one| one.get_ref().get(*key).and_then(|value| value.get_ref().as_str()) == Some(says)),
            Step::Place(at) => list()?.get(*at),
        }
    });
    found.map(|value| value.span().start)
}

fn shown(way: &[Step]) -> String {
    let is_bare = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    let words = way.iter().map(|step| match step {
        Step::Key(name) | Step::Known(_, name) if is_bare(name) => name.clone(),
        Step::Key(name) | Step::Known(_, name) => format!("{name:?}"),
        Step::Place(at) => (at + 1).to_string(),
    });
    words.collect::<Vec<_>>().join(".")
}
