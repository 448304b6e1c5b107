//! Deploys that succeed: what stands on the hosts afterwards.

use std::fs;

use crate::site::Site;

#[test]
fn the_first_deploy_makes_one_release_live_on_all_hosts() {
    let site = Site::new("web1 web2 db1=db", "");
    let name = site.deploy();
    assert!(relm::release::ReleaseName::parse(&name).is_ok(), "{name}");
    for host in site.hosts() {
        assert_eq!(host.read("app.txt"), "one\n");
        assert_eq!(host.releases(), [name.as_str()]);
        assert_eq!(host.state(&name), "complete");
        assert!(host.path("shared").is_dir() && host.path("log").is_dir());
        assert!(!host.release(&name).join(".relm").exists(), "records stand in the tree");
        let temporary = fs::read_dir(host.path("")).expect("entries").filter_map(Result::ok);
        let names: Vec<_> = temporary.map(|entry| entry.file_name()).collect();
        assert!(!names.iter().any(|name| name.to_string_lossy().starts_with(".current")), "{names:?}");
    }
}

#[test]
fn the_next_deploy_replaces_it_and_leaves_it_there() {
    let site = Site::new("web1 web2", "");
    let first = site.deploy();
    site.write("code/app.txt", "two\n");
    let second = site.deploy();
    assert!(second > first);
    for host in site.hosts() {
        assert_eq!(host.read("app.txt"), "two\n");
        assert_eq!(fs::read_to_string(host.release(&first).join("app.txt")).expect("a file"), "one\n");
        assert_eq!(host.releases(), [first.clone(), second.clone()]);
    }
}

#[test]
fn the_same_code_again_is_a_release_of_its_own() {
    let site = Site::new("web1", "");
    let (first, second) = (site.deploy(), site.deploy());
    assert_ne!(first, second);
    let host = site.host("web1");
    assert_eq!(host.record(&first)["tree"], host.record(&second)["tree"], "the same code has the same hash");
}

#[test]
fn a_name_taken_on_one_host_is_taken_on_all() {
    let site = Site::new("web1 web2", "");
    let host = site.host("web2");
    let now = relm::release::ReleaseName::at(chrono::Utc::now());
    let taken: Vec<_> = std::iter::successors(Some(now), |name| Some(name.next_second())).take(12).collect();
    for name in &taken {
        fs::create_dir_all(host.release(name.as_str())).expect("a directory");
    }
    let name = site.deploy();
    assert!(taken.iter().all(|taken| taken.as_str() != name), "{name}");
    assert_eq!(site.host("web1").releases(), [name.as_str()], "attempts are left on the host that was free");
    assert_eq!(fs::read_dir(site.host("web1").path(".relm/releases")).expect("entries").count(), 1);
    for name in &taken {
        assert_eq!(fs::read_dir(host.release(name.as_str())).expect("entries").count(), 0, "{name} was written to");
    }
}

#[test]
fn a_deploy_says_who_what_when_and_why() {
    let site = Site::new("web1", "");
    site.relm_with(["deploy", "test", "-m", "it's \"time\" $HOME\nté"]).ends(0);
    let (host, name) = (site.host("web1"), site.live());
    let record = host.record(&name);
    assert_eq!(record["by"], "tester");
    assert_eq!(record["source"], "dir code");
    assert_eq!(record["message"], "it's \"time\" $HOME\nté");
    let history = fs::read_to_string(host.path(".relm/history.jsonl")).expect("a history");
    let stages: Vec<serde_json::Value> =
        history.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(stages.len(), 2, "intent and result:\n{history}");
    for (line, stage) in stages.iter().zip(["intent", "done"]) {
        assert_eq!(line["stage"], stage);
        assert_eq!(line["to"], name.as_str());
        assert_eq!(line["message"], "it's \"time\" $HOME\nté");
    }
}

#[test]
fn the_environment_may_be_named_or_meant() {
    let site = Site::new("web1", "");
    let text =
        site.read("Releases.toml") + "[env.other.hosts]\nx = { address = \"local:hosts/x\", roles = [\"web\"] }\n";
    site.write("Releases.toml", &text);
    site.relm("deploy").ends(2).says(&["test", "other"]);
    site.write("Releases.toml", format!("default_env = \"test\"\n{text}"));
    site.relm("deploy").ends(0);
    site.relm("deploy other").ends(0);
    assert!(site.path("hosts/x/www/other/current").exists());
    assert!(!site.path("hosts/web1/www/other").exists());
}

