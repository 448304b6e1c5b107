//! Nothing leaks: secrets that stand nowhere else are looked for in every process while relm works, and in everything it
//! has said and written when it has ended.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::site::{Done, lives, operation, within};
use crate::users::{Hosted, PASSWORD, home};

const IN_ENV: &str = "s3ntinel-of-env-6f1e";
const IN_FILE: &str = "s3ntinel-of-file-9c4d";
/// A part of the login's password, which every way of writing it down would hold.
const OF_SUDO: &str = "s3ntinel-of-sudo";

/// Looks at all processes until it is told to stop.
struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<(usize, Vec<String>)>,
}

impl Watch {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let (mut looks, mut seen) = (0, Vec::new());
            while !stopped.load(Ordering::Relaxed) {
                looks += 1;
                for entry in fs::read_dir("/proc").expect("/proc").flatten() {
                    let pid = entry.file_name().to_string_lossy().into_owned();
                    if pid.bytes().all(|byte| byte.is_ascii_digit()) && pid != std::process::id().to_string() {
                        seen.extend(look_at(&pid));
                    }
                }
            }
            seen.sort();
            seen.dedup();
            (looks, seen)
        });
        Self { stop, thread }
    }

    /// How often it looked, and what it saw that should not be seen.
    fn end(self) -> (usize, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("it only looks")
    }
}

fn look_at(pid: &str) -> Vec<String> {
    let read = |what: &str| fs::read(format!("/proc/{pid}/{what}")).unwrap_or_default();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\0', " ");
    let (mut arguments, variables) = (text(&read("cmdline")), text(&read("environ")));
    // Between two programs a process has no arguments for a moment; one that has gone meanwhile is not known any more.
    while arguments.is_empty() && variables.contains("s3ntinel") && lives(pid) {
        arguments = text(&read("cmdline"));
    }
    let mut seen = Vec::new();
    if arguments.is_empty() {
        return seen;
    }
    for secret in [IN_ENV, IN_FILE, OF_SUDO] {
        if arguments.contains(secret) {
            seen.push(format!("{secret} in the arguments of {arguments}"));
        }
        // relm itself was given one as a variable, and what lists it is given it. They are told by their
        // other variables.
        let may = secret == IN_ENV
            && (variables.contains("RELM_RELEASE_PATH=")
                || variables.contains("RELM_EVENT=")
                || arguments.starts_with(env!("CARGO_BIN_EXE_relm")));
        if variables.contains(secret) && !may {
            seen.push(format!("{secret} in the variables of {arguments}"));
        }
    }
    seen
}

