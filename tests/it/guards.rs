//! Guards: what must hold before a deploy touches any host, and what is asked then.

use std::path::Path;
use std::process::Command;

use crate::site::{Site, logged, operation};
use crate::ssh::terminal::on_terminal;

const OPEN: &str = "[guards]\nwindow = \"Mon-Sun 00:00-23:59 Pacific/Apia\"\n";

/// A window that is closed now, whatever the hour.
fn closed() -> String {
    let hour = (chrono::Timelike::hour(&chrono::Utc::now()) + 12) % 24;
    format!("[guards]\nwindow = \"Mon-Sun {hour:02}:00-{:02}:00 UTC\"\n", (hour + 1) % 24)
}

#[test]
fn outside_its_window_a_deploy_needs_consent_and_a_rollback_none() {
    let site = Site::new("web1", "");
    let first = site.deploy();
    site.deploy();
    site.configure(&closed());
    let done = site.relm("deploy --yes").ends(3).says(&["outside the window Mon-Sun", "nothing was changed"]);
    done.says(&["relm deploy --yes --consent window=\"who: why\""]);
    site.relm("rollback").ends(0);
    assert_eq!(site.live(), first);
    site.relm_with(["deploy", "--consent", "window=Ann: the shop is down"]).ends(0);
    let history = site.relm("history --json").ends(0).report();
    assert_eq!(history["entries"][0]["consents"][0]["words"], "Ann: the shop is down");
    site.configure(OPEN);
    site.relm("deploy").ends(if chrono::Timelike::minute(&chrono::Utc::now()) == 59 { 3 } else { 0 });
}

#[test]
fn questions_are_asked_on_their_days() {
    let ask = |days: &str| format!("[[guards.ask]]\nname = \"texts\"\nquestion = \"Are the texts in?\"\n{days}\n");
    let site = Site::new("web1", &ask(""));
    site.relm("deploy").ends(3).says(&["Are the texts in?", "--yes", "--consent texts=\"who: why\""]);
    site.relm("deploy --yes").ends(0).says(&["Are the texts in? answered by --yes"]);
    let history = site.relm("history --json").ends(0).report();
    let consent = serde_json::json!([{ "name": "texts", "words": "answered by --yes" }]);
    assert_eq!(history["entries"][0]["consents"], consent);
    site.relm_with(["deploy", "--consent", "texts=Ann: they are not needed"]).ends(0);
    let now = chrono::Utc::now();
    let near = [-1, 0, 1].map(|days| (now + chrono::TimeDelta::days(days)).format("%a").to_string());
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let (asked, silent): (Vec<&str>, Vec<&str>) = days.into_iter().partition(|day| near.iter().any(|near| near == day));
    site.configure(&ask(&format!("days = {asked:?}")));
    site.relm("deploy").ends(3);
    site.configure(&ask(&format!("days = {silent:?}")));
    site.relm("deploy").ends(0);
}

#[test]
fn a_command_of_this_machine_that_reads_the_terminal_fails_and_does_not_hang() {
    let site = Site::new("web1", "[guards]\nbefore = ['read answer < /dev/tty']\n");
    let done = on_terminal(&site.path(""), "deploy", &[("Who agreed to go on", "")]).ends(3);
    done.says(&["`read answer < /dev/tty` on this machine: exit status"]);
}

#[test]
fn commands_of_this_machine_come_before_any_host() {
    let guards = "[guards]\nbefore = ['echo tested >> tested; [ ! -e broken ]', 'echo twice >> tested']\n";
    let site = Site::new("web1", &(guards.to_owned() + &logged("check", "check", "")));
    site.write("broken", "");
    site.relm("deploy").ends(3).says(&["on this machine: exit status: 1", "--consent before="]);
    assert_eq!((site.read("tested").as_str(), site.take_log().len()), ("tested\n", 0));
    assert!(!site.host("web1").base.exists(), "a host was touched");
    std::fs::remove_file(site.path("broken")).expect("a file");
    let done = site.relm("deploy --json").ends(0);
    assert!(done.json().iter().all(|event| event["event"].is_string()), "what they print is no data");
    assert_eq!(site.read("tested"), "tested\ntested\ntwice\n");
}

