//! A Perl tarball under daemontools, behind nginx with its maintenance flag.

use std::process::Command;

use super::Example;
use crate::busy::components::quiet;
use crate::postgres::Postgres;
use crate::services::daemontools::Scan;
use crate::services::traffic::Visitors;
use crate::services::{free_port, nginx, page};

/// As `make-dist.sh` says it.
fn tarball(example: &Example, version: &str) -> String {
    let output = Command::new("./make-dist.sh").arg(version).current_dir(example.site.path("")).output();
    let output = output.expect("make-dist.sh");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}

fn says(version: &str) -> String {
    format!("community platform {version}, with the texts of {version}\n")
}

/// One page of one release, or the maintenance page.
fn page_or_maintenance(status: u16, body: &str) -> bool {
    match status {
        200 => ["0.940", "0.941", "0.942"].iter().any(|version| body == says(version)),
        503 => body == "The community platform is back in a minute.\n",
        _ => false,
    }
}

#[test]
fn visitors_see_the_page_or_the_maintenance_page_and_nothing_else() {
    let postgres = Postgres::new();
    let [view, prod, view_app, prod_app] = [(); 4].map(|()| free_port());
    let dump = format!("dump-of-{view}.* ddgc");
    let example = Example::new(
        "ddgc",
        &[
            ("\"ddgc@view.example.org\"", "\"local:hosts/view\"".to_owned()),
            ("\"ddgc@prod.example.org\"", "\"local:hosts/prod\"".to_owned()),
            ("/home/ddgc/ddgc_config.sh", "{{ base }}/../../ddgc_config.sh".to_owned()),
            ("listen 80;", format!("listen 127.0.0.1:{{{{ {view} if host == 'view' else {prod} }}}};")),
            ("127.0.0.1:8989", format!("127.0.0.1:{{{{ {view_app} if host == 'view' else {prod_app} }}}}")),
            ("sudo -n nginx", "/usr/sbin/nginx -c ~/nginx.conf".to_owned()),
            ("pg_dump.* ddgc", dump.clone()),
        ],
    );
    let mut daemons = Vec::new();
    for (host, app) in [("view", view_app), ("prod", prod_app)] {
        postgres.sql("postgres", &format!("create database {host}"));
        let database = format!("export PGHOST={} PGUSER=postgres PGDATABASE={host}\n", postgres.socket());
        example.write(host, "ddgc_config.sh", &format!("export DDGC_LISTEN=127.0.0.1:{app}\n{database}"));
        let (scan, other) = (Scan::start(example.home(host).join("service")), free_port());
        std::fs::create_dir(example.home(host).join("nginx")).expect("a directory");
        let include = format!("include {}/nginx/*.conf;", example.home(host).display());
        let nginx = nginx(&example.site, host, other, &format!("server {{ listen 127.0.0.1:{other}; }} {include}\n"));
        daemons.push((scan, nginx));
    }
    let relm = |line: &str| example.site.relm(line);
    relm(&format!("deploy view --archive {}", tarball(&example, "0.940"))).ends(0);
    assert_eq!(page(view, "/"), (200, says("0.940")));
    assert_eq!(page(view, "/static/style.css"), (200, "body { font: 1em sans-serif }\n".to_owned()));
    let visitors = Visitors::come(2, view, page_or_maintenance);

    example.site.write("app/sql/0.941/01-price.sql", "alter table goodie add column price int;\n");
    let archive = tarball(&example, "0.941");
    let backup = quiet(Command::new("perl").args(["-e", "sleep 60", &dump.replace(".*", "")]));
    relm(&format!("deploy view --archive {archive}"))
        .ends(3)
        .says(&["db-backup is busy on view", "whoever looks after"]);
    drop(backup);
    relm(&format!("deploy view --archive {archive}")).ends(0);
    assert_eq!(page(view, "/"), (200, says("0.941")));

    // Its schema needs what an administrator has yet to make.
    example.site.write("app/sql/0.942/01-shop.sql", "alter table shop add column open bool;\n");
    let archive = tarball(&example, "0.942");
    relm(&format!("deploy view --archive {archive}")).ends(1).says(&["relation \"shop\" does not exist", "--resume"]);
    assert_eq!(page(view, "/"), (200, says("0.941")));
    postgres.sql("view", "create table shop (name text)");
    relm("deploy view --resume").ends(0);
    assert_eq!(page(view, "/"), (200, says("0.942")));

    postgres.sql("prod", "create table shop (name text)");
    relm(&format!("promote view prod --yes --archive {}", tarball(&example, "0.943")))
        .ends(3)
        .says(&["is not what would be deployed"]);
    relm(&format!("promote view prod --yes --archive {archive}")).ends(0);
    assert_eq!(page(prod, "/"), (200, says("0.942")));

    // A program that does not come up: what was there is started again.
    example.edit("app/script/ddgc_web.pl", "my $over = 0;", "die \"no\\n\" if $ENV{DDGC_LISTEN}; my $over = 0;");
    relm(&format!("deploy view --archive {}", tarball(&example, "0.944"))).ends(1).says(&["start:web"]);
    assert_eq!(page(view, "/"), (200, says("0.942")));
    relm("rollback view").ends(3).says(&["0.942/01-shop.sql"]);
    relm("rollback view --yes").ends(0);
    assert_eq!(page(view, "/"), (200, says("0.941")));
    let seen = visitors.go();
    let all = [says("0.940"), says("0.941"), says("0.942")].map(|body| (200, body));
    let maintenance = (503, "The community platform is back in a minute.\n".to_owned());
    assert_eq!(seen.keys().collect::<Vec<_>>(), all.iter().chain([&maintenance]).collect::<Vec<_>>());
}
