//! `environment`: variables for commands of the app's.

use crate::site::{Site, operation, within};

const TABLE: &str = "[environment]\nPERL5LIB = \"{{ release_path }}/local/lib/perl5\"\nGREETING = \"it's $HOME\"\n\
    PLACE = \"file\"\n[env.test.environment]\nPLACE = \"{{ host }} of {{ env }}\"\n";

/// What a command writes of what it sees.
fn say(name: &str) -> String {
    format!("echo \"{name} $GREETING; $PLACE; $PERL5LIB\" >>\"$SITE/log\"")
}

#[test]
fn commands_of_every_kind_see_the_variables() {
    let settings = [
        operation("looked", "check", "", "echo \"check $GREETING; $PLACE;\" >>\"$SITE/log\""),
        operation("made", "prepare", "", &say("prepare")),
        operation("tried", "prepare", "retry = { times = 2, every = \"1s\" }", &say("retry")),
        operation("waited", "prepare", "", "true")
            .replace("run = '''true'''", &format!("wait = {{ check = '''{}''', max = \"5s\" }}", say("wait"))),
        operation("long", "prepare", "job = true", &say("job")),
        operation(
            "moved",
            "prepare",
            &format!("migrate = {{ pending = '''{}; echo x''', backup = '''{}''' }}", say("pending"), say("backup")),
            &say("migrate"),
        ),
        format!("[[service]]\nname = \"app\"\nkind = \"command\"\nproof = false\nrestart = '''{}'''\n", say("service")),
        format!("[[health]]\nname = \"well\"\ncommand = '''{}'''\nwithin = \"5s\"\n", say("health")),
        format!(
            "[[busy]]\nname = \"idle\"\nkind = \"command\"\nrun = '''{}; false'''\nbusy_if = \"succeeds\"\n",
            say("busy")
        ),
        format!("[maintenance]\non = '''{}'''\noff = 'true'\nduring = \"switch\"\n", say("maintenance")),
        format!(
            "[[pool]]\nname = \"http\"\nroles = [\"web\"]\ndrain = '''{}'''\nundrain = 'true'\nmin_healthy = 0\nwait = \"0s\"\n",
            say("drain")
        ),
        format!("[manage]\nrun = '''sh -c '{}' manage'''\n", say("manage")),
    ];
    let site = Site::new("web1=web", "");
    site.configure(&(TABLE.to_owned() + &settings.concat()));
    site.relm("deploy").ends(0);
    site.relm("manage test x").ends(0);
    assert!(within(20, || site.read("log").contains("job it's")), "{}", site.read("log"));
    let log = site.take_log();
    let path = site.host("web1").release(&site.live());
    let path = path.display();
    for what in
        "check prepare retry wait job pending backup migrate service health busy maintenance drain manage".split(' ')
    {
        let lines: Vec<_> = log.iter().filter(|line| line.starts_with(&format!("{what} "))).collect();
        assert!(!lines.is_empty(), "{what}: {log:#?}");
        let is_told = |line: &&&String| line.contains("it's $HOME; web1 of test;");
        assert!(lines.iter().all(|line| is_told(&line)), "{what}: {lines:?}");
        let is_whole = |line: &&String| line.ends_with(&format!("; {path}/local/lib/perl5"));
        // What is looked at before a first deploy is in no release.
        assert!(what == "check" || what == "busy" || lines.iter().any(is_whole), "{what}: {lines:?}");
    }
    let ran = site.relm_with(["run", "--", "sh", "-c", "echo \"$GREETING $PLACE $PERL5LIB\""]).ends(0).stdout;
    assert!(ran.contains("it's $HOME web1 of test /") && ran.contains(&format!("{}/local/lib", site.live())), "{ran}");
}

#[test]
fn the_nearest_counts_and_the_file_goes_before_what_is_sourced() {
    let say = "echo \"$A $B $C $D $RELM_HOST\" >>\"$SITE/log\"";
    let more = "environment = { C = \"own\", D = \"\" }";
    let table = "[environment]\nA = \"top\"\nB = \"top\"\nC = \"top\"\nD = \"top\"\n[env.test]\n\
        inherits = \"base\"\nsource_files = [\"~/shop.sh\"]\n[env.base.environment]\nB = \"base\"\n";
    let site = Site::new("web1=web", "");
    site.configure(&(operation("made", "prepare", more, say) + table));
    site.write("hosts/web1/shop.sh", "A=sourced\nRELM_HOST=sourced\n");
    site.deploy();
    assert_eq!(site.take_log(), ["top base own  web1"]);
}

#[test]
fn a_path_stands_in_front_of_the_hosts_own() {
    let table = "[environment]\nPATH = \"{{ base }}/tools\"\n[release]\nkeep = 1\n";
    let own = operation("own", "prepare", "environment = { PATH = \"{{ base }}/own:\" }", "mine; both; ls >/dev/null");
    let health = "[[health]]\nname = \"up\"\nfile = \"app.txt\"\nwithin = \"2s\"\n";
    let site = Site::new("web1=web", "");
    site.configure(&(operation("made", "prepare", "", "both; echo \"$PATH\" >>\"$SITE/log\"") + &own + health + table));
    for (place, name) in [("tools", "both"), ("own", "both"), ("own", "mine")] {
        let file = format!("hosts/web1/www/test/{place}/{name}");
        site.write(&file, format!("#!/bin/sh\necho {place} {name} >>\"$SITE/log\"\n"));
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(site.path(&file), mode).expect("a mode");
    }
    site.deploy();
    let log = site.take_log();
    let tools = site.host("web1").path("tools");
    assert!(log[1].starts_with(&format!("{}:/", tools.display())) && log[1].ends_with("bin"), "{log:?}");
    assert_eq!([&log[0], &log[2], &log[3]], ["tools both", "own mine", "own both"]);
    let whole = site.read("Releases.toml").replace("{{ base }}/tools", "/opt/node/bin:$PATH");
    site.write("Releases.toml", whole);
    site.relm("deploy").ends(2).says(&["`PATH` has a `$`", "\"/opt/node/bin\""]);
}

