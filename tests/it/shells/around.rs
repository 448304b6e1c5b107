//! Commands with something around them: attempts, inputs that are the same, migrations, looks, and the file that names a
//! release.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use relm::engine::{Operation as _, Sight};
use relm::fleet::Targets;
use relm::operations::{
    Activity, BusyIf, CheckRedo, LookBusy, MigrateDatabase, Pending, RetryCommand, RunCommand, UnlessSame, WriteVersion,
};
use relm::release::Record;

use super::stage::{Stage, ended};

super::under_every_shell!(
    attempts_end_with_the_first_that_succeeds,
    the_same_inputs_make_the_same_once,
    what_is_pending_is_migrated_and_written_down,
    files_are_given_to_a_database_once_and_in_order,
    files_that_have_run_run_again_where_somebody_says_so,
    processes_and_commands_are_busy_or_not,
    the_release_says_which_one_it_is,
);

fn in_release(stage: &Stage, record: &Record, file: &str) -> std::path::PathBuf {
    stage.path(&format!("releases/{}/{file}", record.name))
}

async fn attempts_end_with_the_first_that_succeeds(stage: Stage) {
    let record = stage.with_version(0).await;
    let retry = |run: &str, times| RetryCommand {
        command: RunCommand::new("fetch", run),
        times,
        every: Duration::from_secs(0),
        factor: 2,
    };
    let third = "echo x >>tried; [ \"$(wc -l <tried)\" -eq 3 ] || exit 94";
    let exit = stage.run(&retry(third, 3), &record.name).await;
    ended(&exit, 0);
    assert!(exit.stderr.contains("attempt 2 of 3 failed (exit code 94); trying again"), "{exit:?}");
    let exit = stage.run(&retry("set -e; false; true", 2), &record.name).await;
    ended(&exit, 1);
    assert!(exit.stderr.ends_with("attempt 2 of 2 failed (exit code 1)\n"), "{exit:?}");
}

async fn the_same_inputs_make_the_same_once(stage: Stage) {
    let (first, second) = (stage.with_version(0).await, stage.with_version(1).await);
    let build = UnlessSame {
        operation: Arc::new(RunCommand::new(
            "build",
            "mkdir -p 'out it'\\''s'; cat in/* >'out it'\\''s/all'; cd out* && ln -s all link",
        )),
        inputs: vec!["in/*".to_owned(), "**/*.lock".to_owned()],
        outputs: vec!["out it's".to_owned()],
    };
    for record in [&first, &second] {
        fs::create_dir(in_release(&stage, record, "in")).expect("a directory");
        fs::write(in_release(&stage, record, "in/a b"), "one").expect("a file");
        fs::write(in_release(&stage, record, "x.lock"), "").expect("a file");
    }
    ended(&stage.run(&build, &first.name).await, 0);
    let exit = stage.run(&build, &second.name).await;
    ended(&exit, 91);
    assert!(exit.stdout.contains(&format!("its inputs are those of {}", first.name)), "{exit:?}");
    assert_eq!(fs::read_to_string(in_release(&stage, &second, "out it's/link")).expect("a file"), "one");
    // It builds on nothing that is not there any more, and another input is another.
    fs::remove_dir_all(in_release(&stage, &second, "out it's")).expect("a directory");
    fs::write(in_release(&stage, &second, "in/a b"), "two").expect("a file");
    ended(&stage.run(&build, &second.name).await, 0);
    assert_eq!(fs::read_to_string(in_release(&stage, &second, "out it's/all")).expect("a file"), "two");
}

fn migration(run: &str, pending: Pending, backup: Option<&str>) -> MigrateDatabase {
    let command = RunCommand::new("migrate", run);
    MigrateDatabase {
        operation: Arc::new(command.clone()),
        command,
        pending: Some(pending),
        backup: backup.map(str::to_owned),
        secrets: Vec::new(),
    }
}

fn files(again: &[&str]) -> Pending {
    Pending::Files { directory: "sql".to_owned(), again: again.iter().map(ToString::to_string).collect() }
}

