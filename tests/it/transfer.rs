//! Paths of a release that one host makes for others.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::fleet::Fleet;
use crate::site::{Done, Site, operation};

const FLEET: &str = "st1=static st2=static web1=web db1=db";

/// Makes what only one host can: names as no shell likes them, something large, a program, links, a directory with nothing in it.
const COMPRESS: &str = r#"
mkdir -p static/CACHE/css "static/CACHE/a b" static/CACHE/empty && cd static/CACHE || exit
cat "$SITE/style" >css/style.css
seq 1 200000 >-large; echo odd >"a b/$(printf 'new\nline \\n \t')"; echo run >css/run; chmod 750 css/run
ln -sf ../css/style.css "a b/link"; ln -sf /nowhere dangling
echo "$RELM_HOST" >>"$SITE/compressed""#;

const TABLE: &str = "[[transfer]]\nname = \"css\"\nfrom = \"static[0]\"\nto = [\"web\", \"static[1:]\"]\n\
    path = \"static/CACHE\"\nafter = \"compress\"\n";

fn settings(more: &str) -> String {
    let roles = "roles = [\"static[0]\"]";
    let count = operation("count", "prepare", "roles = [\"web\"]", "ls static/CACHE | wc -l >static/count");
    let last = operation("last", "prepare", "", "[ ! -e \"$SITE/broken\" ]");
    let compress = operation("compress", "prepare", &format!("{roles}\nalways = true"), COMPRESS);
    format!("{compress}{count}{last}{TABLE}{more}")
}

fn site(more: &str) -> Site {
    let site = Site::new(FLEET, &settings(more));
    site.write("style", "red\n");
    site
}

/// Says whether two trees are the same: content, links and modes.
fn same(one: &Path, other: &Path) -> bool {
    let listed = |tree: &Path| {
        let sums = "find . ! -type d -printf '%y %m %l %p\\n' -type f -exec sha256sum {} \\; | sort";
        let found = Command::new("sh").args(["-c", sums]).current_dir(tree).output().expect("sh");
        assert!(found.status.success(), "{}", tree.display());
        found.stdout
    };
    let (one, other) = (listed(one), listed(other));
    !one.is_empty() && one == other
}

/// How the transfer ended on a host.
fn outcome(done: &Done, host: &str) -> String {
    let is_it = |event: &serde_json::Value| {
        event["event"] == "host_finished" && event["step"] == "css" && event["host"] == host
    };
    let found = done.json().into_iter().find(is_it).unwrap_or_else(|| panic!("no css on {host}: {}", done.stdout));
    found["outcome"].to_string()
}

#[test]
fn what_one_host_made_is_on_the_others_before_they_flip() {
    let site = site("");
    let planned = site.relm("deploy --dry-run").ends(0);
    assert!(planned.stdout.contains("css              st2 web1 from st1"), "{}", planned.stdout);
    let first = site.deploy();
    assert_eq!(site.read("compressed"), "st1\n");
    let tree = |host: &str| site.host(host).release(&site.live()).join("static/CACHE");
    for host in ["st2", "web1"] {
        assert!(same(&tree("st1"), &tree(host)), "{host}");
        assert!(tree(host).join("empty").is_dir() && !tree(host).join("../../.relm").exists());
    }
    assert!(!tree("db1").exists(), "nobody wants it there");
    assert_eq!(site.host("web1").read("static/count"), "5\n", "what comes behind it found it there");
    site.relm("verify").ends(0);
    site.write("style", "blue\n");
    site.deploy();
    assert_eq!(site.host("web1").read("static/CACHE/css/style.css"), "blue\n");
    site.relm("rollback").ends(0);
    assert_eq!(site.live(), first);
    assert_eq!(site.host("web1").read("static/CACHE/css/style.css"), "red\n");
}

#[test]
fn a_resumed_deploy_sends_again_what_is_another_now() {
    let site = site("");
    site.write("broken", "");
    site.relm("deploy").ends(1);
    let again = site.relm("deploy --resume --json").ends(1);
    assert_eq!([outcome(&again, "web1"), outcome(&again, "st2")], ["\"already_done\"", "\"already_done\""]);
    site.write("style", "blue\n");
    let again = site.relm("deploy --resume --json").ends(1);
    assert_eq!([outcome(&again, "web1"), outcome(&again, "st2")], ["\"changed\"", "\"changed\""]);
    let style = || {
        let release = site.host("web1").releases().pop().expect("a release");
        site.host("web1").release(&release).join("static/CACHE/css/style.css")
    };
    assert_eq!(fs::read_to_string(style()).expect("a file"), "blue\n");
    // What somebody has changed by hand is put right, although the step is done.
    fs::write(style(), "by hand\n").expect("a file");
    fs::remove_file(site.path("broken")).expect("a file");
    site.relm("deploy --resume").ends(0).says(&["static/CACHE/css/style.css"]);
    assert_eq!(site.host("web1").read("static/CACHE/css/style.css"), "blue\n");
}