/// A dry run asks nobody and runs nothing, and says what would be asked and refused; a check says whether a deploy can start.
#[test]
fn a_dry_run_and_a_check_tell_what_would_stop_a_deploy() {
    let guards = "same_code = \"confirm\"\nbefore = ['touch ran; false']\n[[guards.ask]]\nname = \"texts\"\nquestion = \"In?\"\n";
    let busy = "[[busy]]\nname = \"import\"\nkind = \"command\"\nask = \"Ann\"\nrun = '[ ! -e \"$SITE/busy\" ] || { echo it runs; exit 1; }'\n";
    let rest = busy.to_owned() + "[release]\nkeep = 1\n" + &logged("restart", "after_flip", "");
    let site = Site::new("web1 web2", &rest);
    let first = site.deploy();
    site.deploy();
    site.take_log();
    site.write("busy", "");
    site.configure(&(closed() + guards + &rest));
    let told = site.relm("deploy --dry-run").ends(0).stdout;
    let expected = [
        "would be refused: it is",
        "would be asked: In?",
        "first this machine would run: touch ran; false",
        "would be asked: release",
        "would be refused: import is busy on web1, web2 (web1: it runs; web2: it runs); ask Ann",
        &format!("clean_releases removes {first} on web1 web2"),
    ];
    for words in expected {
        assert!(told.contains(words), "{words}:\n{told}");
    }
    assert!(!told.contains("restart: echo"), "{told}");
    assert!(site.relm("deploy --dry-run -v").ends(0).stdout.contains("restart: echo"));
    let agreed = ["deploy", "--dry-run", "--consent", "window=Ann: now", "--consent", "import=Ann: now"];
    assert!(!site.relm_with(agreed).ends(0).stdout.contains("would be refused"));
    let check = site.relm("check").ends(3).stdout;
    assert!(check.contains("would be refused: it is") && check.contains("a deploy cannot start"), "{check}");
    std::fs::remove_file(site.path("busy")).expect("a file");
    assert!(
        site.relm("check --json").ends(3).report()["guards"][0].as_str().is_some_and(|told| told.contains("window"))
    );
    // A question can be answered.
    site.configure(&("[guards]\n".to_owned() + guards + &rest));
    site.relm("check").ends(0);
    assert!(!site.path("ran").exists() && site.take_log().is_empty(), "something was run");
}

/// What a command leaves in the background keeps its output open, and nobody waiting.
#[test]
fn a_command_may_leave_something_in_the_background() {
    let site = Site::new("web1", "[guards]\nbefore = ['sleep 600 & echo $! > pid; echo begun']\n");
    site.relm("deploy").ends(0).says(&["begun"]);
    crate::site::kill(site.read("pid").trim(), "KILL");
}

#[test]
fn the_code_that_is_live_is_not_deployed_again() {
    let site = Site::new("web1 web2", "[guards]\nsame_code = \"skip\"\n");
    let first = site.deploy();
    let done = site.relm("deploy --json").ends(0);
    assert_eq!(done.ending()["ending"], "nothing_changed");
    assert_eq!((site.live(), site.host("web1").releases().len()), (first.clone(), 1));
    done.says(&[&format!("release {first} has the very same code and is live on all hosts")]);
    site.configure("[guards]\nsame_code = \"confirm\"\n");
    site.relm("deploy").ends(3).says(&["Deploy it once more?"]);
    site.relm("deploy --yes").ends(0);
    site.write("code/app.txt", "two\n");
    site.relm("deploy").ends(0);
}

/// The code is the same, and what is made with it is not.
#[test]
fn the_same_code_is_deployed_where_something_else_would_be_built() {
    let guard = "[guards]\nsame_code = \"skip\"\n[release]\nkeep = 9\n";
    let template = "[[templates]]\nsrc = \"shop.conf\"\ndest = \"config/shop.conf\"\n";
    let build = |run: &str| operation("build", "prepare", "once = true", run);
    let service = |start: &str| {
        format!(
            "[[service]]\nname = \"web\"\nkind = \"command\"\nproof = false\nstatus = '[ -e \"$SITE/up-$RELM_HOST\" ]'\nstop = 'rm -f \"$SITE/up-$RELM_HOST\"'\nstart = 'touch \"$SITE/up-$RELM_HOST\"; {start}'\n"
        )
    };
    let site = Site::new("web1 web2", guard);
    site.write("shop.conf", "one\n");
    let is_skipped = || site.relm("deploy --json").ends(0).ending()["ending"] == "nothing_changed";
    let publish = "[[publish]]\nfrom = \"app.txt\"\nto = \"~/app\"\nmode = \"link\"\n";
    let changes: [&dyn Fn(); 7] = [
        &|| site.configure(&(guard.to_owned() + publish)),
        &|| site.configure(&(guard.to_owned() + template)),
        &|| site.write("shop.conf", "two\n"),
        &|| site.configure(&(guard.to_owned() + template + &build("true"))),
        &|| site.configure(&(guard.to_owned() + template + &build("echo more"))),
        &|| site.configure(&(guard.to_owned() + template + &service("true"))),
        &|| site.configure(&(guard.to_owned() + template + &service("echo up"))),
    ];
    site.deploy();
    for (at, change) in changes.iter().enumerate() {
        let live = site.live();
        assert!(is_skipped(), "before change {at}");
        change();
        assert!(!is_skipped(), "change {at}");
        assert_ne!(site.live(), live);
    }
    assert_eq!(site.host("web1").read("config/shop.conf"), "two\n");
    assert!(is_skipped());
}

