//! Busy checks against the real thing: processes, tmux, Postgres, scrapyd, a web server.

use std::fs;
use std::process::{Child, Command, Stdio};

use crate::postgres::Postgres;
use crate::site::{Site, within};

fn busy(kind: &str, more: &str) -> String {
    format!("[[busy]]\nname = \"work\"\nkind = \"{kind}\"\n{more}\n")
}

/// A process that ends with its test.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn quiet(command: &mut Command) -> Running {
    Running(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a process"))
}

#[test]
fn processes() {
    let site = Site::new("web1", "");
    let program = site.path("bin/dump database");
    fs::copy("/bin/sleep", &program).or_else(|_| fs::copy("/usr/bin/sleep", &program)).expect("a program");
    let pattern = format!("{}/dump database [0-9]+", site.path("bin").display());
    site.configure(&busy("process", &format!("pattern = '{pattern}'")));
    site.relm("check").ends(0);
    let running = quiet(Command::new(&program).arg("4711"));
    site.relm("deploy").ends(3).says(&["work is busy on web1", "process ", " since 20", "dump database 4711"]);
    site.configure(&busy("process", &format!("pattern = '{pattern}'\nuser = \"nobody\"")));
    site.relm("check").ends(0);
    site.configure(&busy("process", "pattern = '['"));
    site.relm("deploy").ends(2).says(&["`pattern` has a [ without a ]"]);
    site.configure(&busy("process", r"pattern = 'database \d+'"));
    site.relm("check").ends(2).says(&[r"`pattern` has \d", "write [0-9]"]);
    site.configure(&busy("process", &format!("pattern = '^{}/dump database [0-9]{{4}}$'", site.path("bin").display())));
    site.relm("deploy").ends(3).says(&["work is busy on web1", "dump database 4711"]);
    drop(running);
    site.configure(&busy("process", &format!("pattern = '{pattern}'")));
    site.relm("check").ends(0);
}

struct Tmux<'s>(&'s Site);

impl Tmux<'_> {
    fn run(&self, args: &[&str]) {
        let mut tmux = Command::new("tmux");
        tmux.args(args).env("TMUX_TMPDIR", self.0.path("home")).env_remove("TMUX").env("SHELL", "/bin/sh");
        assert!(tmux.stdin(Stdio::null()).status().expect("tmux").success(), "{args:?}");
    }

    fn check(&self, code: i32) -> String {
        let output = self.0.command(["check"]).env("TMUX_TMPDIR", self.0.path("home")).output().expect("relm");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(code), "{said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        let mut tmux = Command::new("tmux");
        let _ = tmux.arg("kill-server").env("TMUX_TMPDIR", self.0.path("home")).stderr(Stdio::null()).status();
    }
}

#[test]
fn panes_of_tmux() {
    let site = Site::new("web1", &busy("tmux", ""));
    let tmux = Tmux(&site);
    tmux.check(0);
    tmux.run(&["-f", "/dev/null", "new-session", "-d", "-s", "work", "-n", "idle: me"]);
    assert!(within(10, || site
        .command(["check"])
        .env("TMUX_TMPDIR", site.path("home"))
        .output()
        .unwrap()
        .status
        .success()));
    tmux.run(&["new-window", "-d", "-t", "work", "-n", "crawl: all", "sleep 4711"]);
    let said = tmux.check(3);
    assert!(said.contains("in window work:1 (crawl: all) of a session since 20"), "{said}");
    tmux.run(&["new-window", "-d", "-t", "work", "-n", "script", "while :; do sleep 1; done"]);
    assert!(tmux.check(3).contains("(script)"), "a script is more than a shell");
    site.configure(&busy("tmux", "names = [\"dump\"]"));
    tmux.check(0);
    site.configure(&busy("tmux", "names = [\"idle: me\"]"));
    assert!(tmux.check(3).contains("idle: me"));
    tmux.run(&["kill-server"]);
    tmux.check(0);
}

#[test]
fn without_tmux_nobody_can_tell() {
    let site = Site::new("web1", &busy("tmux", ""));
    let path = site.path_without(&["tmux"]);
    let output = site.command(["deploy"]).env("PATH", path).output().expect("relm");
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("tmux is not on this host"));
}

/// A web server of Python's that gives out files.
fn web_server(directory: &std::path::Path) -> (Running, u16) {
    let port = free_port();
    let mut server = Command::new("python3");
    server.args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string()]).current_dir(directory);
    let server = quiet(&mut server);
    assert!(within(20, || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()), "no web server came");
    (server, port)
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

