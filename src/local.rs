//! A directory of this machine that poses as a host: the same scripts, under this machine's `sh`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;

use crate::transport::{Channel, ConnectError, ConnectErrorKind, ExecError, Heard, Link, OUTPUT_QUEUE, Status};

/// A directory as a host. Commands start in it, and it is their `HOME`.
#[derive(Debug)]
pub struct LocalHost {
    directory: PathBuf,
    environment: BTreeMap<OsString, OsString>,
}

impl LocalHost {
    /// Makes the directory if it is not there. Commands see `environment`, with `HOME` replaced.
    pub fn new(directory: &Path, environment: BTreeMap<OsString, OsString>) -> Result<Self, ConnectError> {
        let error = |error: std::io::Error| ConnectError {
            kind: ConnectErrorKind::Unreachable,
            message: format!("cannot use {} as a host: {error}", directory.display()),
            details: Vec::new(),
        };
        std::fs::create_dir_all(directory).map_err(error)?;
        let directory = directory.canonicalize().map_err(error)?;
        let mut environment = environment;
        environment.insert("HOME".into(), directory.clone().into_os_string());
        Ok(Self { directory, environment })
    }

    fn start(&self, command: &str) -> Result<Channel, ExecError> {
        let mut child = Command::new("/bin/sh")
            .arg("-c")
            .arg(command)
            .current_dir(&self.directory)
            .env_clear()
            .envs(&self.environment)
            // Ctrl-C goes to the terminal's process group; what runs here is ended in good order instead.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| ExecError::NotStarted(error.to_string()))?;
        let (input, to_write) = mpsc::channel(8);
        let (heard, output) = mpsc::channel(OUTPUT_QUEUE);
        let stdin = child.stdin.take().expect("standard input was asked for");
        tokio::spawn(write(stdin, to_write));
        tokio::spawn(follow(child, heard));
        Ok(Channel { input, output })
    }
}

impl Link for LocalHost {
    fn open<'a>(&'a self, command: &'a str) -> BoxFuture<'a, Result<Channel, ExecError>> {
        let channel = self.start(command);
        async move { channel }.boxed()
    }
}

async fn write(mut stdin: ChildStdin, mut to_write: mpsc::Receiver<Bytes>) {
    while let Some(bytes) = to_write.recv().await {
        if stdin.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

async fn follow(mut child: Child, heard: mpsc::Sender<Heard>) {
    let stdout = child.stdout.take().expect("standard output was asked for");
    let stderr = child.stderr.take().expect("standard error was asked for");
    let read = futures_util::future::join(pump(stdout, &heard, Heard::Stdout), pump(stderr, &heard, Heard::Stderr));
    read.await;
    let closed = child.wait().await.map(status_of).map_err(|error| error.to_string());
    let _ = heard.send(Heard::Closed(closed)).await;
}

async fn pump(mut from: impl AsyncRead + Unpin, to: &mpsc::Sender<Heard>, heard: fn(Bytes) -> Heard) {
    loop {
        let mut bytes = BytesMut::with_capacity(16 << 10);
        match from.read_buf(&mut bytes).await {
            Ok(read) if read > 0 => {
                if to.send(heard(bytes.freeze())).await.is_err() {
                    return;
                }
            }
            _ => return,
        }
    }
}

fn status_of(status: ExitStatus) -> Status {
    match (status.code(), status.signal()) {
        (Some(code), _) => Status::Code(code.unsigned_abs()),
        (None, signal) => Status::Signal(signal.map_or_else(|| "?".to_owned(), |number| number.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::script::Script;
    use crate::transport::{Exec, Exit, HostShell, Input, Transport};

    fn host() -> (tempfile::TempDir, HostShell) {
        let directory = tempfile::tempdir().expect("a directory");
        let environment = std::env::vars_os().collect();
        let link = LocalHost::new(directory.path(), environment).expect("a host");
        (directory, HostShell::new(Arc::new(link)))
    }

    async fn exec(
        shell: &HostShell,
        script: &Script,
        input: &Input,
        limit: Option<Duration>,
    ) -> Result<Exit, ExecError> {
        let stop = CancellationToken::new();
        shell
            .exec(Exec {
                script,
                input,
                on_line: &|_, _, _| {},
                on_part: &|_, _| {},
                on_sent: &|_| {},
                time_limit: limit,
                stop: &stop,
                kept: None,
                is_open_text: false,
                mask: crate::secret::Mask::nothing(),
            })
            .await
    }

    #[tokio::test]
    async fn output_and_status_come_back_exactly() {
        let (_directory, shell) = host();
        let cases = [
            ("printf 'a\\n\\nb'", "a\n\nb", "", 0),
            ("printf '\\n'; echo no >&2; exit 7", "\n", "no\n", 7),
            ("true", "", "", 0),
            ("cat", "", "", 0),
        ];
        for (text, stdout, stderr, code) in cases {
            let exit = shell.capture(&Script::new(text), None).await.expect("an exit");
            assert_eq!(
                (exit.stdout.as_str(), exit.stderr.as_str(), &exit.status),
                (stdout, stderr, &Status::Code(code)),
                "{text}"
            );
        }
    }

    #[tokio::test]
    async fn a_script_starts_in_the_directory_with_default_signals() {
        let (directory, shell) = host();
        let exit = shell.capture(&Script::new("pwd -P; grep SigIgn /proc/self/status"), None).await.expect("an exit");
        let here = directory.path().canonicalize().expect("a path");
        let ignored = u64::from_str_radix(exit.stdout.split_whitespace().last().expect("a mask"), 16).expect("a mask");
        assert!(exit.stdout.starts_with(here.to_str().expect("utf-8")), "{}", exit.stdout);
        assert_eq!(ignored & 0b110, 0, "INT and QUIT are ignored");
    }

    #[tokio::test]
    async fn death_by_signal_is_told_apart() {
        let (_directory, shell) = host();
        let exit = shell.capture(&Script::new("sh -c 'kill -s KILL $$'; exit $?"), None).await.expect("an exit");
        assert_eq!(exit.status, Status::Signal("KILL".to_owned()));
    }

    #[tokio::test]
    async fn a_stream_arrives_whole_and_its_shell_ends_by_itself() {
        let (_directory, shell) = host();
        let bytes = Bytes::from((0..3_000_000_u32).map(|n| (n % 251) as u8).collect::<Vec<_>>());
        let input = Input::Bytes(bytes.clone());
        let exit = exec(&shell, &Script::new("cat > got; wc -c < got"), &input, None).await.expect("an exit");
        assert_eq!(exit.stdout.trim(), "3000000");
        let exit = exec(&shell, &Script::new("exit 9"), &input, None).await.expect("an exit");
        assert_eq!(exit.status, Status::Code(9), "a script that does not read its input still ends");
    }

    #[tokio::test]
    async fn a_time_limit_ends_the_whole_group() {
        let (directory, shell) = host();
        let before = Instant::now();
        let script = Script::new("sh -c 'sleep 3; touch late' & sleep 30");
        let error = exec(&shell, &script, &Input::Nothing, Some(Duration::from_millis(300))).await;
        assert_eq!(error, Err(ExecError::TimedOut(Duration::from_millis(300))));
        assert!(before.elapsed() < Duration::from_secs(3));
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!(!directory.path().join("late").exists(), "a child lived on");
    }

    #[tokio::test]
    async fn a_background_process_does_not_hold_a_script_open() {
        let (_directory, shell) = host();
        let exit = shell.capture(&Script::new("sleep 5 & echo started"), None).await.expect("an exit");
        assert_eq!(exit.stdout, "started\n");
    }
}