fn git(directory: &Path, args: &[&str]) {
    let identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "init.defaultBranch=main"];
    let mut git = Command::new("git");
    git.args(identity).args(args).current_dir(directory).env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", directory);
    let output = git.output().expect("git");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn another_reference_is_asked_about() {
    let site = Site::new("web1", "");
    let code = site.path("code");
    git(&code, &["init", "--quiet"]);
    git(&code, &["add", "."]);
    git(&code, &["commit", "--quiet", "-m", "one"]);
    git(&code, &["branch", "fix"]);
    let settings = site.read("Releases.toml").replace("dir = \"code\"", "git = \"code\"\nref = \"main\"");
    site.write("Releases.toml", settings + "[guards]\nref = \"confirm\"\n");
    site.relm("deploy").ends(0);
    site.relm("deploy --ref main").ends(0);
    site.relm("deploy --ref fix").ends(3).says(&["fix is not main, which test is deployed from", "--consent ref="]);
    site.relm_with(["deploy", "--ref", "fix", "--consent", "ref=Ann: it cannot wait"]).ends(0);
    site.relm("deploy --dir bin").ends(3).says(&["bin is not the source that Releases.toml names"]);
}

#[test]
fn the_operators_repository_is_clean_and_equal_to_its_upstream() {
    let site = Site::new("web1", "[guards]\nclean_repository = true\n");
    let here = site.path("");
    site.relm("deploy").ends(3).says(&["git status", "--consent clean_repository="]);
    site.write(".gitignore", "/bin\n/home\n/hosts\n/origin.git\n/other\n");
    git(&here, &["init", "--quiet"]);
    git(&here, &["add", "."]);
    git(&here, &["commit", "--quiet", "-m", "one"]);
    site.relm("deploy").ends(3).says(&["upstream"]);
    git(&here, &["init", "--quiet", "--bare", "origin.git"]);
    git(&here, &["remote", "add", "origin", "origin.git"]);
    git(&here, &["push", "--quiet", "-u", "origin", "HEAD:main"]);
    site.relm("deploy").ends(0);
    // A branch of one's own is clean and pushed, too.
    site.write(
        "Releases.toml",
        site.read("Releases.toml").replace("clean_repository = true", "clean_repository = true\nbranch = \"main\""),
    );
    git(&here, &["commit", "--quiet", "-am", "only main"]);
    git(&here, &["checkout", "--quiet", "-b", "mine"]);
    git(&here, &["push", "--quiet", "-u", "origin", "mine"]);
    site.relm("deploy").ends(3).says(&["is on the branch mine, and not on main", "--consent clean_repository="]);
    git(&here, &["checkout", "--quiet", "main"]);
    git(&here, &["push", "--quiet", "origin", "HEAD:main"]);
    site.relm("deploy").ends(0);
    site.write("code/app.txt", "two\n");
    site.relm("deploy").ends(3).says(&["changes that are not committed", "code/app.txt"]);
    git(&here, &["commit", "--quiet", "-am", "two"]);
    site.relm("deploy").ends(3).says(&["1 commits ahead of its upstream and 0 behind"]);
    git(&here, &["push", "--quiet", "origin", "HEAD:main"]);
    site.relm("deploy").ends(0);
    git(&here, &["clone", "--quiet", "--branch", "main", "origin.git", "other"]);
    git(&site.path("other"), &["commit", "--quiet", "--allow-empty", "-m", "three"]);
    git(&site.path("other"), &["push", "--quiet", "origin", "main"]);
    site.relm("deploy").ends(3).says(&["0 commits ahead of its upstream and 1 behind"]);
    // A server that would ask something is not let.
    git(&here, &["remote", "set-url", "origin", "ssh://git@git.example.org/shop.git"]);
    site.shadow("ssh", "echo \"$*\" > \"$SITE/asked\"; exit 1");
    site.relm("deploy").ends(3).says(&["git fetch"]);
    assert!(site.read("asked").contains("BatchMode=yes"), "{}", site.read("asked"));
}

#[test]
fn a_word_has_to_be_typed_where_the_file_says_so() {
    let site = Site::new("web1=web", "");
    let text =
        site.read("Releases.toml").replace("[env.test.hosts]", "[env.test]\nconfirm = \"type:test\"\n[env.test.hosts]");
    site.write("Releases.toml", text);
    site.relm("deploy")
        .ends(3)
        .says(&["are you sure? Type test to go on", "Nobody is there to type it; --yes answers for you"]);
    assert_eq!(site.host("web1").current(), None);
    site.relm("deploy --yes").ends(0).says(&["Type test to go on: answered by --yes"]);
    assert!(site.relm("history").ends(0).stdout.contains("type:test: answered by --yes"));
    let live = site.live();
    let declined = on_terminal(&site.path(""), "deploy", &[("Type test to go on:", "yes")]);
    assert!(declined.code == Some(3) && declined.stderr.contains("that is not test"), "{declined:?}");
    assert_eq!(site.live(), live);
    let done = on_terminal(&site.path(""), "deploy", &[("Type test to go on:", "test")]);
    assert!(done.code == Some(0) && site.live() != live, "{done:?}");
    assert!(site.relm("history").ends(0).stdout.contains("type:test: typed"));
}
