//! Services under those who really look after them, each started for one test and ended with it.

pub(crate) mod daemontools;
mod groups;
mod gunicorn;
mod nginx;
mod singleton;
mod supervisor;
mod systemd;
pub(crate) mod traffic;
mod turning;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::site::{Site, kill, lives, within};
use crate::ssh::terminal::on_terminal;

/// A daemon of one test. Dropped, it is told to end, and what it looks after with it.
pub(crate) struct Daemon {
    child: Child,
    name: String,
}

impl Daemon {
    pub(crate) fn start(name: &str, command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|error| panic!("{name}: {error}; tests/run installs it"));
        Self { child, name: name.to_owned() }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        kill(&self.child.id().to_string(), "TERM");
        let ended = within(20, || self.child.try_wait().is_ok_and(|ended| ended.is_some()));
        assert!(ended || std::thread::panicking(), "{} does not end", self.name);
    }
}

/// A supervisord for one host of a site, with its files in the host's home.
pub(crate) fn supervisord(site: &Site, host: &str) -> Daemon {
    let home = site.path("hosts").join(host);
    std::fs::create_dir_all(home.join("conf.d")).expect("a directory");
    let at = |name: &str| home.join(name).display().to_string();
    // Each has its logs where no other is: one that starts clears the directory of what has the same identifier.
    let text = format!(
        "[supervisord]\nnodaemon=true\nlogfile={log}\npidfile={pid}\nchildlogdir={home}\n[unix_http_server]\nfile={socket}\n\
         [rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\
         [supervisorctl]\nserverurl=unix://{socket}\n[include]\nfiles={home}/conf.d/*.conf\n",
        log = at("supervisord.log"),
        pid = at("supervisord.pid"),
        socket = at("s.sock"),
        home = home.display(),
    );
    std::fs::write(home.join("supervisord.conf"), text).expect("a file");
    let mut command = Command::new("supervisord");
    let daemon = Daemon::start("supervisord", command.arg("-c").arg(home.join("supervisord.conf")));
    await_path(&home.join("s.sock"));
    daemon
}

/// An nginx for one host of a site, with `http` in its configuration, once it answers at `port`.
pub(crate) fn nginx(site: &Site, host: &str, port: u16, http: &str) -> Daemon {
    let home = site.path("hosts").join(host);
    std::fs::create_dir_all(&home).expect("a directory");
    let text = format!(
        "user root;\ndaemon off;\nworker_processes 1;\npid {home}/nginx.pid;\nerror_log {home}/error.log;\nevents {{}}\n\
         http {{ access_log off; client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;\n\
         fastcgi_temp_path {home}/fastcgi; uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;\n{http} }}\n",
        home = home.display(),
    );
    std::fs::write(home.join("nginx.conf"), text).expect("a file");
    let mut command = Command::new("/usr/sbin/nginx");
    let daemon = Daemon::start("nginx", command.arg("-c").arg(home.join("nginx.conf")));
    assert!(within(20, || page(port, "/").0 != 0), "{}", site.read(&format!("hosts/{host}/error.log")));
    daemon
}

/// gunicorn, as tests/run installs it.
pub(crate) fn gunicorn() -> PathBuf {
    let gunicorn = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin/gunicorn");
    assert!(gunicorn.exists(), "{} is not there: tests/run installs it", gunicorn.display());
    gunicorn
}

/// A port that nobody listens at.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("a port").port()
}

