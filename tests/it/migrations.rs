//! Migrations of a database: `SQLite`, by an application of a few lines.

use std::fs;

use crate::site::{Site, logged, operation, within};

/// Applies the files of `migrations/` that the database has not seen; `--pending` names them.
const MIGRATE: &str = r#"import os, sqlite3, sys
base = sqlite3.connect(os.environ["SITE"] + "/shop.db")
base.execute("create table if not exists seen (name text)")
seen = {name for (name,) in base.execute("select name from seen")}
for name in sorted(set(os.listdir("migrations")) - seen):
    if sys.argv[1:] == ["--pending"]:
        print(name)
        continue
    base.executescript(open("migrations/" + name).read())
    base.execute("insert into seen values (?)", (name,))
    base.commit()
    print("applied", name)
"#;

fn settings(pending: &str, backup: &str) -> String {
    let more = format!("once = true\nmigrate = {{ pending = '{pending}', backup = '{backup}' }}");
    operation("migrate", "prepare", &more, "echo ran >> \"$SITE/runs\"; python3 migrate.py")
}

const PENDING: &str = "python3 migrate.py --pending";
const BACKUP: &str = "cp \"$SITE/shop.db\" \"$SITE/backup.db\"; echo saved >> \"$SITE/runs\"";

fn shop(settings: &str) -> Site {
    let site = Site::new("web1 db1=db", settings);
    site.write("code/migrate.py", MIGRATE);
    site.write("code/migrations/0001_goods.sql", "create table goods (name text);");
    site
}

#[test]
fn what_is_pending_is_migrated_once_and_backed_up_before() {
    let site = shop(&settings(PENDING, BACKUP));
    let planned = site.relm("deploy --dry-run").ends(0).stdout;
    assert!(planned.contains("the old code runs on the new schema until all hosts have switched"), "{planned}");
    site.relm("deploy -v").ends(0).says(&["0001_goods.sql", "applied 0001_goods.sql"]);
    assert_eq!(site.read("runs"), "saved\nran\n");
    site.relm("deploy -v").ends(0).says(&["nothing is pending"]);
    assert_eq!(site.read("runs"), "saved\nran\n");
    site.write("code/migrations/0002_price.sql", "alter table goods add column price int;");
    site.deploy();
    assert_eq!(site.read("runs"), "saved\nran\n".repeat(2));
}

/// Only a command that succeeds and says nothing has said that nothing is pending.
#[test]
fn what_is_not_known_is_pending() {
    for pending in ["exit 1", "exit 91", "echo 0001; exit 2", "no-such-command"] {
        let site = shop(&settings(pending, "true"));
        site.relm("deploy -v").ends(0).says(&["what is pending cannot be told"]);
        site.deploy();
        assert_eq!(site.read("runs"), "ran\nran\n", "{pending}");
    }
}

#[test]
fn nothing_is_migrated_without_its_backup() {
    let site = shop(&settings(PENDING, "echo disk full >&2; exit 91"));
    site.relm("deploy").ends(1).says(&["disk full", "so nothing was migrated"]);
    assert_eq!(site.read("runs"), "");
    // What failed is done when it can be.
    site.configure(&settings(PENDING, BACKUP));
    site.relm("deploy --resume").ends(0);
    assert_eq!(site.read("runs"), "saved\nran\n");
}

#[test]
fn a_rollback_names_what_was_migrated_since_and_asks() {
    let site = shop(&settings(PENDING, BACKUP));
    site.deploy();
    let second = site.deploy();
    site.write("code/migrations/0002_price.sql", "alter table goods add column price int;");
    site.configure(
        &(settings(PENDING, BACKUP) + &logged("build", "prepare", "") + &operation("bad", "prepare", "", "false")),
    );
    // It has migrated and never went live.
    site.relm("deploy").ends(1);
    site.configure(&settings(PENDING, BACKUP));
    site.deploy();
    let asked = [format!("since {second} there ran, or were begun"), "0002_price.sql (migrate, ".to_owned()];
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    let refused = site.relm("rollback").ends(3).says(&asked).says(&["--yes"]);
    assert!(!refused.stderr.contains("0001"), "{}", refused.stderr);
    assert!(site.relm("rollback --dry-run").ends(0).stdout.contains("asks: since"));
    site.relm("rollback --yes").ends(0);
    assert_eq!(site.live(), second);
    // Still further back the same is true, although this code was live with it a moment ago.
    site.relm("rollback").ends(3).says(&["0002_price.sql"]);
}

