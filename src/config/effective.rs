//! What holds for one environment, written as a `Releases.toml` of its own.

use std::path::Path;

use serde::Deserialize as _;
use toml::de::{DeTable, Deserializer};
use toml::{Table, Value};

use super::laid::Laid;
use super::spread::spread;
use super::{Batch, Environment, Installer, Reuse, Set, parse, schema};

impl Environment {
    /// The file `text`, which stands at `path`, with `sets` laid over it, cut down to this environment, with everything in its
    /// place and what was left out filled in. Read again it comes to the very same environment; where it would not, nothing.
    pub fn effective(&self, text: &str, path: &Path, home: &Path, sets: &[Set]) -> Option<String> {
        let file = self.laid(&Laid::new(text, sets), text)?;
        [false, true].into_iter().find_map(|with_others| {
            let written = toml::to_string(&self.written(&file, with_others)?).ok()?;
            let read = parse(&written, path, home).ok()?;
            (read.envs.first() == Some(self)).then_some(written)
        })
    }

    /// What the file says with what is laid over it.
    pub(super) fn laid(&self, laid: &Laid, text: &str) -> Option<Table> {
        let (mut table, _) = DeTable::parse_recoverable(text);
        laid.lay(table.get_mut(), &self.name);
        spread(table.get_mut());
        Table::deserialize(Deserializer::from(table)).ok()
    }

    /// `with_others` has the hosts of other environments, for roles that nobody has here and for the keeper of a lock.
    fn written(&self, file: &Table, with_others: bool) -> Option<Table> {
        let (envs, named) = (file.get("env")?.as_table()?, file.get("hosts").and_then(Value::as_table));
        let mut whole = file.clone();
        for key in ["env", "hosts", "tasks", "components"] {
            whole.remove(key);
        }
        whole.insert("default_env".to_owned(), self.name.env.as_str().into());
        let (mut env, schema) = (Table::new(), schema());
        let is_above = |key: &str| schema["properties"].get(key).is_some();
        let lineage = lineage(envs, self.name.env.as_str());
        for (_, table) in lineage.iter().rev() {
            for (key, value) in *table {
                match key.as_str() {
                    "hosts" | "inherits" | "components" => {}
                    key if is_above(key) => lay(&mut whole, key, value),
                    key => _ = env.insert(key.to_owned(), value.clone()),
                }
            }
        }
        env.insert("hosts".to_owned(), hosts(envs.get(self.name.env.as_str())?, named)?.into());
        match &self.name.component {
            None => self.fill_in(&mut whole),
            Some(name) => {
                let mut component = component(name.as_str(), file, &lineage);
                self.fill_in(&mut component);
                without_application(&mut whole);
                let all = Table::from_iter([(name.to_string(), Value::from(component))]);
                whole.insert("components".to_owned(), all.into());
            }
        }
        let known: Vec<&str> = self.operations.iter().map(|operation| operation.name.as_str()).collect();
        let tasks = file.get("tasks").and_then(Value::as_table).into_iter().flatten();
        let runs = |task: &Value| {
            let mut all = task.get("operations").and_then(Value::as_array).into_iter().flatten();
            all.all(|name| name.as_str().is_some_and(|name| name == "setup-release" || known.contains(&name)))
        };
        let tasks: Table =
            tasks.filter(|(_, task)| runs(task)).map(|(name, task)| (name.clone(), task.clone())).collect();
        if !tasks.is_empty() {
            whole.insert("tasks".to_owned(), tasks.into());
        }
        if with_others {
            whole.insert("hosts".to_owned(), self.others(envs, named).into());
        }
        whole.insert("env".to_owned(), Table::from_iter([(self.name.env.to_string(), Value::from(env))]).into());
        Some(whole)
    }

    fn others(&self, envs: &Table, named: Option<&Table>) -> Table {
        let keeper = self.lock.shared.as_ref().map(|(_, host)| host.name.as_str());
        let mut all = Table::new();
        for (env, table) in envs.iter().filter(|(env, _)| *env != self.name.env.as_str()) {
            for (name, host) in hosts(table, named).into_iter().flatten() {
                let is_here = self.fleet.hosts.iter().any(|host| host.name.as_str() == name);
                let called = if keeper == Some(&name) && !is_here { name } else { format!("{env}.{name}") };
                all.insert(called, host);
            }
        }
        all
    }

    /// What holds where nothing is said.
    fn fill_in(&self, whole: &mut Table) {
        let batch = |batch: &Batch| match batch {
            Batch::Hosts(hosts) => Value::from(i64::try_from(*hosts).unwrap_or(i64::MAX)),
            Batch::Percent(percent) => format!("{percent}%").into(),
        };
        let mut fill = |table: &str, key: &str, value: Value| {
            let table = whole.entry(table).or_insert_with(|| Table::new().into());
            if let Some(table) = table.as_table_mut() {
                table.entry(key).or_insert(value);
            }
        };
        fill("app", "name", self.app.as_str().into());
        fill("release", "root", self.release.root.as_str().into());
        fill("release", "keep", i64::try_from(self.release.keep).unwrap_or(i64::MAX).into());
        fill("release", "keep_failed", time(self.release.keep_failed).into());
        fill("release", "min_age", time(self.release.min_age).into());
        fill("release", "batches", self.release.batches.iter().map(batch).collect::<Vec<_>>().into());
        fill("release", "max_unreachable", batch(&self.release.max_unreachable));
        fill("lock", "grace", format!("{}s", self.lock.grace.as_secs()).into());
        fill("lock", "on_failure", if self.lock.keeps { "keep" } else { "free" }.into());
        if let Some(python) = &self.python {
            fill("python", "python", python.python.as_str().into());
            let installer = match python.installer {
                Installer::Auto => "auto",
                Installer::Uv => "uv",
                Installer::Pip => "pip",
            };
            fill("python", "installer", installer.into());
            let reuse = match python.reuse {
                Reuse::Pinned => "pinned",
                Reuse::Always => "always",
                Reuse::Never => "never",
            };
            fill("python", "reuse", reuse.into());
        }
    }
}

