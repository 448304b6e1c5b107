//! The text around a script: how it is started on a host, and the marks by which its beginning and end are known.
//!
//! A host gets one long-lived control `sh`. It is told each script as a shell word, starts it in a process group of
//! its own and goes on listening, so that it can be told to end the group, and ends it by itself when its standard
//! input closes because relm is gone. A script that reads a stream gets a channel of its own. Scripts travel on
//! standard input, never as arguments: any login shell does, and nothing of them shows in `ps`. But for one: the first of a
//! new connection, when there is nothing in it that others must not see, is packed into the command that starts the control
//! shell, because sshd reads no input before that.

use std::io::Write as _;

use data_encoding::BASE64;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::script::{Script, quote};

/// Starts the control shell: the first `sh` of the login's PATH. `exec` saves a process, and every login shell knows it.
pub(super) const CONTROL: &str = "exec sh";

/// What the control shell is told first.
///
/// The script's standard error is kept apart as 3, because a shell says "Terminated" of its own accord on 2.
///
/// `setsid` gives a script a process group; without it only its first process can be ended. A shell starts background
/// commands with INT and QUIT ignored (POSIX XCU 2.11), which services started by a script would inherit; GNU `env`
/// can take that back, and busybox hosts have to live with it.
///
/// relm says which group a script runs in as soon as it has heard so. If it is gone before, the shell looks for the
/// child of its own that leads a group.
///
/// A long script travels packed, so that it fits the first packets of a connection, which a long line makes dear. A host
/// without `base64` says that it could not read it, and gets it plain.
///
/// `relm_hook` is for whoever gives the shell a standing order: text that is run when relm goes.
///
/// A group is killed as `-- -GROUP`; the shell of busybox knows no `--` there.
pub(super) const PRELUDE: &str = r#"
relm_start=
command -v setsid >/dev/null 2>&1 && relm_start=setsid
env --default-signal=INT,QUIT >/dev/null 2>&1 && relm_start="$relm_start env --default-signal=INT,QUIT"
relm_live=
relm_job=none
exec 3>&2
relm_kill() { kill -s "$1" -- "-$relm_live" || kill -s "$1" "-$relm_live" || kill -s "$1" "$relm_live"; } 2>/dev/null
relm_end() { [ -z "$relm_live" ] || relm_kill "$1"; }
relm_gone() { ! relm_kill 0; }
relm_find() {
  for relm_stat in /proc/[0-9]*/stat; do
    read -r relm_pid relm_name relm_state relm_parent relm_group relm_rest 2>/dev/null <"$relm_stat" || continue
    if [ "$relm_parent" = "$relm_job" ] && [ "$relm_group" = "$relm_pid" ]; then relm_live=$relm_group; fi
  done
}
relm_last() {
  [ -n "$relm_live" ] || relm_find
  [ -n "$relm_live" ] || return
  relm_end TERM
  for relm_second in 1 2 3 4 5; do relm_gone && return; sleep 1; done
  relm_end KILL
}
relm_hook=
trap 'eval "$relm_hook"; relm_last' EXIT
relm_unpack() { printf '%s\n' "$1" | base64 -d | gzip -dc; } 2>/dev/null
relm_unread() { printf '\n%s unread\n' "$1" >&3; printf '\n%s unread\n' "$1"; }
relm_run() {
  [ -n "$2" ] || { relm_unread "$1"; return; }
  {
    printf '%s\n' "$2" | $relm_start sh 2>&3 3>&-
    relm_status=$?
    printf '\n%s end %d\n' "$1" "$relm_status" >&3
    printf '\n%s end %d\n' "$1" "$relm_status"
  } </dev/null 2>/dev/null &
  relm_job=$!
}
"#;

/// What the control shell is told of scripts that outlive it.
pub(super) const KEPT: &str = include_str!("kept.sh");

/// Characters of a packed script that may stand in a command: far below what systems and shells take.
const LONGEST_COMMAND: usize = 16 << 10;

/// Bytes of a script from which on it travels packed.
const WORTH_PACKING: usize = 1500;

fn pack(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    packed.expect("memory takes what is written")
}

/// The marks of one run of one script.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    token: String,
}