/// Every file below these directories that holds one of the secrets.
fn holding(places: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = places.to_vec();
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(entry.path()),
                Ok(kind) if kind.is_file() => {
                    let content = fs::read(entry.path()).unwrap_or_default();
                    let holds = |secret: &str| content.windows(secret.len()).any(|bytes| bytes == secret.as_bytes());
                    if [IN_ENV, IN_FILE, OF_SUDO].into_iter().any(holds) {
                        found.push(entry.path());
                    }
                }
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// What stands around the code, and all of it prints what it knows: what tells what is pending, services, health, looks, pools,
/// maintenance, guards, and who is told of it.
const AROUND: &str = r#"
[[service]]
name = "web"
kind = "command"
proof = false
restart = "cat config/key; cat config/key >&2; env"
status = "cat config/key"
[[health]]
name = "well"
command = "cat config/key >&2; cat config/key"
[[busy]]
name = "quiet"
kind = "command"
on_busy = "warn"
run = "cat test/current/config/key; cat www/test/current/config/key; echo busy; exit 1"
[[pool]]
name = "pool"
roles = ["web"]
min_healthy = 0
drain = "cat config/key current/config/key www/test/current/config/key; true"
undrain = "cat www/test/current/config/key; true"
[maintenance]
on = "cat current/config/key; true"
off = "cat current/config/key; true"
during = "switch"
[guards]
before = ["cat key.pem; env; cat key.pem >&2"]
[[notify]]
name = "told"
command = 'cat >>told.json; cat key.pem; echo "$TOKEN" >&2; exit 1'
secrets = ["TOKEN"]
[[notify]]
name = "untold"
command = "sed -n 2p key.pem >&2; exit 1"
"#;

/// Prints all it knows: whole, to both streams, in pieces, and what the file holds.
const TALKATIVE: &str = r#"echo "token=$TOKEN"; echo "token=$TOKEN" >&2
printf %s "$TOKEN" | cut -c 1-9 | tr -d '\n'; sleep 0.1; printf '%s\n' "$TOKEN" | cut -c 10-
env | sort; cat config/key; cat config/key >&2; (set -x; : "$TOKEN")
sh -c 'sleep 0.2; echo "$TOKEN"'
[ -e TALK/fine ] || { echo "it failed with $TOKEN" >&2; exit 1; }"#;

#[test]
fn a_secret_is_found_in_its_file_and_nowhere_else() {
    let settings = "become = { user = \"APP\", password = \"PW\" }\n[secrets]\nTOKEN = { env = \"MY_TOKEN\" }\n\
                    KEY = { file = \"key.pem\" }\nPW = { command = \"cat password\" }\n\
                    [[secret_files]]\npath = \"config/key\"\nsecret = \"KEY\"\n";
    let talk = operation("talk", "prepare", "secrets = [\"TOKEN\"]\nundo = \"echo undone $TOKEN\"", TALKATIVE);
    let late = operation("late", "after_flip", "secrets = [\"TOKEN\"]\nundo = true", "echo late $TOKEN");
    let pending = "secrets = [\"TOKEN\"]\nmigrate = { pending = \"echo 0001_of_$TOKEN; cat config/key; echo 0002\" }";
    let migrate = operation("migrate", "prepare", pending, "echo migrates with $TOKEN");
    let job = "secrets = [\"TOKEN\"]\njob = true";
    let long = operation("long", "prepare", job, "echo job of $TOKEN; echo done; printf $TOKEN");
    let wait = "wait = { job = \"long\", every = \"1s\", factor = 1, max = \"1m\" }";
    let wait = operation("waits", "prepare", wait, "").replace("run = ''''''\n", "");
    let silent = operation("silent", "prepare", "", "env | sed 's/^/silent /'");
    let Some(hosted) = Hosted::new(&format!("{settings}{AROUND}{talk}{migrate}{long}{wait}{silent}{late}")) else {
        return;
    };
    hosted.users.allow("LOGIN ALL=(APP) ALL");
    hosted.site.write("key.pem", format!("-----BEGIN KEY-----\n{IN_FILE}\n-----END KEY-----\n"));
    hosted.site.write("password", format!("{PASSWORD}\n"));

    let watch = Watch::start();
    let relm = |line: &str| {
        let mut command = hosted.site.command(line.split_whitespace());
        Done::from(command.env("MY_TOKEN", IN_ENV).output().expect("a process"))
    };
    let failed = relm("deploy").ends(1).says(&["[TOKEN]", "it failed with [TOKEN]", "talk"]);
    let failed_json = relm("deploy --json").ends(1);
    hosted.site.write("talk/fine", "");
    let resumed = relm("deploy --resume --verbose");
    let deployed = relm("deploy --verbose").ends(0).says(&["token=[TOKEN]", "[KEY]", "late [TOKEN]"]);
    let json = relm("deploy --json").ends(0);
    let tasks = [relm("tasks"), relm("check --json"), relm("deploy --dry-run"), relm("history --json"), relm("verify")];
    assert_eq!(tasks[4].code, Some(0), "{}{}", tasks[4].stdout, tasks[4].stderr);
    let (looks, seen) = watch.end();
    assert!(looks > 20, "processes were looked at {looks} times only");
    assert_eq!(seen, Vec::<String>::new());

    let runs = [failed, failed_json, deployed, json, resumed].map(|done| (done.stdout, done.stderr));
    let said = runs.iter().map(|(out, err)| format!("{out}{err}")).collect::<String>();
    let said = tasks.iter().fold(said, |said, done| said + &done.stdout + &done.stderr);
    for secret in [IN_ENV, IN_FILE, OF_SUDO] {
        assert!(!said.contains(secret), "{secret} was said:\n{said}");
    }
    for what in ["untold was not told of the success", "busy", "0001_of_[TOKEN]", "[KEY]"] {
        assert!(said.contains(what), "nothing was said of {what}:\n{said}");
    }
    // Variables of one operation are not the next one's.
    assert!(said.contains("silent RELM_HOST=web1") && !said.contains("silent TOKEN"), "{said}");

    let app = home(&hosted.users.app);
    let pending = fs::read_to_string(app.join("www/test/.relm/migrations")).expect("what was migrated");
    assert!(pending.contains(" 0001_of_[TOKEN]\n") && pending.contains(" [KEY]\n"), "{pending}");
    assert!(pending.contains(" 0002\n") && hosted.site.path("told.json").exists(), "{pending}");
    let releases = fs::read_dir(app.join("www/test/releases")).expect("releases").flatten().map(|entry| entry.path());
    let mut meant: Vec<PathBuf> =
        releases.map(|release| release.join("config/key")).filter(|key| key.exists()).collect();
    assert!(meant.len() >= 2, "{meant:?}");
    let owner = fs::metadata(&app).expect("a home").uid();
    for key in &meant {
        let is = fs::metadata(key).expect("a file");
        assert_eq!((is.mode() & 0o7777, is.uid()), (0o600, owner), "{}", key.display());
    }
    meant.extend([hosted.site.path("key.pem"), hosted.site.path("password")]);
    meant.sort();
    // The controller with its home, both homes on the host, the server's log, and where scripts may have put things.
    let talk_sockets = Path::new("/run/sudo").to_owned();
    let places = [hosted.site.path(""), app, home(&hosted.users.login), hosted.sshd.folder().to_owned(), talk_sockets];
    // What a host keeps of its output for a lost connection goes when the lock has gone.
    within(10, || holding(&places) == meant);
    assert_eq!(holding(&places), meant);
    let find = Command::new("find").args(["/tmp", "/var/tmp", "/dev/shm", "-user", &hosted.users.app]).output();
    let left = String::from_utf8_lossy(&find.expect("find").stdout).into_owned();
    assert_eq!(left, "", "left behind");
}