async fn what_is_pending_is_migrated_and_written_down(stage: Stage) {
    let record = stage.with_version(0).await;
    let pending = Pending::Printed("[ -e done ] || printf '0001 it'\\''s\\n0002\\n'".to_owned());
    let migrate = migration("[ -e saved ] && touch done", pending.clone(), Some("touch saved"));
    ended(&stage.run(&migrate, &record.name).await, 0);
    let ledger = stage.read(".relm/migrations");
    let told = ledger.lines().map(|line| {
        let (before, name) = line.split_once('@').expect("a time");
        format!("{before} {}", name.split_once(' ').expect("a name").1)
    });
    assert_eq!(told.collect::<Vec<_>>(), ["0001 it's", "0002"].map(|name| format!("{} migrate {name}", record.name)));
    let exit = stage.run(&migrate, &record.name).await;
    ended(&exit, 91);
    assert!(exit.stdout.ends_with("nothing is pending\n"), "{exit:?}");
    fs::remove_file(in_release(&stage, &record, "done")).expect("a file");
    let exit = stage.run(&migration("touch done", pending, Some("exit 3")), &record.name).await;
    ended(&exit, 1);
    assert!(exit.stderr.contains("the backup failed (exit code 3), so nothing was migrated"), "{exit:?}");
    assert!(!in_release(&stage, &record, "done").exists());
}

async fn files_are_given_to_a_database_once_and_in_order(stage: Stage) {
    let record = stage.with_version(0).await;
    let sql = |name: &str, text: &str| {
        let path = in_release(&stage, &record, &format!("sql/{name}"));
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(path, text).expect("a file");
    };
    sql("1.10/01-b.sql", "b");
    sql("1.9/01-a.sql", "a");
    let migrate = migration("cat >>given; [ ! -e broken ]", files(&[]), None);
    ended(&stage.run(&migrate, &record.name).await, 0);
    let given = || fs::read_to_string(in_release(&stage, &record, "given")).expect("a file");
    assert_eq!(given(), "ab");
    ended(&stage.run(&migrate, &record.name).await, 91);
    sql("1.10/02-c.sql", "c");
    fs::write(in_release(&stage, &record, "broken"), "").expect("a file");
    let exit = stage.run(&migrate, &record.name).await;
    ended(&exit, 1);
    assert!(exit.stderr.contains("1.10/02-c.sql failed"), "{exit:?}");
    fs::remove_file(in_release(&stage, &record, "broken")).expect("a file");
    ended(&stage.run(&migrate, &record.name).await, 0);
    assert_eq!(given(), "abcc");
    sql("1.9/01-a.sql", "another");
    let exit = stage.run(&migrate, &record.name).await;
    assert!(exit.stderr.contains("has been changed since: write a new file"), "{exit:?}");
    // Each line tells when, and a line without a time is one all the same.
    let ledger = stage.read(".relm/sql-migrate");
    let told = ledger.lines().map(|line| line.split(' ').nth(2).expect("a release").split_once('@').expect("a time"));
    let is_time = |time: &str| time.len() == 20 && time.starts_with("20") && time.ends_with('Z');
    assert!(told.clone().all(|(release, time)| release == record.name.as_str() && is_time(time)), "{ledger}");
}

async fn files_that_have_run_run_again_where_somebody_says_so(stage: Stage) {
    let (first, second) = (stage.with_version(0).await, stage.with_version(1).await);
    for record in [&first, &second] {
        fs::create_dir_all(in_release(&stage, record, "sql/1.9")).expect("a directory");
        for name in ["1.9/01-a.sql", "1.9/02-b.sql", "1.9/03-c.sql"] {
            fs::write(in_release(&stage, record, &format!("sql/{name}")), &name[7..8]).expect("a file");
        }
    }
    let migrate = |again: &[&str]| migration("cat >>given; [ ! -e broken ]", files(again), None);
    ended(&stage.run(&migrate(&[]), &first.name).await, 0);
    let look = |again: &[&str]| CheckRedo {
        step: "migrate".to_owned(),
        targets: Targets::all(),
        again: again.iter().map(ToString::to_string).collect(),
    };
    ended(&stage.run(&look(&["1.9/02-b.sql", "1.9/01-a.sql"]), &second.name).await, 0);
    let exit = stage.run(&look(&["1.9/02-b.sql", "1.9/02-x.sql"]), &second.name).await;
    ended(&exit, 1);
    assert!(exit.stderr.starts_with("1.9/02-x.sql has never run here"), "{exit:?}");
    // Also what has been changed since; in the order of the directory, and with the others.
    let given = || fs::read_to_string(in_release(&stage, &second, "given")).unwrap_or_default();
    fs::write(in_release(&stage, &second, "sql/1.9/02-b.sql"), "B").expect("a file");
    fs::write(in_release(&stage, &second, "sql/1.9/04-d.sql"), "d").expect("a file");
    let exit = stage.run(&migrate(&["1.9/01-a.sql", "1.9/09.sql"]), &second.name).await;
    ended(&exit, 1);
    assert!(exit.stderr.contains("1.9/09.sql cannot run again: it is not in sql of this release"), "{exit:?}");
    assert!(exit.stderr.contains("1.9/02-b.sql ran with"), "{exit:?}");
    let again = ["1.9/03-c.sql", "1.9/02-b.sql"];
    fs::write(in_release(&stage, &second, "broken"), "").expect("a file");
    ended(&stage.run(&migrate(&again), &second.name).await, 1);
    assert_eq!(given(), "B");
    fs::remove_file(in_release(&stage, &second, "broken")).expect("a file");
    ended(&stage.run(&migrate(&again), &second.name).await, 0);
    assert_eq!(given(), "BBcd");
    // Whoever goes on with this release has had it done.
    ended(&stage.run(&migrate(&again), &second.name).await, 91);
    ended(&stage.run(&migrate(&[]), &second.name).await, 91);
    // What nobody knows the end of is not run over.
    let ledger = stage.path(".relm/sql-migrate");
    let text = fs::read_to_string(&ledger).expect("a ledger");
    fs::write(&ledger, text + &format!("begun x {} 1.9/01-a.sql\n", first.name)).expect("a ledger");
    let exit = stage.run(&migrate(&["1.9/01-a.sql"]), &second.name).await;
    ended(&exit, 1);
    assert!(exit.stderr.contains("nobody knows how it ended"), "{exit:?}");
}

