//! Mistakes, each with a part of what is said about it and the line it stands in.

use super::{LEAST, SAMPLE, read};
mod components;
mod operations;
mod serving;
mod tables;
mod templates;

/// Asserts that `text` has exactly one problem, with `message` in it, in `line`.
fn one(text: &str, message: &str, line: usize) {
    let problems = read(text).expect_err(&format!("this should not pass:\n{text}"));
    let drawn = problems.render(false);
    assert_eq!(problems.list.len(), 1, "one problem expected ({message}):\n{drawn}");
    let problem = &problems.list[0];
    assert!(problem.hint.is_some(), "a hint expected:\n{drawn}");
    assert!(problem.message.contains(message), "{message:?} expected:\n{drawn}");
    assert_eq!(problems.line(problem), line, "line {line} expected:\n{drawn}");
    if problem.span.start < problem.span.end {
        assert!(drawn.contains('^') && drawn.contains(&format!("Releases.toml:{line}:")), "{drawn}");
    }
}

#[test]
fn mistakes_of_the_whole() {
    let hosts = "[env.live.hosts]\nweb1 = { address = \"web1\" }\n";
    let cases = [
        ("[source]\ngit = \".\"\n".to_owned(), "there is no environment to deploy to", 1),
        (hosts.to_owned(), "environment \"live\" has no source", 1),
        (format!("[source]\nref = \"main\"\n{hosts}"), "environment \"live\" has no source", 3),
        (format!("[source]\ngti = \".\"\n{hosts}"), "unknown key \"gti\"", 2),
        (format!("[source]\ngit = \".\"\ndir = \".\"\n{hosts}"), "a second source: `dir` beside `git`", 3),
        (format!("[source]\ngit = \"\"\n{hosts}"), "`git` is empty", 2),
        (format!("[source]\ngit = \"~eve/x\"\n{hosts}"), "another user's home", 2),
        (format!("[source]\ngit = \"-c:x\"\n{hosts}"), "looks like an option", 2),
        (format!("[source]\ngit = \".\"\nref = \"--all\"\n{hosts}"), "no name of a branch", 3),
        (format!("[source]\ndir = \".\"\nref = \"main\"\n{hosts}"), "`ref` goes with `git` only", 3),
        (format!("[source]\ndir = \".\"\nstrip = 1\n{hosts}"), "`strip` goes with `archive` only", 3),
        (format!("[source]\narchive = \"a.tar\"\nstrip = -1\n{hosts}"), "`strip` cannot be -1", 3),
        (format!("[source]\narchive = \"\"\n{hosts}"), "`archive` is empty", 2),
        (format!("[source]\ngit = \".\"\nexclude = [\"\"]\n{hosts}"), "`exclude` is empty", 3),
        (format!("default_env = \"lvie\"\n{LEAST}"), "there is no environment \"lvie\"", 1),
        (format!("keep = 3\n{LEAST}"), "unknown key \"keep\" outside of any table", 1),
        (format!("ssh_config = \"\"\n{LEAST}"), "`ssh_config` is empty", 1),
        (format!("{LEAST}[source]\nexclude = []\n"), "`source` stands here for the second time", 5),
        // Syntax.
        (format!("{LEAST}[release\n"), "unclosed table", 5),
        (format!("{LEAST}keep == 3\n"), "extra `=`", 5),
        (format!("{LEAST}w = {{ address = \"x }}\n"), "unclosed inline table", 5),
        (format!("{LEAST}w = \u{201c}x\u{201d}\n"), "string values must be quoted", 5),
        (format!("a = {}1{}\n{LEAST}", "[".repeat(2000), "]".repeat(2000)), "", 1),
    ];
    for (text, message, line) in cases {
        one(&text, message, line);
    }
}

#[test]
fn hints_help() {
    let cases = [
        ("[relaese]", "did you mean `release`?"),
        ("[release]\nkeep = true", "write it like this: keep = 3"),
        ("[release]\nname = \"x\"", "`name` belongs in [app]"),
        ("[python]\nroles = [\"wbe\"]", "did you mean `web`?"),
        ("[role_sets]\nservices = [\"web\"]\n[python]\nroles = [\"sevices[0]\"]", "did you mean `services`?"),
        ("[app]\nname = \"my shop\"", "\"my-shop\" would do"),
        ("[tasks.x]\noperations = [\"setup_release\"]", "did you mean `setup-release`?"),
        ("[[operations]]\nname = \"a\"\nphase = \"prepair\"\nrun = \"x\"", "did you mean `prepare`?"),
    ];
    for (rest, hint) in cases {
        let problems = read(&format!("{LEAST}{rest}\n")).expect_err(rest);
        assert!(problems.render(false).contains(&format!("help: {hint}")), "{}", problems.render(false));
    }
}