#[test]
fn nothing_that_came_wrong_takes_its_place() {
    let site = site("");
    let of_source = |body: &str| format!("case $PWD in */st1/*) {body} ;; esac\nexec \"$REAL\" \"$@\"");
    let cases = [
        // What packs it is killed half way.
        (
            "tar",
            "case $1 in c*) \"$REAL\" \"$@\" | head -c 5000; kill -s KILL $$ ;; esac",
            "tar could not pack static/CACHE",
        ),
        (
            "gzip",
            "case $1 in -c) \"$REAL\" \"$@\" >\"$SITE/packed\"; head -c 5000 \"$SITE/packed\"; exit ;; esac",
            "what came cannot be unpacked",
        ),
        ("gzip", "case $1 in -c) head -c 300; kill -s KILL $$ ;; esac", "gzip could not pack static/CACHE"),
        ("tar", "case $1 in c*) echo late >>static/CACHE/css/style.css ;; esac", "what came is not what st1 told of"),
    ];
    for (tool, body, said) in cases {
        site.shadow(tool, &of_source(body));
        site.relm("deploy").ends(1).says(&["css", said, "nothing is live yet", "relm deploy test --resume"]);
        site.unshadow(tool);
        let release = site.host("web1").releases().pop().expect("a release");
        let tree = site.host("web1").release(&release);
        assert!(!tree.join("static/CACHE").exists() && !tree.join(".relm").exists(), "{said}");
    }
    fs::remove_dir_all(site.path("hosts/st1/www/test/releases")).expect("a directory");
    site.deploy();
    assert_eq!(site.host("web1").read("static/CACHE/css/style.css"), "red\n");
}

#[test]
fn what_is_not_there_or_behind_a_link_is_not_taken() {
    let site = site("");
    let made = |run: &str| {
        let compress = operation("compress", "prepare", "roles = [\"static[0]\"]", run);
        site.configure(&format!("{compress}{TABLE}"));
        site.relm("deploy").ends(1)
    };
    made("true").says(&["st1, which it is taken from: exited 1", "static/CACHE is not in this release"]);
    made("mkdir there && echo x >there/x && mkdir static && ln -s ../there static/CACHE")
        .says(&["static/CACHE is a link in this release, and what it leads to is not of the release"]);
    made("mkdir -p static/CACHE && mkfifo static/CACHE/pipe").says(&["static/CACHE/pipe is neither a file"]);
    // Nor does it go behind one.
    let away = operation("away", "prepare", "roles = [\"web\"]", "mkdir \"$SITE/away\" && ln -s \"$SITE/away\" static");
    site.configure(&format!("{away}{}", settings("")));
    site.relm("deploy").ends(1).says(&["static is a link in this release"]);
    assert_eq!(fs::read_dir(site.path("away")).expect("a directory").count(), 0);
}

#[test]
fn it_goes_from_server_to_server() {
    let settings = "[[operations]]\nname = \"make\"\nphase = \"prepare\"\nroles = [\"web[0]\"]\n\
        run = 'mkdir out && seq 1 300000 >out/numbers && echo odd >\"out/$(printf \"new\\nline\")\"'\n\
        [[transfer]]\nname = \"out\"\npath = \"out\"\nfrom = \"web[0]\"\n";
    let Some(fleet) = Fleet::start_with(settings) else { return };
    fleet.relm(&["deploy"]).ends(0);
    let tree = |host: &str| fleet.path(host).join("www/test/current/out");
    assert!(same(&tree("web1"), &tree("web2")) && same(&tree("web1"), &tree("db1")));
}

/// A task that builds a release may have what one host makes taken to the others in it.
#[test]
fn a_task_of_ones_own_takes_it_along_in_the_release_it_builds() {
    let task = "[tasks.prebuild]\noperations = [\"setup-release\", \"compress\", \"css\"]\n";
    let site = site(task);
    site.relm("prebuild").ends(0);
    assert_eq!(site.read("compressed"), "st1\n");
    let release = site.host("web1").releases().pop().expect("a release");
    let tree = |host: &str| site.host(host).release(&release).join("static/CACHE");
    assert!(same(&tree("st1"), &tree("web1")) && same(&tree("st1"), &tree("st2")) && !tree("db1").exists());
    // What was made stays what it was when that release goes live.
    site.relm(&format!("deploy --release {release}")).ends(0);
    assert!(same(&tree("st1"), &tree("web1")));
    // What is live is not written into.
    let only = task.replace("\"setup-release\", ", "");
    site.configure(&settings(&only));
    site.relm("prebuild").ends(2).says(&["builds no release that \"css\" could be part of"]);
    // Where one host is all there is, there is nobody to take it to.
    let alone = settings(task).replace("\"web\", \"static[1:]\"", "\"web\"");
    let alone = Site::new("st1=static,web db1=db", &alone);
    alone.write("style", "red\n");
    alone.relm("prebuild").ends(0).says(&["css: nobody in test takes it from another host"]);
}
