//! Commands of the app's own, as they stand in `Releases.toml`.

use std::time::Duration;

use relm::engine::Operation as _;
use relm::operations::RunCommand;
use relm::transport::{Exit, Status};

use super::stage::{Stage, ended, record};

super::under_every_shell!(commands_as_people_write_them, what_a_command_sees, what_a_command_does_stays_in_it);

fn command(run: &str) -> RunCommand {
    RunCommand {
        time_limit: Some(Duration::from_secs(20)),
        reference: "feature/it's $new".to_owned(),
        ..RunCommand::new("my command", run)
    }
}

async fn run(stage: &Stage, text: &str) -> Exit {
    stage.run(&command(text), &record(0).name).await
}

async fn commands_as_people_write_them(stage: Stage) {
    stage.with_version(0).await;
    let cases = [
        ("echo 'it'\"'\"'s' \"$((1 + 1))\" \\$x `echo y`", "it's 2 $x y\n", 0),
        ("echo a\necho b &&\n  echo c", "a\nb\nc\n", 0),
        ("cat <<END\n$((2*3)) 'x'\nEND", "6 'x'\n", 0),
        ("cat VERSION | tr -d '\\n' | wc -c", "19\n", 0),
        ("exit 5", "", 5),
        ("exit 90", "", 90),
        ("set -e\nfalse\necho on", "", 1),
        ("set -eu; echo \"${nothing-unset}\"", "unset\n", 0),
        ("read -r line || echo end", "end\n", 0),
        ("cat; echo after", "after\n", 0),
        ("(exit 3)", "", 3),
        ("false || { echo no; exit 4; }", "no\n", 4),
        ("true # a comment", "", 0),
        ("x='\n'; [ \"$x\" = '\n' ]", "", 0),
        ("set -- ; for word in 'a b' c; do echo \"$word\"; done", "a b\nc\n", 0),
        ("f() { return 6; }; f", "", 6),
        ("trap 'echo bye' EXIT; exit 7", "bye\n", 7),
        ("exec sh -c 'echo \"$1\"; exit 8' name 'a  b'", "a  b\n", 8),
        ("printf '%s\\n' \"back\\\\slash\" 'tab\ttab' é", "back\\slash\ntab\ttab\né\n", 0),
        ("", "", 0),
        ("\n\n# nothing\n", "", 0),
    ];
    for (text, stdout, code) in cases {
        let exit = run(&stage, text).await;
        let words: Vec<&str> = exit.stdout.split_whitespace().collect();
        let wanted: Vec<&str> = stdout.split_whitespace().collect();
        assert_eq!((words, &exit.status), (wanted, &Status::Code(code)), "{text}: {exit:?}");
    }
    for broken in ["if", "echo 'open", "echo )", "}", "echo $(", "done"] {
        let exit = run(&stage, &format!("echo before >/dev/null; {broken}")).await;
        assert!(!exit.status.success() && !exit.stderr.is_empty(), "{broken}: {exit:?}");
    }
    assert_eq!(run(&stage, "kill -s TERM $$; sleep 5").await.status, Status::Signal("TERM".to_owned()));
    ended(&run(&stage, "no-such-command").await, 127);
}

async fn what_a_command_sees(stage: Stage) {
    let name = stage.with_version(0).await.name;
    let path = stage.layout.release(&name);
    let exit = run(
        &stage,
        "pwd; sh -c 'printf \"%s\\n\" \"$RELM_ENV\" \"$RELM_RELEASE\" \"$RELM_RELEASE_PATH\" \
        \"$RELM_HOST\" \"$RELM_ROLES\" \"$RELM_REF\"'",
    )
    .await;
    assert_eq!(exit.stdout, format!("{path}\ndemo\n{name}\n{path}\nweb1\ndb web\nfeature/it's $new\n"));
    // A word typed once runs in what is live, and before the first release in the environment's directory.
    let (typed, other) = (command("pwd"), record(1).name);
    let exit = stage.work(&typed.work(&stage.on(None, Some(&name)))).await;
    assert_eq!(exit.stdout, format!("{path}\n"));
    let exit = stage.work(&typed.work(&stage.on(None, None))).await;
    assert_eq!(exit.stdout, format!("{}\n", stage.layout.base()));
    let exit = stage.work(&typed.work(&stage.on(Some(&other), None))).await;
    assert!(!exit.status.success() && exit.stdout.is_empty(), "{exit:?}");
    let outside = RunCommand { outside: true, ..command("pwd; exit 3") };
    let fresh = Stage::new(stage.shell, stage.tools);
    let exit = fresh.work(&outside.work(&fresh.on(Some(&other), None))).await;
    ended(&exit, 3);
    assert_eq!(exit.stdout, format!("{}\n", fresh.home().display()));
}

async fn what_a_command_does_stays_in_it(stage: Stage) {
    stage.with_version(0).await;
    ended(&run(&stage, "cd /; umask 077; RELM_ENV=other; PATH=/nowhere; set -f; exec 2>&1; ulimit -n 50").await, 0);
    let exit = run(&stage, "pwd; umask; echo \"$RELM_ENV\"; command -v ls >/dev/null && ulimit -n").await;
    ended(&exit, 0);
    let lines: Vec<&str> = exit.stdout.lines().collect();
    assert_eq!((lines[0], lines[2]), (stage.layout.release(&record(0).name).as_str(), "demo"));
    assert!(lines[1] != "0077" && lines[3] != "50", "{lines:?}");
}
