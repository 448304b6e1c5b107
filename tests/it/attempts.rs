//! Commands that are tried several times, and commands that are skipped because nothing they read has changed.

use crate::site::{Site, operation};

/// Succeeds the nth time it is tried on a host, and logs each try.
fn nth(n: usize) -> String {
    format!("echo try >> \"$SITE/tries-$RELM_HOST\"; [ \"$(wc -l < \"$SITE/tries-$RELM_HOST\")\" -ge {n} ] || exit 90")
}

#[test]
fn each_attempt_is_told_and_pauses_grow() {
    let site =
        Site::new("web1", &operation("fetch", "prepare", "retry = { times = 3, every = \"2s\", factor = 3 }", &nth(3)));
    // The lock's keeper sleeps too, a second at a time, and needs to.
    site.shadow("sleep", "case $1 in 0.*|1) exec \"$REAL\" \"$@\" ;; esac\necho \"$1\" >> \"$SITE/pauses\"");
    site.relm("deploy -v").ends(0).says(&[
        "attempt 1 of 3 failed (exit code 90); trying again in 2s",
        "attempt 2 of 3 failed (exit code 90); trying again in 6s",
    ]);
    assert_eq!((site.read("pauses").as_str(), site.read("tries-web1").lines().count()), ("2\n6\n", 3));
    site.deploy();
    assert_eq!(site.read("tries-web1").lines().count(), 4, "what succeeds is not tried again");
}

#[test]
fn the_last_failure_is_the_failure() {
    for (phase, code) in [("check", 3), ("prepare", 90), ("after_flip", 91)] {
        let command = format!("echo try >> \"$SITE/tries\"; echo too bad; exit {code}");
        let site = Site::new("web1", &operation("fetch", phase, "retry = { times = 2, every = \"1s\" }", &command));
        let done = site.relm("deploy").ends(1);
        done.says(&["too bad", "attempt 2 of 2 failed", &format!("exited {code}")]);
        assert_eq!(site.read("tries").lines().count(), 2, "{phase}");
    }
}

#[test]
fn running_out_of_time_is_no_failed_attempt() {
    let more = "timeout = \"1s\"\nretry = { times = 5, every = \"1s\" }";
    let site = Site::new("web1", &operation("hang", "prepare", more, "echo try >> \"$SITE/tries\"; sleep 100"));
    site.relm("deploy").ends(1);
    assert_eq!(site.read("tries"), "try\n");
}

const BUILD: &str = "inputs = [\"package.json\", \"src/**\"]\noutputs = [\"dist\"]";

fn build() -> String {
    let command = "echo ran >> \"$SITE/runs-$RELM_HOST\"; [ ! -e \"$SITE/broken\" ] || exit 3\nmkdir dist; cat $(find src -type f) package.json > dist/all";
    operation("build", "prepare", BUILD, command)
}

fn built(fleet: &str) -> Site {
    let site = Site::new(fleet, &build());
    site.write("code/package.json", "{}");
    site.write("code/src/a.js", "a");
    site
}

#[test]
fn what_was_made_from_the_same_is_copied() {
    let site = built("web1 web2");
    let first = site.deploy();
    site.write("code/README", "of no interest");
    site.relm("deploy").ends(0);
    for host in ["web1", "web2"] {
        assert_eq!(site.read(&format!("runs-{host}")), "ran\n", "{host}");
        let at = |release: &str| site.read(&format!("hosts/{host}/www/test/releases/{release}/dist/all"));
        assert_eq!((at(&first).as_str(), at(&site.live()).as_str()), ("a{}", "a{}"), "{host}");
    }
    site.relm("deploy -v").ends(0).says(&["its inputs are those of"]);
    site.relm("verify").ends(0);
    for (path, text) in [("code/src/a.js", "b"), ("code/src/new/b.js", "c")] {
        site.write(path, text);
        site.write("runs-web1", "");
        site.relm("deploy").ends(0);
        assert_eq!(site.read("runs-web1"), "ran\n", "{path}");
    }
}

#[test]
fn another_command_or_other_outputs_run_it_again() {
    let site = built("web1");
    site.deploy();
    for settings in
        [build().replace("mkdir dist", "mkdir -p dist"), build().replace("[\"dist\"]", "[\"dist\", \"src\"]")]
    {
        site.configure(&settings);
        site.write("runs-web1", "");
        site.deploy();
        assert_eq!(site.read("runs-web1"), "ran\n", "{settings}");
    }
}

/// What failed once is run again, although the code is the same.
#[test]
fn a_hash_is_kept_of_success_alone() {
    let site = built("web1");
    site.write("broken", "");
    site.relm("deploy").ends(1);
    site.relm("deploy").ends(1);
    std::fs::remove_file(site.path("broken")).expect("a file");
    site.deploy();
    assert_eq!(site.read("runs-web1").lines().count(), 3);
    site.deploy();
    assert_eq!(site.read("runs-web1").lines().count(), 3);
}

#[test]
fn inputs_that_are_nowhere_skip_nothing() {
    let site = built("web1");
    site.configure(&build().replace("\"package.json\"", "\"pakage.json\""));
    site.deploy();
    site.relm("deploy -v").ends(0).says(&["nothing stands at pakage.json"]);
    assert_eq!(site.read("runs-web1").lines().count(), 2);
}

#[test]
fn what_the_older_release_has_lost_is_made_again() {
    let site = built("web1");
    let first = site.deploy();
    std::fs::remove_dir_all(site.path(format!("hosts/web1/www/test/releases/{first}/dist"))).expect("a directory");
    site.deploy();
    assert_eq!(site.read("runs-web1").lines().count(), 2);
}