async fn processes_and_commands_are_busy_or_not(stage: Stage) {
    stage.with_version(0).await;
    let look = |what: Activity| LookBusy {
        name: "look".to_owned(),
        about: "look".to_owned(),
        ask: None,
        targets: Targets::all(),
        time_limit: Duration::from_secs(10),
        what,
        patience: None,
        becoming: None,
        only_warns: false,
        consents: relm::release::Consents::default(),
    };
    let command = |run: &str, busy_if| {
        let command = RunCommand { outside: true, journaled: false, ..RunCommand::new("look", run) };
        look(Activity::Command { command: Box::new(command), busy_if })
    };
    let idle: fn(&Sight) -> bool = |sight| *sight == Sight::Idle;
    let busy: fn(&Sight) -> bool = |sight| matches!(sight, Sight::Busy(_));
    let unknown: fn(&Sight) -> bool = |sight| matches!(sight, Sight::Unknown(_));
    let process = |pattern: &str| look(Activity::Process { pattern: pattern.to_owned(), user: String::new() });
    let mut sleeper = std::process::Command::new("sleep").arg("61.5").spawn().expect("a process");
    for (operation, expected) in [
        (command("true", BusyIf::Fails), idle),
        (command("false", BusyIf::Fails), busy),
        (command("exit 2", BusyIf::Succeeds), unknown),
        (command("echo it runs", BusyIf::Prints), busy),
        (command("false", BusyIf::Prints), unknown),
        (process("sleep 61[.]5"), busy),
        (process("^sleep 61[.]5$"), busy),
        (process("^sle{2}p [0-9]{2}[.]5$"), busy),
        (process("^61[.]5"), idle),
        // What grep does not take.
        (process("("), unknown),
        (process("no such [p]rogram"), idle),
    ] {
        let exit = stage.work(&operation.work(&stage.on(None, None))).await;
        let sight = operation.sight(&exit);
        assert!(expected(&sight), "{:?}: {sight:?} by {exit:?}", operation.what);
    }
    sleeper.kill().expect("a process");
    sleeper.wait().expect("an end");
}

async fn the_release_says_which_one_it_is(stage: Stage) {
    let record = stage.with_version(0).await;
    let write = |path: &str| WriteVersion { path: path.to_owned(), app: "it's".to_owned(), record: record.clone() };
    ended(&stage.run(&write("static/VERSION.json"), &record.name).await, 0);
    let text = fs::read_to_string(in_release(&stage, &record, "static/VERSION.json")).expect("a file");
    let version: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&version["release"], &version["app"]), (&record.name.as_str().into(), &"it's".into()));
    std::os::unix::fs::symlink("../..", in_release(&stage, &record, "out")).expect("a link");
    ended(&stage.run(&write("out/VERSION"), &record.name).await, 1);
    assert!(!stage.path("VERSION").exists());
}