#[test]
fn another_directory_or_an_archive_may_be_named() {
    let site = Site::new("web1", "");
    site.write("elsewhere/app.txt", "elsewhere\n");
    site.relm("deploy --dir elsewhere").ends(0);
    assert_eq!(site.host("web1").read("app.txt"), "elsewhere\n");
    let packed = std::process::Command::new("tar")
        .args(["czf", "code.tar.gz", "-C", "code", "app.txt"])
        .current_dir(site.path(""))
        .status();
    assert!(packed.expect("tar").success());
    site.relm("deploy --archive code.tar.gz").ends(0);
    assert_eq!(site.host("web1").read("app.txt"), "one\n");
    site.relm("deploy --dir nowhere").ends(1).says(&["nowhere"]);
    std::fs::rename(site.path("code"), site.path("moved")).expect("a directory");
    site.relm("check").ends(0).shows(&["code is not there: a deploy needs it, or another one by --dir"]);
    site.relm("deploy --dir moved").ends(0);
}

#[test]
fn a_dry_run_shows_the_steps_and_changes_nothing() {
    let site = Site::new("web1 web2", "");
    let first = site.deploy();
    let done = site.relm("deploy --dry-run").ends(0);
    for word in ["upload_code", "flip_current", "web1", "web2"] {
        assert!(done.stdout.contains(word), "{word}:\n{}", done.stdout);
    }
    for host in site.hosts() {
        assert_eq!((host.current(), host.releases()), (Some(first.clone()), vec![first.clone()]));
    }
}

/// A team that moves over has releases of another tool in the place where relm's would be.
#[test]
fn what_another_tool_serves_is_left_alone_and_the_way_on_is_said() {
    let site = Site::new("web1", "");
    let other = site.host("web1").path("releases/2026-11-21_14.10");
    std::fs::create_dir_all(&other).expect("a directory");
    site.host("web1").repoint("releases/2026-11-21_14.10");
    let link = site.host("web1").path("current");
    let way = format!("mv {link} {link}.before once nothing serves from it", link = link.display());
    let done = site.relm("deploy").ends(3).says(&["which is no release of this environment", "another `root`"]);
    assert!(done.stderr.lines().any(|line| line.starts_with("next") && line.ends_with(&way)), "{}", done.stderr);
    assert!(site.relm("check").ends(3).stdout.contains(&way));
    std::fs::rename(&link, link.with_extension("before")).expect("a link");
    site.deploy();
    assert!(other.exists());
}

#[test]
fn a_release_has_its_own_virtualenv() {
    let settings = "[python]\ninstaller = \"pip\"\nroles = [\"app\"]\n";
    let site = Site::new("app1=app db1=db", settings);
    site.write("code/requirements.txt", "");
    let name = site.deploy();
    let python = site.host("app1").release(&name).join("python_env/bin/python");
    let prefix = std::process::Command::new(python).args(["-c", "import sys; print(sys.prefix)"]).output();
    let prefix = String::from_utf8(prefix.expect("python").stdout).expect("UTF-8");
    assert_eq!(prefix.trim(), site.host("app1").release(&name).join("python_env").to_str().expect("UTF-8"));
    assert!(!site.host("db1").path("current/python_env").exists(), "no host but those of the role gets one");
}

#[test]
fn a_root_may_have_an_odd_name() {
    for root in ["with space/and 'quotes'", "$HOME", "-dash", "é☃"] {
        let site = Site::new("web1", &format!("[release]\nroot = \"{root}\"\nshared_dirs = [\"media\"]\n"));
        site.relm("deploy").ends(0);
        let base = site.path("hosts/web1").join(root).join("test");
        assert!(base.join("current/app.txt").is_file() && base.join("current/media").is_dir(), "{root}");
        site.relm("deploy").ends(0);
        site.relm("rollback").ends(0);
    }
}

/// Texts that it will be told are sent while relm waits for it, and cost little when they are told.
#[test]
fn a_host_alone_knows_most_of_what_it_is_told() {
    for hosts in ["web1", "web1 web2"] {
        let site = Site::new(hosts, "");
        site.shadow("dd", "case $1 in bs=*) echo \"${1#bs=}\" >>\"$SITE/log\" ;; esac\nexec \"$REAL\" \"$@\"");
        site.deploy();
        let told: Vec<usize> = site.take_log().iter().map(|bytes| bytes.parse().expect("a number")).collect();
        assert_eq!(told.len(), 2, "{hosts}: {told:?}");
        assert_eq!(told[1] * 3 < told[0] * 2, hosts == "web1", "{told:?}");
    }
}

/// Each script of the control shell is a journey to the host and back. The upload is one more, with a channel of its own.
#[test]
fn a_host_alone_is_told_twice_what_to_do() {
    let site = Site::new("web1", "");
    site.shadow("setsid", "echo script >>\"$SITE/log\"\nexec \"$REAL\" \"$@\"");
    for task in ["deploy", "deploy", "rollback"] {
        site.write("code/VERSION", task);
        site.take_log();
        site.relm(task).ends(0);
        let journeys = site.take_log().len() + usize::from(task == "deploy");
        assert_eq!(journeys, 2, "{task}");
    }
}
