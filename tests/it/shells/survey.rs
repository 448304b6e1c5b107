//! The survey reads everything there can be, and changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::sync::Arc;

use relm::engine::{question, survey};
use relm::operations::{Actor, FlipCurrent, MarkComplete};
use relm::release::State;
use relm::survey::{Current, HostSeen};
use relm::transport::Transport;

use super::stage::{Stage, at, ended, record};

super::under_every_shell!(
    nothing_there,
    a_populated_environment,
    roots_as_people_write_them,
    odd_contents_are_strangers,
    damaged_records_are_told,
    last_lines_without_an_end_are_read,
    current_that_relm_must_not_replace,
    processes_in_releases,
    shared_files_that_are_missing,
);

async fn seen_at(stage: &Stage, root: &str, processes: bool) -> HostSeen {
    asked(stage, &question(root, &stage.env, &[], processes)).await
}

async fn asked(stage: &Stage, question: &relm::script::Script) -> HostSeen {
    let hosts = [(stage.host.clone(), stage.transport.clone() as Arc<dyn Transport>)];
    let mut survey = survey(&hosts, question, &BTreeMap::new()).await;
    assert_eq!(survey.silent, [], "silent");
    survey.hosts.remove(0).1
}

async fn seen(stage: &Stage) -> HostSeen {
    seen_at(stage, "~/srv", false).await
}

async fn shared_files_that_are_missing(stage: Stage) {
    let files = ["conf/local $x.py", "a 'b'", "-n", "media"].map(str::to_owned);
    let question = question("~/srv", &stage.env, &files, false);
    assert_eq!(asked(&stage, &question).await.lacks, files, "before a first deploy");
    std::fs::create_dir_all(stage.path("shared/media")).expect("a directory");
    std::fs::write(stage.path("shared/a 'b'"), "").expect("a file");
    assert_eq!(asked(&stage, &question).await.lacks, ["conf/local $x.py", "-n", "media"]);
}

async fn nothing_there(stage: Stage) {
    let seen = seen(&stage).await;
    let counted =
        Command::new("stat").args(["-f", "-c", "%c"]).arg(stage.home()).output().expect("stat").stdout != b"0\n";
    assert_eq!((&seen.layout, seen.free_files.is_some()), (&stage.layout, counted));
    assert_eq!((seen.current.clone(), seen.releases.len(), seen.history.len()), (Current::Nothing, 0, 0));
    assert_eq!(seen.missing_tools, Vec::<String>::new());
    assert_eq!(seen.damage, Vec::<String>::new());
    assert!(seen.free_kilobytes.is_some_and(|free| free > 0) && !seen.user.is_empty());
    for (says, expected) in [("echo 1000 0", Some(0)), ("echo 0 0", None), ("exit 1", None)] {
        stage.replaces("stat", says);
        assert_eq!(seen_at(&stage, "~/srv", false).await.free_files, expected, "{says}");
    }
    assert!((chrono::Utc::now() - seen.clock).num_seconds().abs() < 60);
    assert!(!stage.path("").exists(), "a survey changes nothing");
}

async fn flip(stage: &Stage, from: Option<u32>, to: u32) {
    let actor = Actor {
        task: "deploy".to_owned(),
        by: "Zoë".to_owned(),
        login: "ada".to_owned(),
        machine: "laptop".to_owned(),
        message: Some("a 'quoted' \\ text".to_owned()),
        consents: relm::release::Consents::default(),
        at: at(to + 100),
    };
    let operation = FlipCurrent { actor, record: record(to), leaves_bad: false, record_file: None };
    let (from, to) = (from.map(|from| record(from).name), record(to).name);
    let on = stage.on(Some(&to), from.as_ref());
    ended(&stage.work(&relm::engine::Operation::work(&operation, &on)).await, 0);
}

async fn populate(stage: &Stage) {
    for n in 0..3 {
        let name = stage.with_version(n).await.name;
        if n < 2 {
            ended(&stage.run(&MarkComplete, &name).await, 0);
        }
    }
    flip(stage, None, 0).await;
    flip(stage, Some(0), 1).await;
    let steps = stage.path(&format!(".relm/releases/{}/steps", record(1).name));
    fs::write(steps, "done 00ff prepare upload_code\ndone 11ee prepare my own & odd / step\nnoise\n").expect("a file");
}

