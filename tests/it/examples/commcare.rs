//! Django on four web hosts behind nginx, with workers under supervisor.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::Example;
use crate::postgres::Postgres;
use crate::services::traffic::Visitors;
use crate::services::{Daemon, free_port, nginx, page, supervisord};
use crate::site::{Done, OnHost, within};

const WEB: [&str; 4] = ["web1", "web2", "web3", "web4"];

fn says(version: &str) -> String {
    format!("CommCareHQ {version}, with the texts of {version}\n")
}

/// A page of one release: what the program loaded at its start and the template of the page are of the same version.
fn one_release(status: u16, body: &str) -> bool {
    let versions = body.strip_prefix("CommCareHQ ").and_then(|rest| rest.trim_end().split_once(", with the texts of "));
    status == 200 && versions.is_some_and(|(program, texts)| program == texts)
}

/// Seven hosts with all their programs are as much as two processors carry.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// All that runs for one test.
struct Hq {
    _daemons: Vec<Daemon>,
    example: Example,
    postgres: Postgres,
    port: u16,
    _turn: MutexGuard<'static, ()>,
}

fn hq() -> Hq {
    let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let postgres = Postgres::new();
    postgres.sql("postgres", "create database commcare");
    let [port, app, form] = [(); 3].map(|()| free_port());
    // Every web host has an address of its own.
    let own = "127.0.0.1{{ host[3:] }}";
    let hosts = WEB.into_iter().chain(["celery1", "form1", "proxy1"]);
    let addresses = ["10.0.0.11", "10.0.0.12", "10.0.0.13", "10.0.0.14", "10.0.0.21", "10.0.0.41", "10.0.0.2"];
    let mut words: Vec<(String, String)> = hosts
        .zip(addresses)
        .map(|(host, address)| (format!("\"cchq@{address}\""), format!("\"local:hosts/{host}\"")))
        .collect();
    words.extend((1..=4).map(|n| (format!("10.0.0.1{n}:9010"), format!("127.0.0.1{n}:{app}"))));
    // What is asked on one day of the week is not asked on the day of the test.
    let later = chrono::Utc::now() + chrono::Duration::days(3);
    let more = [
        ("days = [\"Tue\"]", later.format("days = [\"%a\"]").to_string()),
        ("0.0.0.0:9010", format!("{own}:{app}")),
        ("127.0.0.1:9010", format!("{own}:{app}")),
        ("{{ address }}", own.to_owned()),
        ("10.0.0.41:8080", format!("127.0.0.1:{form}")),
        ("0.0.0.0:8080", format!("127.0.0.1:{form}")),
        ("127.0.0.1:8080", format!("127.0.0.1:{form}")),
        ("listen 80;", format!("listen 127.0.0.1:{port};")),
        ("/home/cchq/.pg_service.conf", "{{ base }}/../../.pg_service.conf".to_owned()),
        ("/home/cchq/nginx/commcare.conf", "commcare.conf".to_owned()),
        ("user=cchq\n", String::new()),
        ("into = \"supervisor\"", "into = \"conf.d\"".to_owned()),
        ("sudo -n supervisorctl", "supervisorctl -c ~/supervisord.conf".to_owned()),
        ("sudo -n nginx", "/usr/sbin/nginx -c ~/nginx.conf".to_owned()),
    ];
    words.extend(more.map(|(old, new)| (old.to_owned(), new)));
    let words: Vec<(&str, String)> = words.iter().map(|(old, new)| (old.as_str(), new.clone())).collect();
    let example = Example::new("commcare", &words);
    example.offer_uv();
    example.commit("the first");
    let service = format!("[commcare]\nhost={}\nuser=postgres\ndbname=commcare\n", postgres.socket());
    let mut daemons = Vec::new();
    for host in WEB.into_iter().chain(["celery1"]) {
        example.write(host, ".pg_service.conf", &service);
        example.write(host, "www/production/shared/localsettings/secret_key", "not for anybody\n");
        daemons.push(supervisord(&example.site, host));
    }
    daemons.push(supervisord(&example.site, "form1"));
    example.write("proxy1", "commcare.conf", &example.site.read("nginx.conf"));
    let include = format!("include {}/commcare.conf;", example.home("proxy1").display());
    daemons.push(nginx(&example.site, "proxy1", port, &include));
    Hq { _daemons: daemons, example, postgres, port, _turn: turn }
}

impl Hq {
    fn relm(&self, line: &str) -> Done {
        self.example.site.relm(line)
    }

    /// The next version of the application.
    fn release(&self, version: &str) {
        self.example.site.write("hq/__init__.py", format!("__version__ = \"{version}\"\n"));
        let template = format!("CommCareHQ {{{{ version }}}}, with the texts of {version}\n");
        self.example.site.write("hq/templates/page.html", template);
        self.example.commit(version);
    }

    /// All web hosts serve this version.
    #[track_caller]
    fn serves(&self, version: &str) {
        for _ in 0..8 {
            assert_eq!(page(self.port, "/"), (200, says(version)));
        }
    }
}