/// What is wrong in one table is no reason to be silent about another that has to do with it.
#[test]
fn no_mistake_hides_another() {
    let busy = |rest: &str| format!("[[busy]]\nname = \"b\"\nkind = \"command\"\nrun = \"true\"\n{rest}\n");
    let service = "[[service]]\nname = \"s\"\nkind = \"supervisor\"\ntemplates = [\"nofile\"]\n";
    let operation = "[[operations]]\nname = \"o\"\nphase = \"prepare\"\nrun = \"x\"\ntimeout = \"soon\"\n";
    let transfer = "[[transfer]]\nname = \"t\"\nfrom = \"ghost\"\nto = [\"web\"]\npath = \"x\"\n";
    let cases = [
        (
            service,
            busy("when = [\"before:nothing\", \"before:nowhere\"]"),
            ["cannot read", "\"nothing\"", "\"nowhere\""],
        ),
        (operation, busy("when = [\"sometimes\", \"before:nothing\"]"), ["soon", "\"sometimes\"", "\"nothing\""]),
        (operation, busy("only_if = \"nothing\"\nmax = \"1s\""), ["soon", "\"nothing\"", "`max`"]),
        (operation, transfer.to_owned() + "[maintenance]\non = \"x\"\n", ["soon", "ghost", "`on` has no `off`"]),
        (
            "[maintenance]\nflag = \"\"\n",
            "[manage]\nrun = \"\"\n[python]\npython = \"\"\n".to_owned(),
            ["`flag`", "`run`", "`python`"],
        ),
    ];
    for (one, other, messages) in cases {
        let problems = read(&format!("{LEAST}{one}{other}")).expect_err(one);
        for message in messages {
            let told = problems.list.iter().any(|problem| problem.message.contains(message));
            assert!(told, "{message} is not told:\n{}", problems.render(false));
        }
    }
    // What is right, and in a table that is wrong, is there all the same.
    one(&format!("{LEAST}{service}{}", busy("when = [\"before:restart:s\"]")), "cannot read", 8);
    one(&format!("{LEAST}{operation}{}", busy("only_if = \"o\"")), "soon", 9);
}

#[test]
fn everything_wrong_is_said_at_once_and_in_order() {
    let text = SAMPLE
        .replace("default_env = \"demo\"", "default_env = \"dmeo\"")
        .replace("keep = 3 ", "kep = 3 ")
        .replace("timeout = \"10m\"", "timeout = 10")
        .replace("once = true", "once = 1")
        .replace("phase = \"finish\"", "phase = \"finnish\"")
        .replace("local:target/demo/web2", "local:target/demo/web1")
        .replace("confirm = true", "confirm = \"yes\"");
    let problems = read(&text).expect_err("seven mistakes, one of them twice");
    let lines: Vec<_> = problems.list.iter().map(|problem| problems.line(problem)).collect();
    assert_eq!(problems.list.len(), 8, "{problems}");
    assert!(lines.is_sorted(), "{lines:?}");
}

#[test]
fn an_empty_file_is_named_too() {
    let problems = read("").expect_err("nothing to deploy to");
    assert!(problems.render(false).contains("--> /srv/shop/Releases.toml"), "{problems}");
}

/// A mistake in one place of a host's environment hides none in another.
#[test]
fn mistakes_do_not_hide_each_other() {
    let text = "default_env = \"x\"\n[app]\nname = \"a b\"\n[source]\ngit = \".\"\ndir = \".\"\n[release]\nkeep = 0\nroot = \"/\"\n\
                [python]\nrequirements = []\npython = \"\"\n[[operations]]\nname = \"a/b\"\nphase = \"check\"\nrun = \"\"\nundo = true\n\
                [tasks.deploy]\noperations = []\n[env.\"a b\".hosts]\n\"w/1\" = { address = \"-\", port = 0, roles = [\"/\"] }\n";
    let problems = read(text).expect_err("wrong all over");
    let lines: Vec<_> = problems.list.iter().map(|problem| problems.line(problem)).collect();
    assert_eq!(lines, [1, 3, 6, 8, 9, 11, 12, 14, 16, 17, 18, 19, 20, 21, 21, 21, 21], "{problems}");
}

#[test]
fn a_problem_is_drawn_with_its_place() {
    let problems = read(&format!("{LEAST}[release]\nkepe = 3\n")).expect_err("an unknown key");
    let expected = "\
error: unknown key \"kepe\" in [release]
 --> /srv/shop/Releases.toml:6:1
  |
6 | kepe = 3
  | ^^^^
  |
  = help: did you mean `keep`?
";
    assert_eq!(problems.render(false), expected);
    assert!(problems.render(true).contains("\u{1b}["));
}

#[test]
fn what_is_wrong_with_one_guard_hides_nothing_of_another() {
    let text = format!(
        "{LEAST}[guards]\nwindow = \"always\"\nbefore = [\" \"]\n[[guards.ask]]\nname = \"x\"\nquestion = \"?\"\ndays = [\"Tuesday\"]\n"
    );
    assert_eq!(read(&text).expect_err("three mistakes").list.len(), 3);
}
