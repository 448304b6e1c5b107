//! A release's journal on one host: which of its steps are done there.
//!
//! The file is only ever appended to, in the script that did the work:
//!
//! ```text
//! done 00ff31… prepare upload_code     the step of this definition is done
//! undone restart                       its undo was begun
//! left                                 `current` went on to another release
//! back                                 a failed switch to it was put back, to the end
//! ```

/// Replays a journal. Returns the steps that are done, each with the hash of its definition, in the order they ended.
///
/// What cannot be read never makes a step done. It may have been an `undone` or a `left`, torn by a power cut, so it
/// takes back what these could have taken back: a step that is run again does no harm, one that is missing does.
pub(super) fn replay<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<(String, String)> {
    let mut done: Vec<(&str, &str, &str)> = Vec::new();
    for line in lines {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("done"), Some(hash), Some(phase), Some(step)) => {
                done.retain(|(other, ..)| *other != step);
                done.push((step, hash, phase));
            }
            // Cut off, so it had not been said yet; and what takes nothing back.
            (Some("done"), ..) | (Some(BACK), None, ..) => {}
            (Some("undone"), Some(step), None, None) if done.iter().any(|(other, ..)| *other == step) => {
                done.retain(|(other, ..)| *other != step);
            }
            _ => done.retain(|(_, _, phase)| *phase == "prepare"),
        }
    }
    done.into_iter().map(|(step, hash, _)| (step.to_owned(), hash.to_owned())).collect()
}

const BACK: &str = "back";

/// Says whether the last that happened is that a switch to the release was put back, to the end.
pub(super) fn is_back(lines: &[&str]) -> bool {
    lines.iter().rev().find(|line| !line.is_empty()) == Some(&BACK)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(text: &str) -> Vec<String> {
        replay(text.lines()).into_iter().map(|(step, _)| step).collect()
    }

    const WHOLE: &str =
        "done 1 prepare upload_code\ndone 2 before_flip drain\ndone 3 flip flip_current\ndone 4 after_flip restart\n";

    #[test]
    fn what_is_taken_back_does_not_count() {
        assert_eq!(names(WHOLE), ["upload_code", "drain", "flip_current", "restart"]);
        assert_eq!(names(&format!("{WHOLE}undone restart\n")), ["upload_code", "drain", "flip_current"]);
        assert_eq!(names(&format!("{WHOLE}left\n")), ["upload_code"]);
        assert_eq!(names(&format!("{WHOLE}left\ndone 4 after_flip restart\n")), ["upload_code", "restart"]);
    }

    #[test]
    fn what_was_put_back_to_the_end_says_so_last() {
        let told = |text: &str| is_back(&text.lines().collect::<Vec<_>>());
        assert!(told(&format!("{WHOLE}left\nundone restart\nback\n")));
        for text in ["left\nundone restart\n", "left\nback\ndone 3 flip flip_current\nleft\n", "left\nbac"] {
            assert!(!told(&format!("{WHOLE}{text}")), "{text}");
        }
        assert_eq!(names("done 1 prepare a\ndone 2 after_flip b\nback\n"), ["a", "b"], "it takes nothing back itself");
    }

    #[test]
    fn the_last_definition_counts_once() {
        let twice = replay(["done 1 prepare a", "done 2 prepare a"]);
        assert_eq!(twice, [("a".to_owned(), "2".to_owned())]);
    }

    #[test]
    fn a_torn_line_takes_back_rather_than_adds() {
        for torn in ["lef", "undone rest", "und", "\0\0\0", "done"] {
            let left: &[&str] =
                if torn == "done" { &["upload_code", "drain", "flip_current", "restart"] } else { &["upload_code"] };
            assert_eq!(names(&format!("{WHOLE}{torn}\n")), left, "{torn:?}");
        }
    }

    fn line() -> impl Strategy<Value = String> {
        let step = prop::sample::select(vec!["upload_code", "migrate", "restart", "announce"]);
        let phase = prop::sample::select(vec!["prepare", "before_flip", "flip", "after_flip", "finish"]);
        prop_oneof![
            6 => (0_u8..3, phase, step.clone()).prop_map(|(hash, phase, step)| format!("done 00f{hash} {phase} {step}")),
            2 => step.prop_map(|step| format!("undone {step}")),
            1 => Just("left".to_owned()),
        ]
    }

    proptest! {
        /// Wherever a journal is cut, its torn last line adds nothing to what the whole ones before it told, but what
        /// it says itself.
        #[test]
        fn any_cut_replays(lines in prop::collection::vec(line(), 0..12), at in any::<prop::sample::Index>()) {
            let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
            let cut = &text[..at.index(text.len() + 1)];
            let (whole, torn) = cut.rsplit_once('\n').unwrap_or(("", cut));
            let told = replay(whole.lines());
            for (step, hash) in replay(cut.lines()) {
                let says_itself = torn.starts_with(&format!("done {hash} ")) && torn.ends_with(&format!(" {step}"));
                prop_assert!(says_itself || told.contains(&(step.clone(), hash.clone())), "{step} {hash} in {cut:?}");
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "(?s).*") {
            let _ = replay(text.lines());
        }
    }
}
