//! Django on Postgres and scrapyd, on one host.

use std::process::Command;

use super::Example;
use crate::postgres::Postgres;
use crate::services::traffic::Visitors;
use crate::services::{free_port, nginx, page, supervisord};

fn says(version: &str, notices: usize) -> String {
    format!("summarize {version}, with the texts of {version}: {notices} notices\n")
}

/// The next version of the application.
fn release(example: &Example, version: &str) {
    example.site.write("summarize/__init__.py", format!("__version__ = \"{version}\"\n"));
    example.site.write("summarize/texts", format!("{version}\n"));
    example.commit(version);
}

/// A page of one release.
fn one_release(status: u16, body: &str) -> bool {
    status == 200 && ["1", "2", "3"].iter().any(|version| (0..3).any(|notices| body == says(version, notices)))
}

#[test]
fn users_are_served_and_crawls_are_not_disturbed() {
    let postgres = Postgres::new();
    postgres.sql("postgres", "create database summarize");
    let [port, app, crawls] = [(); 3].map(|()| free_port());
    let example = Example::new(
        "open-contracting",
        &[
            ("\"ocp@kingfisher.example.org\"", "\"local:hosts/kingfisher\"".to_owned()),
            ("127.0.0.1:8000", format!("127.0.0.1:{app}")),
            ("127.0.0.1:6800", format!("127.0.0.1:{crawls}")),
            ("http_port = 6800", format!("http_port = {crawls}")),
            ("user=ocp\n", String::new()),
            ("into = \"supervisor\"", "into = \"conf.d\"".to_owned()),
            // Whoever runs the tests may sit in tmux.
            ("users = \"own\"", "users = \"own\"\nnames = [\"of-the-example\"]".to_owned()),
            ("/home/ocp/", "{{ base }}/../../../../".to_owned()),
            ("sudo -n supervisorctl", "supervisorctl -c ~/supervisord.conf".to_owned()),
        ],
    );
    example.offer_uv();
    let service = format!("[summarize]\nhost={}\nuser=postgres\ndbname=summarize\n", postgres.socket());
    example.write("kingfisher", ".pg_service.conf", &service);
    example.site.write("secrets/secret_key", "not for anybody\n");
    example.commit("the first");
    let _supervisord = supervisord(&example.site, "kingfisher");
    let front = format!("server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{app}; }} }}\n");
    let _nginx = nginx(&example.site, "kingfisher", port, &front);
    let relm = |line: &str| example.site.relm(line);
    // What cannot be asked counts as busy, and the very first time nothing is there.
    relm("deploy production summarize").ends(0);
    relm("deploy production collect").ends(3).says(&["spiders cannot be looked at and counts as busy"]);
    let consent = |why: &str| {
        let agreed = format!("spiders=Ann: {why}");
        example.site.relm_with(["deploy", "production", "collect", "--consent", &agreed])
    };
    consent("there is no scrapyd yet").ends(0);
    assert_eq!(page(port, "/"), (200, says("1", 0)));
    let visitors = Visitors::come(2, port, one_release);

    // A spider runs. A deploy of the other component leaves it alone; for its own somebody has to agree.
    let job = ["-fsS", "-d", "project=collect", "-d", "spider=paraguay"];
    let job = Command::new("curl").args(job).arg(format!("http://127.0.0.1:{crawls}/schedule.json")).output();
    assert!(job.expect("curl").status.success());
    release(&example, "2");
    relm("lock take production collect -m crawling").ends(0);
    let mut other = example.site.command(["deploy", "production", "summarize"]);
    let refused = crate::site::Done::from(other.env("USER", "somebody").output().expect("relm"));
    refused.ends(3).says(&["crawling"]);
    relm("lock release production collect").ends(0);
    relm("deploy production summarize").ends(0);
    assert_eq!(page(port, "/"), (200, says("2", 0)));
    relm("deploy production collect").ends(3).says(&["spiders is busy on kingfisher", "ask the data support managers"]);
    consent("it can be run again").ends(0);

    // A migration that the data does not fit.
    postgres.sql("summarize", "insert into summarize_notice (ocid) values ('a'), ('a')");
    let unique = "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    \
                  dependencies = [(\"summarize\", \"0001_notice\")]\n    operations = [migrations.AlterField(\"Notice\", \
                  \"ocid\", models.TextField(unique=True))]\n";
    example.site.write("summarize/migrations/0002_unique.py", unique);
    release(&example, "3");
    let resume = "relm deploy production summarize --resume";
    relm("deploy production summarize").ends(1).says(&["could not create unique index", resume]);
    assert_eq!(page(port, "/"), (200, says("2", 2)));
    postgres.sql("summarize", "delete from summarize_notice where id = 1");
    relm(resume.trim_start_matches("relm ")).ends(0);
    assert_eq!(page(port, "/"), (200, says("3", 1)));
    relm("rollback production summarize").ends(3).says(&["summarize.0002_unique"]);
    relm("rollback production summarize --yes").ends(0);
    assert_eq!(page(port, "/"), (200, says("2", 1)));
    visitors.go();
}
