//! Which packages come, go or are another version, by the files that name them.

use std::collections::BTreeMap;

use serde::Serialize;
use toml::{Table, Value};

/// A package of which something else is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Package {
    /// As indexes spell it: `some-name`.
    pub name: String,
    /// What was asked for: a version, or what stands in its place; nothing if it was not there.
    pub before: Option<String>,
    /// What is asked for now.
    pub after: Option<String>,
}

/// Texts of files, by path.
pub type Files = BTreeMap<String, String>;

/// What lies between the files of two trees, by name. Where a lock file tells of all packages, nothing else is asked.
pub fn changed(before: &Files, after: &Files) -> Vec<Package> {
    let has_lock = before.keys().chain(after.keys()).any(|path| is_lock(path));
    let packages = |files: &Files| {
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (path, text) in files.iter().filter(|(path, _)| !has_lock || is_lock(path)) {
            for (name, wanted) in named(path, text) {
                all.entry(name).or_default().push(wanted);
            }
        }
        all.into_iter().map(|(name, wanted)| (name, wanted.join(", "))).collect::<BTreeMap<_, _>>()
    };
    let (before, after) = (packages(before), packages(after));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let package = |name: &String| Package {
        name: name.clone(),
        before: before.get(name).cloned(),
        after: after.get(name).cloned(),
    };
    names.into_iter().map(package).filter(|package| package.before != package.after).collect()
}

fn is_lock(path: &str) -> bool {
    path.rsplit('/').next() == Some("uv.lock")
}

/// The packages that a file names, each with what it asks for. Of a file that cannot be read nothing is told: whoever installs
/// from it will.
fn named(path: &str, text: &str) -> Vec<(String, String)> {
    if is_lock(path) {
        return text.parse().map(|table| of_lock(&table)).unwrap_or_default();
    }
    if path.rsplit('/').next() == Some("pyproject.toml") {
        return text.parse().map(|table| of_project(&table)).unwrap_or_default();
    }
    text.replace("\\\n", " ").lines().filter_map(requirement).collect()
}

fn of_lock(table: &Table) -> Vec<(String, String)> {
    let packages = table.get("package").and_then(Value::as_array).into_iter().flatten();
    let word = |package: &Value, key: &str| Some(package.get(key)?.as_str()?.to_owned());
    packages.filter_map(|package| Some((word(package, "name")?, word(package, "version")?))).collect()
}

fn of_project(table: &Table) -> Vec<(String, String)> {
    let listed = table.get("project").and_then(|project| project.get("dependencies")).and_then(Value::as_array);
    listed.into_iter().flatten().filter_map(Value::as_str).filter_map(requirement).collect()
}

/// One line, without comments, options and hashes.
fn requirement(line: &str) -> Option<(String, String)> {
    let line = line.split(" #").next().unwrap_or_default().split(" --").next().unwrap_or_default().trim();
    let line = line.strip_prefix("-e ").unwrap_or(line).trim();
    if line.is_empty() || line.starts_with(['#', '-']) {
        return None;
    }
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    if name.is_empty() || rest.starts_with([':', '/', '+']) {
        // An address or a path, which says no name.
        return Some((without_login(line), String::new()));
    }
    let wanted: String = rest.split_whitespace().collect::<Vec<_>>().join(" ");
    let wanted = wanted.strip_prefix("==").unwrap_or(&wanted);
    Some((spelled(name), without_login(wanted)))
}

/// Names that indexes take for the same are the same.
fn spelled(name: &str) -> String {
    let words = name.split(['-', '_', '.']).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

/// Addresses of packages may hold a token.
fn without_login(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let host = rest.split('/').next().unwrap_or_default();
    let login = host.rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}", &rest[login..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(path: &str, before: &str, after: &str) -> Vec<String> {
        let files = |text: &str| Files::from([(path.to_owned(), text.to_owned())]);
        let word = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let told = changed(&files(before), &files(after)).into_iter();
        told.map(|one| format!("{}: {} → {}", one.name, word(one.before), word(one.after))).collect()
    }

    #[test]
    fn lines_of_requirements_are_held_against_each_other() {
        let before = "# ours\nDjango==4.2.1 \\\n  --hash=sha256:aa\n-r other.txt\nsix==1.16 # old\nsame>=1,<2\n\
            old @ git+https://x:token@git.example.org/old.git@v1\n";
        let after = "django==4.2.16 --hash=sha256:bb\ncelery[redis]>=5\nSame >=1,<2\n\
            old @ git+https://x:token@git.example.org/old.git@v2\n-e ./vendor/thing\n";
        let told = between("requirements/prod.txt", before, after);
        assert_eq!(
            told,
            [
                "./vendor/thing: - → ",
                "celery: - → [redis]>=5",
                "django: 4.2.1 → 4.2.16",
                "old: @ git+https://git.example.org/old.git@v1 → @ git+https://git.example.org/old.git@v2",
                "six: 1.16 → -",
            ]
        );
    }

    #[test]
    fn a_lock_file_says_it_all() {
        let lock = |version: &str| format!("version = 1\n[[package]]\nname = \"django\"\nversion = \"{version}\"\n");
        assert_eq!(between("uv.lock", &lock("4.2"), &lock("5.0")), ["django: 4.2 → 5.0"]);
        assert_eq!(between("app/uv.lock", &lock("4.2"), "not = [toml"), ["django: 4.2 → -"]);
        let project = |wanted: &str| format!("[project]\ndependencies = [\"{wanted}\"]\n");
        assert_eq!(between("pyproject.toml", &project("django>=4"), &project("Django>=5")), ["django: >=4 → >=5"]);
        let both = |lock: String, project: String| {
            Files::from([("uv.lock".to_owned(), lock), ("pyproject.toml".to_owned(), project)])
        };
        let told = changed(&both(lock("4"), project("a>1")), &both(lock("4"), project("b>2")));
        assert_eq!(told, []);
    }
}
