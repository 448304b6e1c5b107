//! A path of the release taken from host to host, whatever shell and tools either has.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::sync::Arc;

use relm::engine::{Gives as _, Operation as _};
use relm::fleet::{HostName, Targets};
use relm::operations::Transfer;
use relm::release::ReleaseName;
use relm::secret::Mask;
use relm::transport::{Exec, Input, LazyFile, handed_over};
use tokio_util::sync::CancellationToken;

use super::stage::{Shell, Stage, Tools, ended};

super::under_every_shell!(a_path_goes_to_another_host_and_back);

fn transfer() -> Transfer {
    let from = HostName::new("web1").expect("a name");
    Transfer { name: "css".to_owned(), from, targets: Targets::all(), path: "out/it's $HOME".to_owned() }
}

/// What a host tells of the path and gives.
async fn given(stage: &Stage, release: &ReleaseName) -> (String, Arc<LazyFile>) {
    let on = stage.on(Some(release), None);
    let told = stage.script(&transfer().tell(&on)).await;
    ended(&told, 0);
    let exec = Exec {
        script: &transfer().give(&on),
        input: &Input::Nothing,
        on_line: &|_, _, line| panic!("it said {line}"),
        on_part: &|_, _| {},
        on_sent: &|_| {},
        time_limit: None,
        stop: &CancellationToken::new(),
        kept: None,
        is_open_text: false,
        mask: Mask::nothing(),
    };
    let (exit, file) = handed_over(&*stage.transport, exec).await.expect("an exit");
    ended(&exit, 0);
    (told.stdout.trim().to_owned(), file.expect("a file"))
}

/// Has a host take it; returns what it exited with.
async fn takes(stage: &Stage, release: &ReleaseName, told: &str, input: Input) -> relm::transport::Exit {
    let work = transfer().work(&stage.on(Some(release), None));
    let reads = if matches!(input, Input::Nothing) { "" } else { "yes" };
    let script = work.script.set("relm_told", told).set("relm_reads", reads);
    stage.exec(&script, &input, None).await.expect("an exit")
}

async fn a_path_goes_to_another_host_and_back(stage: Stage) {
    let other = Stage::new(Shell::Bash, Tools::Coreutils);
    let (here, there) = (stage.with_version(0).await.name, other.with_version(0).await.name);
    let out = |stage: &Stage| stage.path(&format!("releases/{here}/out/it's $HOME"));
    let made = out(&stage);
    fs::create_dir_all(made.join("empty")).expect("a directory");
    for name in ["plain", "-dash", " a b ", "new\nline\n", "back\\slash", "tab\t[x]*?"] {
        fs::write(made.join(name), name.repeat(20_000)).expect("a file");
    }
    fs::write(made.join("empty file"), "").expect("a file");
    fs::set_permissions(made.join("plain"), fs::Permissions::from_mode(0o750)).expect("a mode");
    symlink("../-dash", made.join("link")).expect("a link");
    let (told, file) = given(&stage, &here).await;

    ended(&takes(&other, &there, &told, Input::Nothing).await, 99);
    ended(&takes(&other, &there, &told, Input::File(Arc::clone(&file))).await, 0);
    ended(&takes(&other, &there, &told, Input::Nothing).await, 90);
    let (told_back, back) = given(&other, &there).await;
    assert_eq!(told_back, told, "the same on both");
    assert_eq!(fs::read_to_string(out(&other).join("new\nline\n")).expect("a file").len(), 180_000);
    assert!(fs::read_link(out(&other).join("link")).is_ok() && out(&other).join("empty").is_dir());

    // One byte, one name, one mode, one link more or less: it is not the same any more, and is made the same again.
    let changes: [&dyn Fn(); 5] = [
        &|| fs::write(made.join("new\nline\n"), "other").expect("a file"),
        &|| fs::rename(made.join("plain"), made.join("plan")).expect("a name"),
        &|| fs::set_permissions(made.join(" a b "), fs::Permissions::from_mode(0o600)).expect("a mode"),
        &|| fs::remove_file(made.join("link")).expect("a link"),
        &|| fs::write(made.join("more"), "more").expect("a file"),
    ];
    for change in changes {
        change();
        ended(&takes(&stage, &here, &told, Input::Nothing).await, 99);
        ended(&takes(&stage, &here, &told, Input::File(Arc::clone(&back))).await, 0);
        ended(&takes(&stage, &here, &told, Input::Nothing).await, 90);
    }
    let wrong = takes(&stage, &here, &"0".repeat(64), Input::File(back)).await;
    ended(&wrong, 1);
    assert!(wrong.stderr.contains("what came is not what web1 told of"), "{wrong:?}");
    let cut = takes(&stage, &here, &told, Input::Bytes(vec![0x1f, 0x8b, 8].into())).await;
    assert!(!cut.status.success() && made.join("plain").exists(), "{cut:?}");
    assert!(!stage.path(&format!("releases/{here}/.relm")).join("out").exists());
}
