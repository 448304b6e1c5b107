//! The shell of a script that reads a stream: what starts it, and how it is told the script.
//!
//! The script is one packed stream in pieces, each with its length on a line before it; a length of 0 is its end, and
//! whatever comes behind that is the script's own input. The first piece may come long before the rest, while the line
//! lies idle: texts that the script will probably be made of. What it repeats of them costs a few bytes then, where it
//! would have filled the first packets of a young connection, and its input would have waited a round trip behind them.

use std::fmt;
use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::sync::mpsc;

use super::becoming::{Becoming, Start};
use super::frame::Frame;
use super::run::{Run, Signals};
use super::shell::{HostShell, is_open, tell};
use super::{Channel, Exec, ExecError, Exit};
use crate::script::Script;

/// Reads a script's pieces and leaves the rest of its input to it.
///
/// `read` takes single bytes from a pipe (POSIX demands it), and `dd` no more than it is told to; plain `sh` may not be
/// trusted here, because dash before 0.5.13 reads ahead and would swallow the stream. A `dd` that cannot fill its block from
/// a pipe says so before it reads, and takes single bytes.
macro_rules! reads_script {
    () => {
        concat!(
            r#"s=$(while read -r n && [ "$n" -gt 0 ]; do "#,
            r#"{ dd bs="$n" count=1 iflag=fullblock || dd ibs=1 obs=4096 count="$n"; } 2>/dev/null; "#,
            r#"done | gzip -dc) && eval "$s""#
        )
    };
}
pub(super) use reads_script;

/// Starts such a shell.
pub(super) const BULK: &str = concat!("exec sh -c '", reads_script!(), "'");

/// Such a shell that nobody has wanted yet, and what it has been told.
pub(super) type Spare = (Channel, Packing);

/// Runs a script that reads its input on a channel of its own. `sink` takes standard output where that is data.
pub(super) async fn run(
    host: &HostShell,
    exec: Exec<'_>,
    sink: Option<mpsc::Sender<Bytes>>,
) -> Result<Exit, ExecError> {
    let spare = host.spare.lock().await.take().filter(|(spare, _)| is_open(spare));
    let (mut bulk, packing) = match spare {
        Some(spare) => spare,
        None => (host.start(Start::bulk(host.becoming.as_ref())).await?, Packing::new()),
    };
    let frame = Frame::fresh();
    tell(&bulk, packing.whole(&frame.bulk(exec.script))).await;
    // This shell reads nothing but its script's input: signals are sent from a control shell.
    let input = bulk.input.clone();
    bulk.input = mpsc::channel(1).0;
    let mut run = Run::new(&frame, Signals::Beside(host), exec.time_limit);
    if let Some(sink) = sink {
        run = run.handing_on(&frame, sink);
    }
    match run.follow(&mut bulk, exec, Some(input)).await {
        Ok(exit) => Ok(exit),
        Err(error) => Err(host.not_become(error, &mut run)),
    }
}

/// Starts one before it is wanted. Where it cannot be started now, whoever needs it is told then.
pub(super) async fn open_ahead(host: &HostShell, likely: Option<&Script>) {
    // A password is tried once: this would be beside the control shell's attempt.
    if host.becoming.as_ref().is_some_and(Becoming::has_password) {
        return;
    }
    let mut spare = host.spare.lock().await;
    let Ok(channel) = host.start(Start::bulk(host.becoming.as_ref())).await else { return };
    let mut packing = Packing::new();
    if let Some(likely) = likely {
        tell(&channel, packing.ahead(likely)).await;
    }
    *spare = Some((channel, packing));
}

/// A line that no text has.
const BORDER: &str = "relm-likely-texts";

/// A script on its way to such a shell.
pub(super) struct Packing(GzEncoder<Vec<u8>>);

/// There may be secrets in it.
impl fmt::Debug for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Packing")
    }
}

impl Packing {
    pub(super) fn new() -> Self {
        Self(GzEncoder::new(Vec::new(), Compression::default()))
    }

    /// What can be sent before the script is known: what will probably be in it. The shell reads it and does nothing with it.
    pub(super) fn ahead(&mut self, likely: &Script) -> Vec<u8> {
        let text = format!("if false; then : <<'{BORDER}'\n{}\n{BORDER}\nfi\n", likely.as_str());
        self.0.write_all(text.as_bytes()).and_then(|()| self.0.flush()).expect("memory takes what is written");
        piece(&std::mem::take(self.0.get_mut()))
    }

    /// The script, and its end.
    pub(super) fn whole(mut self, body: &str) -> Vec<u8> {
        let packed = self.0.write_all(body.as_bytes()).and_then(|()| self.0.finish());
        [piece(&packed.expect("memory takes what is written")), b"0\n".to_vec()].concat()
    }
}

fn piece(packed: &[u8]) -> Vec<u8> {
    [format!("{}\n", packed.len()).as_bytes(), packed].concat()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    /// What a shell says that reads this.
    fn said(shell: &str, pieces: &[&[u8]]) -> String {
        let mut shell = Command::new(shell)
            .arg("-c")
            .arg(BULK)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let mut input = shell.stdin.take().expect("an input");
        for piece in pieces {
            input.write_all(piece).expect("it reads");
        }
        drop(input);
        String::from_utf8(shell.wait_with_output().expect("an end").stdout).expect("text")
    }

    const LIKELY: &str = "printf 'it'\\''s: \"%s\" `never` $(run) \\\\n'; exit 1\n: <<E\nE\n";

    #[test]
    fn what_is_behind_the_script_is_its_own() {
        for shell in ["sh", "bash"] {
            assert_eq!(said(shell, &[&Packing::new().whole("cat; echo end"), b"1\n2\n"]), "1\n2\nend\n");
            let mut packing = Packing::new();
            let ahead = packing.ahead(&Script::new(LIKELY));
            assert_eq!(said(shell, &[&ahead, &packing.whole("cat; echo end"), b"0\nx"]), "0\nxend\n");
        }
    }

    #[test]
    fn half_a_script_is_none() {
        let mut packing = Packing::new();
        let ahead = packing.ahead(&Script::new("echo likely"));
        let rest = packing.whole("echo all");
        assert_eq!(said("sh", &[&ahead]), "");
        assert_eq!(said("sh", &[&ahead, &rest[..rest.len() - 9]]), "");
        assert_eq!(said("sh", &[&ahead, &rest]), "all\n");
    }

    #[test]
    fn what_was_sent_ahead_costs_little() {
        let text = include_str!("kept.sh");
        let alone = Packing::new().whole(text).len();
        let mut packing = Packing::new();
        packing.ahead(&Script::new(text));
        let behind = packing.whole(Script::new(text).as_str()).len();
        assert!(behind * 10 < alone, "{behind} of {alone} bytes");
    }
}