/// As one writes it: whole days or hours, else seconds.
fn time(time: std::time::Duration) -> String {
    match time.as_secs() {
        seconds if seconds > 0 && seconds % 86_400 == 0 => format!("{}d", seconds / 86_400),
        seconds if seconds > 0 && seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        seconds => format!("{seconds}s"),
    }
}

/// An environment's table and those it inherits, nearest first. The file was checked: nobody inherits in a circle.
pub(super) fn lineage<'t>(envs: &'t Table, name: &str) -> Vec<(&'t str, &'t Table)> {
    let named =
        |name: &str| envs.get_key_value(name).and_then(|(name, table)| Some((name.as_str(), table.as_table()?)));
    let base = |(_, table): &(&str, &'t Table)| named(table.get("inherits")?.as_str()?);
    std::iter::successors(named(name), base).collect()
}

/// What the file says of a component, with what its environment and those that this one inherits say of it.
fn component(name: &str, file: &Table, lineage: &[(&str, &Table)]) -> Table {
    let said = |table: &Table| table.get("components")?.get(name)?.as_table().cloned();
    let mut whole = said(file).unwrap_or_default();
    for (key, value) in lineage.iter().rev().filter_map(|(_, table)| said(table)).flatten() {
        lay(&mut whole, &key, &value);
    }
    whole
}

/// Takes out what no component takes over.
fn without_application(whole: &mut Table) {
    whole.retain(|key, _| !super::component::OWN.contains(&key));
    for (key, shared) in super::component::SHARED {
        if let Some(table) = whole.get_mut(*key).and_then(Value::as_table_mut) {
            table.retain(|key, _| shared.contains(&key));
        }
    }
}

/// The hosts of an environment, each with what `[hosts]` says of it.
fn hosts(env: &Value, named: Option<&Table>) -> Option<Table> {
    let own = env.get("hosts")?.as_table()?;
    let whole = own.iter().map(|(name, host)| {
        let base = named.and_then(|named| named.get(name)).and_then(Value::as_table);
        let mut whole = base.cloned().unwrap_or_default();
        if host.get("address").is_some() {
            whole.remove("user");
            whole.remove("port");
        }
        whole.extend(host.as_table().cloned().unwrap_or_default());
        (name.clone(), Value::from(whole))
    });
    Some(whole.collect())
}

/// Lays one value of an environment over that of the file, as `merge` does.
fn lay(whole: &mut Table, key: &str, value: &Value) {
    match (whole.get_mut(key), value) {
        (Some(Value::Table(base)), Value::Table(own)) if key != "become" => {
            make_room(key, base, own);
            for (name, value) in own {
                match (base.get_mut(name), value) {
                    // Questions of an environment stand beside those of the file.
                    (Some(Value::Array(asked)), Value::Array(more)) if (key, name.as_str()) == ("guards", "ask") => {
                        asked.extend(more.iter().cloned());
                    }
                    _ => _ = base.insert(name.clone(), value.clone()),
                }
            }
        }
        // What goes to a place takes the place of all that went there.
        (Some(Value::Array(base)), Value::Array(own)) if ["templates", "publish"].contains(&key) => {
            let place = if key == "templates" { "dest" } else { "to" };
            base.retain(|old| !own.iter().any(|new| new.get(place) == old.get(place)));
            base.extend(own.iter().cloned());
        }
        (Some(Value::Array(base)), Value::Array(own)) if base.iter().chain(own).all(Value::is_table) => {
            for value in own {
                match base.iter_mut().find(|old| old.get("name").is_some() && old.get("name") == value.get("name")) {
                    Some(old) => *old = value.clone(),
                    None => base.push(value.clone()),
                }
            }
        }
        _ => _ = whole.insert(key.to_owned(), value.clone()),
    }
}

/// Takes out what is meant to be replaced, with what only went with it.
fn make_room(key: &str, base: &mut Table, own: &Table) {
    let (kinds, rest): (&[&str], &[&str]) = match key {
        "source" => (&["git", "dir", "archive"], &["ref", "strip", "patches", "tag", "push_tag"]),
        "python" => (&["requirements", "project", "command"], &[]),
        _ => return,
    };
    let is_other = |kind: &&str| own.contains_key(*kind) && (key == "python" || !base.contains_key(*kind));
    if kinds.iter().any(is_other) {
        for key in kinds.iter().chain(rest) {
            base.remove(*key);
        }
    }
}