#[test]
fn a_json_document() {
    let site = Site::new("web1", "");
    site.write("web/queue.json", r#"{"queue": {"waiting": 2}}"#);
    let (server, port) = web_server(&site.path("web"));
    let url = format!("http://127.0.0.1:{port}/queue.json");
    let settings = busy("http_json", &format!("url = \"{url}\"\npath = \"queue.waiting\"\nbusy_if = \"> 0\""));
    site.configure(&settings);
    site.relm("deploy").ends(3).says(&["queue.waiting is 2"]);
    site.write("web/queue.json", r#"{"queue": {"waiting": 0}}"#);
    site.relm("check").ends(0);
    let without_curl = site.command(["check"]).env("PATH", site.path_without(&["curl"])).status().expect("relm");
    assert_eq!(without_curl.code(), Some(0), "wget will do");
    site.write("web/queue.json", "<html>");
    site.relm("deploy").ends(3).says(&["counts as busy", "no JSON"]);
    site.configure(&settings.replace("queue.json", "nothing.json"));
    site.relm("deploy").ends(3).says(&["counts as busy", "404"]);
    drop(server);
    site.configure(&settings);
    site.relm("deploy").ends(3).says(&["counts as busy"]);
}

#[test]
fn statements_of_postgresql() {
    let postgres = Postgres::new();
    let psql = postgres.psql("postgres");
    for sql in [
        "create role ann login superuser",
        "create role bob login",
        "create role carl login",
        "alter role carl set track_activities = off",
    ] {
        assert!(postgres.says("postgres", sql).0.wait().expect("psql").success());
    }
    let site = Site::new("db1", "");
    let look = |psql: &str, more: &str| site.configure(&busy("pg_activity", &format!("psql = \"{psql}\"\n{more}")));
    look("true", "longer_than = \"0s\"");
    site.relm("check").ends(3).shows(&["psql said nothing"]);
    look(&psql, "longer_than = \"0s\"");
    site.relm("check").ends(0);
    let statement = postgres.says("ann", "set application_name = 'nightly'; select pg_sleep(600)");
    assert!(within(20, || site.relm("check").code == Some(3)), "the statement was not seen");
    site.relm("deploy").ends(3).says(&[
        "work is busy on db1",
        "ann with nightly from the host itself, pid ",
        "active since 20",
        "pg_sleep(600)",
    ]);
    for (more, code) in [
        ("longer_than = \"1h\"", 0),
        ("longer_than = \"0s\"\nowner = \"bob\"", 0),
        ("longer_than = \"0s\"\nowner = \"ann\"", 3),
        ("longer_than = \"0s\"\napplication = \"other\"", 0),
        ("longer_than = \"0s\"\napplication = \"nightly\"", 3),
    ] {
        look(&psql, more);
        site.relm("check").ends(code);
    }
    look(&postgres.psql("bob"), "longer_than = \"1h\"");
    site.relm("deploy").ends(3).says(&["counts as busy", "this user may not see what ann does", "pg_monitor"]);
    // What a session does not tell of itself may be anything, for anybody who looks.
    let secretive = postgres.says("carl", "select pg_sleep(600)");
    look(&psql, "longer_than = \"1h\"\nowner = \"carl\"");
    assert!(within(20, || site.relm("check").code == Some(3)), "the session was not seen");
    site.relm("deploy").ends(3).says(&["counts as busy", "track_activities is off for carl"]);
    drop(secretive);
    look(&postgres.psql("nobody"), "");
    site.relm("deploy").ends(3).says(&["counts as busy", "role \"nobody\" does not exist"]);
    drop(statement);
}

/// A spider that takes as long as its scrapyd lives, in a project of the oldest kind: no build, no egg, only settings.
const SPIDER: &str = "import os, time
import scrapy
class Slow(scrapy.Spider):
    name = 'slow'
    start_urls = ['data:text/plain,x']
    def parse(self, response):
        parent = os.getppid()
        while os.getppid() == parent:
            time.sleep(0.2)
";

fn scrapyd(site: &Site) -> (Running, u16) {
    let (port, tools) = (free_port(), std::env::current_dir().expect("a directory").join("target/tools/bin"));
    site.write("crawl/collect/__init__.py", "");
    site.write("crawl/collect/settings.py", "SPIDER_MODULES = ['collect.spiders']\n");
    site.write("crawl/collect/spiders/__init__.py", SPIDER);
    site.write("crawl/scrapy.cfg", format!("[settings]\ncollect = collect.settings\n[scrapyd]\nhttp_port = {port}\n"));
    let mut server = Command::new(tools.join("scrapyd"));
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").expect("a PATH"));
    server.current_dir(site.path("crawl")).env("PATH", path).env("PYTHONPATH", site.path("crawl"));
    let server = quiet(&mut server);
    assert!(within(30, || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()), "no scrapyd came");
    (server, port)
}

#[test]
fn jobs_of_scrapyd() {
    let site = Site::new("web1", "");
    let (server, port) = scrapyd(&site);
    let url = format!("http://127.0.0.1:{port}");
    site.configure(&busy("scrapyd", &format!("url = \"{url}\"\nask = \"data support managers\"")));
    site.relm("check").ends(0);
    let mut job = Command::new("curl");
    job.args(["-fsS", &format!("{url}/schedule.json"), "-d", "project=collect", "-d", "spider=slow"]);
    let scheduled = job.output().expect("curl");
    assert!(scheduled.status.success(), "{}", String::from_utf8_lossy(&scheduled.stderr));
    assert!(within(30, || site.relm("check").stdout.contains("runs since")), "{scheduled:?}");
    let done = site.relm("deploy").ends(3).says(&["work is busy on web1", "spider slow of collect runs since 20"]);
    done.says(&["ask data support managers about work", "relm deploy --consent work=\"who: why\""]);
    drop(server);
    site.relm("deploy").ends(3).says(&["counts as busy"]);
}