#[test]
fn a_host_asks_itself_without_a_proxy() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut asked = [0; 4096];
            let _ = std::io::Read::read(&mut stream, &mut asked);
            let body = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"jobs\": 0}\n";
            let _ = std::io::Write::write_all(&mut stream, body.as_bytes());
        }
    });
    // Nobody listens there.
    let proxy = "http://127.0.0.1:9";
    let all =
        ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].map(|name| format!("{name} = \"{proxy}\"\n")).concat();
    let site = Site::new("web1=web", "");
    site.configure(&format!(
        "[environment]\n{all}[[health]]\nname = \"up\"\nhttp = \"http://localhost:{port}/x\"\nwithin = \"3s\"\n\
         [[busy]]\nname = \"jobs\"\nkind = \"http_json\"\nwhen = [\"start\"]\non_busy = \"block\"\nurl = \"http://127.0.0.1:{port}/jobs\"\n\
         path = \"jobs\"\nbusy_if = \"> 0\"\n"
    ));
    site.deploy();
}

#[test]
fn what_is_built_with_other_variables_is_built_again() {
    let broken = "[ \"$MODE\" = broken ] && exit 1; echo \"$RELM_HOST $MODE\" >>\"$SITE/log\"";
    let made = operation("made", "prepare", "inputs = [\"app.txt\"]\nenvironment = { MODE = \"a\" }", broken);
    let last = operation("last", "prepare", "", "[ -e \"$SITE/go\" ]");
    let site = Site::new("web1=web", &(made.clone() + &last));
    site.relm("deploy").ends(1);
    assert_eq!(site.take_log(), ["web1 a"]);
    site.relm("deploy --resume").ends(1);
    assert_eq!(site.take_log(), [""; 0], "it is done");
    site.configure(&(made.replace("\"a\"", "\"b\"") + &last));
    site.write("go", "");
    site.relm("deploy --resume").ends(0).says(&["made"]);
    assert_eq!(site.take_log(), ["web1 b"]);
    site.relm("deploy").ends(0).says(&["made"]);
    assert_eq!(site.take_log(), [""; 0], "its inputs are the same, and so are its variables");
    site.configure(&(made.replace("\"a\"", "\"c\"") + &last));
    site.deploy();
    assert_eq!(site.take_log(), ["web1 c"]);
}

/// What is known at that moment, to each; nothing of it only where nothing is live yet and no release is being made.
#[test]
fn every_command_is_told_which_release_it_is_about() {
    let say = |name: &str| {
        format!(
            "echo \"{name} $RELM_ENV $RELM_HOST $RELM_ROLES ${{RELM_RELEASE_PATH##*/}} $RELM_RELEASE $RELM_REF\" \
             >>\"$SITE/log\""
        )
    };
    let settings = [
        format!("[maintenance]\non = '''{}'''\noff = '''{}'''\nduring = \"switch\"\n", say("on"), say("off")),
        format!(
            "[[pool]]\nname = \"http\"\nroles = [\"web\"]\nmin_healthy = 0\nwait = \"0s\"\ndrain = '''{}'''\n\
             undrain = '''{}'''\n",
            say("drain"),
            say("undrain")
        ),
        format!(
            "[[busy]]\nname = \"idle\"\nkind = \"command\"\nrun = '''{}'''\nwhen = [\"start\", \"before:made\"]\n",
            say("busy")
        ),
        format!("[[templates]]\nsrc = \"text\"\ndest = \"text\"\ncheck = '''{}; test -s {{file}}'''\n", say("check")),
        operation("made", "before_flip", "", &say("made")),
        operation("health", "after_flip", "", "[ ! -e \"$SITE/broken\" ]"),
        "[tasks.turn]\noperations = [\"drain:http\", \"undrain:http\"]\n".to_owned(),
    ];
    let site = Site::new("web1=web", &settings.concat());
    site.write("text", "text");
    let all = |release: &str, names: &[&str]| {
        let log = site.take_log();
        for name in names {
            let wanted = format!("{name} test web1 web {release} {release} dir code");
            assert!(log.contains(&wanted), "{wanted}: {log:#?}");
        }
        log
    };
    let first = site.deploy();
    let log = all(&first, &["busy", "check", "on", "drain", "made", "undrain", "off"]);
    assert_eq!(log[0], "busy test web1 web   ", "nothing is live yet");
    let second = site.deploy();
    let log = all(&second, &["busy", "check", "on", "drain", "undrain", "off"]);
    assert_eq!(log[0], format!("busy test web1 web {first} {first} dir code"), "what is live when it begins");
    let by_hand = [("maintenance on", &["on"][..]), ("maintenance off", &["off"]), ("turn", &["drain", "undrain"])];
    for (line, names) in by_hand {
        site.relm(line).ends(0);
        let log = all(&second, names);
        assert!(log.iter().all(|line| line.ends_with(" dir code")), "{log:?}");
    }
    // Back in its pool with what is live again.
    site.write("broken", "");
    site.relm("deploy").ends(1);
    all(&second, &["undrain", "off"]);
}
