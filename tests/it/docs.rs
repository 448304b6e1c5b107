//! What is written about relm holds: the README's commands parse, the samples load, the code map names every module.

use std::fs;
use std::process::Command;

fn relm(args: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_relm")).args(args).env("NO_COLOR", "1").output().expect("relm runs")
}

/// Words of a line as a shell would see them; enough for what a README holds.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (' ', None) => words.push(std::mem::take(&mut word)),
            (c, _) => word.push(c),
        }
    }
    words.push(word);
    words.into_iter().filter(|word| !word.is_empty()).collect()
}

/// What a user reads: the README and the pages that it leads to.
fn pages() -> String {
    let pages = ["README.md", "docs/commands.md", "docs/releases-toml.md", "docs/ssh.md"];
    pages.map(|page| fs::read_to_string(page).expect("a page")).concat()
}

/// Every link to a heading leads to one.
#[test]
fn no_link_leads_nowhere() {
    let slug = |heading: &str| -> String {
        let kept = heading.to_lowercase();
        kept.chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect()
    };
    let mut links = 0;
    for page in ["README.md", "docs/commands.md", "docs/releases-toml.md", "docs/ssh.md", "docs/from-other-tools.md"] {
        let text = fs::read_to_string(page).expect("a page");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("http") {
                continue;
            }
            links += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = std::path::Path::new(page).parent().expect("a directory").join(path);
            let target = if path.is_empty() { page.into() } else { target };
            let there = fs::read_to_string(&target).unwrap_or_else(|_| {
                assert!(target.is_dir() && anchor.is_empty(), "{page}: {link}");
                String::new()
            });
            let headings =
                there.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches(['#', ' ']));
            let has = |wanted: &str| headings.clone().any(|heading| slug(heading) == wanted);
            assert!(anchor.is_empty() || has(anchor), "{page}: {link}");
        }
    }
    assert!(links > 20);
}

/// Lines of the pages that are commands: indented ones, and those after a `$`.
fn commands() -> Vec<String> {
    let text = pages();
    let typed = text.lines().filter_map(|line| line.strip_prefix("    ").or_else(|| line.strip_prefix("$ ")));
    let typed = typed.map(str::trim);
    let relm = typed.filter_map(|line| {
        line.strip_prefix("relm ").or_else(|| line.strip_prefix("cargo run --release -- ")).map(str::to_owned)
    });
    relm.collect()
}

#[test]
fn every_command_of_the_readme_parses() {
    let commands = commands();
    assert!(commands.len() > 20, "{commands:?}");
    for line in commands {
        assert_parses(&line);
    }
}

