//! A deploy sends what a host has not, and what it has is only used if it is what it should be.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::site::{Done, Site, operation};

/// What hardly compresses, different for each seed.
pub(crate) fn noise(seed: u32, bytes: usize) -> Vec<u8> {
    let mut state = u64::from(seed) + 1;
    let step = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..bytes).map(step).collect()
}

/// Bytes sent to a host by a step, over all its attempts.
pub(crate) fn sent(done: &Done, host: &str) -> u64 {
    let events = done.json();
    let of = |event: &&Value| event["event"] == "progress" && event["host"] == host;
    let mut attempts: Vec<u64> = Vec::new();
    for event in events.iter().filter(of) {
        let bytes = event["done"].as_u64().expect("a number");
        assert!(bytes <= event["total"].as_u64().expect("a number"), "{event}");
        match attempts.last_mut() {
            Some(last) if bytes > *last => *last = bytes,
            _ => attempts.push(bytes),
        }
    }
    attempts.iter().sum()
}

/// Two hosts with 60 files of 10 kB each, live.
fn site() -> Site {
    let site = Site::new("web1 web2", "");
    for n in 0..60 {
        site.write(&format!("code/dir{}/{n}.bin", n % 7), noise(n, 10_000));
    }
    site
}

fn change(site: &Site, n: u32) {
    site.write(&format!("code/dir{}/{n}.bin", n % 7), noise(n + 1000, 10_000));
}

fn deploy(site: &Site) -> Done {
    site.relm("deploy --json").ends(0)
}

#[test]
fn little_travels_where_little_changed() {
    let site = site();
    let first = sent(&deploy(&site), "web1");
    assert!(first > 600_000, "{first}");
    change(&site, 5);
    change(&site, 8);
    let second = deploy(&site);
    for host in ["web1", "web2"] {
        let bytes = sent(&second, host);
        assert!((20_000..28_000).contains(&bytes), "{host}: {bytes}");
    }
    for host in site.hosts() {
        assert_eq!(fs::read(host.path("current/dir5/5.bin")).expect("a file"), noise(1005, 10_000));
        assert_eq!(fs::read(host.path("current/dir6/6.bin")).expect("a file"), noise(6, 10_000));
    }
    let same = sent(&deploy(&site), "web1");
    assert!(same < 1_000, "{same}");
    let preview = site.relm("deploy --dry-run").ends(0);
    assert!(preview.stdout.contains("web1, web2: 0 of 61 files would be sent"), "{}", preview.stdout);
}

#[test]
fn a_machine_that_knows_nothing_asks_a_host() {
    let site = site();
    deploy(&site);
    fs::remove_dir_all(site.path("home/.cache/relm/manifests")).expect("a cache");
    change(&site, 5);
    let bytes = sent(&deploy(&site), "web2");
    assert!(bytes < 18_000, "{bytes}");
    fs::remove_dir_all(site.path("home/.cache/relm/manifests")).expect("a cache");
    site.shadow("base64", "exit 1");
    change(&site, 6);
    let bytes = sent(&deploy(&site), "web2");
    assert!(bytes > 600_000, "nobody knows what is there: {bytes}");
}

#[test]
fn what_was_done_by_hand_is_said_and_does_not_slip_in() {
    let site = site();
    let first = site.deploy();
    let by_hand = site.host("web1").release(&first);
    fs::write(by_hand.join("dir1/1.bin"), noise(99, 10_000)).expect("a file");
    fs::write(by_hand.join("dir2/2.bin"), "debugging").expect("a file");
    fs::set_permissions(by_hand.join("dir3/3.bin"), fs::Permissions::from_mode(0o755)).expect("a mode");
    change(&site, 5);
    let done = deploy(&site);
    let warnings: Vec<String> = done
        .json()
        .into_iter()
        .filter(|event| event["event"] == "warning")
        .map(|event| format!("{}: {}", event["host"], event["message"]).replace('"', ""))
        .collect();
    let wanted = format!("web1: check_upload: release {first} has been changed by hand: 2 files; sending everything");
    assert_eq!(warnings, [wanted], "sizes and modes are seen before contents");
    assert!(sent(&done, "web1") > 600_000 && sent(&done, "web2") < 18_000);
    let new = site.live();
    assert_eq!(fs::read(site.host("web1").release(&new).join("dir1/1.bin")).expect("a file"), noise(1, 10_000));
    assert_eq!(fs::read(by_hand.join("dir1/1.bin")).expect("a file"), noise(99, 10_000), "it is left as it was");
    site.relm(&format!("verify test --release {new}")).ends(0);
    // What was made in the longer way is as good a base.
    change(&site, 6);
    assert!(sent(&deploy(&site), "web1") < 18_000);
}

#[test]
fn a_base_that_goes_meanwhile_is_no_obstacle() {
    let site = site();
    let first = site.deploy();
    // After the survey, and before the code comes.
    let sweep = format!("[ $RELM_HOST != web1 ] || mv ~/www/test/releases/{first} ~/");
    site.configure(&operation("sweep", "check", "", &sweep));
    change(&site, 5);
    let done = site.relm("deploy --json");
    let said = format!("release {first} cannot be built upon: it is gone; sending everything");
    assert!(done.stdout.contains(&said), "{}\n{}", done.stdout, done.stderr);
}

#[test]
fn hosts_with_different_bases_get_what_each_lacks() {
    let site = site();
    let first = site.deploy();
    for n in 5..10 {
        change(&site, n);
    }
    let second = site.deploy();
    let web2 = site.host("web2");
    web2.repoint(&format!("releases/{first}"));
    fs::remove_dir_all(web2.release(&second)).expect("a release");
    fs::remove_dir_all(web2.path(".relm/releases").join(&second)).expect("a record");
    change(&site, 11);
    let done = deploy(&site);
    let (one, other) = (sent(&done, "web1"), sent(&done, "web2"));
    assert!(one < 18_000 && (60_000..70_000).contains(&other), "{one} {other}");
    for host in site.hosts() {
        assert_eq!(fs::read(host.path("current/dir5/5.bin")).expect("a file"), noise(1005, 10_000));
    }
}

#[test]
fn a_host_without_zstd_gets_gzip() {
    let site = site();
    site.shadow("zstd", "exit 127");
    deploy(&site);
    change(&site, 5);
    let bytes = sent(&deploy(&site), "web1");
    assert!(bytes < 18_000, "{bytes}");
}

/// What a host has to say grows with its history; it is read as it was said, whatever way it came. A host that is not
/// understood is asked once more, and looks once more how much room it has.
#[test]
fn a_long_answer_comes_packed_where_the_host_can() {
    let site = Site::new("web1", "");
    site.deploy();
    let kept = site.host("web1").path(".relm/history.jsonl");
    let history = fs::read_to_string(&kept).expect("a history");
    fs::write(&kept, history.repeat(40)).expect("a history");
    site.shadow("df", "echo asked >>\"$SITE/log\"\nexec \"$REAL\" \"$@\"");
    let packs = "case \"$*\" in *-d*) ;; *) echo packs >>\"$SITE/log\" ;; esac\nexec \"$REAL\" \"$@\"";
    site.shadow("base64", packs);
    site.deploy();
    assert_eq!(site.take_log(), ["asked", "packs"]);
    site.shadow("base64", "exit 1");
    site.deploy();
    assert_eq!(site.take_log(), ["asked"], "said as it is");
    site.shadow("base64", "case \"$*\" in *-d*) exec \"$REAL\" \"$@\" ;; *) echo damaged ;; esac");
    site.deploy();
    assert_eq!(site.take_log(), ["asked", "asked"], "asked once more");
}