/// A release's name is the time at which it was asked for, and not that of its going live.
#[test]
fn what_an_older_release_migrated_later_is_asked_about_by_rollback_and_deploy() {
    let site = shop(&("[release]\nkeep = 9\n".to_owned() + &settings(PENDING, BACKUP)));
    let first = site.deploy();
    site.write("code/migrations/0002_drop.sql", "alter table goods add column price int;");
    site.relm("setup-release").ends(0);
    let older = site.host("web1").releases().pop().expect("a release");
    fs::remove_file(site.path("code/migrations/0002_drop.sql")).expect("a file");
    let hotfix = site.deploy();
    site.relm(&format!("deploy --release {older}")).ends(0);
    assert_eq!(site.live(), older);
    let asked =
        format!("since {hotfix} there ran, or were begun, and are not taken back: 0002_drop.sql (migrate, {older})");
    site.relm("rollback").ends(3).says(&[&asked]);
    // Lines of before they told the time: what went live after the target was left may have migrated then.
    let ledger = site.read("hosts/web1/www/test/.relm/migrations");
    let old = ledger.lines().map(|line| {
        let (release, rest) = line.split_once(' ').expect("a release");
        let (step, name) = rest.split_once(' ').expect("a step");
        format!("{release} {} {name}\n", step.split_once('@').expect("a time").0)
    });
    site.write("hosts/web1/www/test/.relm/migrations", old.collect::<String>());
    site.relm("rollback").ends(3).says(&[&asked]);
    site.write("hosts/web1/www/test/.relm/migrations", &ledger);
    site.relm("rollback --yes").ends(0);
    assert_eq!(site.live(), hotfix);
    // The same release by another word is the same question.
    for way in ["deploy --release", "rollback --to", "converge --to"] {
        let refused = site.relm(&format!("{way} {first}")).ends(3);
        refused.says(&[&format!("since {first} there ran"), "0002_drop.sql (migrate, "]);
        assert!(site.relm(&format!("{way} {first} --dry-run")).ends(0).stdout.contains("asks: since"));
    }
    // What it ran itself is its own.
    site.relm(&format!("deploy --release {older}")).ends(0);
    assert_eq!(site.live(), older);
}

#[test]
fn the_status_tells_how_far_each_host_has_migrated() {
    let site = shop("");
    site.deploy();
    assert!(!site.relm("status").ends(0).stdout.contains("schema"));
    site.configure(&settings(PENDING, BACKUP));
    site.deploy();
    site.write("code/migrations/0002_price.sql", "alter table goods add column price int;");
    let second = site.deploy();
    site.deploy();
    let stands = site.relm("status --json").ends(0).report();
    let schema = &stands["hosts"][0]["schema"];
    let told = [&schema["last"], &schema["operation"], &schema["release"], &schema["count"]];
    assert_eq!(told, [&"0002_price.sql".into(), &"migrate".into(), &second.into(), &serde_json::json!(2)]);
    assert!(schema["at"].is_string() && stands["hosts"][1]["schema"].is_null(), "{stands}");
    let shown = site.relm("status").ends(0);
    shown.shows(&["schema", "0002_price.sql (2)"]);
}

