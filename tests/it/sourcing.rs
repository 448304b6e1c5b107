//! Files of hosts that are sourced before commands of the app's.

use std::fs;

use crate::site::{Site, operation};

const SOURCES: &str = "source_files = [\"~/shop.sh\", \"~/more.sh?\"]\n";

/// `top` stands before all tables.
fn configure(site: &Site, top: &str, settings: &str) {
    site.configure(settings);
    site.write("Releases.toml", format!("{top}{}", site.read("Releases.toml")));
}

fn site(settings: &str) -> Site {
    let site = Site::new("web1=web db1=db", "");
    configure(&site, SOURCES, settings);
    for host in ["web1", "db1"] {
        site.write(&format!("hosts/{host}/shop.sh"), format!("GREETING='hello of {host}'\nfalse\n"));
    }
    site
}

#[test]
fn commands_of_every_kind_see_what_a_host_s_files_set() {
    let say = |name: &str| format!("echo \"{name} $GREETING $MORE\" >>\"$SITE/log\"");
    let settings = [
        operation("looked", "check", "", &say("check")),
        operation("made", "prepare", "", &say("prepare")),
        operation("tried", "prepare", "retry = { times = 2, every = \"1s\" }", &say("retry")),
        operation("moved", "prepare", "migrate = { pending = 'echo \"pending $GREETING\"' }", &say("migrate")),
        format!("[[service]]\nname = \"app\"\nkind = \"command\"\nproof = false\nrestart = '{}'\n", say("service")),
        format!("[[health]]\nname = \"well\"\ncommand = '{}'\nwithin = \"5s\"\n", say("health")),
        format!(
            "[[busy]]\nname = \"idle\"\nkind = \"command\"\nrun = '{}; false'\nbusy_if = \"succeeds\"\n",
            say("busy")
        ),
        format!("[maintenance]\non = '{}'\noff = 'true'\nduring = \"switch\"\n", say("maintenance")),
    ];
    let site = site(&settings.concat());
    site.write("hosts/web1/more.sh", "MORE='and more'\n");
    site.relm("deploy").ends(0);
    let log = site.take_log();
    for what in ["check", "prepare", "retry", "migrate", "service", "health", "busy", "maintenance"] {
        assert!(log.contains(&format!("{what} hello of web1 and more")), "{what}: {log:#?}");
        assert!(log.contains(&format!("{what} hello of db1 ")), "{what}: {log:#?}");
    }
    let ran = site.relm_with(["run", "--", "sh", "-c", "echo got $GREETING"]).ends(0);
    assert!(format!("{}{}", ran.stdout, ran.stderr).contains("got hello of db1"), "{ran:?}");
}

#[test]
fn what_takes_a_host_out_of_its_pool_sees_what_is_set_where_it_runs() {
    let say = |what: &str| format!("echo \"{what} $RELM_HOST: $GREETING\" >>\"$SITE/log\"");
    let (drain, undrain) = (say("drain"), say("undrain"));
    let pool = format!("drain = '{drain}'\nundrain = '{undrain}'\nmin_healthy = 0\nwait = \"1s\"\n");
    let site = site(&format!("[[pool]]\nname = \"http\"\nroles = [\"web\"]\nproxies = [\"db\"]\n{pool}"));
    site.relm("deploy").ends(0);
    assert_eq!(site.take_log(), ["drain web1: hello of db1", "undrain web1: hello of db1"]);
    configure(&site, SOURCES, &format!("[[pool]]\nname = \"http\"\nroles = [\"web\"]\n{pool}"));
    site.relm("deploy").ends(0);
    assert_eq!(site.take_log(), ["drain web1: hello of web1", "undrain web1: hello of web1"]);
}

#[test]
fn a_file_that_is_missing_or_broken_stops_before_anything_is_changed() {
    let site = site("");
    fs::remove_file(site.path("hosts/db1/shop.sh")).expect("a file");
    let refused = site.relm("deploy").ends(1);
    refused.says(&["check_source_files", "db1", "shop.sh, one of source_files, cannot be read here"]);
    assert_eq!(site.host("web1").releases(), Vec::<String>::new());
    let check = site.relm("check").ends(3);
    assert!(check.stdout.contains("shop.sh, one of source_files, cannot be read"), "{}", check.stdout);
    site.write("hosts/db1/shop.sh", "KEY=very-hidden\nif then\n");
    let refused =
        site.relm("deploy --verbose").ends(1).says(&["shop.sh, one of source_files, is nothing that sh can source"]);
    assert!(!refused.stderr.contains("very-hidden"), "{}", refused.stderr);
    site.write("hosts/db1/shop.sh", "echo printed; set -x; KEY=very-hidden; . /nowhere/at/all\n");
    let refused = site.relm("deploy --verbose").ends(1);
    assert!(!refused.stderr.contains("hidden") && !refused.stderr.contains("printed"), "{}", refused.stderr);
    site.write("hosts/db1/shop.sh", "echo printed; set -xe; KEY=very-hidden\n");
    let done = site.relm("deploy --verbose").ends(0);
    assert!(!done.stderr.contains("hidden") && !done.stderr.contains("printed"), "{}", done.stderr);
}

#[test]
fn the_nearest_list_counts() {
    let site = site(&operation("made", "prepare", "", "echo \"$RELM_HOST $GREETING\" >>\"$SITE/log\""));
    let text =
        site.read("Releases.toml").replace("roles = [\"db\"] }", "roles = [\"db\"], source_files = [\"~/own.sh\"] }");
    site.write("Releases.toml", text.replace("[env.test.hosts]", "[env.test]\nsource_files = []\n[env.test.hosts]"));
    site.write("hosts/db1/own.sh", "GREETING=own\n");
    site.relm("deploy").ends(0);
    let mut log = site.take_log();
    log.sort();
    assert_eq!(log, ["db1 own", "web1 "]);
}
