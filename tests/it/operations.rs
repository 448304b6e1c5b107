//! The app's own operations: where, when, in which order and with which environment they run.

use crate::site::{LOG, Site, logged, operation};

fn log(name: &str) -> String {
    LOG.replace("OP", name)
}

#[test]
fn operations_run_in_their_phase_on_hosts_of_their_roles() {
    let settings = [
        logged("announce", "finish", "once = true"),
        logged("restart", "after_flip", "roles = [\"web\"]"),
        logged("drain", "before_flip", "roles = [\"web\"]"),
        logged("migrate", "prepare", "roles = [\"db\"]\nonce = true"),
        logged("ready", "check", "roles = [\"db\"]"),
    ];
    let site = Site::new("web1=web web2=web db1=db db2=db", &settings.concat());
    let name = site.deploy();
    let log = site.take_log();
    let of = |operation: &str| {
        let hosts = log.iter().filter(|line| line.split(' ').nth(1) == Some(operation));
        let mut hosts: Vec<&str> = hosts.map(|line| line.split(' ').next().expect("a host")).collect();
        hosts.sort_unstable();
        hosts.join(" ")
    };
    let ran = ["ready", "migrate", "drain", "restart", "announce"].map(of);
    assert_eq!(ran, ["db1 db2", "db1", "web1 web2", "web1 web2", "web1"]);
    assert!(log.iter().all(|line| line.ends_with(&name)), "{log:?}");
    let first = |operation: &str| log.iter().position(|line| line.contains(operation)).expect("it ran");
    let order = ["ready", "migrate", "drain", "restart", "announce"].map(first);
    assert!(order.is_sorted(), "{log:?}");
}

/// A position is one in the file: whoever is left out of a run, `static[0]` is nobody else.
#[test]
fn selectors_pick_by_sets_differences_and_positions() {
    let settings = [
        "[role_sets]\nservices = [\"web\", \"celery\"]\nall = [\"services\", \"static\"]\n".to_owned(),
        logged("workers", "prepare", "roles = [\"services - web\"]"),
        logged("compress", "prepare", "roles = [\"static[0]\"]"),
        logged("fetch", "prepare", "roles = [\"static[1:]\"]"),
        logged("most", "prepare", "roles = [\"all - static[0]\"]"),
        logged("some", "prepare", "roles = [\"celery[0] + static[:1]\", \"static[2]\"]"),
    ];
    let site = Site::new("s2=static w1=web,celery w2=web c1=celery s1=static s3=static", &settings.concat());
    let planned = site.relm("deploy --dry-run").ends(0).stdout;
    for row in ["prepare  workers  c1", "prepare  compress  s2", "prepare  fetch  s1 s3", "prepare  some  s2 w1 s3"] {
        let row: Vec<&str> = row.split_whitespace().collect();
        assert!(planned.lines().any(|line| line.split_whitespace().eq(row.iter().copied())), "{row:?} in {planned}");
    }
    site.relm("setup-release --roles static").ends(0);
    site.take_log();
    site.deploy();
    let log = site.take_log();
    let mut most: Vec<&str> =
        log.iter().filter(|line| line.contains(" most ")).filter_map(|line| line.split(' ').next()).collect();
    most.sort_unstable();
    assert_eq!(most, ["c1", "s1", "s3", "w1", "w2"]);
}

#[test]
fn batches_switch_one_after_another_in_the_order_of_the_file() {
    let flipped = r#"readlink "$HOME/www/test/current" | grep -q "$RELM_RELEASE""#;
    let before = format!("{}; ! {flipped}", log("before"));
    let after = format!("{}; {flipped}", log("after"));
    let settings = [
        "[release]\nbatches = [1, \"50%\"]\n".to_owned(),
        operation("before", "before_flip", "", &before),
        operation("after", "after_flip", "", &after),
        logged("build", "prepare", ""),
    ];
    let site = Site::new("zeta alpha mid beta", &settings.concat());
    site.deploy();
    let log = site.take_log();
    let hosts_of = |lines: &[String], operation: &str| {
        let mut hosts: Vec<String> = lines
            .iter()
            .map(|line| {
                let mut words = line.split(' ');
                let host = words.next().expect("a host");
                assert_eq!(words.next(), Some(operation), "{log:?}");
                host.to_owned()
            })
            .collect();
        hosts.sort();
        hosts.join(" ")
    };
    assert_eq!(hosts_of(&log[..4], "build"), "alpha beta mid zeta", "no host switches before all are ready");
    assert_eq!(hosts_of(&log[4..5], "before"), "zeta");
    assert_eq!(hosts_of(&log[5..6], "after"), "zeta");
    assert_eq!(hosts_of(&log[6..8], "before"), "alpha mid");
    assert_eq!(hosts_of(&log[8..10], "after"), "alpha mid");
    assert_eq!(hosts_of(&log[10..11], "before"), "beta");
    assert_eq!(hosts_of(&log[11..], "after"), "beta");
}

