//! Code by way of a store: put there once, fetched by the hosts, and sent to those that cannot.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::delta::{noise, sent};
use crate::site::{Done, Site, within};

mod server;

use server::Server;

const KEY: &str = "AKIDSENTINELKEY";
const SECRET: &str = "sentinel/secret+of+the+store";
const TOKEN: &str = "sentinel-session-token";

/// Three hosts, and 1.5 MB of code that has to come to them.
fn site(endpoint: &str) -> Site {
    let site = Site::new("web1 web2 web3", &settings(endpoint));
    for n in 0..15 {
        site.write(&format!("code/{n}.bin"), noise(n, 100_000));
    }
    site
}

fn settings(endpoint: &str) -> String {
    format!("[distribution]\nstore = \"s3://deploys/here\"\nendpoint = \"{endpoint}\"\nmin_hosts = 2\n")
}

fn command(site: &Site, line: &str) -> Command {
    let mut command = site.command(line.split_whitespace());
    command.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET).env("AWS_SESSION_TOKEN", TOKEN);
    command
}

fn relm(site: &Site, line: &str) -> Done {
    Done::from(command(site, line).output().expect("a process"))
}

/// The notes and warnings of a run.
fn told(done: &Done) -> Vec<String> {
    let told = |event: &Value| {
        let host = event["host"].as_str().map(|host| format!("{host}: ")).unwrap_or_default();
        (event["event"] == "warning").then(|| host + event["message"].as_str().unwrap_or_default())
    };
    done.json().iter().filter_map(told).collect()
}

fn is_live(site: &Site, n: u32, seed: u32) {
    for host in site.hosts() {
        let content = fs::read(host.path(format!("current/{n}.bin"))).expect("a file");
        assert!(content == noise(seed, 100_000), "{n}.bin is another");
        let release = site.live();
        let left = fs::read_dir(host.path(format!(".relm/releases/{release}"))).expect("a record");
        let left: Vec<_> = left.map(|entry| entry.expect("an entry").file_name()).collect();
        assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("fetched")), "{left:?}");
    }
}

/// Every file below a directory holds none of these.
fn nowhere(directory: &Path, words: &[&str]) {
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        // What a keeper takes away meanwhile holds nothing.
        for entry in fs::read_dir(directory).into_iter().flatten() {
            let Ok(path) = entry.map(|entry| entry.path()) else { continue };
            if path.is_dir() && !path.is_symlink() {
                open.push(path);
            } else if let Ok(content) = fs::read(&path) {
                let content = String::from_utf8_lossy(&content);
                for word in words {
                    assert!(!content.contains(word), "{word} in {}", path.display());
                }
            }
        }
    }
}

#[test]
fn hosts_fetch_what_was_put_once() {
    let server = Server::start();
    let site = site(&server.address);
    // Who looks at the hosts' processes meanwhile sees no link.
    site.shadow("curl", "echo \"$@\" >> \"$SITE/argv\"; env >> \"$SITE/argv\"; exec \"$REAL\" \"$@\"");
    let first = relm(&site, "deploy --json -v").ends(0);
    assert_eq!((server.requests("PUT").len(), server.requests("GET").len()), (1, 3), "{}", first.stdout);
    for host in ["web1", "web2", "web3"] {
        assert!(sent(&first, host) < 3_000, "{host} was sent more than a link");
    }
    let signed = server.signatures([KEY, SECRET, TOKEN, "us-east-1"]);
    let (ours, host) = ("60 right", "GET 600 right");
    assert_eq!(signed, [&format!("HEAD {ours}"), &format!("PUT {ours}"), host, host, host, &format!("DELETE {ours}")]);
    assert!(server.objects().contains("<Name>deploys</Name>") && !server.objects().contains("<Key>"));
    is_live(&site, 3, 3);
    assert_eq!(site.read("argv").matches("-K - -o ").count(), 3);
    // A part of it: what the hosts have is not fetched again.
    for n in 0..12 {
        site.write(&format!("code/{n}.bin"), noise(n + 100, 100_000));
    }
    let second = relm(&site, "deploy --json -v").ends(0);
    assert_eq!(server.requests("PUT").len(), 2);
    is_live(&site, 3, 103);
    is_live(&site, 14, 14);
    // So little that a fetch is not worth it.
    site.write("code/3.bin", noise(203, 100_000));
    let third = relm(&site, "deploy --json -v").ends(0);
    assert!(server.requests("PUT").len() == 2 && sent(&third, "web1") > 100_000);
    let plain = relm(&site, "deploy -v").ends(0);
    for done in [&first, &second, &third, &plain] {
        for word in [SECRET, TOKEN, "X-Amz", KEY] {
            assert!(!done.stdout.contains(word) && !done.stderr.contains(word), "{word} is shown");
        }
    }
    // The sentinels are in the environment of all hosts here, since they are this machine; the links are nowhere.
    let argv = site.read("argv");
    fs::remove_file(site.path("argv")).expect("a file");
    assert!(!argv.contains("X-Amz"), "{argv}");
    nowhere(&site.path(""), &[SECRET, TOKEN, "X-Amz-Signature"]);
}