async fn a_populated_environment(stage: Stage) {
    populate(&stage).await;
    fs::write(stage.path(".relm/maintenance"), "hand\n").expect("a file");
    fs::create_dir(stage.path(".relm/services")).expect("a directory");
    let conf = stage.home().join("my shop.conf").display().to_string();
    fs::write(&conf, "").expect("a file");
    let placed = format!("00ff {conf}\n11ee {conf}\n22dd /nowhere/shop.conf\n");
    fs::write(stage.path(".relm/services/shop"), placed).expect("a file");
    for (key, place, live) in
        [("a", "shop.conf", "2026-01-01_00.00.00"), ("b", "shop.conf", "none"), ("c", "away", "x")]
    {
        let place = stage.home().join(format!("my {place}"));
        fs::create_dir_all(stage.path(&format!(".relm/publish/{key}"))).expect("a directory");
        fs::write(stage.path(&format!(".relm/publish/{key}/place")), format!("{}\n", place.display())).expect("a file");
        fs::write(stage.path(&format!(".relm/publish/{key}/live")), format!("{live}\n")).expect("a file");
    }
    let seen = seen(&stage).await;
    assert_eq!(seen.published, std::collections::BTreeSet::from([conf.clone()]));
    assert_eq!(seen.maintenance.as_deref(), Some("hand"));
    assert_eq!(seen.service_files, BTreeMap::from([("shop".to_owned(), std::collections::BTreeSet::from([conf]))]));
    assert_eq!(seen.damage, Vec::<String>::new());
    assert_eq!(seen.current, Current::Release(record(1).name));
    let states: Vec<_> = seen.releases.iter().map(|release| (release.state, release.has_tree)).collect();
    assert_eq!(states, [(State::Retired, true), (State::Live, true), (State::Building, true)]);
    assert_eq!(seen.releases[2].record, record(2), "a record comes back as it was written");
    let pretty = serde_json::to_string_pretty(&record(2)).expect("text");
    fs::write(stage.path(&format!(".relm/releases/{}/release.json", record(2).name)), pretty).expect("a file");
    assert_eq!(seen_at(&stage, "srv", false).await.releases[2].record, record(2), "or over several lines");
    let steps = &seen.releases[1].steps;
    let of = |step: &str, hash: &str| (step.to_owned(), hash.to_owned());
    assert_eq!(*steps, [of("upload_code", "00ff"), of("my own & odd / step", "11ee")]);
    let flips: Vec<_> = seen.history.iter().map(|flip| (flip.from.clone(), flip.to.clone())).collect();
    assert_eq!(flips, [(None, Some(record(0).name)), (Some(record(0).name), Some(record(1).name))]);
    assert_eq!(seen.history[1].message.as_deref(), Some("a 'quoted' \\ text"));
    assert!(seen.releases.iter().all(|release| release.used_by.is_none()));
}

async fn roots_as_people_write_them(stage: Stage) {
    stage.claimed(0).await;
    let home = stage.home().display().to_string();
    symlink(stage.home(), stage.home().join("way round")).expect("a link");
    for root in ["~/srv", "srv", &format!("{home}/srv"), "~/way round/srv", "./srv/../srv"] {
        let seen = seen_at(&stage, root, false).await;
        assert_eq!((seen.layout, seen.releases.len()), (stage.layout.clone(), 1), "{root}");
    }
}

async fn odd_contents_are_strangers(stage: Stage) {
    populate(&stage).await;
    let releases = stage.path("releases");
    for name in ["with space", "new\nline", "-rf", "é", "*", ".hidden", "back\\slash", "2026-01-01_00.00"] {
        fs::create_dir(releases.join(name)).expect("a directory");
        fs::create_dir(stage.path(".relm/releases").join(name)).expect("a directory");
        let inside = stage.path(".relm/releases").join(name);
        fs::write(inside.join("release.json"), "{}").expect("a file");
        fs::write(inside.join("steps"), "done 1 prepare x\n").expect("a file");
    }
    fs::write(releases.join("a file"), "").expect("a file");
    symlink("nowhere", releases.join("dangling")).expect("a link");
    symlink("..", releases.join("2026-11-20_14.30.05")).expect("a link");
    fs::write(stage.path(".relm/releases/a file"), "").expect("a file");
    let seen = seen(&stage).await;
    assert_eq!((seen.releases.len(), &seen.damage), (3, &Vec::new()));
    let mut strangers = seen.strangers;
    strangers.sort();
    let wanted = ["*", "-rf", ".hidden", "2026-01-01_00.00", "back\\slash", "new?line", "with space", "é"];
    assert_eq!(strangers, wanted);
}