#[test]
fn a_migration_without_names_is_named_by_its_operation() {
    let of = |run: &str| operation("migrate", "prepare", "once = true\nmigrate = {}", run);
    let site = shop(&of("exit 91"));
    site.relm("deploy").ends(1).says(&["it exited with 91"]);
    site.configure(&of("true"));
    let first = site.deploy();
    site.deploy();
    site.relm("rollback").ends(3).says(&[&format!("since {first}"), "migrate (2"]);
    fs::remove_file(site.path("hosts/web1/www/test/.relm/migrations")).expect("a file");
    site.relm("rollback").ends(0);
}

/// Gives a database what it reads, in a transaction.
const APPLY: &str = r#"import os, sqlite3, sys
base = sqlite3.connect(os.environ["SITE"] + "/shop.db", isolation_level=None)
base.executescript("begin; " + sys.stdin.read() + "; commit")
"#;

const LEDGER: &str = "hosts/db1/www/test/.relm/sql-schema";

fn sql_shop() -> Site {
    let more =
        format!("roles = [\"db\"]\nmigrate = {{ sql = \"sql\", backup = '{}' }}", "echo saved >> \"$SITE/runs\"");
    let run = "echo \"${RELM_SQL##*/sql/}\" >> \"$SITE/runs\"; python3 apply.py";
    let site = shop(&operation("schema", "prepare", &more, run));
    site.write("code/apply.py", APPLY);
    site.write("code/sql/1.9/01-goods.sql", "create table goods (name text);");
    site.write("code/sql/1.10/02-price.sql", "alter table goods add column price int");
    site.write("code/sql/1.10/10-tax.sql", "alter table goods add column tax int");
    site
}

#[test]
fn files_run_once_in_the_order_of_versions() {
    let site = sql_shop();
    let first = site.deploy();
    let all = "saved\n1.9/01-goods.sql\n1.10/02-price.sql\n1.10/10-tax.sql\n";
    assert_eq!(site.read("runs"), all);
    site.relm("deploy -v").ends(0).says(&["nothing is pending"]);
    site.write("code/sql/1.11/01-name.sql", "create index names on goods (name)");
    site.deploy();
    assert_eq!(site.read("runs"), format!("{all}saved\n1.11/01-name.sql\n"));
    site.relm(&format!("rollback --to {first}")).ends(3).says(&["1.11/01-name.sql (schema, "]);
}

#[test]
fn a_file_that_ran_and_has_changed_stops_everything() {
    let site = sql_shop();
    let first = site.deploy();
    site.write("runs", "");
    site.write("code/sql/1.9/01-goods.sql", "create table goods (title text);");
    site.write("code/sql/1.11/01-name.sql", "create index names on goods (name)");
    site.relm("deploy").ends(1).says(&[&format!("1.9/01-goods.sql ran with {first} and has been changed since")]);
    assert_eq!(site.read("runs"), "");
}

#[test]
fn a_file_that_failed_runs_again_and_those_before_it_do_not() {
    let site = sql_shop();
    site.write("code/sql/1.10/02-price.sql", "alter table good add column price int");
    site.relm("deploy").ends(1).says(&["no such table", "1.10/02-price.sql failed"]);
    assert_eq!(site.read("runs"), "saved\n1.9/01-goods.sql\n1.10/02-price.sql\n");
    site.write("runs", "");
    site.write("code/sql/1.10/02-price.sql", "alter table goods add column price int");
    site.deploy();
    assert_eq!(site.read("runs"), "saved\n1.10/02-price.sql\n1.10/10-tax.sql\n");
}

/// Whether half a file ran cannot be known: a person has to look.
#[test]
fn a_file_of_which_nobody_knows_the_end_stops_everything() {
    let site = sql_shop();
    site.deploy();
    let ledger = site.read(LEDGER);
    let cut = ledger.trim_end().rsplit_once('\n').expect("more than one line").0;
    site.write(LEDGER, format!("{cut}\n"));
    site.write("runs", "");
    site.relm("deploy").ends(1).says(&["1.10/10-tax.sql was begun with", "sql-schema", "  done "]);
    // Wanted once more it is refused before there is a release.
    let redo = site.relm("deploy --redo 1.10/10-tax.sql").ends(1).says(&["was begun with", "  done "]);
    assert!(redo.stderr.contains("check_redo:schema failed"), "{}", redo.stderr);
    // A line that a power cut has left without its end takes no other with it.
    site.write(LEDGER, format!("{ledger}begun 0a21"));
    site.write("code/sql/1.12/01-more.sql", "create index more on goods (name)");
    site.deploy();
    assert!(site.read(LEDGER).starts_with(&format!("{ledger}begun 0a21\n")), "{}", site.read(LEDGER));
    std::fs::remove_file(site.path("code/sql/1.12/01-more.sql")).expect("a file");
    site.write("runs", "");
    site.write(LEDGER, &ledger);
    site.deploy();
    assert_eq!(site.read("runs"), "");
}