#[test]
fn a_host_that_cannot_fetch_is_sent_the_code() {
    let server = Server::start();
    let site = site(&server.address);
    // On the way to web2 a byte is added; web3 gets nothing.
    let tamper = "\"$REAL\" \"$@\" || exit
        case $HOME in
          */web2) for last do :; done; echo x >> \"$last\" ;;
          */web3) echo 'curl: (22) The requested URL returned error: 403' >&2; exit 22 ;;
        esac";
    site.shadow("curl", tamper);
    let done = relm(&site, "deploy --json").ends(0);
    is_live(&site, 3, 3);
    let mut warned = told(&done);
    warned.sort();
    assert_eq!(
        warned,
        [
            "web2: upload_code: what came from the store is not what was put there; sending it",
            "web3: upload_code: curl cannot fetch it from the store: (22) The requested URL returned error: 403; sending it",
        ]
    );
    assert!(sent(&done, "web1") < 3_000 && sent(&done, "web2") > 1_000_000 && sent(&done, "web3") > 1_000_000);
    site.unshadow("curl");

    // Hosts with neither program, and then with GNU wget.
    let deploy = |path| Done::from(command(&site, "deploy --json").env("PATH", path).output().expect("a process"));
    for n in 0..15 {
        site.write(&format!("code/{n}.bin"), noise(n + 100, 100_000));
    }
    let done = deploy(site.path_without(&["curl", "wget"])).ends(0);
    is_live(&site, 3, 103);
    let without = |told: &[String]| told.iter().filter(|told| told.contains("neither curl nor GNU wget")).count();
    assert!(without(&told(&done)) == 3 && sent(&done, "web1") > 1_000_000, "{}", done.stdout);
    for n in 0..15 {
        site.write(&format!("code/{n}.bin"), noise(n + 200, 100_000));
    }
    let done = deploy(site.path_without(&["curl"])).ends(0);
    is_live(&site, 3, 203);
    assert!(without(&told(&done)) == 0 && sent(&done, "web1") < 3_000, "{}", done.stdout);
}

#[test]
fn a_store_that_is_down_stops_nothing() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", taken.local_addr().expect("an address"));
    drop(taken);
    let site = site(&endpoint);
    let done = relm(&site, "deploy --json").ends(0);
    is_live(&site, 3, 3);
    let told = told(&done);
    assert!(told.len() == 1 && told[0].starts_with("the store cannot be used: Connection refused"), "{told:?}");
    assert!(sent(&done, "web1") > 1_000_000);
    let done = site.relm("deploy").ends(0);
    done.says(&["the store cannot be used: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"]);
}

/// What a killed run has put there is found, and taken away in the end.
#[test]
fn another_machine_goes_on_by_way_of_the_store() {
    let server = Server::start();
    let site = site(&server.address);
    site.configure(&(settings(&server.address).replace("min_hosts = 2", "min_hosts = 1") + "[lock]\ngrace = \"1s\"\n"));
    let hang = "case $HOME in
          */web2) touch \"$SITE/hangs\"; while [ ! -e \"$SITE/over\" ]; do sleep 0.1; done; exit 22 ;;
        esac
        exec \"$REAL\" \"$@\"";
    site.shadow("curl", hang);
    let mut child = command(&site, "deploy").spawn().expect("a process");
    site.await_file("hangs");
    assert!(within(20, || server.requests("GET").len() == 2), "the others have it");
    child.kill().and_then(|()| child.wait()).expect("a kill");
    assert!(server.objects().contains("<Key>here/shop/test/"));
    site.write("over", "");
    site.unshadow("curl");
    fs::create_dir(site.path("elsewhere")).expect("a directory");
    let mut resumed = command(&site, "deploy --resume --wait 1m --json");
    let done = Done::from(resumed.env("HOME", site.path("elsewhere")).output().expect("a process")).ends(0);
    is_live(&site, 3, 3);
    assert_eq!(server.requests("PUT").len(), 1, "{}", done.stdout);
    assert!(sent(&done, "web2") < 3_000 && !server.objects().contains("<Key>"), "{}{}", done.stdout, server.objects());
}
