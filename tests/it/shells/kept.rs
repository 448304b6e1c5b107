//! Scripts that outlive their connection: nothing is run twice, nothing that was said is lost or heard twice.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relm::local::LocalHost;
use relm::script::Script;
use relm::secret::Mask;
use relm::transport::{Channel, Exec, ExecError, Exit, Heard, HostShell, Input, Kept, Link, Status, Transport as _};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::stage::Stage;

super::under_every_shell!(
    a_script_goes_on_over_the_next_connection,
    a_script_that_was_never_begun_is_begun_once,
    a_script_can_be_ended_over_the_next_connection,
    a_host_that_stays_away_is_lost,
    a_script_that_ended_without_a_status_is_lost,
);

/// A link whose connections can be cut, all at once.
#[derive(Debug)]
struct CutLink {
    inner: Arc<LocalHost>,
    cuts: watch::Sender<usize>,
    /// How many connections may still be made.
    left: Mutex<usize>,
    /// Say nothing to the host: what is sent is lost with the connection.
    deaf: Mutex<bool>,
}

impl Link for CutLink {
    fn open<'a>(&'a self, command: &'a str) -> BoxFuture<'a, Result<Channel, ExecError>> {
        async move {
            {
                let mut left = self.left.lock().expect("a lock");
                *left = left.checked_sub(1).ok_or_else(|| ExecError::NotStarted("no route".to_owned()))?;
            }
            let inner = self.inner.open(command).await?;
            let (input, to_send) = mpsc::channel(8);
            let (heard, output) = mpsc::channel(128);
            let deaf = std::mem::take(&mut *self.deaf.lock().expect("a lock"));
            tokio::spawn(carry(inner, to_send, heard, self.cuts.subscribe(), deaf));
            Ok(Channel { input, output })
        }
        .boxed()
    }
}

async fn carry(
    mut inner: Channel,
    mut to_send: mpsc::Receiver<Bytes>,
    heard: mpsc::Sender<Heard>,
    mut cuts: watch::Receiver<usize>,
    deaf: bool,
) {
    cuts.mark_unchanged();
    loop {
        tokio::select! {
            sent = to_send.recv() => match sent {
                Some(_) if deaf => {}
                Some(bytes) => { let _ = inner.input.send(bytes).await; }
                None => return,
            },
            said = inner.output.recv() => match said {
                Some(said) => { let _ = heard.send(said).await; }
                None => return,
            },
            _ = cuts.changed() => {
                let _ = heard.send(Heard::Closed(Err("cut".to_owned()))).await;
                return;
            }
        }
    }
}

struct Theatre {
    stage: Stage,
    link: Arc<CutLink>,
    shell: HostShell,
    lines: Mutex<Vec<String>>,
    stop: CancellationToken,
}

impl Theatre {
    fn new(stage: Stage) -> Self {
        fs::create_dir_all(stage.home().join("kept")).expect("a directory");
        let link = Arc::new(CutLink {
            inner: stage.link(),
            cuts: watch::Sender::new(0),
            left: Mutex::new(100),
            deaf: Mutex::new(false),
        });
        let shell = HostShell::new(link.clone());
        Self { stage, link, shell, lines: Mutex::default(), stop: CancellationToken::new() }
    }

    async fn run(&self, text: &'static str, seconds: u64) -> Result<Exit, ExecError> {
        let directory = self.stage.home().join("kept");
        let kept = Kept {
            directory: directory.to_str().expect("utf-8"),
            patience: Duration::from_secs(seconds),
            on_loss: &|_| {},
        };
        let on_line = |_, _, line: &str| self.lines.lock().expect("a lock").push(line.trim_end().to_owned());
        let exec = Exec {
            script: &Script::new(text),
            input: &Input::Nothing,
            on_line: &on_line,
            on_part: &|_, _| {},
            on_sent: &|_| {},
            time_limit: None,
            stop: &self.stop,
            kept: Some(kept),
            is_open_text: false,
            mask: Mask::nothing(),
        };
        self.shell.exec(exec).await
    }

    fn cut(&self) {
        self.link.cuts.send_modify(|cuts| *cuts += 1);
    }

    async fn heard(&self, count: usize) {
        while self.lines.lock().expect("a lock").len() < count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.stage.home().join(name)).unwrap_or_default()
    }
}

const COUNT: &str = r#"echo begun >>count
i=0; while [ $i -lt 40 ]; do echo "line $i"; echo "loud $i" >&2; i=$((i + 1)); sleep 0.05; done; exit 3"#;

async fn a_script_goes_on_over_the_next_connection(stage: Stage) {
    let theatre = Theatre::new(stage);
    let cuts = async {
        for count in [7, 30, 31] {
            theatre.heard(count).await;
            theatre.cut();
        }
    };
    let (exit, ()) = futures_util::future::join(theatre.run(COUNT, 20), cuts).await;
    let exit = exit.expect("an exit");
    assert_eq!(exit.status, Status::Code(3));
    let expected = |word: &str| (0..40).map(|i| format!("{word} {i}\n")).collect::<String>();
    assert_eq!(exit.stdout, expected("line"));
    assert_eq!(exit.stderr, expected("loud"));
    assert_eq!(theatre.lines.lock().expect("a lock").len(), 80);
    assert_eq!(theatre.read("count"), "begun\n");
}

async fn a_script_that_was_never_begun_is_begun_once(stage: Stage) {
    let theatre = Theatre::new(stage);
    *theatre.link.deaf.lock().expect("a lock") = true;
    let cut = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        theatre.cut();
    };
    let (exit, ()) = futures_util::future::join(theatre.run("echo once >>count; echo said", 20), cut).await;
    assert_eq!(exit.expect("an exit").stdout, "said\n");
    assert_eq!(theatre.read("count"), "once\n");
}

async fn a_script_can_be_ended_over_the_next_connection(stage: Stage) {
    let theatre = Theatre::new(stage);
    let text = "sleep 60 & echo $! >child.new; mv child.new child; echo begun; wait";
    let cut = async {
        theatre.heard(1).await;
        theatre.cut();
        tokio::time::sleep(Duration::from_millis(500)).await;
        theatre.stop.cancel();
    };
    let (exit, ()) = futures_util::future::join(theatre.run(text, 20), cut).await;
    assert_eq!(exit, Err(ExecError::Interrupted));
    let child = theatre.read("child");
    assert!(crate::site::within(10, || !crate::site::lives(child.trim())), "the child lives on");
}

async fn a_host_that_stays_away_is_lost(stage: Stage) {
    let theatre = Theatre::new(stage);
    let cut = async {
        theatre.heard(1).await;
        *theatre.link.left.lock().expect("a lock") = 0;
        theatre.cut();
    };
    let (exit, ()) = futures_util::future::join(theatre.run("echo begun; sleep 5; echo over >>count", 2), cut).await;
    let Err(ExecError::Lost(reason)) = exit else { panic!("{exit:?}") };
    assert!(reason.contains("cut") && reason.contains("no route"), "{reason}");
    assert!(crate::site::within(20, || theatre.read("count") == "over\n"), "it was ended, and nobody asked for that");
}

async fn a_script_that_ended_without_a_status_is_lost(stage: Stage) {
    let theatre = Theatre::new(stage);
    let cut = async {
        theatre.heard(1).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        theatre.cut();
    };
    // As after a crash of the host: who would have told of its end is gone.
    let (exit, ()) = futures_util::future::join(theatre.run("kill -s KILL $PPID; echo begun", 5), cut).await;
    assert!(matches!(exit, Err(ExecError::Lost(_))), "{exit:?}");
}