#[test]
fn what_tells_no_file_is_refused() {
    let site = sql_shop();
    site.write("code/sql/1.11/a b.sql", "select 1");
    site.relm("deploy").ends(1).says(&["a b.sql: only letters, digits"]);
    assert_eq!(site.read("runs"), "");
}

/// Workers that leave a file while they run, on a host of their own.
const WORKERS: &str = r#"[[service]]
name = "workers"
kind = "command"
roles = ["worker"]
proof = false
status = '[ -e "$SITE/up" ]'
stop = 'rm -f "$SITE/up"; echo "stop" >>"$SITE/log"'
start = 'echo "$RELM_RELEASE" >"$SITE/up"; echo "start" >>"$SITE/log"'
"#;

/// A migration that no worker may meet, and something that comes after it.
fn holding(pending: &str) -> String {
    let more = format!("once = true\nroles = [\"db\"]\nmigrate = {{ {pending}, stop = [\"workers\"] }}");
    let run = r#"if [ -e "$SITE/up" ]; then echo "met" >>"$SITE/log"; else echo "migrate" >>"$SITE/log"; fi
[ ! -e "$SITE/broken-migrate" ] || exit 7
python3 migrate.py"#;
    operation("migrate", "prepare", &more, run) + &logged("build", "prepare", "roles = [\"db\"]") + WORKERS
}

fn held(pending: &str) -> Site {
    let site = Site::new("db1=db w1=worker", &holding(pending));
    site.write("code/migrate.py", MIGRATE);
    site.write("code/migrations/0001_goods.sql", "create table goods (name text);");
    site.deploy();
    site.write("code/migrations/0002_price.sql", "alter table goods add column price int;");
    site.take_log();
    site
}

/// What happened, without hosts and releases.
fn happened(site: &Site) -> String {
    site.take_log().iter().map(|line| if line.contains("build") { "build" } else { line }).collect::<Vec<_>>().join(" ")
}

const ASKS: &str = "pending = 'python3 migrate.py --pending'";

#[test]
fn workers_are_stopped_for_a_migration_that_is_pending_and_only_for_one() {
    let site = held(ASKS);
    let planned = site.relm("deploy --dry-run").ends(0).stdout;
    assert!(planned.contains("workers: stopped before migrate if anything is pending"), "{planned}");
    let row = ["prepare", "stop_for_migrate:workers", "w1"];
    assert!(planned.lines().any(|line| line.split_whitespace().eq(row)), "{planned}");
    let second = site.deploy();
    assert_eq!(happened(&site), "stop migrate build stop start");
    assert_eq!(site.read("up").trim(), second);
    // Nothing is pending any more: they run until their host switches.
    let third = site.deploy();
    assert_eq!((happened(&site).as_str(), site.read("up").trim()), ("build stop start", third.as_str()));
    // A rollback migrates nothing.
    site.relm("rollback --yes").ends(0);
    assert_eq!((happened(&site).as_str(), site.read("up").trim()), ("stop start", second.as_str()));
}

