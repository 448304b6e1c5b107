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
const BEGINS: &str = "\"$1\"; }\n";

/// Behind this stands the work of the first step in a script that is fenced by the lock.
const WORK: &str = "\nrelm_begins\n(\n";

/// What only fenced scripts say.
const IS_FENCED: &str = "this run has lost the lock";

/// What only the undoing of a step says: bare, or within a quoted word.
const UNDOES: [&str; 2] = ["relm_undoes='yes'", r"relm_undoes='\''yes'\''"];

/// Scripts outside the fence, by words of theirs.
const OTHERS: &[(&str, &str)] = &[
    ("keep \"$locks/$number\"", "lock"),
    ("rm -rf -- \"$relm_lock/out\"", "unlock"),
    ("! { { read -r now <\"$relm_lock/token\"", "lost"),
    ("releases/.[!.]*", "survey"),
    ("readlink current) && cd --", "look"),
];

impl Letter {
    /// Reads what is sent; nothing if it is no script.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.contains(ANNOUNCES))?;
        let token = text.split("relm-").nth(1).expect("a script has a token");
        let token: String = token.chars().take_while(char::is_ascii_hexdigit).collect();
        Some(Self { text: text.to_owned(), token: format!("relm-{token}"), name: name(text) })
    }

    /// The script with a command before all of its own, and behind the fence if there is one.
    pub(super) fn beginning_with(self, command: &str) -> String {
        let at = if self.text.contains(IS_FENCED) { self.work() } else { self.body() };
        let (start, script) = self.text.split_at(at);
        let text = format!("{start}{command}\n{script}");
        // A script that reads a stream travels behind its length.
        match text.split_once('\n') {
            Some((length, body)) if length.parse::<usize>().is_ok() => format!("{}\n{body}", body.trim_end().len() + 1),
            _ => text,
        }
    }

    fn body(&self) -> usize {
        let at = self.text.find(BEGINS).expect("a script begins behind its announcement") + BEGINS.len() + "{\n".len();
        let start = &self.text[..at];
        assert!(start.ends_with("{\n") || start.ends_with("(\n"), "the frame of scripts is another: {start}");
        at
    }

    fn work(&self) -> usize {
        self.text.find(WORK).expect("a fenced script has its work") + WORK.len()
    }
}

/// Says whether a mark stands in what was said.
pub(super) fn holds(said: &[u8], mark: &str) -> bool {
    said.windows(mark.len()).any(|window| window == mark.as_bytes())
}

fn name(text: &str) -> String {
    if text.contains(IS_FENCED) {
        let (_, step) = text.split_once("relm_step=").expect("a fenced script says its step");
        let step = step.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        let step: String = step.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        return if UNDOES.iter().any(|words| text.contains(words)) { format!("undo {step}") } else { step };
    }
    let known = OTHERS.iter().find(|(words, _)| text.contains(words));
    known.unwrap_or_else(|| panic!("a script that the tests of faults do not know:\n{text}")).1.to_owned()
}
