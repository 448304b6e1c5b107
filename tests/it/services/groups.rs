//! Groups of a service's own programs, by patterns of their names.

use std::collections::BTreeMap;

use super::daemontools::Scan;
use super::supervisord;
use crate::site::Site;

/// Two programs, and on hosts of the role worker a third with two processes.
fn conf() -> String {
    let program = |name: &str| {
        format!(
            "[program:{name}]\ncommand=python3 {{{{ release_path }}}}/app.py\ndirectory={{{{ release_path }}}}\nstartsecs=1\n"
        )
    };
    let twice = "numprocs=2\nprocess_name=%(program_name)s_%(process_num)02d\n";
    let celery = program("shop-celery_main") + twice;
    program("shop-web") + &program("shop-beat") + "{% if 'worker' in roles %}\n" + &celery + "{% endif %}\n"
}

const SERVICE: &str = "[[service]]\nname = \"shop\"\nkind = \"supervisor\"\ntemplates = [\"templates/shop.conf\"]\n\
                       into = \"conf.d\"\ntimeout = \"30s\"\ncontrol = 'supervisorctl -c \"$HOME/supervisord.conf\"'\n\
                       groups = { celery = \"*-celery*\", clock = [\"shop-beat\", \"*_01\"], none = \"shop\" }\n";

/// The programs of a group with their states and processes, as `HOST PROGRAM`.
fn programs(site: &Site, group: &str) -> BTreeMap<String, (String, Option<u64>)> {
    let report = site.relm(&format!("services status {group} --json")).report();
    let lines = report["services"].as_array().unwrap_or_else(|| panic!("{report}")).clone();
    let of = |line: &serde_json::Value| {
        let host = line["host"].as_str().expect("a host").to_owned();
        let programs = line["programs"].as_array().expect("programs").clone();
        programs.into_iter().map(move |program| {
            let text = |key: &str| program[key].as_str().expect("a text").to_owned();
            (format!("{host} {}", text("program")), (text("state"), program["pid"].as_u64()))
        })
    };
    lines.iter().flat_map(of).collect()
}

fn states(programs: &BTreeMap<String, (String, Option<u64>)>) -> Vec<(&str, &str)> {
    programs.iter().map(|(name, (state, _))| (name.as_str(), state.as_str())).collect()
}

#[test]
fn a_group_of_programs_is_turned_and_the_others_go_on() {
    let site = Site::new("web1 work1=worker", "");
    site.write("templates/shop.conf", conf());
    site.write("code/app.py", "import signal\nsignal.pause()\n");
    // What a shell would make of the pattern, if it were let.
    site.write("code/x-celery", "");
    site.configure(SERVICE);
    let _daemons = [supervisord(&site, "web1"), supervisord(&site, "work1")];
    site.deploy();
    let before = programs(&site, "");
    assert_eq!(before.len(), 6, "{before:?}");
    let (zero, one) = ("work1 shop-celery_main:shop-celery_main_00", "work1 shop-celery_main:shop-celery_main_01");
    let done = site.relm("services stop celery").ends(0);
    done.says(&["of shop only the programs of celery: *-celery*", "no program of shop here fits *-celery*"]);
    assert_eq!(states(&programs(&site, "celery")), [(zero, "stopped"), (one, "stopped")]);
    let stopped = programs(&site, "");
    for (name, was) in before.iter().filter(|(name, _)| !name.contains("celery")) {
        assert_eq!(&stopped[name], was, "{name} was touched");
    }
    site.relm("services status celery").ends(1);
    // By a list, of which one part is down.
    site.relm("services restart clock").ends(0);
    let clock = programs(&site, "clock");
    let all = [("web1 shop-beat", "running"), ("work1 shop-beat", "running"), (one, "running")];
    assert_eq!(states(&clock), all);
    assert_ne!(clock["web1 shop-beat"], before["web1 shop-beat"]);
    assert_eq!(programs(&site, "celery")[zero].0, "stopped");
    site.relm("services start celery").ends(0);
    assert_eq!(programs(&site, "")["web1 shop-web"], before["web1 shop-web"]);
    site.relm("services status celery").ends(0);
    // What nothing is in is no success.
    for action in ["stop", "status"] {
        let done = site.relm(&format!("services {action} none")).ends(3);
        let names = "shop-beat shop-celery_main:shop-celery_main_00 shop-celery_main:shop-celery_main_01 shop-web";
        done.says(&["no program of test is in the group none: shop", names, "correct `groups`"]);
    }
    site.relm("services stop celry").ends(3).says(&["no group \"celry\"", "relm services test status celery"]);
}