#[test]
fn whatever_fails_behind_it_the_workers_run_again_in_the_old_release() {
    let site = held(ASKS);
    let first = site.live();
    for (broken, did) in [("broken-migrate", "stop migrate start"), ("broken-build-db1", "stop migrate build start")] {
        site.write(broken, "");
        site.relm("deploy").ends(1).says(&["stop_for_migrate:workers was taken back", "nothing changed"]);
        assert_eq!((happened(&site).as_str(), site.read("up").trim()), (did, first.as_str()), "{broken}");
        fs::remove_file(site.path(broken)).expect("a file");
    }
    // What has been migrated is: a run that goes on has nothing to stop them for.
    site.relm("deploy --resume").ends(3);
    let last = site.host("db1").releases().pop().expect("a release");
    site.relm(&format!("deploy --resume --release {last}")).ends(0);
    assert_eq!((happened(&site).as_str(), site.read("up").trim()), ("build stop start", last.as_str()));
}

/// Workers that have work are not stopped, whatever is looked at for: when they are, nothing is busy any more.
#[test]
fn what_is_busy_is_looked_at_before_anything_is_stopped_for_a_migration() {
    for before in ["migrate", "build", "restart:workers"] {
        let site = held(ASKS);
        let up = site.read("up");
        let busy = format!(
            "[[busy]]\nname = \"crawl\"\nkind = \"command\"\nroles = [\"worker\"]\nrun = 'test -e \"$SITE/up\"'\n\
             busy_if = \"succeeds\"\nwhen = [\"before:{before}\"]\non_busy = \"block\"\n"
        );
        site.configure(&(holding(ASKS) + &busy));
        site.relm("deploy").ends(75).says(&[&format!("crawl_before_{before} on w1 is busy")]);
        assert_eq!((happened(&site).as_str(), site.read("up")), ("", up), "{before}");
        site.relm_with(["deploy", "--resume", "--consent", "crawl=Ann: it may go"]).ends(0);
        assert_eq!(happened(&site), "stop migrate build stop start", "{before}");
    }
}

/// A run that is killed leaves them down: whatever comes of the next one, they run.
#[test]
fn after_a_run_that_was_killed_the_workers_run_again() {
    for fails in [false, true] {
        let site = held(ASKS);
        let first = site.live();
        killed_while_stopped(&site);
        if fails {
            site.write("broken-build-db1", "");
        }
        site.take_log();
        site.relm("deploy --resume --wait 1m").ends(i32::from(fails));
        assert_eq!(site.read("up").trim() == first, fails, "{}", happened(&site));
        assert!(site.path("up").exists(), "{}", happened(&site));
    }
}

#[test]
fn workers_are_stopped_where_nobody_can_tell_what_is_pending() {
    let site = held("pending = 'echo no database >&2; exit 3'");
    let said = site.relm("deploy -v").ends(0).stderr;
    // On their own host, where one wonders why.
    let of_host: Vec<&str> = said.lines().filter(|line| line.starts_with("w1")).collect();
    for words in ["db1 says:", "no database", "what is pending cannot be told (exit code 3)"] {
        assert!(of_host.iter().any(|line| line.ends_with(words)), "{words}: {said}");
    }
    assert_eq!(happened(&site), "stop migrate build stop start");
    site.deploy();
    assert_eq!(happened(&site), "stop migrate build stop start");
}

#[test]
fn who_asks_what_is_pending_has_the_time_of_the_operation() {
    let site = held(ASKS);
    let up = site.read("up");
    let slow = holding("pending = 'sleep 60'").replace("once = true\n", "once = true\ntimeout = \"2s\"\n");
    site.configure(&slow);
    let done = site.relm("deploy").ends(1);
    let done = done.says(&["db1, which knows whether anything is pending: took longer than 2 s"]);
    assert!(!done.stdout.contains("is taken from"), "{}", done.stdout);
    assert_eq!((happened(&site).as_str(), site.read("up")), ("", up));
}

#[test]
fn a_run_that_fails_starts_nothing_that_it_has_not_stopped() {
    let site = held(ASKS);
    site.deploy();
    // By a person, and nothing is pending.
    fs::remove_file(site.path("up")).expect("a file");
    site.write("broken-build-db1", "");
    site.take_log();
    site.relm("deploy").ends(1);
    assert_eq!(happened(&site), "build");
    assert!(!site.path("up").exists());
}

