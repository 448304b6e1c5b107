//! Scripts as they travel: how one is told from relm's other orders, what it is called, and how it is tampered with.
//!
//! This is all the tests of faults know about the frame around scripts, which is `transport`'s own affair.

/// A script on its way to a machine.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) text: String,
    pub(super) token: String,
    /// The step it is of, or what relm does with it besides steps.
    pub(super) name: String,
}

/// Every script says first which process group it runs in; nothing else that is sent does.
const ANNOUNCES: &str = "relm_group=$$;";

/// Behind this and one opening bracket stands the script itself.
const BEGINS: &str = "\"$relm_group\"\n";

/// Scripts that are no steps of a plan, by words of theirs.
const OTHERS: &[(&str, &str)] = &[
    ("cp -a \"$SITE\"", "setup"),
    ("releases/.[!.]*", "survey"),
    ("mv -T -- \"$new\" \"$name\"", "claim"),
    ("rmdir -- \"../../releases/$name\"", "give back"),
    ("readlink current) && cd --", "look"),
    ("failed %s", "mark_failed"),
    ("flush .relm/history.jsonl", "undo flip_current"),
    ("\"$relm_directory\" 2>/dev/null", "check"),
    ("eval \"$relm_command\"", "undo"),
];

impl Letter {
    /// Reads what is sent; nothing if it is no script.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.contains(ANNOUNCES))?;
        let token = text.split("relm-").nth(1).expect("a script has a token");
        let token: String = token.chars().take_while(char::is_ascii_hexdigit).collect();
        Some(Self { text: text.to_owned(), token: format!("relm-{token}"), name: name(text) })
    }

    /// The script with a command before all of its own.
    pub(super) fn beginning_with(self, command: &str) -> String {
        let at = self.text.find(BEGINS).expect("a script begins behind its announcement") + BEGINS.len();
        let (start, script) = self.text.split_at(at + "{\n".len());
        assert!(start.ends_with("{\n") || start.ends_with("(\n"), "the frame of scripts is another: {start}");
        let text = format!("{start}{command}\n{script}");
        // A script that reads a stream travels behind its length.
        match text.split_once('\n') {
            Some((length, body)) if length.parse::<usize>().is_ok() => format!("{}\n{body}", body.trim_end().len() + 1),
            _ => text,
        }
    }
}

/// Says whether a mark stands in what was said.
pub(super) fn holds(said: &[u8], mark: &str) -> bool {
    said.windows(mark.len()).any(|window| window == mark.as_bytes())
}

fn name(text: &str) -> String {
    if let Some((_, step)) = text.split_once("relm_step=") {
        let step = step.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        return step.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    }
    let known = OTHERS.iter().find(|(words, _)| text.contains(words));
    known.unwrap_or_else(|| panic!("a script that the tests of faults do not know:\n{text}")).1.to_owned()
}
