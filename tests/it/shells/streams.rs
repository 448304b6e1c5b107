//! Much of everything: input, output, program text, lines.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use relm::script::Script;
use relm::secret::Mask;
use relm::transport::{Exec, Input, LazyFile, Transport as _};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::stage::{Stage, ended};

super::under_every_shell!(
    a_big_input_arrives_whole,
    input_that_nobody_reads_is_no_failure,
    long_scripts_and_values,
    long_lines,
    much_output,
    binary_output,
);

fn noise(length: u32) -> Bytes {
    (0..length).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[2]).collect()
}

fn hex(bytes: &[u8]) -> String {
    let digits = Sha256::digest(bytes);
    digits.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

async fn a_big_input_arrives_whole(stage: Stage) {
    let bytes = noise(5_000_000);
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), &bytes).expect("a file");
    let script = Script::new("sha256sum");
    let path = file.path().to_owned();
    let open = move || std::fs::File::open(&path).map_err(|error| error.to_string());
    for input in [Input::Bytes(bytes.clone()), Input::File(Arc::new(LazyFile::new(open)))] {
        let (sent, stop) = (AtomicU64::new(0), CancellationToken::new());
        let on_sent = |bytes| sent.store(bytes, Ordering::Relaxed);
        let exec = Exec {
            script: &script,
            input: &input,
            on_line: &|_, _, _| {},
            on_part: &|_, _| {},
            on_sent: &on_sent,
            time_limit: None,
            stop: &stop,
            kept: None,
            is_open_text: false,
            mask: Mask::nothing(),
        };
        let exit = stage.transport.exec(exec).await.expect("an exit");
        assert_eq!(exit.stdout, format!("{}  -\n", hex(&bytes)));
        assert_eq!(sent.into_inner(), 5_000_000);
    }
    // The first bytes of the stream are the script's, not its shell's.
    let text = Input::Bytes(Bytes::from_static(b"exit 9\necho no\n"));
    let exit = stage.exec(&Script::new("read -r a; read -r b; echo \"$b/$a\""), &text, None).await.expect("an exit");
    assert_eq!(exit.stdout, "echo no/exit 9\n");
}

async fn input_that_nobody_reads_is_no_failure(stage: Stage) {
    for bytes in [Bytes::new(), noise(5_000_000)] {
        let exit = stage.exec(&Script::new("exit 9"), &Input::Bytes(bytes), None).await.expect("an exit");
        ended(&exit, 9);
    }
}

async fn long_scripts_and_values(stage: Stage) {
    let value = "x'y\n$z ".repeat(30_000);
    let script = Script::new("printf '%s' \"$value\" | wc -c; printf '%s' \"$1\" | wc -c")
        .args([value.as_str()])
        .set("value", &value);
    let exit = stage.script(&script).await;
    let counts: Vec<usize> = exit.stdout.split_whitespace().map(|count| count.parse().expect("a number")).collect();
    assert_eq!(counts, [210_000, 210_000]);
    let text: &'static str = Box::leak(
        format!(
            "{}echo done",
            "x='a line of eighty characters, so that few of them make a long script: 0123456789'\n".repeat(2_500)
        )
        .into_boxed_str(),
    );
    assert_eq!(stage.sh(text).await.stdout, "done\n");
    let exit = stage.exec(&Script::new(text), &Input::Bytes(Bytes::new()), None).await.expect("an exit");
    assert_eq!(exit.stdout, "done\n");
}

async fn long_lines(stage: Stage) {
    let exit = stage.sh("head -c 1000000 /dev/zero | tr '\\000' a; echo; echo b").await;
    assert_eq!(exit.stdout.len(), 1_000_003);
    assert!(exit.stdout.ends_with("a\nb\n") && exit.stdout.starts_with("aaa"));
    let exit = stage.sh("head -c 1000000 /dev/zero | tr '\\000' a >&2").await;
    assert_eq!((exit.stderr.len(), exit.stderr.ends_with('a')), (1_000_000, true));
}

/// Only the end of it is kept, and all of it is heard.
async fn much_output(stage: Stage) {
    let (heard, stop) = (AtomicU64::new(0), CancellationToken::new());
    let script = Script::new("seq 1 300000; seq 1 1000 >&2; exit 3");
    let on_line = |_, _, _: &str| {
        heard.fetch_add(1, Ordering::Relaxed);
    };
    let exec = Exec {
        script: &script,
        input: &Input::Nothing,
        on_line: &on_line,
        on_part: &|_, _| {},
        on_sent: &|_| {},
        time_limit: None,
        stop: &stop,
        kept: None,
        is_open_text: false,
        mask: Mask::nothing(),
    };
    let exit = stage.transport.exec(exec).await.expect("an exit");
    ended(&exit, 3);
    assert_eq!(heard.into_inner(), 301_000);
    assert!(exit.stdout.ends_with("299999\n300000\n") && exit.stderr.ends_with("999\n1000\n"));
}

async fn binary_output(stage: Stage) {
    let exit = stage.sh("printf '\\000\\001\\377\\r\\033[1m\\n\\000'; printf '\\200' >&2").await;
    assert_eq!(exit.stdout, "\0\u{1}\u{fffd}\r\u{1b}[1m\n\0");
    assert_eq!(exit.stderr, "\u{fffd}");
    let exit = stage.exec(&Script::new("cat; exit 8"), &Input::Bytes(noise(100_000)), None).await.expect("an exit");
    ended(&exit, 8);
    assert_eq!(exit.stdout, String::from_utf8_lossy(&noise(100_000)));
}
