//! Which difference is told of what, and whose it is.

use super::*;

fn found(lines: &[&str]) -> Vec<(String, &'static str, String)> {
    let text = lines.join("\n") + "\nend\n";
    let Ok(Answer::Checked(found)) = read(&text) else { panic!("{text}") };
    found.into_iter().map(|one| (one.path, one.what.word(), one.step)).collect()
}

fn one(path: &str, what: &'static str, step: &str) -> Vec<(String, &'static str, String)> {
    vec![(path.to_owned(), what, step.to_owned())]
}

#[test]
fn what_the_last_step_made_of_a_path_counts() {
    let seals = [
        "seal\tmade\tone\t//:f644 1 a b ./x//",
        "seal\tgone\ttwo\t//:f644 1 a b ./x//",
        "seal\tmade\ttwo\t//:f644 2 c d ./x//",
    ];
    let with = |lines: &[&'static str]| found(&[&seals, lines].concat());
    assert_eq!(with(&["was //:f644 2 c d ./x//", "is //:f644 3 e f ./x//"]), one("x", "edited", "two"));
    assert_eq!(with(&["was //:f644 2 c d ./x//"]), one("x", "missing", "two"));
    assert_eq!(with(&["was //:f644 1 a b ./x//"]), [], "an older line, and the step's own is still so");
    assert_eq!(with(&["was //:f644 2 c d ./x//", "is //:f644 2 c - ./x//"]), [], "somebody has made a hard link");
    assert_eq!(with(&["was //:f644 2 c d ./x//", "is //:f644 2 c e ./x//"]), one("x", "edited", "two"));
    assert_eq!(with(&["edited x"]), [], "a step has rewritten it");
    let gone = "seal\tgone\tthree\t//:f644 2 c d ./x//";
    assert_eq!(with(&[gone, "edited x"]), []);
    assert_eq!(with(&[gone, "is //:f644 2 c d ./x//"]), one("x", "extra", ""));
}

#[test]
fn code_is_told_by_its_content() {
    let touched = ["was //:f644 1 a b ./x//", "is //:f644 1 c d ./x//"];
    assert_eq!(found(&touched), []);
    assert_eq!(found(&[&touched[..], &["edited x"]].concat()), one("x", "edited", Makes::CODE_STEP));
    assert_eq!(
        found(&["edited new\\nline"]),
        one("new\nline", "edited", Makes::CODE_STEP),
        "not even its times are others"
    );
    assert_eq!(found(&["was //:f644 1 a b ./x//", "edited x"]), one("x", "missing", Makes::CODE_STEP));
    assert_eq!(found(&["was //:f644 1 a b ./x//", "is //:f600 1 a d ./x//"]), one("x", "mode", Makes::CODE_STEP));
    assert_eq!(
        found(&["was //:f644 1 a b ./x//", "is //:l777 1 - - ./x//./x -> y"]),
        one("x", "replaced", Makes::CODE_STEP)
    );
    assert_eq!(
        found(&["was //:l777 1 - - ./x//./x -> z", "is //:l777 1 - - ./x//./x -> y"]),
        one("x", "retargeted", Makes::CODE_STEP)
    );
    assert_eq!(found(&["edited a/__pycache__/x", "edited y.pyc"]), []);
}

#[test]
fn half_an_answer_is_none() {
    assert!(read("was //:f644 1 a b ./x//\n").is_err());
    assert!(read("").is_err());
    assert_eq!(read("unchecked\nend\n"), Ok(Answer::Unchecked));
    assert_eq!(read("damaged\nend\n"), Ok(Answer::Damaged));
    assert_eq!(read("unread x\nend\n"), Err("x cannot be read".to_owned()));
    assert_eq!(
        found(&["unread x", "was //:f644 1 a b ./x//", "is //:f400 1 a d ./x//"]),
        one("x", "mode", Makes::CODE_STEP)
    );
    assert_eq!(
        found(&["nonsense", "was //:xyz", "is //:f644 1 a b", "seal\tmade\tx", "seal\tsold\ta\t//:f1 1 1 1 ./x//"]),
        []
    );
}

/// A host tells what it likes; nothing is told of a path that it did not name, and nothing twice.
#[test]
fn damaged_answers_are_read_or_refused() {
    let words = [
        "was //:81a4 1 a b ./x//\n",
        "is //:81a4 1 a b ./x//\n",
        "seal\tmade\tone\t//:81a4 1 a b ./x//\n",
        "edited x\n",
        "unread x\n",
        "unchecked\n",
        "damaged\n",
        "end\n",
        "\\n",
        "//",
    ];
    let pieces = [
        "was ",
        "is ",
        "seal\tmade\tone\t",
        "seal\tgone\ttwo\t",
        "//:81a4 ",
        "//:a1ff ",
        "1 a b ",
        "./x//",
        "./y//z",
        "edited ",
        "end",
    ];
    crate::tests::damaged("inspect", &words, crate::tests::lines_of(&pieces), |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let Ok(Answer::Checked(found)) = read(&text) else { return };
        assert!(found.len() <= text.lines().count());
        assert!(found.windows(2).all(|pair| pair[0].path < pair[1].path), "{found:?}");
    });
}