/// Has the workers stopped by a run that is killed while it migrates. Returns its release.
fn killed_while_stopped(site: &Site) -> String {
    let waits = "[ ! -e \"$SITE/slow\" ] || [ \"$2\" = --pending ] || { touch \"$SITE/began\"; while [ -e \"$SITE/slow\" ]; do sleep 0.1; done; }";
    site.shadow("python3", &format!("{waits}\nexec \"$REAL\" \"$@\""));
    site.write("slow", "");
    let mut relm = site.start("deploy");
    site.await_file("began");
    crate::site::kill(&relm.id().to_string(), "KILL");
    relm.wait().expect("an end");
    assert!(!site.path("up").exists());
    fs::remove_file(site.path("slow")).expect("a file");
    site.host("db1").releases().pop().expect("a release")
}

#[test]
fn workers_that_a_killed_run_left_down_are_told_of() {
    let site = held(ASKS);
    let (first, killed) = (site.live(), killed_while_stopped(&site));
    let words = format!("workers was stopped by the run of {killed}");
    let next = ["`relm deploy test --resume` goes on with that", "`relm services test start workers` starts it"];
    // While that run may live on, they are its own.
    assert!(within(60, || site.relm("status").stdout.contains(&words)));
    let stands = site.relm("status --json").ends(0).report();
    assert_eq!(stands["hosts"][1]["stopped"]["workers"], *killed);
    let said = site.relm("check").ends(0).stdout;
    assert!([words.as_str()].iter().chain(&next).all(|words| said.contains(words)), "{said}");
    assert_eq!(said.matches("was stopped by the run of").count(), 1, "{said}");
    // Another run that fails starts them too, although it was not the one that stopped them.
    site.write("broken-build-db1", "");
    site.relm("deploy --wait 1m").ends(1).says(&[&words]);
    assert_eq!(site.read("up").trim(), first);
    assert!(!site.relm("status").ends(0).stdout.contains("was stopped by the run of"));
}

#[test]
fn whoever_starts_them_by_hand_ends_that() {
    let site = held(ASKS);
    killed_while_stopped(&site);
    site.relm("services test start workers --wait 1m").ends(0);
    assert!(site.path("up").exists());
    assert!(!site.relm("status").ends(0).stdout.contains("was stopped by the run of"));
}

#[test]
fn a_migration_that_workers_must_not_meet_is_not_run_by_itself() {
    let site = held(ASKS);
    let task = r#"operations = ["stop:workers", "migrate", "start:workers"]"#;
    site.relm("run --operation migrate").ends(3).says(&["migrate must not meet workers", task, "relm deploy test"]);
    assert_eq!(happened(&site), "");
    fs::remove_file(site.path("shop.db")).expect("a database");
    site.configure(&(holding(ASKS) + "[tasks.catch-up]\n" + task + "\n"));
    site.relm("catch-up").ends(0);
    assert_eq!(happened(&site), "stop migrate start");
    // One that nothing is stopped for runs, and no word is said of a switch.
    site.configure(&settings(PENDING, "true"));
    let said = site.relm("run --operation migrate").ends(0);
    assert!(!(said.stdout + &said.stderr).contains("before the flip"));
}

#[test]
fn files_of_sql_stop_workers_too() {
    let more = "once = true\nroles = [\"db\"]\nmigrate = { sql = \"sql\", stop = [\"workers\"] }";
    let run = "echo \"${RELM_SQL##*/}\" >>\"$SITE/log\"; python3 apply.py";
    let site = Site::new("db1=db w1=worker", &(operation("schema", "prepare", more, run) + WORKERS));
    site.write("code/apply.py", APPLY);
    site.write("code/sql/1.9/01-goods.sql", "create table goods (name text);");
    let first = site.deploy();
    assert_eq!(happened(&site), "01-goods.sql stop start");
    site.deploy();
    assert_eq!(happened(&site), "stop start");
    site.write("code/sql/1.10/02-price.sql", "alter table goods add column price int");
    let third = site.deploy();
    assert_eq!(happened(&site), "stop 02-price.sql stop start");
    // A ledger that does not fit stops nothing but the deploy.
    site.write("code/sql/1.9/01-goods.sql", "create table goods (title text);");
    site.relm("deploy").ends(1).says(&[&format!("1.9/01-goods.sql ran with {first} and has been changed since")]);
    assert_eq!((happened(&site).as_str(), site.read("up").trim()), ("", third.as_str()));
}

