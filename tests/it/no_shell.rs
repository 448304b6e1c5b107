//! An account whose login shell is none: what it says is heard, also where it has gone before anything could be sent.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relm::fleet::{Become, By};
use relm::script::Script;
use relm::secret::Mask;
use relm::transport::{Channel, Exec, ExecError, Heard, HostShell, Input, Kept, Link, Status, Transport as _};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Whatever it starts has spoken and gone when the first byte could be sent.
#[derive(Debug)]
struct Gone {
    said: Heard,
}

impl Link for Gone {
    fn open<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Channel, ExecError>> {
        async {
            let (heard, output) = mpsc::channel(2);
            heard.send(self.said.clone()).await.unwrap();
            heard.send(Heard::Closed(Ok(Status::Code(1)))).await.unwrap();
            Ok(Channel { input: mpsc::channel(1).0, output })
        }
        .boxed()
    }
}

fn shell(said: Heard) -> HostShell {
    HostShell::new(Arc::new(Gone { said }))
}

async fn run(shell: &HostShell, input: Input, is_kept: bool) -> ExecError {
    let kept = Kept { directory: "/kept", patience: Duration::from_millis(10), on_loss: &|_| {} };
    let exec = Exec {
        script: &Script::new("true"),
        input: &input,
        on_line: &|_, _, _| {},
        on_part: &|_, _| {},
        on_sent: &|_| {},
        time_limit: None,
        stop: &CancellationToken::new(),
        kept: is_kept.then_some(kept),
        is_open_text: false,
        mask: Mask::nothing(),
    };
    shell.exec(exec).await.expect_err("there is no shell")
}

#[tokio::test]
async fn what_a_login_shell_says_that_is_none_is_heard() {
    for (is_stream, is_kept) in [(false, false), (false, true), (true, false)] {
        let shell = shell(Heard::Stdout(Bytes::from_static(b"This account is currently not available.\n")));
        let input = if is_stream { Input::Bytes(Bytes::from_static(b"stream")) } else { Input::Nothing };
        let error = run(&shell, input, is_kept).await.to_string();
        assert!(error.contains("not available") && error.contains("nologin"), "{error}");
    }
}

#[tokio::test]
async fn what_sudo_says_when_it_refuses_is_heard() {
    for (is_stream, is_kept) in [(false, false), (false, true), (true, false)] {
        let shell = shell(Heard::Stderr(Bytes::from_static(b"sudo: deploy is not in the sudoers file\n")))
            .becoming(Become { user: "app".to_owned(), by: By::Sudo, password: None }, None);
        let input = if is_stream { Input::Bytes(Bytes::from_static(b"stream")) } else { Input::Nothing };
        let error = run(&shell, input, is_kept).await;
        assert!(matches!(&error, ExecError::NotBecome(why) if why.contains("sudoers")), "{error}");
    }
}
