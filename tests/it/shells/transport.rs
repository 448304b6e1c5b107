//! What every script counts on: status, streams, limits, signals.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use relm::script::Script;
use relm::secret::Mask;
use relm::transport::{Exec, ExecError, Input, Status, Stream, Transport as _};
use tokio_util::sync::CancellationToken;

use super::stage::{Shell, Stage, Tools, ended};

super::under_every_shell!(
    status_and_output,
    the_chosen_shell_and_tools_are_in_use,
    death_by_signal,
    the_streams_are_apart_and_heard_in_time,
    a_time_limit_ends_the_whole_group,
    an_interruption_ends_the_whole_group,
    a_background_process_holds_nothing_open,
    signals_are_not_ignored,
    nothing_leaks_into_the_next_script,
    a_script_ends_with_its_controller,
    a_long_script_is_read_whatever_the_host_can_unpack,
);

async fn status_and_output(stage: Stage) {
    let cases = [
        ("true", "", "", 0),
        ("exit 7", "", "", 7),
        ("false", "", "", 1),
        ("exit 255", "", "", 255),
        ("printf 'a\\n\\nb'", "a\n\nb", "", 0),
        ("printf '\\n\\n'", "\n\n", "", 0),
        ("printf 'out'; printf 'err' >&2", "out", "err", 0),
        ("cat", "", "", 0),
        ("read -r line; exit $?", "", "", 1),
        ("cat <<'END'\nhere $x 'y'\nEND", "here $x 'y'\n", "", 0),
        ("echo last # a comment", "last\n", "", 0),
        ("set -- a 'b c'; printf '%s,' \"$#\" \"$2\"", "2,b c,", "", 0),
        ("printf 'relm-0000 end 0\\n'; printf '\\nrelm end 5\\n'", "relm-0000 end 0\n\nrelm end 5\n", "", 0),
        ("exec 3>&1 4>&2; echo three >&3; echo four >&4", "three\n", "four\n", 0),
        ("trap 'echo bye' EXIT; exit 4", "bye\n", "", 4),
        ("(exit 3) || exit 12", "", "", 12),
    ];
    for (text, stdout, stderr, code) in cases {
        let exit = stage.sh(text).await;
        let got = (exit.stdout.as_str(), exit.stderr.as_str(), &exit.status);
        assert_eq!(got, (stdout, stderr, &Status::Code(code)), "{text}");
    }
    let missing = stage.sh("no-such-program-here").await;
    ended(&missing, 127);
    assert!(missing.stderr.contains("not found"), "{missing:?}");
    let syntax = stage.sh("echo before; if").await;
    assert!(!syntax.status.success() && syntax.stdout.is_empty() && !syntax.stderr.is_empty(), "{syntax:?}");
}

async fn the_chosen_shell_and_tools_are_in_use(stage: Stage) {
    let program = stage.sh("readlink -f /proc/$$/exe").await.stdout;
    assert_eq!(program.trim(), stage.shell.program().canonicalize().expect("a path").to_str().expect("utf-8"));
    let tar = stage.sh("readlink -f \"$(command -v tar)\"").await.stdout;
    assert_eq!(tar.trim().ends_with("busybox"), stage.tools == Tools::Busybox, "{tar}");
}

async fn death_by_signal(stage: Stage) {
    for (text, signal) in [
        ("kill -s KILL $$", "KILL"),
        ("kill -s TERM $$; sleep 5", "TERM"),
        ("sh -c 'kill -s KILL $$'; exit $?", "KILL"),
        ("sh -c 'kill -s SEGV $$'; exit $?", "SEGV"),
    ] {
        let exit = stage.sh(text).await;
        assert_eq!(exit.status, Status::Signal(signal.to_owned()), "{text}");
    }
    ended(&stage.sh("exit 5").await, 5);
}

async fn the_streams_are_apart_and_heard_in_time(stage: Stage) {
    let heard = Mutex::new(Vec::new());
    let stop = CancellationToken::new();
    let on_line =
        |_, stream: Stream, line: &str| heard.lock().expect("a lock").push((stream, line.trim_end().to_owned()));
    let script = Script::new("echo out; echo err >&2; sleep 30");
    let run = stage.transport.exec(Exec {
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
    });
    let cancel = async {
        while heard.lock().expect("a lock").len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.cancel();
    };
    let (exit, ()) = futures_util::future::join(run, cancel).await;
    assert_eq!(exit, Err(ExecError::Interrupted));
    let mut heard = heard.into_inner().expect("a lock");
    heard.sort_by_key(|(_, line)| line.clone());
    assert_eq!(heard, [(Stream::Stderr, "err".to_owned()), (Stream::Stdout, "out".to_owned())]);
}

/// A grandchild that writes its number and waits, and a parent that waits too.
const FAMILY: &str = "sh -c 'echo $$ >child; sleep 60' & sleep 60";

async fn child_is_gone(stage: &Stage) {
    let child = std::fs::read_to_string(stage.home().join("child")).expect("the child's number");
    let stat = format!("/proc/{}/stat", child.trim());
    let before = Instant::now();
    // A dead child nobody has waited for yet is as good as gone.
    while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
        assert!(before.elapsed() < Duration::from_secs(3), "a child lived on");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    std::fs::remove_file(stage.home().join("child")).expect("a file");
}

