//! Values come back byte for byte through every shell.

use std::process::Command;

use proptest::prelude::*;
use relm::script::{Script, quote};

use super::stage::{Shell, Stage, Tools};

const SHELLS: [Shell; 3] = [Shell::Dash, Shell::Bash, Shell::Ash];

/// Texts made of what shells give a meaning to, and of anything at all.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "['\"\\\\$`!~*?\\[\\](){}<>|&;# \t\n\r=%^aé-]{0,24}",
        1 => any::<String>().prop_map(|text| text.replace('\0', "")),
        1 => "(\\$\\(id\\)|'; exit 1; '|\\\\'|\n\n|--|\\\\c|\\\\0101|é|\u{feff}| )*",
    ]
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// `sh` of this machine and each of the three, as their own `-c` reads a word.
fn words(value: &str) -> Vec<(String, Vec<u8>)> {
    let command = format!("printf %s {}", quote(value));
    let said = |name: &str, mut shell: Command| {
        let output = shell.arg("-c").arg(&command).env_clear().output().expect("a shell");
        assert!(output.status.success() && output.stderr.is_empty(), "{name}: {output:?}");
        (name.to_owned(), output.stdout)
    };
    let mut said_by = vec![said("sh", Command::new("/bin/sh"))];
    for shell in SHELLS {
        let mut command = Command::new(shell.program());
        if shell == Shell::Ash {
            command.arg("sh");
        }
        said_by.push(said(&format!("{shell:?}"), command));
    }
    said_by
}

proptest! {
    #![proptest_config(cases(48))]
    #[test]
    fn a_quoted_word_comes_back(value in value()) {
        for (shell, word) in words(&value) {
            prop_assert_eq!(word, value.as_bytes(), "{}", shell);
        }
    }
}

#[test]
fn values_of_scripts_come_back() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let _inside = runtime.enter();
    let stages = SHELLS.map(|shell| Stage::new(shell, Tools::Coreutils));
    let values = (value(), value(), proptest::collection::vec(value(), 0..5));
    let mut runner = proptest::test_runner::TestRunner::new(cases(64));
    let outcome = runner.run(&values, |(set, export, args)| {
        let script = Script::new("printf '%s\\0' \"$set\" \"$(sh -c 'printf \"%s.\" \"$export\"')\" \"$@\"")
            .args(&args)
            .set("set", &set)
            .export("export", &export);
        let exported = format!("{export}.");
        let wanted: String = [&set, &exported].into_iter().chain(&args).flat_map(|value| [value, "\0"]).collect();
        for stage in &stages {
            let exit = runtime.block_on(stage.script(&script));
            prop_assert_eq!(&exit.stdout, &wanted, "{:?}: {}", stage.shell, exit.stderr);
        }
        Ok(())
    });
    outcome.expect("values come back");
}
