//! Connections that die, freeze, or are let go.

use std::time::Duration;

use bytes::Bytes;
use relm::transport::{ExecError, Heard};
use tokio::time::sleep;

use super::{MEGABYTE, hear, link, run, shell, soon, until};
use crate::sshd::{Sshd, signal};

#[tokio::test(flavor = "multi_thread")]
async fn pitfall_03_writer_ends_when_connection_dies() {
    let Some(sshd) = Sshd::start() else { return };
    let link = link(&sshd).await;
    let channel = shell(&link, "exec sleep 20").await;
    let input = channel.input.clone();
    let writing = tokio::spawn(async move { while input.send(Bytes::from(vec![0; MEGABYTE])).await.is_ok() {} });
    sleep(Duration::from_millis(500)).await;
    assert!(!writing.is_finished(), "the window must be full for this test");
    signal("KILL", sshd.sessions()[0]);
    soon("the writer", writing).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn pitfall_05_a_lost_connection_is_no_success_and_says_why() {
    let Some(sshd) = Sshd::start() else { return };
    let link = link(&sshd).await;
    let mut channel = shell(&link, "echo begun; sleep 20").await;
    assert_eq!(channel.output.recv().await, Some(Heard::Stdout(Bytes::from_static(b"begun\n"))));
    signal("KILL", sshd.sessions()[0]);
    let ending = soon("the end", hear(channel)).await.ending.unwrap();
    let reason = ending.unwrap_err();
    assert!(reason.contains("closed the connection") || reason.contains("reset"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_connection_is_replaced_once_and_not_by_a_stranger() {
    let Some(sshd) = Sshd::start() else { return };
    let link = link(&sshd).await;
    // For an ordinary user the connection's own process is there for certain once a command has run.
    assert!(run(&link, "true").await.succeeded());
    let first = sshd.sessions();
    signal("KILL", first[0]);
    until("sshd notices", || sshd.sessions().is_empty()).await;
    assert!(soon("a command on a new connection", run(&link, "true")).await.succeeded());
    let second = sshd.sessions();
    assert_ne!(first, second);
    // The key is checked again, against the file as it is now.
    sshd.know(&[]);
    signal("KILL", second[0]);
    until("sshd notices", || sshd.sessions().is_empty()).await;
    match soon("the refusal", link.open("/bin/sh")).await {
        Err(ExecError::NotStarted(reason)) => assert!(reason.contains("host key of web1"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pitfall_06_a_frozen_host_is_noticed() {
    let Some(sshd) = Sshd::start() else { return };
    sshd.configure("Host *\n  ServerAliveInterval 1\n  ServerAliveCountMax 2\n");
    let link = link(&sshd).await;
    let channel = shell(&link, "sleep 20").await;
    signal("STOP", sshd.sessions()[0]);
    let ending = soon("the end", hear(channel)).await.ending;
    signal("CONT", sshd.sessions()[0]);
    assert_eq!(ending, Some(Err("the host no longer answers".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn pitfall_06_a_quiet_command_lives_on() {
    let Some(sshd) = Sshd::start() else { return };
    sshd.configure("Host *\n  ServerAliveInterval 1\n  ServerAliveCountMax 1\n");
    assert!(run(&link(&sshd).await, "sleep 5").await.succeeded());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_link_closes_its_connection() {
    let Some(sshd) = Sshd::start() else { return };
    let link = link(&sshd).await;
    assert_eq!(sshd.sessions().len(), 1);
    drop(link);
    until("the connection is closed", || sshd.sessions().is_empty()).await;
}
