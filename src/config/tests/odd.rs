//! Files nobody would write on purpose, and values nobody expects.

use proptest::prelude::*;

use super::super::{Environment, Packages, Undo};
use crate::fleet::Address;

use super::{CONTRACT, LEAST, SAMPLE, read};

/// Whatever comes of it must be drawable.
fn survives(text: &str) {
    if let Err(problems) = read(text) {
        assert!(!problems.list.is_empty());
        let _ = problems.render(true);
        for problem in &problems.list {
            assert!(problem.span.start <= problem.span.end && problem.span.end <= text.len(), "{problem:?}");
        }
    }
}

/// Returns `text` with one line deleted, doubled, or replaced by `other`.
fn changed(text: &str, line: usize, how: u8, other: &str) -> String {
    let mut lines: Vec<_> = text.lines().collect();
    let line = line % lines.len();
    match how {
        0 => drop(lines.remove(line)),
        1 => lines.insert(line, lines[line]),
        _ => lines[line] = other,
    }
    lines.join("\n")
}

proptest! {
    #[test]
    fn no_text_breaks_it(text in any::<String>()) {
        survives(&text);
    }

    #[test]
    fn no_text_of_toml_letters_breaks_it(text in "[a-c\\[\\]{}=.,\"'#\\\\\n\r 0-9-]{0,60}") {
        survives(&text);
        survives(&format!("{LEAST}{text}"));
    }

    #[test]
    fn no_change_of_a_good_file_breaks_it(
        changes in prop::collection::vec((any::<usize>(), 0_u8..3, any::<usize>()), 1..4),
        letters in ".{0,20}",
        sample in any::<bool>(),
    ) {
        let mut text = if sample { SAMPLE } else { CONTRACT }.to_owned();
        let others: Vec<_> = CONTRACT.lines().chain([letters.as_str()]).collect();
        for (line, how, other) in changes {
            text = changed(&text, line, how, others[other % others.len()]);
        }
        survives(&text);
    }

    #[test]
    fn any_text_of_a_command_arrives_byte_for_byte(run in "[^\0\r]{0,40}x[^\0\r]{0,40}") {
        let written = serde_json::to_string(&run).unwrap().replace('\u{7f}', "\\u007f");
        let text = format!(
            "{LEAST}[[operations]]\nname = \"a\"\nphase = \"after_flip\"\nrun = {written}\nundo = {written}\n\
             [release]\nshared_dirs = [\"it's $HOME; ü/日本\"]\n[python]\ncommand = {written}\nargs = [{written}]\n"
        );
        let config = read(&text).unwrap_or_else(|problems| panic!("{problems}"));
        let env = &config.envs[0];
        prop_assert_eq!(&env.operations[0].run, &run);
        prop_assert_eq!(&env.operations[0].undo, &Some(Undo::Command(run.clone())));
        prop_assert_eq!(&env.release.shared_dirs[0], "it's $HOME; ü/日本");
        prop_assert_eq!(&env.python.as_ref().unwrap().args, &[run]);
    }

    #[test]
    fn no_odd_name_gets_through(name in any::<String>().prop_filter("odd", |name| crate::fleet::unfit(name).is_some())) {
        let written = serde_json::to_string(&name).unwrap().replace('\u{7f}', "\\u007f");
        for text in [
            format!("[source]\ngit = \".\"\n[env.{written}.hosts]\nweb1 = {{ address = \"web1\" }}\n"),
            format!("{LEAST}{written} = {{ address = \"other\" }}\n"),
            format!("{LEAST}[[operations]]\nname = {written}\nphase = \"finish\"\nrun = \"x\"\n"),
            format!("{LEAST}[tasks.{written}]\noperations = [\"setup-release\"]\n"),
            format!("{LEAST}[app]\nname = {written}\n"),
        ] {
            let problems = read(&text).expect_err(&text);
            prop_assert_eq!(problems.list.len(), 1, "{}", problems);
            let _ = problems.render(false);
        }
    }
}

