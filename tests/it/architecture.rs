//! The layer rule: which module may name which. Rust does not check this inside one crate, so this test does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The law. A change that needs a new arrow changes this table in the same commit and says why in `src/lib.rs`.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("child", &[]),
    ("script", &[]),
    ("secret", &[]),
    ("fleet", &[]),
    ("release", &[]),
    ("template", &["fleet"]),
    ("survey", &["fleet", "release"]),
    ("transport", &["fleet", "script", "secret"]),
    ("event", &["fleet", "release", "transport"]),
    ("source", &["child", "release", "secret"]),
    ("store", &[]),
    ("config", &["event", "fleet", "source", "template"]),
    ("ssh", &["fleet", "secret", "transport"]),
    ("local", &["transport"]),
    ("notify", &["child", "config", "secret"]),
    ("engine", &["event", "fleet", "release", "script", "secret", "survey", "transport"]),
    ("operations", &["engine", "fleet", "release", "script", "secret", "template", "transport"]),
    ("tasks", &["config", "engine", "event", "fleet", "operations", "release", "script", "secret", "survey"]),
    ("ui", &["event", "fleet", "release"]),
    (
        "cli",
        &[
            "child",
            "config",
            "engine",
            "event",
            "fleet",
            "local",
            "notify",
            "operations",
            "release",
            "script",
            "secret",
            "source",
            "ssh",
            "store",
            "survey",
            "tasks",
            "transport",
            "ui",
        ],
    ),
];