/// A file that somebody has changed is that of all programs: it is not put in place for some.
#[test]
fn turned_in_part_a_service_keeps_its_files() {
    let site = Site::new("web1", "");
    site.write("templates/shop.conf", conf());
    site.write("code/app.py", "import signal\nsignal.pause()\n");
    site.configure(SERVICE);
    let _daemon = supervisord(&site, "web1");
    site.deploy();
    let before = programs(&site, "");
    let conf = "hosts/web1/conf.d/shop.conf";
    let edited = site.read(conf).replace("startsecs=1", "startsecs=2");
    site.write(conf, &edited);
    site.relm("services restart clock").ends(0);
    assert_eq!(site.read(conf), edited);
    assert_eq!(programs(&site, "")["web1 shop-web"], before["web1 shop-web"]);
}

#[test]
fn directories_of_daemontools_are_turned_by_groups() {
    let site = Site::new("web1", "");
    site.deploy();
    let names = ["shop-celery", "shop-celery2", "shop-web"];
    let home = site.path("hosts/web1/service");
    for name in names {
        let run = format!("hosts/web1/service/{name}/run");
        site.write(&run, "#!/bin/sh\nexec sleep 100\n");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(site.path(&run), mode).expect("a mode");
    }
    let paths = names.map(|name| home.join(name));
    site.configure(&format!(
        "[[service]]\nname = \"shop\"\nkind = \"daemontools\"\nproof = false\ntimeout = \"20s\"\nprograms = {paths:?}\n\
         groups = {{ celery = \"*-celery*\" }}\n"
    ));
    let _scan = Scan::start(home.clone());
    site.relm("services start").ends(0);
    let before = programs(&site, "");
    site.relm("services stop celery").ends(0);
    let after = programs(&site, "");
    let state = |name: &str| after[&format!("web1 {}", home.join(name).display())].clone();
    assert_eq!((state(names[0]).0.as_str(), state(names[1]).0.as_str()), ("stopped", "stopped"));
    assert_eq!(state(names[2]), before[&format!("web1 {}", home.join(names[2]).display())]);
    site.relm("services stop").ends(0);
}

#[test]
fn units_of_systemd_are_turned_by_groups() {
    let service = "[[service]]\nname = \"shop\"\nkind = \"systemd\"\nproof = false\ntimeout = \"9s\"\n\
         programs = [\"shop-web.service\", \"shop-celery.service\", \"worker@1.service\"]\ncontrol = 'sh \"$SITE/units\"'\n\
         groups = { celery = [\"shop-celery\", \"worker@?\"] }\n";
    let site = Site::new("web1", "");
    // As systemctl: a unit runs while its file is there.
    let units = "cd \"$SITE\" || exit\nword=$1; shift\ncase $word in\n\
        show) for last in \"$@\"; do :; done; case $* in *NRestarts*) echo NRestarts=0; exit ;; esac\n\
        if [ -e \"unit-$last\" ]; then echo ActiveState=active; else echo ActiveState=inactive; fi; echo MainPID=0 ;;\n\
        start|stop) echo \"$word $*\" >>log; for unit in \"$@\"; do if [ $word = start ]; then : >\"unit-$unit\"; else rm -f \"unit-$unit\"; fi; done ;;\nesac\n";
    site.write("units", units);
    site.deploy();
    site.configure(service);
    site.relm("services start").ends(0);
    site.take_log();
    site.relm("services stop celery").ends(0);
    assert_eq!(site.take_log(), ["stop shop-celery.service worker@1.service"]);
    site.relm("services restart celery").ends(0);
    assert_eq!(site.take_log(), ["stop", "start"].map(|word| format!("{word} shop-celery.service worker@1.service")));
    assert!(site.path("unit-shop-web.service").exists());
}