/// Requests all the time, from before the first upgrade to after the last rollback.
#[test]
fn under_load_no_request_fails_and_each_is_answered_by_one_release() {
    let hq = hq();
    hq.relm("deploy").ends(0);
    hq.serves("1");
    let (visitors, start) = (Visitors::come(4, hq.port, one_release), Instant::now());
    // Ahead of the deploy, in a private release.
    hq.release("2");
    hq.relm("preindex --keep-days 2").ends(0);
    let built = OnHost { base: hq.example.home("web1").join("www/production") }.releases().pop().expect("a release");
    hq.relm(&format!("deploy --release {built}")).ends(0);
    hq.serves("2");

    // The index takes its time: hold tight. And a host lacks what the new release needs: all are put back.
    hq.example.edit("Releases.toml", "max = \"5m\"", "max = \"6s\"");
    let needs = "lambda request: open(\"localsettings/site\") and HttpResponse";
    hq.example.edit("hq/urls.py", "lambda request: HttpResponse", needs);
    hq.example.edit("Releases.toml", "name = \"serverup\"", "name = \"serverup\"\nwithin = \"25s\"");
    for host in ["web1", "web2", "web4"] {
        hq.example.write(host, "www/production/shared/localsettings/site", "");
    }
    hq.release("3");
    let busy = hq.postgres.session("commcare", "begin; lock table hq_index;");
    hq.relm("deploy").ends(75).says(&["paused: ", "preindex", "relm deploy production --resume"]);
    drop(busy);
    let resumed = || hq.relm("deploy --resume");
    let mut done = resumed();
    let is_built = || {
        done.code != Some(75) || {
            done = resumed();
            false
        }
    };
    assert!(within(60, is_built), "the index was not built");
    done.ends(1).says(&["health:serverup failed", "web3", "answers 500, not 200", "relm deploy production --resume"]);
    hq.serves("2");
    hq.example.write("web3", "www/production/shared/localsettings/site", "");
    hq.relm("deploy --resume").ends(0);
    hq.serves("3");
    hq.relm("rollback").ends(0);
    hq.serves("2");
    // And so do the workers.
    hq.postgres.sql("commcare", "insert into hq_task (text, done_by) values ('export', '')");
    assert!(within(20, || hq.postgres.knows("commcare", "(select done_by from hq_task) = '2'")), "no worker did it");
    let served = visitors.go();
    let (requests, took) = (served.values().sum::<usize>(), start.elapsed());
    eprintln!("{requests} requests in {took:.0?}: {served:?}");
    assert!(requests > 500, "{requests} requests in {took:?} are no load");
    assert!(served.keys().eq(&["1", "2", "3"].map(|version| (200, says(version)))), "{served:?}");
}

impl Hq {
    /// What is known of an application on a host: its history and its processes.
    fn stands(&self, words: &str, host: &str, below: &str) -> (String, Vec<serde_json::Value>) {
        let report = self.relm(&format!("services production {words} status --json")).ends(0).report();
        let mut all = report["services"].as_array().expect("services").clone();
        all.retain(|line| line["host"] == host);
        let history = self.example.home(host).join("www/production").join(below).join(".relm/history.jsonl");
        (std::fs::read_to_string(history).expect("a history"), all)
    }
}

/// *The jar went with the application* (commcare-cloud PR #3188, PR #3212): whoever deploys one of them touches nothing of the
/// other, and each goes back alone.
#[test]
fn formplayer_comes_and_goes_by_itself() {
    let hq = hq();
    hq.relm("deploy").ends(0);
    assert!(!hq.example.home("web1").join("www/production/current/formplayer").exists());
    hq.relm("deploy production formplayer").ends(0);
    let plays = |version: &str| assert_eq!(page(hq.port, "/formplayer/"), (200, format!("formplayer {version}\n")));
    plays("1");
    let main = || [("web1", ""), ("web4", ""), ("celery1", "")].map(|(host, below)| hq.stands("", host, below));
    let player = || hq.stands("formplayer", "form1", "components/formplayer");
    let before = main();
    hq.example.site.write("formplayer/version", "2\n");
    hq.relm("deploy production formplayer").ends(0);
    plays("2");
    hq.serves("1");
    assert_eq!(main(), before, "a deploy of formplayer touched the main application");
    // And the other way round.
    let before = player();
    hq.release("2");
    hq.relm("deploy").ends(0);
    hq.serves("2");
    plays("2");
    assert_eq!(player(), before, "a deploy of the main application touched formplayer");
    let before = main();
    hq.relm("rollback production formplayer").ends(0);
    plays("1");
    hq.example.edit("formplayer/formplayer.py", "serve_forever()", "serve_for_ever()");
    hq.relm("deploy production formplayer").ends(1).says(&["form1", "as before"]);
    plays("1");
    hq.serves("2");
    assert_eq!(main(), before);
}
