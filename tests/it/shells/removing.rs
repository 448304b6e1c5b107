//! Nothing that is live or in use is removed, and nothing half removed bears a name.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use relm::operations::RemoveReleases;
use relm::transport::Exit;

use super::stage::{Stage, ended, record};

super::under_every_shell!(
    what_is_named_goes,
    what_is_live_stays,
    what_is_in_use_stays,
    what_is_only_named_mapped_or_a_root_stays,
    what_is_named_from_nobody_knows_where_stays,
    what_may_be_in_use_stays,
    what_is_published_by_a_link_stays,
    links_and_leftovers,
);

async fn remove(stage: &Stage, releases: &[u32]) -> Exit {
    let names = releases.iter().map(|n| record(*n).name).collect();
    let operation = RemoveReleases { releases: BTreeMap::from([(stage.host.name.clone(), names)]), may_fail: false };
    stage.run(&operation, &record(0).name).await
}

fn tree(stage: &Stage, n: u32) -> std::path::PathBuf {
    stage.path(&format!("releases/{}", record(n).name))
}

fn is_there(stage: &Stage, n: u32) -> (bool, bool) {
    (tree(stage, n).exists(), stage.path(&format!(".relm/releases/{}", record(n).name)).exists())
}

async fn what_is_named_goes(stage: Stage) {
    for n in 0..4 {
        stage.with_version(n).await;
    }
    fs::create_dir(tree(&stage, 1).join("-rf\n dir")).expect("a directory");
    fs::remove_dir_all(tree(&stage, 2)).expect("a directory");
    symlink(stage.home(), tree(&stage, 1).join("link out")).expect("a link");
    let exit = remove(&stage, &[1, 2]).await;
    ended(&exit, 0);
    assert_eq!(exit.stdout, format!("removed {}\nremoved {}\n", record(1).name, record(2).name));
    let there: Vec<_> = (0..4).map(|n| is_there(&stage, n)).collect();
    assert_eq!(there, [(true, true), (false, false), (false, false), (true, true)]);
    assert!(stage.home().exists());
    ended(&remove(&stage, &[1]).await, 0);
    ended(&remove(&stage, &[]).await, 90);
}

async fn what_is_live_stays(stage: Stage) {
    for n in 0..3 {
        stage.with_version(n).await;
    }
    for target in [format!("releases/{}", record(1).name), tree(&stage, 1).display().to_string()] {
        symlink(target, stage.path("current")).expect("a link");
        let exit = remove(&stage, &[1, 2]).await;
        ended(&exit, 1);
        assert!(exit.stderr.contains("is live, and stays"), "{exit:?}");
        assert_eq!((is_there(&stage, 1), is_there(&stage, 2)), ((true, true), (true, true)));
        fs::remove_file(stage.path("current")).expect("a link");
    }
}

fn started(mut command: Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("a process")
}

async fn what_is_in_use_stays(stage: Stage) {
    for n in 0..5 {
        stage.with_version(n).await;
    }
    let sleep = fs::read_link("/proc/self/exe").map(|_| which("sleep")).expect("a program");
    fs::create_dir(tree(&stage, 1).join("deep  er")).expect("a directory");
    let mut by_directory = Command::new(&sleep);
    by_directory.arg("30").current_dir(tree(&stage, 1).join("deep  er"));
    let mut by_both = Command::new(&sleep);
    by_both.arg("30").current_dir(tree(&stage, 2));
    let program = tree(&stage, 2).join("my sleep");
    fs::copy(&sleep, &program).expect("a copy");
    let mut by_program = Command::new(&program);
    by_program.arg0("sleep").arg("30");
    let open = fs::File::create(tree(&stage, 3).join("a -> b\nlog")).expect("a file");
    let mut by_file = Command::new(&sleep);
    by_file.arg("30").stderr(open);
    let mut children = [by_directory, by_program, by_file, by_both].map(started);
    let exit = remove(&stage, &[1, 2, 3, 4]).await;
    for child in &mut children {
        child.kill().and_then(|()| child.wait()).expect("an end");
    }
    ended(&exit, 98);
    let [a, b, c, d] = children.map(|child| child.id().to_string());
    let [n1, n2, n3, n4] = [1, 2, 3, 4].map(|n| record(n).name);
    let stays = |name, pid| format!("{name} stays: process {pid} runs in it");
    let two = format!("{n2} stays: processes {} {} run in it", b.clone().min(d.clone()), b.max(d));
    let all = [stays(n1, a), two, stays(n3, c)].join(", ");
    assert_eq!(exit.stdout, format!("removed {n4}\n{all}\n"));
    assert_eq!([1, 2, 3, 4].map(|n| is_there(&stage, n).0), [true, true, true, false]);
    ended(&remove(&stage, &[1, 2, 3]).await, 0);
    assert_eq!([1, 2, 3].map(|n| is_there(&stage, n)), [(false, false); 3]);
}

/// Python, which says when it is there. Of other users' processes nothing but the words can be seen.
fn python(text: &str, words: &[String]) -> Command {
    let mut command = Command::new("python3");
    let text = format!("import os, sys, time\n{text}\nprint(1, flush=True)\ntime.sleep(30)");
    command.args(["-c", &text]).args(words).current_dir("/");
    command
}