/// Says when it begins and ends; on hosts at once that would interleave.
fn slow(name: &str) -> String {
    r#"echo "$RELM_HOST in" >> "$SITE/NAME"; sleep 0.4; echo "$RELM_HOST out" >> "$SITE/NAME""#.replace("NAME", name)
}

#[test]
fn serial_operations_run_on_one_host_at_a_time_and_others_together() {
    for phase in ["prepare", "after_flip", "finish"] {
        let serial = operation("serial", phase, "serial = true", &slow("serial"));
        let together = operation("together", phase, "", &slow("together"));
        let site = Site::new("b a c", &format!("{serial}{together}"));
        site.deploy();
        assert_eq!(site.read("serial"), "b in\nb out\na in\na out\nc in\nc out\n", "{phase}");
        let together = site.read("together");
        assert!(together.lines().take(2).all(|line| line.ends_with("in")), "{phase}: {together}");
    }
}

/// The most that were at it at a time, by lines that end with `in` and `out`.
fn most(log: &str) -> usize {
    let now = log.lines().scan(0, |now, line| {
        *now = if line.ends_with("in") { *now + 1 } else { *now - 1 };
        Some(*now)
    });
    now.max().unwrap_or_default()
}

#[test]
fn as_many_hosts_as_the_file_says_are_at_an_operation() {
    for phase in ["prepare", "after_flip", "finish"] {
        let few = operation("few", phase, "max_parallel = 2", &slow("few"));
        let all = operation("all", phase, "", &slow("all"));
        let site = Site::new("a b c d e", &format!("{few}{all}"));
        let dry = site.relm("deploy --dry-run").ends(0).stdout;
        assert!(dry.contains("few") && dry.contains("a b c d e (2 at a time)\n"), "{dry}");
        site.deploy();
        assert_eq!(most(&site.read("few")), 2, "{phase}: {}", site.read("few"));
        assert!(most(&site.read("all")) > 2, "{phase}: {}", site.read("all"));
    }
}

#[test]
fn as_many_hosts_as_the_file_says_prepare_a_release() {
    let settings = operation("build", "prepare", "", &slow("build"))
        + &operation("after", "after_flip", "", &slow("after"))
        + "[release]\nmax_parallel = 2\n";
    let site = Site::new("a b c d e", &settings);
    let dry = site.relm("deploy --dry-run").ends(0).stdout;
    let limited = |step: &str| dry.lines().any(|line| line.contains(step) && line.ends_with("(2 at a time)"));
    assert!(limited("upload_code") && limited("build") && !limited("after"), "{dry}");
    let begun = &site.relm("deploy --json --dry-run").ends(0).json()[0];
    let step = begun["steps"].as_array().expect("steps").iter().find(|step| step["name"] == "build").expect("a step");
    assert_eq!(step["at_once"], 2);
    site.deploy();
    assert_eq!(most(&site.read("build")), 2, "{}", site.read("build"));
    assert!(most(&site.read("after")) > 2, "{}", site.read("after"));
    // A failure leaves the others alone that have not begun.
    site.configure(&(settings + &operation("break", "prepare", "", "echo $RELM_HOST >>\"$SITE/broken\"; exit 1")));
    site.relm("deploy").ends(1).says(&["nothing changed"]);
    assert!(site.read("broken").lines().count() <= 2, "{}", site.read("broken"));
}

#[test]
fn an_operation_without_a_host_is_told_and_a_required_one_is_a_mistake() {
    let other = "[env.other.hosts]\ndb1 = { address = \"local:hosts/db1\", roles = [\"db\"] }\n";
    let told = |more: &str| operation("index", "prepare", &format!("roles = [\"db\"]\n{more}"), "true") + other;
    let site = Site::new("web1", &told(""));
    site.relm("deploy test").ends(0).says(&["index: no host of test has its role, so it does not run"]);
    assert!(site.relm("deploy test --dry-run").ends(0).stdout.contains("nobody has its role"));
    site.configure(&told("required = true"));
    site.relm("deploy test")
        .ends(2)
        .says(&["\"index\" is required, and no host of test has its role", "Releases.toml:"]);
}

#[test]
fn a_command_sees_its_release_and_its_host_exactly() {
    let show = r#"env | grep '^RELM_' | sort > "$SITE/env-$RELM_HOST"; pwd > "$SITE/pwd""#;
    let site = Site::new("web1=app,web", &operation("show", "prepare", "", show));
    let name = site.deploy();
    let path = site.host("web1").release(&name);
    let path = path.to_str().expect("UTF-8");
    let expected = format!(
        "RELM_ENV=test\nRELM_HOST=web1\nRELM_REF=dir code\nRELM_RELEASE={name}\nRELM_RELEASE_PATH={path}\nRELM_ROLES=app web\n"
    );
    assert_eq!(site.read("env-web1"), expected);
    assert_eq!(site.read("pwd").trim(), path, "it starts in the release");
}

