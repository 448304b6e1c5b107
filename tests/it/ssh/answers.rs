//! Channels: what comes back, whole and in time.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::join_all;
use relm::transport::{ExecError, Heard, Status};
use sha2::{Digest, Sha256};
use tokio::time::sleep;

use super::{MEGABYTE, hear, link, run, shell, soon, until};
use crate::sshd::{Sshd, children, signal};

#[tokio::test(flavor = "multi_thread")]
async fn streams_and_endings_come_back_apart() {
    let Some(sshd) = Sshd::start() else { return };
    let link = link(&sshd).await;
    let said = run(&link, "echo out; echo err >&2; exit 7").await;
    assert_eq!((said.stdout.as_slice(), said.stderr.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
    assert_eq!(said.ending, Some(Ok(Status::Code(7))));
    // `exec`, so that sshd's own child dies of it: a shell in between would turn it into a code.
    for name in ["KILL", "TERM", "USR1"] {
        let said = run(&link, &format!("exec sh -c 'kill -{name} $$'")).await;
        assert_eq!(said.ending, Some(Ok(Status::Signal(name.to_owned()))), "{name}");
    }
}

/// Bytes that no compression and no accident makes twice.
fn bytes(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let step = |state: &mut u64| {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        state.to_le_bytes()
    };
    (0..length / 8).flat_map(|_| step(&mut state)).collect()
}

fn hash(bytes: &[u8]) -> String {
    let bytes = Sha256::digest(bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn large_output_is_intact() {
    let Some(sshd) = Sshd::start() else { return };
    let content = bytes(50 * MEGABYTE);
    let file = sshd.folder().join("large");
    std::fs::write(&file, &content).unwrap();
    let said = run(&link(&sshd).await, &format!("cat '{}'", file.display())).await;
    assert!(said.succeeded());
    assert_eq!(hash(&said.stdout), hash(&content));
}

#[tokio::test(flavor = "multi_thread")]
async fn large_input_is_intact() {
    let Some(sshd) = Sshd::start() else { return };
    let content = Bytes::from(bytes(50 * MEGABYTE));
    let channel = link(&sshd).await.open("sha256sum").await.unwrap();
    for start in (0..content.len()).step_by(256 * 1024) {
        let end = (start + 256 * 1024).min(content.len());
        channel.input.send(content.slice(start..end)).await.unwrap();
    }
    let said = hear(channel).await;
    assert!(said.succeeded());
    assert_eq!(said.text().split(' ').next(), Some(hash(&content).as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn pitfall_01_nobody_waits_for_the_answer_to_a_close() {
    let Some(sshd) = Sshd::start() else { return };
    let link = link(&sshd).await;
    let channel = shell(&link, "sleep 20").await;
    drop(channel);
    assert!(soon("a command after a closed one", run(&link, "true")).await.succeeded());
}

#[tokio::test(flavor = "multi_thread")]
async fn pitfall_02_a_dropped_channel_is_closed_on_the_far_side() {
    let Some(sshd) = Sshd::start() else { return };
    let link = link(&sshd).await;
    let mut held = Vec::new();
    for _ in 0..6 {
        // The end of its input does not end it, only that nobody takes its words any more.
        held.push(shell(&link, "while sleep 0.05; do echo x; done").await);
    }
    until("the commands run", || sshd.sessions().first().is_some_and(|session| children(*session).len() == 6)).await;
    let session = sshd.sessions()[0];
    drop(held);
    until("the shells end with their channels", || children(session).is_empty()).await;
    for _ in 0..30 {
        drop(soon("a session after dropped ones", link.open("cat")).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pitfall_02_a_caller_that_gives_up_leaves_no_channel() {
    let Some(sshd) = Sshd::start() else { return };
    let link = link(&sshd).await;
    assert!(run(&link, "true").await.succeeded());
    let session = sshd.sessions()[0];
    for tenths in 0..20 {
        let _ = tokio::time::timeout(Duration::from_micros(tenths * 300), link.open("cat")).await;
    }
    until("no cat is left", || children(session).is_empty()).await;
    assert!(soon("a command afterwards", run(&link, "true")).await.succeeded());
}

#[tokio::test(flavor = "multi_thread")]
async fn pitfall_03_writer_ends_with_its_command() {
    let Some(sshd) = Sshd::start() else { return };
    let link = link(&sshd).await;
    let channel = link.open("true").await.unwrap();
    let writing = async { while channel.input.send(Bytes::from(vec![0; MEGABYTE])).await.is_ok() {} };
    soon("the writer", writing).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pitfall_04_an_unread_channel_blocks_no_other() {
    let Some(sshd) = Sshd::start() else { return };
    let link = link(&sshd).await;
    let unread = shell(&link, "head -c 30000000 /dev/zero; echo done >&2").await;
    sleep(Duration::from_millis(300)).await;
    assert!(soon("a command beside an unread one", run(&link, "true")).await.succeeded());
    assert_eq!(hear(unread).await.stdout.len(), 30_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn pitfall_07_closing_a_channel_kills_nothing() {
    let Some(sshd) = Sshd::start() else { return };
    let link = link(&sshd).await;
    let mut channel = shell(&link, "echo $$; exec sleep 20").await;
    let Some(Heard::Stdout(pid)) = channel.output.recv().await else { panic!("no process id") };
    let pid: u32 = String::from_utf8_lossy(&pid).trim().parse().unwrap();
    drop(channel);
    sleep(Duration::from_millis(500)).await;
    let alive = std::path::Path::new(&format!("/proc/{pid}")).exists();
    signal("KILL", pid);
    assert!(alive, "so whoever starts it must be able to end it");
}

#[tokio::test(flavor = "multi_thread")]
async fn pitfall_08_more_commands_than_sessions_wait_for_one_another() {
    for lines in ["", "MaxSessions 3\n"] {
        let Some(sshd) = Sshd::start_with(lines) else { return };
        let link = link(&sshd).await;
        let all = join_all((0..30).map(|number| {
            let link = &link;
            async move { run(link, &format!("echo {number}")).await.text() }
        }));
        let expected: Vec<_> = (0..30).map(|number| format!("{number}\n")).collect();
        assert_eq!(soon("thirty commands", all).await, expected, "{lines}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pitfall_08_a_host_that_has_no_session_left_is_no_success() {
    let Some(sshd) = Sshd::start_with("MaxSessions 0\n") else {
        return;
    };
    let link = link(&sshd).await;
    match soon("the refusal", link.open("true")).await {
        Err(ExecError::NotStarted(reason)) => assert!(reason.contains("MaxSessions"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pitfall_17_large_input_and_output_at_once_through_many_new_keys() {
    let Some(sshd) = Sshd::start_with("RekeyLimit 5M\n") else {
        return;
    };
    let channel = link(&sshd).await.open("cat").await.unwrap();
    let content = Bytes::from(bytes(30 * MEGABYTE));
    let input = channel.input.clone();
    let sending = content.clone();
    let writing = tokio::spawn(async move {
        for start in (0..sending.len()).step_by(MEGABYTE) {
            input.send(sending.slice(start..start + MEGABYTE)).await.unwrap();
        }
    });
    let said = tokio::time::timeout(Duration::from_secs(60), hear(channel)).await.unwrap();
    writing.await.unwrap();
    assert!(said.succeeded());
    assert_eq!(hash(&said.stdout), hash(&content));
}

/// Without `TCP_NODELAY` the second small packet waits until the host acknowledges the first, which takes 40 ms.
#[tokio::test(flavor = "multi_thread")]
async fn small_input_does_not_wait_for_acknowledgements() {
    let Some(sshd) = Sshd::start() else { return };
    let link = link(&sshd).await;
    let mut channel = shell(&link, "echo ready; while read a && read b; do echo $a $b; done").await;
    let ready = soon("the shell", channel.output.recv()).await;
    assert_eq!(ready, Some(Heard::Stdout(Bytes::from_static(b"ready\n"))));
    let mut times = Vec::new();
    for _ in 0..40 {
        let start = Instant::now();
        for line in ["one\n", "two\n"] {
            channel.input.send(Bytes::from_static(line.as_bytes())).await.unwrap();
            sleep(Duration::from_millis(3)).await;
        }
        let answer = soon("an answer", channel.output.recv()).await;
        assert_eq!(answer, Some(Heard::Stdout(Bytes::from_static(b"one two\n"))));
        times.push(start.elapsed());
    }
    times.sort();
    assert!(times[20] < Duration::from_millis(30), "{times:?}");
}