async fn damaged_records_are_told(stage: Stage) {
    type Damage = (&'static str, &'static str, &'static [u8]);
    const CASES: [Damage; 8] = [
        ("release.json", "is damaged", b""),
        ("release.json", "is damaged", b"\0\0\0\0\0\0"),
        ("release.json", "is damaged", b"{\"name\":\"20"),
        ("release.json", "is damaged", b"\xff\xfe line\nend\nbase /elsewhere\n"),
        ("state", "is damaged", b""),
        ("state", "is damaged", b"\0\0\0\0"),
        ("state", "is damaged", b"compl"),
        ("state", "cannot be read", b"nonsense\nend\nbase /elsewhere\n"),
    ];
    for (n, (file, _, bytes)) in (0..).zip(CASES) {
        let name = stage.claimed(n).await.name;
        fs::write(stage.path(&format!(".relm/releases/{name}/{file}")), bytes).expect("a file");
    }
    let gone = stage.claimed(20).await.name;
    fs::remove_file(stage.path(&format!(".relm/releases/{gone}/release.json"))).expect("a file");
    let odd = stage.claimed(21).await.name;
    let place = stage.path(&format!(".relm/releases/{odd}/state"));
    fs::remove_file(&place).expect("a file");
    fs::create_dir(&place).expect("a directory");
    stage.claimed(22).await;
    let seen = seen(&stage).await;
    assert_eq!(seen.layout, stage.layout);
    let names: Vec<_> = seen.releases.iter().map(|release| release.name.clone()).collect();
    assert_eq!(names, [record(22).name], "{:?}", seen.damage);
    assert_eq!(seen.damage.len(), CASES.len() + 2, "{:?}", seen.damage);
    for (n, (file, how, bytes)) in (0..).zip(CASES) {
        let told = seen.damage.iter().any(|damage| damage.contains(record(n).name.as_str()) && damage.contains(how));
        assert!(told, "{file} {bytes:?}: {:?}", seen.damage);
    }
}

/// A power cut can take the end of a file.
async fn last_lines_without_an_end_are_read(stage: Stage) {
    populate(&stage).await;
    let steps = stage.path(&format!(".relm/releases/{}/steps", record(1).name));
    fs::write(steps, "done 00ff prepare upload_code\ndone 11ee prepare link_sh").expect("a file");
    let history = stage.path(".relm/history.jsonl");
    let whole = fs::read_to_string(&history).expect("a file");
    fs::write(&history, format!("{whole}\0\0\n{{\"at\":\"2026")).expect("a file");
    let damaged = seen(&stage).await;
    assert_eq!((damaged.releases.len(), damaged.history.len(), damaged.damaged_history), (3, 2, 2));
    assert_eq!(damaged.releases[1].steps.len(), 2);
    fs::write(&history, whole.trim_end()).expect("a file");
    let cut = seen(&stage).await;
    assert_eq!((cut.history.len(), cut.damaged_history), (2, 0));
    let note = whole.lines().next().expect("a line").replace("\"intent\"", "\"note\"");
    let beside = stage.path(".relm/notes.jsonl");
    fs::write(&beside, format!("{note}\n").repeat(1000) + "end\n" + whole.trim_end()).expect("a file");
    let noted = seen(&stage).await;
    // Whatever stands there: only a note is one, and none pushes out what was live.
    assert_eq!((noted.history.len(), noted.notes.len(), noted.damaged_history), (2, 95, 5));
    fs::remove_file(&beside).expect("a file");
    fs::create_dir(&beside).expect("a directory");
    fs::write(beside.join("x"), "").expect("a file");
    let unreadable = seen(&stage).await;
    assert_eq!((unreadable.history.len(), unreadable.notes.len(), unreadable.damaged_history), (2, 0, 1));
    fs::remove_file(&history).expect("a file");
    fs::create_dir(&history).expect("a directory");
    let unreadable = seen(&stage).await;
    assert_eq!(unreadable.damage[0], "the history cannot be read");
}

async fn current_that_relm_must_not_replace(stage: Stage) {
    stage.claimed(0).await;
    let current = stage.path("current");
    let name = record(0).name;
    for target in [format!("releases/{name}"), format!("{}/releases/{name}", stage.layout.base())] {
        symlink(target, &current).expect("a link");
        assert_eq!(seen(&stage).await.current, Current::Release(name.clone()));
        fs::remove_file(&current).expect("a link");
    }
    for target in ["/", "releases", "new\nline", "releases/2026-01-01_00.00.00", " ", "-e", "a\\nb"] {
        symlink(target, &current).expect("a link");
        let seen = seen(&stage).await.current;
        assert!(matches!(seen, Current::Foreign(_)), "{target:?}: {seen:?}");
        fs::remove_file(&current).expect("a link");
    }
    fs::write(&current, "").expect("a file");
    assert!(matches!(seen(&stage).await.current, Current::Foreign(_)));
    fs::remove_file(&current).expect("a file");
    fs::create_dir(&current).expect("a directory");
    assert!(matches!(seen(&stage).await.current, Current::Foreign(_)));
}

async fn processes_in_releases(stage: Stage) {
    for n in 0..2 {
        stage.with_version(n).await;
    }
    let inside = stage.path(&format!("releases/{}", record(1).name));
    let mut sleeper = std::process::Command::new("sleep").arg("30").current_dir(inside).spawn().expect("a process");
    let seen = seen_at(&stage, "srv", true).await;
    sleeper.kill().and_then(|()| sleeper.wait()).expect("an end");
    let used: Vec<_> = seen.releases.iter().map(|release| release.used_by).collect();
    assert_eq!(used, [None, Some(sleeper.id())]);
    assert_eq!(seen.damage, Vec::<String>::new());
    // Of too many processes it cannot be told, and then nothing is cleaned.
    stage.replaces("ls", "case $* in */proc/*) exit 126 ;; esac\nPATH=${PATH#*:}\nexec ls \"$@\"");
    assert_eq!(seen_at(&stage, "srv", true).await.damage, ["which releases processes run in cannot be told"]);
}