#[test]
fn the_text_of_a_command_reaches_sh_unchanged() {
    let odd = r#"printf '%s\n' 'single' "dou'ble" "\$x `echo ran`" 'ünï ☃ \ *' "a  b" > "$SITE/out"
cat >> "$SITE/out" <<'END'
$HOME 'quoted' "twice" \n %s
END
x=1; [ "$x" = 1 ] && echo "last line: $((x + 1))" >> "$SITE/out" # a comment"#;
    let site = Site::new("web1", &operation("odd", "prepare", "", odd));
    site.deploy();
    let expected = "single\ndou'ble\n$x ran\nünï ☃ \\ *\na  b\n$HOME 'quoted' \"twice\" \\n %s\nlast line: 2\n";
    assert_eq!(site.read("out"), expected);
}

#[test]
fn a_command_cannot_read_what_is_not_meant_for_it() {
    let greedy = r#"cat > "$SITE/got"; echo more"#;
    let site = Site::new("web1", &operation("greedy", "prepare", "", greedy));
    site.deploy();
    assert_eq!(site.read("got"), "");
}

#[test]
fn a_command_that_takes_too_long_is_ended_and_has_failed() {
    let slow = r#"sleep 20 & echo $! > "$SITE/pid"; wait; touch "$SITE/late""#;
    let site = Site::new("web1", &operation("slow", "prepare", "timeout = \"1s\"", slow));
    let before = std::time::Instant::now();
    site.relm("deploy").ends(1).says(&["slow", "web1", "longer than 1 s"]);
    assert!(before.elapsed().as_secs() < 15);
    assert!(!crate::site::lives(site.read("pid").trim()), "its child lives on");
    assert_eq!(site.host("web1").current(), None);
}

#[test]
fn a_command_that_leaves_a_process_behind_does_not_hold_a_deploy() {
    let service = r#"sleep 20 & echo $! > "$SITE/pid""#;
    let site = Site::new("web1", &operation("service", "after_flip", "", service));
    let before = std::time::Instant::now();
    site.deploy();
    assert!(before.elapsed().as_secs() < 15);
    crate::site::kill(site.read("pid").trim(), "KILL");
}

#[test]
fn a_command_that_exits_the_shell_or_dies_has_failed() {
    for (run, words) in [
        ("exit 3", "exited 3"),
        ("kill -KILL $$", "killed by signal KILL"),
        ("false", "exited 1"),
        ("nope_nope", "exited 127"),
        ("if", "exited 2"),
    ] {
        let site = Site::new("web1", &operation("bad", "prepare", "", run));
        site.relm("deploy").ends(1).says(&["bad", words]);
        assert_eq!(site.host("web1").current(), None);
    }
}

#[test]
fn exit_codes_of_relms_own_scripts_mean_nothing_in_a_command() {
    for code in [90, 91, 92] {
        let site = Site::new("web1", &operation("bad", "prepare", "", &format!("exit {code}")));
        site.relm("deploy").ends(1).says(&[&format!("exited {code}")]);
        assert_eq!(site.host("web1").current(), None);
    }
}

#[test]
fn a_step_that_runs_once_waits_for_every_host() {
    let slow = operation("slow", "prepare", "roles = [\"db\"]", "sleep 1; echo slow >> \"$SITE/log\"");
    let site = Site::new("web1 db1=db", &(slow + &logged("once", "prepare", "once = true")));
    site.deploy();
    let log = site.take_log();
    assert_eq!(log.len(), 2, "{log:?}");
    assert!(log[0] == "slow" && log[1].starts_with("web1 once "), "{log:?}");
}

/// The example of docs/from-other-tools.md, with a crontab that is a file.
#[test]
fn what_pauses_for_the_switch_goes_on_however_that_ends() {
    let guide = std::fs::read_to_string("docs/from-other-tools.md").expect("a guide");
    let example = guide.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    assert!(example.contains("pause-cron") && example.contains("resume-cron"), "{example}");
    let look = operation("look", "before_flip", "", "cp \"$SITE/tab\" \"$SITE/meanwhile\"");
    let site = Site::new("w1=worker", &format!("{example}{look}{}", logged("late", "after_flip", "")));
    site.shadow(
        "crontab",
        "case $1 in -l) cat \"$SITE/tab\" ;; -) cat >\"$SITE/new\" && mv \"$SITE/new\" \"$SITE/tab\" ;; esac",
    );
    let tab = "# by hand\n*/5 * * * * run\n\n@daily sweep\n";
    site.write("tab", tab);
    site.deploy();
    let paused = "# by hand\n#relm */5 * * * * run\n\n#relm @daily sweep\n";
    assert_eq!((site.read("meanwhile").as_str(), site.read("tab").as_str()), (paused, tab));
    // It fails when they run again, and before.
    for broken in ["late", "look"] {
        site.write("meanwhile", "");
        site.write(&format!("broken-{broken}-w1"), "");
        if broken == "look" {
            let stuck = operation("look", "before_flip", "", "cp \"$SITE/tab\" \"$SITE/meanwhile\"; exit 3");
            site.configure(&format!("{example}{stuck}"));
        }
        site.relm("deploy").ends(1);
        assert_eq!((site.read("meanwhile").as_str(), site.read("tab").as_str()), (paused, tab), "{broken}");
    }
}