#[test]
fn every_module_keeps_to_the_layer_table() {
    let table: BTreeMap<&str, &[&str]> = MAY_NAME.iter().copied().collect();
    let mut broken = Vec::new();
    for file in sources() {
        let module = module_of(&file);
        if module == "lib" || module == "main" {
            continue;
        }
        let allowed = table.get(module.as_str()).unwrap_or_else(|| panic!("{module} is not in the layer table"));
        for named in named_modules(&code(&file)) {
            if named != module && !allowed.contains(&named.as_str()) {
                broken.push(format!("`{}`: `{module}` may not use `{named}`", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_table_names_only_what_is_there() {
    let modules: BTreeSet<String> = sources().iter().map(|file| module_of(file)).collect();
    for (module, allowed) in MAY_NAME {
        for name in std::iter::once(module).chain(*allowed) {
            assert!(modules.contains(*name), "{name} is in the layer table and not in src/");
        }
    }
}

#[test]
fn the_table_allows_nothing_that_nobody_needs() {
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in sources() {
        used.entry(module_of(&file)).or_default().extend(named_modules(&code(&file)));
    }
    for (module, allowed) in MAY_NAME.iter().filter(|(module, _)| *module != "cli") {
        for name in *allowed {
            assert!(used[*module].contains(*name), "{module} does not name {name}: take it out of the table");
        }
    }
}

#[test]
fn the_code_map_says_the_same_as_the_table() {
    let map = fs::read_to_string("src/lib.rs").expect("src/lib.rs");
    let mut told = BTreeMap::new();
    for row in map.lines().filter_map(|line| line.strip_prefix("//! | [")) {
        let cells: Vec<&str> = row.split(" | ").collect();
        let names = cells[2].trim_end_matches(" |").split(", ").map(|name| name.split(' ').next().unwrap_or(name));
        let names: BTreeSet<&str> = names.collect();
        for module in cells[0].split(", ") {
            told.insert(module.trim_matches(['[', ']', '`']).to_owned(), names.clone());
        }
    }
    assert_eq!(told.len(), MAY_NAME.len(), "{:?}", told.keys());
    for (module, allowed) in MAY_NAME {
        let expected: BTreeSet<&str> = match allowed.len() {
            0 => BTreeSet::from(["nothing"]),
            _ if *module == "cli" => BTreeSet::from(["all"]),
            _ => allowed.iter().copied().collect(),
        };
        assert_eq!(told[*module], expected, "{module}: the code map in src/lib.rs says otherwise");
    }
}

#[test]
fn what_belongs_to_one_room_stays_there() {
    let rules: &[(&str, &[&str])] = &[
        ("russh", &["ssh"]),
        ("rusty_s3", &["store"]),
        ("ureq", &["notify", "store"]),
        ("std::env::var", &["cli"]),
        ("std::process::exit", &["cli"]),
        ("print!(", &["cli"]),
        ("println!(", &["cli"]),
        ("clap::Parser", &["cli"]),
        ("'\\\\''", &["script"]),
        (".expose", &["secret", "notify", "operations", "ssh", "transport"]),
    ];
    for file in sources() {
        let (module, text) = (module_of(&file), code(&file));
        for (word, rooms) in rules {
            let here = text.contains(word) && !rooms.contains(&module.as_str());
            assert!(!here, "{}: only {rooms:?} may say {word}", file.display());
        }
    }
}

/// What is put together elsewhere would forget the file that was named.
#[test]
fn commands_to_type_are_made_in_one_place() {
    let help = std::process::Command::new(env!("CARGO_BIN_EXE_relm")).arg("--help").output().expect("relm runs");
    let help = String::from_utf8(help.stdout).expect("UTF-8");
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<&str> = listed.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.len() > 15 && commands.contains(&"deploy"), "{commands:?}");
    for file in sources() {
        let text = code(&file);
        let made = text.split("format!(").skip(1).filter_map(|rest| rest.lines().find(|line| line.contains('"')));
        for line in made {
            // `relm services ENV NAME` is how such a command looks, and none to type.
            let is_typed = |rest: &str| rest.contains('{') && !rest.starts_with(|c: char| c.is_ascii_uppercase());
            let after = |command: &&&str| line.split(&format!("relm {command} ")).skip(1).any(is_typed);
            let named = commands.iter().find(after);
            assert!(named.is_none(), "{}: `tasks::command` or `tasks::relm` makes what {line:?} does", file.display());
        }
    }
}

#[test]
fn tasks_never_call_tasks() {
    let tasks = fs::read_dir("src/tasks").expect("src/tasks");
    let names: Vec<String> =
        tasks.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    let tasks = ["deploy", "rollback", "setup_release", "clean_releases", "run", "own"];
    for name in names.iter().filter(|name| tasks.iter().any(|task| **name == format!("{task}.rs"))) {
        let text = fs::read_to_string(Path::new("src/tasks").join(name)).expect("a file");
        for other in tasks.iter().filter(|task| **name != format!("{task}.rs")) {
            assert!(!text.contains(&format!("{other}::plan")), "src/tasks/{name} plans {other}");
        }
    }
}

#[test]
fn files_have_one_subject() {
    let mut lengths: Vec<(usize, PathBuf)> =
        sources().into_iter().map(|file| (code(&file).lines().count(), file)).collect();
    lengths.sort();
    let (longest, file) = lengths.last().expect("files");
    let median = lengths[lengths.len() / 2].0;
    assert!(*longest <= 300, "{} has {longest} lines", file.display());
    assert!(median <= 100, "the median file has {median} lines");
}

/// The text of a file before its tests, without comments.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).expect("a source file");
    let text = text.split("\n#[cfg(test)]").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn module_of(file: &Path) -> String {
    let below = file.strip_prefix("src").expect("below src");
    let first = below.components().next().expect("a component").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// Modules named as `crate::x` or in `use crate::{x::…, y::…}`.
fn named_modules(text: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for part in text.split("crate::").skip(1) {
        if let Some(group) = part.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => word.clear(),
                    ':' if depth == 0 && !word.is_empty() => {
                        named.insert(std::mem::take(&mut word));
                    }
                    c if depth == 0 && (c.is_alphanumeric() || c == '_') => word.push(c),
                    _ => {}
                }
            }
        } else {
            named.insert(part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    named
}

fn sources() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![PathBuf::from("src")];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            let is_test = path.file_name().is_some_and(|name| name == "tests" || name == "tests.rs");
            if path.is_dir() && !is_test {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
