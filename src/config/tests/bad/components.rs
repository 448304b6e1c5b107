//! Mistakes in components.

use super::super::LEAST;
use super::one;

#[test]
fn mistakes_in_components() {
    let source = "source = { dir = \"x\" }\n";
    let with = |text: &str| format!("{text}\n{LEAST}");
    let cases = [
        (with(&format!("[components.\"a/b\"]\n{source}")), "component name \"a/b\"", 1),
        (with(&format!("[components.restart]\n{source}")), "a component cannot be called \"restart\"", 1),
        (with(&format!("[components.live]\n{source}")), "\"live\" is a component and an environment", 1),
        (with("[components.docs]\nroles = [\"web\"]\n"), "component \"docs\" has no source of its own", 1),
        (with("[components.docs]\nsource = { dir = \"x\", git = \".\" }\n"), "a second source: `git` beside `dir`", 2),
        (with(&format!("[components.docs]\n{source}roles = [\"wbe\"]\n")), "no host has the role \"wbe\"", 3),
        (with(&format!("[components.docs]\n{source}hosts = {{}}\n")), "unknown key \"hosts\" in [components.docs]", 3),
        (with(&format!("[components.docs]\n{source}release = {{ keep = 0 }}\n")), "`keep` cannot be 0", 3),
        (
            with(&format!(
                "[components.docs]\n{source}operations = [{{ name = \"a\", phase = \"prepare\", run = \"x\" }}, \
                 {{ name = \"a\", phase = \"finish\", run = \"x\" }}]\n"
            )),
            "there are two operations \"a\"",
            3,
        ),
        (
            format!(
                "[source]\ngit = \".\"\n[components.docs]\n{source}roles = [\"web\"]\n[env.a.hosts]\nx = {{ address = \"x\", \
                 roles = [\"web\"] }}\n[env.b.components.docs]\nroles = [\"web\"]\n[env.b.hosts]\ny = {{ address = \"y\" }}\n"
            ),
            "component \"docs\" lives on no host of b",
            9,
        ),
        // Each would take away what is the other's.
        (
            with(&format!(
                "[[publish]]\nfrom = \"a\"\nto = \"~/docs\"\nmode = \"mirror\"\n[components.docs]\n{source}publish = [{{ \
                 from = \"a\", to = \"~/docs/a\", mode = \"link\" }}]\n"
            )),
            "live puts something at ~/docs, and live/docs at ~/docs/a",
            5,
        ),
        // Somebody forgot [source].
        (
            format!(
                "[[operations]]\nname = \"a\"\nphase = \"prepare\"\nrun = \"x\"\n[components.docs]\n{source}[env.a.hosts]\nx = {{ address = \"x\" }}\n"
            ),
            "environment \"a\" has no source",
            7,
        ),
    ];
    for (text, message, line) in cases {
        one(&text, message, line);
    }
}