impl Frame {
    /// Takes a word that no output contains by chance.
    pub(super) fn fresh() -> Self {
        use std::hash::{BuildHasher as _, RandomState};
        // Seeded once a thread from the system's randomness and counted on from there: unpredictable, and never twice.
        let (a, b) = (RandomState::new().hash_one(0_u8), RandomState::new().hash_one(1_u8));
        Self { token: format!("relm-{a:016x}{b:016x}") }
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// The control shell's order to run `script`, packed if that is worth it.
    pub(super) fn control(&self, script: &Script, packed: bool) -> String {
        format!("relm_run {} {}\n", quote(&self.token), self.word(script, packed))
    }

    /// Starts a control shell that runs `script` at once. It is packed, which leaves no sign that any login shell would
    /// take for its own; the shell that reads orders afterwards shows nothing of it any more. Nothing if it is too long
    /// for a command.
    pub(super) fn running(&self, script: &Script) -> Option<String> {
        let token = &self.token;
        let begin = format!("{PRELUDE}\n{}\n:", self.control(script, false));
        let begin = BASE64.encode(&pack(&begin));
        (begin.len() <= LONGEST_COMMAND).then(|| {
            format!(
                "exec sh -c 's=$(printf %s {begin} | base64 -d | gzip -dc) && eval \"$s\" || \
                 {{ echo; echo {token} unread; echo >&2; echo >&2; echo {token} unread >&2; }}; exec sh'"
            )
        })
    }

    /// The control shell's order to run `script` so that it outlives the connection. Its output is kept below
    /// `directory`.
    pub(super) fn keep(&self, script: &Script, directory: &str, packed: bool) -> String {
        let (token, body) = (quote(&self.token), self.word(script, packed));
        format!("relm_keep {token} {body} {}\n", quote(&format!("{directory}/{}", self.token)))
    }

    /// The script as a word for the control shell.
    fn word(&self, script: &Script, packed: bool) -> String {
        let body = self.body(script);
        if packed && body.len() > WORTH_PACKING {
            return format!("\"$(relm_unpack '{}')\"", BASE64.encode(&pack(&body)));
        }
        quote(&body)
    }

    /// The order to go on with a kept script's output after so many bytes of each stream.
    pub(super) fn again(&self, directory: &str, (out, err): (u64, u64)) -> String {
        let (token, directory) = (quote(&self.token), quote(&format!("{directory}/{}", self.token)));
        format!("relm_again {token} {directory} {out} {err}\n")
    }

    /// The braces make the shell read the whole script before it runs any of it, so that the script's commands cannot
    /// read their own program text from standard input.
    fn body(&self, script: &Script) -> String {
        format!("{}\n{{\n{}\n}} </dev/null", self.announce(), script.as_str())
    }

    /// The script for a shell of its own (see bulk.rs), which reads what comes behind it.
    pub(super) fn bulk(&self, script: &Script) -> String {
        let token = quote(&self.token);
        format!(
            "{}\n(\n{}\n)\nrelm_status=$?\nprintf '\\n%s end %d\\n' {token} \"$relm_status\" >&2\n\
             printf '\\n%s end %d\\n' {token} \"$relm_status\"\n",
            self.announce(),
            script.as_str(),
        )
    }

    /// Says which process group the script runs in: the fifth field of its `stat`, or its own number without `/proc`.
    /// And gives the script a way to say where a part of it ends, which it survives when nobody hears it.
    fn announce(&self) -> String {
        let token = quote(&self.token);
        format!(
            "relm_group=$$; read -r _ _ _ _ relm_group _ 2>/dev/null </proc/$$/stat\n\
             printf '\\n%s group %s\\n' {token} \"$relm_group\"\n\
             relm_part() {{ trap '' PIPE; printf '\\n%s part %d\\n' {token} \"$1\" >&2; \
             printf '\\n%s part %d\\n' {token} \"$1\"; trap - PIPE; }}"
        )
    }
}

/// An order the control shell carries out by itself. It is silent, and reads nothing of what comes after it.
pub(super) fn order(script: &Script) -> String {
    format!("eval {} </dev/null >/dev/null 2>&1\n", quote(script.as_str()))
}

/// Tells the control shell which process group is running now, so that it can end it when relm is gone.
pub(super) fn running(group: Option<u32>) -> String {
    group.map_or_else(|| "relm_live=\n".to_owned(), |group| format!("relm_live={group}\n"))
}

/// Tells the control shell to send a signal to a process group. After TERM it watches the group by itself: the script
/// may end at once, and leave behind a child that ignores TERM.
pub(super) fn end(group: u32, signal: &'static str) -> String {
    if signal == "TERM" {
        return format!("relm_live={group}; relm_last </dev/null >/dev/null 2>&1 3>&- &\n");
    }
    format!("relm_live={group}; relm_end {signal}\n")
}
