//! Secrets in files, and commands of another user.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;
use std::time::Duration;

use relm::engine::Operation as _;
use relm::fleet::{Become, By, Targets};
use relm::operations::{RunCommand, SecretFile, WriteSecrets};
use relm::secret::{Secret, Secrets};
use relm::transport::{ExecError, Exit, Status};

use super::stage::{Stage, ended, record};
use crate::site::within;

super::under_every_shell!(secret_files_are_for_their_owner_alone, a_command_is_another_user_s_and_ends_when_it_must);

const KEY: &str = "-----BEGIN-----\n'\"$HOME\\n%s `id`\n\n-----END-----\n";

fn secrets() -> Secrets {
    let secret = |value: &str| Secret::new(value.to_owned()).expect("a secret");
    Secrets::new(BTreeMap::from([("KEY".to_owned(), secret(KEY)), ("TOKEN".to_owned(), secret("the token"))]))
}

async fn write(stage: &Stage, path: &str, secret: &str) -> Exit {
    write_for(stage, path, secret, None, "0600").await
}

async fn write_for(stage: &Stage, path: &str, secret: &str, owner: Option<&str>, mode: &str) -> Exit {
    let (release, secrets) = (record(0).name, secrets());
    let owner = owner.map(|owner| format!("{owner}:{owner}")).unwrap_or_default();
    let (path, secret, mode) = (path.to_owned(), secret.to_owned(), mode.to_owned());
    let file = SecretFile { path, secret, targets: Targets::all(), owner, mode };
    let mut on = stage.on(Some(&release), None);
    on.secrets = &secrets;
    let work = WriteSecrets { files: vec![file] }.work(&on);
    stage.work(&work).await
}

async fn secret_files_are_for_their_owner_alone(stage: Stage) {
    let release = stage.path(&format!("releases/{}", stage.with_version(0).await.name));
    for path in ["key", "a/b c/it's", "-n", "a/-key"] {
        for (secret, content) in [("TOKEN", "the token"), ("KEY", KEY)] {
            ended(&write(&stage, path, secret).await, 0);
            assert_eq!(fs::read_to_string(release.join(path)).expect("a file"), content, "{path}");
            let mode = fs::metadata(release.join(path)).expect("a file").permissions().mode() & 0o7777;
            assert_eq!(mode, 0o600, "{path}");
        }
    }
    symlink("/etc/hostname", release.join("link")).expect("a link");
    ended(&write(&stage, "link", "KEY").await, 0);
    assert!(fs::symlink_metadata(release.join("link")).expect("a file").is_file());
    symlink("../..", release.join("out")).expect("a link");
    for (path, said) in [("out/key", "out is a link"), ("a", "a is a directory")] {
        let exit = write(&stage, path, "KEY").await;
        ended(&exit, 1);
        assert!(exit.stderr.contains(said), "{exit:?}");
    }
    assert!(!stage.path("key").exists());
    let me = Command::new("id").arg("-un").output().expect("id");
    let me = String::from_utf8_lossy(&me.stdout).trim().to_owned();
    // What cannot be given away leaves what was there.
    for (owner, mode, is) in [(me.as_str(), "0440", 0o440), (&me, "0640", 0o640), ("nobody-is-so", "0400", 0o640)] {
        let exit = write_for(&stage, "owned", "KEY", Some(owner), mode).await;
        ended(&exit, u32::from(owner != me));
        assert_eq!(exit.stderr.contains("may not give owned to nobody-is-so:nobody-is-so"), owner != me, "{exit:?}");
        assert_eq!(fs::metadata(release.join("owned")).expect("a file").permissions().mode() & 0o7777, is);
    }
    let left = Command::new("find").arg(&release).args(["-name", ".relm-new-*"]).output().expect("find");
    assert_eq!(String::from_utf8_lossy(&left.stdout), "");
}

async fn a_command_is_another_user_s_and_ends_when_it_must(stage: Stage) {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    if !is_root {
        assert!(
            std::env::var_os("CI").is_none(),
            "becoming another user is tested as root; nothing may be skipped in CI"
        );
        eprintln!("\n*** SKIPPED: becoming another user. Only root may become nobody without a rule for it ***\n");
        return;
    }
    // The real one, on a host that has nothing else of this machine.
    stage.replaces("sudo", "exec /usr/bin/sudo \"$@\"");
    let name = stage.with_version(0).await.name;
    let secrets = secrets();
    let run = |text: &str, limit: u64| {
        let becoming = Some(Become { user: "nobody".to_owned(), by: By::Sudo, password: None });
        let command = RunCommand {
            time_limit: Some(Duration::from_secs(limit)),
            reference: "it's $new".to_owned(),
            outside: true,
            becoming,
            secrets: vec!["KEY".to_owned()],
            ..RunCommand::new("my command", &format!("cd / && {text}"))
        };
        let mut on = stage.on(Some(&name), None);
        on.secrets = &secrets;
        command.work(&on)
    };
    let work = run("id -un; printf '%s|' \"$RELM_REF\" \"$RELM_HOST\" \"$KEY\"; cat; echo no >&2; exit 7", 20);
    let exit = stage.work(&work).await;
    assert_eq!(exit.stdout, format!("nobody\nit's $new|web1|{}|", KEY.trim_end()), "{exit:?}");
    assert!(exit.status == Status::Code(7) && exit.stderr.ends_with("no\n"), "{exit:?}");

    // Where nothing can be made in /tmp, somewhere else.
    let work = run("id -un", 20);
    let exit = stage.exec(&work.script.export("TMPDIR", "/not/there"), &work.input, work.time_limit).await;
    assert_eq!(exit.map(|exit| exit.stdout), Ok("nobody\n".to_owned()));
    let nowhere = run("id -un", 20).script.export("TMPDIR", "/not/there").export("HOME", "/not/there");
    stage.replaces("mktemp", "exit 1");
    let exit = stage.exec(&nowhere, &work.input, work.time_limit).await.expect("an exit");
    assert!(exit.status == Status::Code(1) && exit.stderr.contains("nowhere to make a pipe"), "{exit:?}");
    stage.replaces("mktemp", "exec /usr/bin/mktemp \"$@\"");

    // Seconds that no other test's `sleep` has, to know the processes by.
    let number = 1_000_000 + (std::ptr::from_ref(&stage) as usize >> 4) % 1_000_000_000;
    let work = run(&format!("sleep {number} & sleep {number}"), 1);
    let stopped = stage.exec(&work.script, &work.input, work.time_limit).await;
    assert_eq!(stopped, Err(ExecError::TimedOut(Duration::from_secs(1))));
    let running = || {
        let listed = Command::new("ps").args(["-eo", "stat=,args="]).output().expect("ps");
        let text = String::from_utf8_lossy(&listed.stdout).into_owned();
        text.lines().any(|line| line.contains(&format!("sleep {number}")) && !line.starts_with('Z'))
    };
    assert!(within(2, || !running()), "what ran as the other user lives on");
}