async fn what_is_only_named_mapped_or_a_root_stays(stage: Stage) {
    for n in 0..7 {
        stage.with_version(n).await;
    }
    let name = |n: u32| record(n).name.to_string();
    let under = |n: u32| tree(&stage, n).display().to_string();
    let alias = stage.home().join("other-way");
    symlink(stage.path(""), &alias).expect("a link");
    let by_path = python("", &["worker".to_owned(), format!("--settings={}/settings.py", under(1))]);
    let mut by_relative = python("", &[format!("releases/{}/worker.py", name(2))]);
    by_relative.current_dir(stage.path(""));
    let by_alias = python("", &[format!("{}/releases/{}", alias.display(), name(3))]);
    // Of another environment, a release that is not there, and no path at all.
    let foreign = [format!("/srv/releases/{}/worker.py", name(6)), format!("releases/{}", name(9)), name(6)];
    let of_others = python("", &foreign);
    let maps = fs::read_to_string("/proc/self/maps").expect("a file");
    let library = maps.lines().filter_map(|line| line.split_whitespace().nth(5));
    let mut library = library.filter(|path| path.contains("/libgcc_s.so") || path.contains("/libm.so"));
    fs::copy(library.next().expect("a library"), tree(&stage, 4).join("lib.so")).expect("a copy");
    let mut by_map = python("", &[]);
    by_map.env("LD_PRELOAD", tree(&stage, 4).join("lib.so"));
    // Only root may change its root.
    let mut by_root = python("os.geteuid() or os.chroot(os.environ['ROOT'])", &[]);
    by_root.env("ROOT", tree(&stage, 5));
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");

    let mut children = [by_path, by_relative, by_alias, by_map, by_root, of_others].map(|mut command| {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("a process");
        let mut said = [0];
        child.stdout.as_mut().expect("a pipe").read_exact(&mut said).expect("it began");
        child
    });
    let exit = remove(&stage, &[1, 2, 3, 4, 5, 6]).await;
    for child in &mut children {
        child.kill().and_then(|()| child.wait()).expect("an end");
    }
    ended(&exit, 98);
    for (n, child) in (1..6).zip(&children) {
        let stays = format!("{} stays: process {} runs in it", name(n), child.id());
        assert!(exit.stdout.contains(&stays) || (n == 5 && !is_root), "{stays}: {exit:?}");
    }
    assert!(!is_there(&stage, 6).0, "{exit:?}");
    ended(&remove(&stage, &[1, 2, 3, 4, 5]).await, 0);
}

/// A worker of ours, or of anybody, that has gone to `/` since.
async fn what_is_named_from_nobody_knows_where_stays(stage: Stage) {
    for n in 70..72 {
        stage.with_version(n).await;
    }
    let mut child = started(python("", &[format!("releases/{}/worker.py", record(71).name)]));
    let exit = remove(&stage, &[70, 71]).await;
    child.kill().and_then(|()| child.wait()).expect("an end");
    ended(&exit, 98);
    assert!(exit.stdout.starts_with(&format!("removed {}\n{} stays: ", record(70).name, record(71).name)), "{exit:?}");
    assert!(exit.stdout.contains(&child.id().to_string()), "{exit:?}");
}

/// With very many processes `ls` cannot be started.
async fn what_may_be_in_use_stays(stage: Stage) {
    for n in 0..2 {
        stage.with_version(n).await;
    }
    for (tool, text) in [("ls", "exit 126"), ("grep", "[ \"$2\" = -F ] || exit 126; PATH=${PATH#*:} exec grep \"$@\"")]
    {
        stage.replaces(tool, text);
        let exit = remove(&stage, &[1]).await;
        ended(&exit, 1);
        assert_eq!(exit.stderr, "which releases processes run in cannot be told, so none is removed\n");
        assert_eq!(is_there(&stage, 1), (true, true));
        stage.replaces(tool, &format!("PATH=${{PATH#*:}} exec {tool} \"$@\""));
    }
}

/// A program that is one file and not an applet, which would not run under another name.
fn which(name: &str) -> std::path::PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&path).map(|place| place.join(name));
    places.find(|file| file.is_file()).expect("a program")
}

async fn what_is_published_by_a_link_stays(stage: Stage) {
    for n in 0..3 {
        stage.with_version(n).await;
    }
    let publish = stage.path(".relm/publish");
    for (n, place) in [(1, "it's here"), (2, "gone")] {
        let kept = publish.join(format!("%{place}"));
        fs::create_dir_all(&kept).expect("a directory");
        let place = stage.home().join(place);
        fs::write(kept.join("place"), format!("{}\n", place.display())).expect("a file");
        symlink(tree(&stage, n).join("doc"), place).expect("a link");
    }
    fs::remove_file(stage.home().join("gone")).expect("a link");
    let exit = remove(&stage, &[1, 2]).await;
    ended(&exit, 98);
    let place = stage.home().join("it's here");
    let (one, two) = (record(1).name, record(2).name);
    assert_eq!(exit.stdout, format!("removed {two}\n{one} stays: {} leads to it\n", place.display()));
    fs::remove_file(place).expect("a link");
    ended(&remove(&stage, &[1]).await, 0);
}

async fn links_and_leftovers(stage: Stage) {
    for n in 0..3 {
        stage.with_version(n).await;
    }
    let trash = stage.path(&format!("releases/.trash-{}", record(9).name));
    fs::create_dir_all(trash.join("half/removed")).expect("a directory");
    ended(&remove(&stage, &[]).await, 90);
    assert!(!trash.exists());
    fs::create_dir_all(stage.path(&format!("releases/.trash-{}", record(1).name))).expect("a directory");
    fs::remove_dir_all(tree(&stage, 2)).expect("a directory");
    symlink(tree(&stage, 0), tree(&stage, 2)).expect("a link");
    let exit = remove(&stage, &[1, 2]).await;
    ended(&exit, 1);
    assert!(exit.stderr.contains("is a link, and stays"), "{exit:?}");
    assert_eq!(
        (is_there(&stage, 0), is_there(&stage, 1), is_there(&stage, 2)),
        ((true, true), (false, false), (true, true))
    );
}