/// A command line without its `relm`.
fn assert_parses(line: &str) {
    // What comes after `--` belongs to the command that is run.
    let (ours, _) = line.split_once(" -- ").unwrap_or((line, ""));
    let mut args = words(ours);
    // And so do the words of `relm manage`.
    let end = if args[0] == "manage" { 1 } else { args.len() };
    args.insert(end, "--help".to_owned());
    // A task of somebody's own is helped with where it is.
    if args[0] == "preindex" {
        args.splice(0..0, ["--config", "examples/commcare/Releases.toml"].map(str::to_owned));
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let output = relm(&args);
    assert!(output.status.success(), "relm {line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// What stands in backquotes and begins with `relm`, in the guide for newcomers and in the examples.
#[test]
fn every_command_of_the_guides_parses() {
    for (guide, at_least) in [
        ("docs/from-other-tools", 30),
        ("examples/commcare/README", 15),
        ("examples/ddgc/README", 5),
        ("examples/open-contracting/README", 8),
    ] {
        let text = fs::read_to_string(format!("{guide}.md")).expect("a guide");
        let commands: Vec<&str> = text.split('`').filter_map(|span| span.strip_prefix("relm ")).collect();
        assert!(commands.len() >= at_least, "{guide}: {commands:?}");
        for line in commands {
            assert_parses(line);
        }
    }
}

#[test]
fn the_examples_load() {
    for example in ["commcare", "ddgc", "open-contracting"] {
        let output = relm(&["tasks", "--config", &format!("examples/{example}/Releases.toml")]);
        assert!(output.status.success(), "{example}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_command_that_does_not_exist_would_be_noticed() {
    assert!(!relm(&["deploy", "--refs", "x", "--help"]).status.success());
}

#[test]
fn the_samples_load() {
    for sample in ["Releases.toml", "templates/Releases.toml"] {
        let output = relm(&["tasks", "--config", sample]);
        assert!(output.status.success(), "{sample}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn the_code_map_names_every_module() {
    let map = fs::read_to_string("src/lib.rs").expect("src/lib.rs");
    let modules = map.lines().filter_map(|line| line.strip_prefix("pub mod ")).map(|line| line.trim_end_matches(';'));
    for module in modules {
        assert!(map.contains(&format!("[`{module}`]")), "the code map leaves out {module}");
    }
}

#[test]
fn the_readme_lists_every_command() {
    let text = pages();
    let output = relm(&["tasks", "--json", "--config", "templates/Releases.toml"]);
    let tasks: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for task in tasks["tasks"].as_array().expect("tasks") {
        let name = task["name"].as_str().expect("a name");
        assert!(text.contains(&format!("relm {name}")) || text.contains(&format!(", {name}")), "README: {name}");
    }
}

/// A promise of the README names the test that holds it.
#[test]
fn every_promise_has_its_test() {
    let text = fs::read_to_string("README.md").expect("the README");
    let page = text.split("## What happens when").nth(1).expect("the page").split("\n## ").next().expect("a section");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| when ")).collect();
    assert!(rows.len() > 20, "{rows:?}");
    for row in rows {
        let named = row.trim_end_matches(" |").rsplit('|').next().expect("a column").trim().trim_matches('`');
        let (path, name) = named.rsplit_once("::").unwrap_or_else(|| panic!("no test in {row}"));
        let path = format!("tests/it/{}", path.replace("::", "/"));
        let is_module = fs::exists(format!("{path}/{name}.rs")).expect("a file system");
        let source = fs::read_to_string(format!("{path}.rs")).unwrap_or_default();
        assert!(is_module || source.contains(&format!("fn {name}(")), "there is no test {named}");
    }
}

/// What pauses a crontab does so, and where there is none it is left so, in a shell with `pipefail` too.
#[test]
fn the_crontab_of_the_guide_is_paused_and_comes_back() {
    let guide = fs::read_to_string("docs/from-other-tools.md").expect("a page");
    let quoted = |line: &str| Some(line.split_once("= \"")?.1.strip_suffix('"')?.to_owned());
    let lines = guide.lines().filter(|line| line.contains("crontab -l"));
    let [pause, undo, resume] = <[String; 3]>::try_from(lines.filter_map(quoted).collect::<Vec<_>>()).expect("three");
    let home = tempfile::tempdir().expect("a directory");
    let fake = "case $1 in -l) cat \"$HOME/tab\" 2>/dev/null ;; *) cat >\"$HOME/new\" && mv \"$HOME/new\" \"$HOME/tab\" ;; esac";
    let crontab = format!("crontab() {{ {fake}; }}\n(set -o pipefail) 2>/dev/null && set -o pipefail\n");
    let run = |line: &str| {
        let mut shell = Command::new("sh");
        assert!(
            shell.args(["-c", &format!("{crontab}{line}")]).env("HOME", home.path()).status().expect("sh").success()
        );
    };
    let tab = home.path().join("tab");
    for line in [&pause, &undo, &resume] {
        run(line);
        assert!(!tab.exists(), "{line}");
    }
    for back in [&undo, &resume] {
        fs::write(&tab, "# mine\n0 * * * * job\n").expect("a file");
        run(&pause);
        assert_eq!(fs::read_to_string(&tab).expect("a file"), "# mine\n#relm 0 * * * * job\n");
        run(back);
        assert_eq!(fs::read_to_string(&tab).expect("a file"), "# mine\n0 * * * * job\n");
    }
}