async fn a_time_limit_ends_the_whole_group(stage: Stage) {
    // Long enough for the child to be there on a busy machine; what TERM does not end lives five seconds more.
    let limit = Duration::from_millis(700);
    for input in [Input::Nothing, Input::Bytes(bytes::Bytes::from_static(b"some"))] {
        let before = Instant::now();
        let exit = stage.exec(&Script::new(FAMILY), &input, Some(limit)).await;
        assert_eq!(exit, Err(ExecError::TimedOut(limit)));
        assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());
        child_is_gone(&stage).await;
        ended(&stage.sh("exit 3").await, 3);
    }
}

async fn an_interruption_ends_the_whole_group(stage: Stage) {
    for input in [Input::Nothing, Input::Bytes(bytes::Bytes::from_static(b"some"))] {
        let stop = CancellationToken::new();
        let script = Script::new(FAMILY);
        let run = stage.transport.exec(Exec {
            script: &script,
            input: &input,
            on_line: &|_, _, _| {},
            on_part: &|_, _| {},
            on_sent: &|_| {},
            time_limit: None,
            stop: &stop,
            kept: None,
            is_open_text: false,
            mask: Mask::nothing(),
        });
        let cancel = async {
            while std::fs::read_to_string(stage.home().join("child")).unwrap_or_default().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            stop.cancel();
        };
        let (exit, ()) = futures_util::future::join(run, cancel).await;
        assert_eq!(exit, Err(ExecError::Interrupted));
        child_is_gone(&stage).await;
    }
}

async fn a_background_process_holds_nothing_open(stage: Stage) {
    let before = Instant::now();
    let exit = stage.sh("sleep 9 & echo started").await;
    assert_eq!((exit.stdout.as_str(), exit.status), ("started\n", Status::Code(0)));
    let input = Input::Bytes(bytes::Bytes::from_static(b"read me"));
    let exit = stage.exec(&Script::new("sleep 9 & cat"), &input, None).await.expect("an exit");
    assert_eq!((exit.stdout.as_str(), exit.status), ("read me", Status::Code(0)));
    assert!(before.elapsed() < Duration::from_secs(7), "{:?}", before.elapsed());
}

async fn signals_are_not_ignored(stage: Stage) {
    let exit = stage.sh("grep SigIgn /proc/self/status").await;
    let mask = exit.stdout.split_whitespace().last().expect("a mask").to_owned();
    let mask = u64::from_str_radix(&mask, 16).expect("a mask");
    // Busybox's `env` cannot take back what a shell ignores for its background commands.
    if stage.tools == Tools::Coreutils {
        assert_eq!(mask & 0b110, 0, "INT and QUIT are ignored");
    }
    assert_eq!(mask & (1 << 14 | 1 << 12), 0, "TERM or PIPE is ignored");
}

async fn nothing_leaks_into_the_next_script(stage: Stage) {
    ended(&stage.sh("cd /; x=1; export x; set -e; set -u; set -f; umask 077; trap 'echo t' EXIT; f() { :; }").await, 0);
    let exit = stage.sh("printf '%s|%s|%s|' \"$PWD\" \"${x-}\" \"$-\"; umask; f").await;
    let home = stage.home().display();
    assert!(exit.stdout.starts_with(&format!("{home}||")), "{exit:?}");
    assert!(!exit.stdout.contains("077") && exit.status == Status::Code(127), "{exit:?}");
    let exit = stage.sh("exec 2>&- 1>&-; exit 6").await;
    ended(&exit, 6);
    ended(&stage.sh("set -e; false; echo on").await, 1);
}

/// Long scripts travel packed, and plain to a host that cannot unpack them; it is asked only once.
async fn a_long_script_is_read_whatever_the_host_can_unpack(stage: Stage) {
    let long = |word: &str| {
        Script::new("printf '%s\\n' \"$word\" \"${#pad}\"").set("word", word).set("pad", "pad ".repeat(3000))
    };
    assert_eq!(stage.script(&long("it's \"one\"")).await.stdout, "it's \"one\"\n12000\n");
    let other = stage.another();
    stage.replaces("base64", "echo x >>\"${0%/bin/*}/asked\"; exit 1");
    for word in ["two", "three"] {
        let exit = other.capture(&long(word), None).await.expect("an exit");
        assert_eq!((exit.stdout, exit.stderr), (format!("{word}\n12000\n"), String::new()));
    }
    let asked = std::fs::read_to_string(stage.home().with_file_name("asked")).expect("it was asked");
    assert_eq!(asked, "x\n");
}

/// The control shell ends a script when its standard input closes: nobody is there to hear it any more.
async fn a_script_ends_with_its_controller(stage: Stage) {
    let other = stage.another();
    let script = Script::new(FAMILY);
    let run = other.capture(&script, None);
    let started = async {
        while std::fs::read_to_string(stage.home().join("child")).unwrap_or_default().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        exit = run => panic!("it ended by itself: {exit:?}"),
        () = started => {}
    }
    drop(other);
    child_is_gone(&stage).await;
    if stage.shell == Shell::Dash {
        // Another connection was never touched by that.
        ended(&stage.sh("exit 2").await, 2);
    }
}

/// Only once: a group has five seconds to end in good order.
#[tokio::test]
async fn what_ignores_term_is_killed() {
    let stage = Stage::new(Shell::Ash, Tools::Busybox);
    let script = Script::new("trap '' TERM; sh -c 'echo $$ >child; sleep 60' & sleep 60; sleep 60");
    let limit = Duration::from_millis(700);
    assert_eq!(stage.exec(&script, &Input::Nothing, Some(limit)).await, Err(ExecError::TimedOut(limit)));
    child_is_gone(&stage).await;
    ended(&stage.sh("exit 3").await, 3);
}