/// A directory of SQL of which one file broke something that was repaired by hand, and has to run again.
#[test]
fn a_file_runs_again_where_somebody_says_so_and_never_by_itself() {
    let more = "once = true\nroles = [\"db\"]\nmigrate = { sql = \"sql\" }";
    let schema = operation("schema", "prepare", more, "cat >>\"$SITE/log\"");
    let site = Site::new("web1 db1=db", &(schema + &operation("broken", "prepare", "", "[ ! -e \"$SITE/broken\" ]")));
    site.write("code/sql/1.9/01-goods.sql", "a\n");
    site.write("code/sql/1.9/02-price.sql", "b\n");
    let first = site.deploy();
    site.deploy();
    assert_eq!(site.read("log"), "a\nb\n");
    for (wrong, words) in [
        ("1.9/01-godos.sql", "1.9/01-godos.sql has never run here"),
        ("schmea:1.9/01-goods.sql", "no such operation runs files of SQL here; there is schema"),
        ("01 goods.sql", "is no path of a file of SQL"),
    ] {
        let done = site.relm_with(["deploy", "--redo", wrong]);
        done.ends(if wrong.contains("godos") { 1 } else { 2 }).says(&[words]);
        assert_eq!(site.host("db1").releases().len(), 2, "{wrong}: a release was begun");
    }
    let shown = site.relm("deploy --redo 1.9/01-goods.sql --dry-run").ends(0).stdout;
    assert!(shown.contains("schema runs again what has run: 1.9/01-goods.sql"), "{shown}");
    assert!(shown.contains("check_redo:schema"), "{shown}");
    // What fails behind it is gone on with, and does not run it a third time.
    site.write("broken", "");
    let done = site.relm("deploy --redo 1.9/01-goods.sql").ends(1);
    done.says(&["relm deploy test --resume --redo schema:1.9/01-goods.sql"]);
    assert_eq!(site.read("log"), "a\nb\na\n");
    fs::remove_file(site.path("broken")).expect("a file");
    site.relm("deploy --resume --redo schema:1.9/01-goods.sql").ends(0);
    assert_eq!(site.read("log"), "a\nb\na\n");
    let ledger = site.read("hosts/db1/www/test/.relm/sql-schema");
    let runs: Vec<&str> =
        ledger.lines().filter(|line| line.starts_with("done") && line.ends_with(" 1.9/01-goods.sql")).collect();
    assert_eq!(runs.len(), 2, "{ledger}");
    assert!(runs[0].contains(&format!(" {first}@20")) && runs[1].contains(&format!(" {}@20", site.live())), "{ledger}");
    site.relm("deploy --resume --redo 1.9/01-goods.sql").ends(3);
    let live = site.live();
    site.relm(&format!("deploy --release {live} --redo 1.9/01-goods.sql"))
        .ends(3)
        .says(&["is live already, and --redo is for what comes before the switch"]);
    site.deploy();
    assert_eq!(site.read("log"), "a\nb\na\n");
    // It is the way out, too, where a file has been changed on purpose.
    site.write("code/sql/1.9/02-price.sql", "B\n");
    site.relm("deploy").ends(1).says(&["1.9/02-price.sql ran with", "has been changed since", "--redo"]);
    site.relm("deploy --redo 1.9/02-price.sql").ends(0);
    site.deploy();
    assert_eq!(site.read("log"), "a\nb\na\nB\n");
}