/// Lines that end as Windows ends them, and a byte order mark, are TOML too.
#[test]
fn files_of_other_systems_are_read() {
    let read_as = |text: &str| read(text).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(read_as(&SAMPLE.replace('\n', "\r\n")), read_as(SAMPLE));
    assert_eq!(read_as(&format!("\u{feff}{SAMPLE}")), read_as(SAMPLE));
}

#[test]
fn literal_and_long_texts_arrive_as_they_are() {
    let text = format!(
        "{LEAST}[[operations]]\nname = \"a\"\nphase = \"finish\"\nrun = '''\nset -e\nprintf \"%s\\n\" '$x' \"ü\"\n'''\n"
    );
    assert_eq!(read(&text).unwrap().envs[0].operations[0].run, "set -e\nprintf \"%s\\n\" '$x' \"ü\"\n");
}

/// What is accepted leads nowhere outside; what is not is drawn, without anything a terminal would obey.
#[test]
fn damaged_files_are_refused_or_sound() {
    let words = [
        "..",
        "../",
        "/",
        "~",
        "-oProxyCommand=x",
        "shared_dirs = [\"a/../b\"]\n",
        "root = \"a b$(x)\"\n",
        "\\u001b",
        "\u{9b}",
        "\u{202e}",
        "[release]\n",
        "[[operations]]\n",
        "[env.x.hosts]\n",
        "address = \"-x\"",
        "'''",
        "\"\"\"",
        "= 99999999999999999999\n",
        "inf",
        "[",
        "]",
        "{",
        "}",
        "keep = -1\n",
        "\0",
        "run = \"\"\n",
        "[python]\n",
        "timeout = \"9999999999999h\"\n",
        "batches = [\"0%\"]\n",
    ];
    let pieces = [
        "[release]",
        "[env.x]",
        "[env.x.hosts]",
        "w = ",
        "{ address = ",
        "\"a\"",
        "\"..\"",
        "\"../x\"",
        "}",
        "shared_dirs = [",
        "]",
        "root = ",
        "keep = ",
        "1",
        "[source]",
        "git = ",
    ];
    crate::tests::damaged("releases_toml", &words, crate::tests::lines_of(&pieces), |bytes| {
        let text = String::from_utf8_lossy(bytes);
        survives(&text);
        match read(&text) {
            Err(problems) => {
                let obeyed = |c: char| {
                    (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
                };
                let drawn = problems.render(false);
                assert!(!drawn.contains(obeyed), "{drawn:?}");
            }
            Ok(config) => config.envs.iter().for_each(leads_nowhere_outside),
        }
    });
}

fn leads_nowhere_outside(env: &Environment) {
    let release = &env.release;
    let climbs = |path: &str| path.split('/').any(|part| part == "..") || path.contains(char::is_control);
    assert!(!climbs(&release.root) && !release.root.is_empty() && release.root != "/", "{:?}", release.root);
    let requirements = match env.python.as_ref().map(|python| &python.packages) {
        Some(Packages::Requirements(files)) => files.as_slice(),
        _ => &[],
    };
    let lists = [&release.shared_dirs[..], &release.shared_files, &release.copy_from_current, requirements];
    for path in lists.into_iter().flatten() {
        assert!(!climbs(path) && !path.starts_with('/') && !path.is_empty() && path != "python_env", "{path:?}");
    }
    assert!(!env.fleet.hosts.is_empty() && release.keep > 0 && !release.batches.is_empty());
    for host in &env.fleet.hosts {
        if let Address::Ssh { host, user, .. } = &host.address {
            assert!(
                !host.starts_with('-') && !host.contains([' ', '$', ';', '`', '\'', '"', '|', '&', '\n']),
                "{host:?}"
            );
            let is_odd = |user: &String| user.starts_with('-') || user.contains(|c: char| c.is_control() || c == ' ');
            assert!(!user.as_ref().is_some_and(is_odd), "{user:?}");
        }
    }
}