/// Status and body of a page.
pub(crate) fn page(port: u16, path: &str) -> (u16, String) {
    use std::io::{Read as _, Write as _};
    let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", port)) else { return (0, String::new()) };
    let mut answer = String::new();
    let asked = write!(stream, "GET {path} HTTP/1.0\r\nHost: shop.example.org\r\n\r\n");
    if asked.and_then(|()| stream.read_to_string(&mut answer)).is_err() {
        return (0, String::new());
    }
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default();
    (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

fn await_path(path: &Path) {
    assert!(within(20, || path.exists()), "{} did not come", path.display());
}

/// Where a process stands, as the kernel knows it.
fn directory_of(pid: u64) -> PathBuf {
    std::fs::read_link(format!("/proc/{pid}/cwd")).expect("a process")
}

/// The service's one program on a host, as `relm services status --json` tells it.
pub(crate) fn program(site: &Site, host: &str) -> serde_json::Value {
    let report = site.relm("services status --json").report();
    let lines = report["services"].as_array().expect("services").clone();
    let line = lines.iter().find(|line| line["host"] == host).unwrap_or_else(|| panic!("{report}"));
    assert_eq!(line["programs"].as_array().map(Vec::len), Some(1), "{report}");
    line["programs"][0].clone()
}

/// Asserts that the service runs on a host, and from this release.
#[track_caller]
pub(crate) fn runs_from(site: &Site, host: &str, release: &str) -> u64 {
    let program = program(site, host);
    assert_eq!(program["state"], "running", "{program}");
    assert_eq!(program["releases"], serde_json::json!([release]), "{program}");
    let pid = program["pid"].as_u64().expect("a process");
    assert!(lives(&pid.to_string()), "{pid}");
    pid
}

/// An empty list of processes proves nothing.
#[test]
fn a_command_that_names_no_process_is_no_proof() {
    let service = "[[service]]\nname = \"jobs\"\nkind = \"command\"\nrestart = \"true\"\ntimeout = \"1s\"\n";
    for pids in ["cat nope", "echo 4194999"] {
        let site = Site::new("web1", &format!("{service}pids = \"{pids}\"\n"));
        site.relm("deploy").ends(1).says(&["its `pids` name no process that runs", "jobs does not run from"]);
        assert_eq!(site.host("web1").current(), None);
    }
}

/// What was put where is known as long as anything of it is there.
#[test]
fn a_full_disk_takes_nothing_from_the_record_of_files() {
    let service = "[[service]]\nname = \"jobs\"\nkind = \"command\"\nrestart = \"true\"\nproof = false\n\
                   templates = [\"templates/jobs.conf\"]\ninto = \"conf.d\"\n";
    let site = Site::new("web1", "");
    site.write("templates/jobs.conf", "one\n");
    site.configure(service);
    site.deploy();
    let record = ".relm/services/jobs";
    let before = std::fs::read_to_string(site.host("web1").path(record)).expect("a file");
    site.write("templates/jobs.conf", "two\n");
    let full = site.host("web1").path(format!("{record}.new"));
    std::os::unix::fs::symlink("/dev/full", full).expect("a link");
    site.relm("deploy").ends(1).says(&["cannot be written down"]);
    assert_eq!(std::fs::read_to_string(site.host("web1").path(record)).expect("a file"), before);
    assert_eq!(site.read("hosts/web1/conf.d/jobs.conf"), "one\n");
    site.deploy();
    assert_eq!(site.read("hosts/web1/conf.d/jobs.conf"), "two\n");
}

/// A service that was taken out of the file is not taken off the hosts, and that is said until it is.
#[test]
fn what_the_file_no_longer_knows_is_told_with_its_files() {
    let service = "[[service]]\nname = \"jobs\"\nkind = \"command\"\nrestart = \"true\"\nproof = false\n\
                   templates = [\"templates/jobs.conf\"]\ninto = \"conf.d\"\n";
    let site = Site::new("web1 db1=db", "");
    site.write("templates/jobs.conf", "one\n");
    site.configure(service);
    let told = "the service jobs is not in Releases.toml any more";
    let quiet = site.relm("deploy").ends(0);
    assert!(!quiet.stderr.contains(told) && !site.relm("deploy").ends(0).stderr.contains(told));
    // It runs on fewer hosts now.
    site.configure(&format!("{service}roles = [\"web\"]\n"));
    let done = site.relm("deploy").ends(0).says(&["db1: the service jobs", "relm services test stop jobs"]);
    assert!(!done.stderr.contains("web1: the service"), "{}", done.stderr);
    site.configure("");
    let conf = site.path("hosts/web1/conf.d/jobs.conf").display().to_string();
    site.relm("deploy").ends(0).says(&[&format!("web1: {told}"), &conf]);
    assert!(site.relm("check").ends(0).stdout.contains(told));
    for host in ["web1", "db1"] {
        std::fs::remove_file(site.path(format!("hosts/{host}/conf.d/jobs.conf"))).expect("a file");
    }
    assert!(!site.relm("deploy").ends(0).stderr.contains(told));
}

#[test]
fn a_file_that_its_check_refuses_is_no_part_of_a_release() {
    let service = "[[service]]\nname = \"jobs\"\nkind = \"command\"\nreload = \"echo reloaded >>\\\"$SITE/log\\\"\"\n\
                   strategy = \"reload\"\nproof = false\ntemplates = [\"templates/jobs.conf\"]\n\
                   into = \"conf.d\"\ncheck = \"grep -q good {file}\"\n";
    let site = Site::new("web1", "");
    site.write("templates/jobs.conf", "good\n");
    site.configure(service);
    let first = site.deploy();
    assert_eq!(site.take_log(), ["reloaded"]);
    site.write("templates/jobs.conf", "bad\n");
    site.relm("deploy").ends(1).says(&["render:jobs", "the check of services/jobs/jobs.conf failed (exit code 1)"]);
    assert!(site.take_log().is_empty() && site.live() == first);
    assert_eq!(site.read("hosts/web1/conf.d/jobs.conf"), "good\n");
    site.configure(&service.replace("{file}", "x"));
    site.relm("deploy").ends(2).says(&["`check` does not say {file}"]);
}

/// A task of the file's own is made of the same words as relm's tasks are.
#[test]
fn a_task_may_name_what_relm_does_itself() {
    let log = |word: &str| format!("{word} = 'echo {word} >>\"$SITE/log\"'\n");
    let table = |name: &str, operations: &str| format!("[tasks.{name}]\noperations = [{operations}]\n");
    let words = r#""maintenance:on", "drain:front", "stop:jobs", "restart:jobs", "note", "health:is-up", "undrain:front",
                   "clean_releases", "maintenance:off""#;
    let rules = format!(
        "[maintenance]\nflag = \"shared/down\"\n[[pool]]\nname = \"front\"\nroles = [\"web\"]\nmin_healthy = 0\n{}{}\
         [[service]]\nname = \"jobs\"\nkind = \"command\"\nproof = false\n{}{}{}\
         [[health]]\nname = \"is-up\"\ncommand = 'echo up >>\"$SITE/log\"'\n\
         [[operations]]\nname = \"note\"\nphase = \"prepare\"\nrun = 'ls \"$HOME/www/test/shared\" >>\"$SITE/log\"'\n",
        log("drain"),
        log("undrain"),
        log("stop"),
        log("start"),
        log("restart"),
    );
    let site = Site::new("web1", &format!("{rules}{}", table("turn", words)));
    site.deploy();
    site.take_log();
    site.relm("turn").ends(0);
    assert_eq!(site.take_log(), ["drain", "stop", "restart", "down", "up", "undrain"]);
    assert!(!site.host("web1").path("shared/down").exists());
    site.configure(&format!("{rules}{}", table("turn", "\"restart:nobody\", \"colour\"")));
    site.relm("turn").ends(2).says(&["\"colour\" that is not there", "`restart:jobs`", "`undrain:front`"]);
    site.configure(&format!("{rules}{}", table("turn", "\"setup-release\", \"restart:jobs\"")));
    site.relm("turn").ends(2).says(&["builds a release that is not live", "make two tasks of it"]);
}

/// *Restarted twice*: a host with the roles of two sets is one host (commcare-hq-deploy `is_monolith`).
#[test]
fn a_host_of_two_sets_is_restarted_once() {
    let settings = "[role_sets]\nservices = [\"web\", \"celery\"]\nall = [\"services\", \"web\"]\n\
         [[service]]\nname = \"jobs\"\nkind = \"command\"\nproof = false\nroles = [\"services\", \"web\", \"all\"]\n\
         restart = 'echo \"$RELM_HOST\" >>\"$SITE/log\"'\n";
    let site = Site::new("one=web,celery,db", settings);
    site.deploy();
    assert_eq!(site.take_log(), ["one"]);
    let site = Site::new("web1=web,celery db1=db", settings);
    site.deploy();
    assert_eq!(site.take_log(), ["web1"]);
    site.relm("services restart jobs").ends(0);
    assert_eq!(site.take_log(), ["web1"]);
}

/// What is asked of the whole when all have switched: who is live, who is out of the pool.
const PUBLIC: &str = r#"[[health]]
name = "public"
roles = ["proxy"]
once = true
within = "1s"
phase = "finish"
on_failure = "MODE"
command = '''
live=$(readlink "$SITE"/hosts/*/www/test/current | grep -c "$RELM_RELEASE")
echo "$RELM_HOST sees $live live, $(ls "$SITE" | grep -c ^out-) out" >>"$SITE/seen"
[ ! -e "$SITE/down" ]
'''
[[pool]]
name = "web"
roles = ["web"]
wait = "0s"
min_healthy = KEEPS
drain = 'touch "$SITE/out-$RELM_HOST"'
undrain = 'rm -f "$SITE/out-$RELM_HOST"'
"#;

#[test]
fn a_look_at_the_whole_puts_all_back_or_leaves_it_as_is_written() {
    let fleet = "web1 web2 proxy1=proxy";
    let public = |mode: &str, keeps: &str| PUBLIC.replace("MODE", mode).replace("KEEPS", keeps);
    let site = Site::new(fleet, &public("put_back", "1"));
    let first = site.deploy();
    let last = |site: &Site| site.read("seen").lines().last().unwrap_or_default().to_owned();
    assert_eq!(last(&site), "proxy1 sees 3 live, 0 out");
    site.write("down", "");
    let failed = site.relm("deploy --json").ends(1).ending();
    assert_eq!((failed["ending"].clone(), site.live()), ("put_back".into(), first.clone()));
    assert_eq!(last(&site), "proxy1 sees 3 live, 0 out", "it was asked before all had switched");
    assert!(!site.path("out-web1").exists() && !site.path("out-web2").exists(), "a host is still out of its pool");
    std::fs::remove_file(site.path("down")).expect("a file");
    let second = site.deploy();
    site.write("down", "");
    site.relm("rollback --json").ends(1);
    assert_eq!(site.live(), second);
    // Left, it is live and unfinished.
    let site = Site::new(fleet, &public("leave", "1"));
    let first = site.deploy();
    site.write("down", "");
    site.relm("deploy").ends(4).says(&["health:public", "relm deploy test --resume"]);
    assert_ne!(site.live(), first);
    std::fs::remove_file(site.path("down")).expect("a file");
    site.relm("deploy --resume").ends(0);
    // One host has nobody to wait for.
    let alone = Site::new("one=web,proxy", &public("put_back", "0"));
    let first = alone.deploy();
    alone.write("down", "");
    alone.relm("deploy").ends(1);
    assert_eq!((alone.live(), last(&alone)), (first, "one sees 1 live, 0 out".to_owned()));
}

/// A fleet of two or of one with a release that is live, and the next one on its way to a look that fails.
fn with_a_doubt(fleet: &str) -> (Site, String) {
    let site = Site::new(fleet, "");
    let public = PUBLIC.replace("MODE", "ask").replace("KEEPS", "0");
    site.configure(&public.replace("$SITE", site.path("").to_str().expect("a path")));
    let first = site.deploy();
    site.write("down", "");
    (site, first)
}

#[test]
fn nobody_at_the_terminal_or_yes_puts_all_back_when_the_look_at_the_whole_asks() {
    for fleet in ["web1 proxy1=proxy", "one=web,proxy"] {
        let (site, first) = with_a_doubt(fleet);
        site.relm("deploy --dry-run").ends(0).shows(&["asks, if health:public fails"]);
        let back = site.relm("deploy --json").ends(1);
        assert_eq!((back.ending()["ending"].clone(), site.live()), ("put_back".into(), first.clone()));
        let told =
            |event: &serde_json::Value| event["message"].to_string().contains("all hosts go back: nobody is there");
        assert!(back.json().iter().any(told), "{}", back.stdout);
        let yes = on_terminal(&site.path(""), "deploy --yes", &[]).ends(1);
        yes.says(&["all hosts go back: answered by --yes"]);
        assert_eq!(site.live(), first);
    }
}

#[test]
fn a_person_leaves_what_a_look_at_the_whole_doubts_or_puts_it_back() {
    for fleet in ["web1 proxy1=proxy", "one=web,proxy"] {
        let (site, first) = with_a_doubt(fleet);
        let question = format!("Put all hosts back ({first} on ");
        let deploy = |line: &str, answers: &[&str]| {
            let answers: Vec<(&str, &str)> = answers.iter().map(|answer| ("[Y/n]", *answer)).collect();
            on_terminal(&site.path(""), line, &answers)
        };
        deploy("deploy", &[""]).ends(1).says(&[
            "health:public failed on",
            "not well within 1 s",
            "live now: ",
            &question,
        ]);
        assert_eq!(site.live(), first);
        // Left, it is finished by whoever goes on, who is asked again.
        let left = deploy("deploy", &["what?", "n"]).ends(4);
        left.says(&[
            "y puts all hosts back, n leaves",
            "what is live stays live: answered with no",
            "deploy test --resume",
        ]);
        let second = site.live();
        assert_ne!(second, first);
        assert!(!site.path("out-web1").exists() && !site.path("out-one").exists(), "a host is still out of its pool");
        deploy("deploy --resume", &["n"]).ends(4).says(&[&question]);
        assert_eq!(site.live(), second);
        let stopped = deploy("deploy --resume", &["\u{3}"]).ends(130);
        stopped.says(&["what is live stays live: interrupted at the question", "deploy test --resume"]);
        assert_eq!(site.live(), second);
        deploy("deploy --resume", &["y"]).ends(1).says(&["answered with yes"]);
        assert_eq!(site.live(), first);
        std::fs::remove_file(site.path("down")).expect("a file");
        site.relm(&format!("deploy --resume --release {second}")).ends(0);
        assert_eq!(site.live(), second);
    }
}
