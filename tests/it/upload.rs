//! Code arrives byte for byte, whatever its names, and what arrives otherwise never goes live.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::site::{OnHost, Site};

const NAMES: [&str; 12] = [
    "with space",
    "-leading dash",
    "--",
    "quote'single",
    "quote\"double",
    "back\\slash",
    "new\nline",
    "ünïcödé ☃",
    "$HOME `id` $(id)",
    "*",
    "tab\there",
    " ends with space ",
];

#[test]
fn odd_names_arrive_byte_for_byte() {
    let site = Site::new("web1", "");
    for (at, name) in NAMES.iter().enumerate() {
        site.write(&format!("code/{name}"), format!("{at}\r\n\0{name}"));
        site.write(&format!("code/dir {name}/{name}"), name);
    }
    site.deploy();
    let host = site.host("web1");
    for (at, name) in NAMES.iter().enumerate() {
        assert_eq!(host.read(name), format!("{at}\r\n\0{name}"), "{name:?}");
        assert_eq!(host.read(&format!("dir {name}/{name}")), *name);
    }
    let entries = fs::read_dir(host.path("current")).expect("entries").count();
    assert_eq!(entries, 2 * NAMES.len() + 1, "nothing else is there");
}

#[test]
fn modes_links_and_empty_files_arrive() {
    let site = Site::new("web1", "");
    let code = site.path("code");
    site.write("code/run.sh", "#!/bin/sh\n");
    fs::set_permissions(code.join("run.sh"), fs::Permissions::from_mode(0o755)).expect("a mode");
    site.write("code/empty", "");
    site.write("code/bin.dat", (0..=255_u8).cycle().take(70_000).collect::<Vec<_>>());
    symlink("app.txt", code.join("link")).expect("a link");
    symlink("missing 'target'", code.join("dangling")).expect("a link");
    fs::create_dir(code.join("sub")).expect("a directory");
    symlink("../app.txt", code.join("sub/up")).expect("a link");
    site.deploy();
    let live = site.host("web1").path("current");
    let mode = |name: &str| fs::metadata(live.join(name)).expect("a file").permissions().mode() & 0o111;
    assert_eq!((mode("run.sh"), mode("app.txt")), (0o111, 0));
    assert_eq!(fs::metadata(live.join("empty")).expect("a file").len(), 0);
    assert_eq!(fs::read(live.join("bin.dat")).expect("bytes"), fs::read(code.join("bin.dat")).expect("bytes"));
    for (name, target) in [("link", "app.txt"), ("dangling", "missing 'target'"), ("sub/up", "../app.txt")] {
        assert_eq!(fs::read_link(live.join(name)).expect("a link").to_str(), Some(target), "{name}");
    }
}

#[test]
fn two_thousand_files_arrive() {
    let site = Site::new("web1 web2", "");
    for at in 0..2_000 {
        site.write(&format!("code/{}/{at}.txt", at % 50), at.to_string());
    }
    site.deploy();
    for host in site.hosts() {
        for at in 0..2_000 {
            assert_eq!(host.read(&format!("{}/{at}.txt", at % 50)), at.to_string());
        }
    }
}

/// Each damages a tree after it was unpacked.
const DAMAGE: [(&str, &str); 5] = [
    ("another byte", "printf X | dd of=app.txt bs=1 conv=notrunc 2>/dev/null"),
    ("an odd name's contents", r"printf 'x' > 'back\slash'"),
    ("a file that is not there", "rm app.txt"),
    ("a file too many", "echo > stranger"),
    ("a lost executable bit", "chmod 644 run.sh"),
];

#[test]
fn a_damaged_upload_never_goes_live() {
    let site = Site::new("web1 web2", "");
    site.write("code/back\\slash", "as it was");
    site.write("code/run.sh", "#!/bin/sh\n");
    fs::set_permissions(site.path("code/run.sh"), fs::Permissions::from_mode(0o755)).expect("a mode");
    let first = site.deploy();
    for (what, damage) in DAMAGE {
        // Changed, and so not copied from what is live.
        site.write("code/app.txt", what);
        site.write("code/run.sh", format!("#!/bin/sh\n# {what}\n"));
        let only_on_web2 = format!("case $PWD in */web2/*) {damage} ;; esac");
        site.shadow("tar", &format!("\"$REAL\" \"$@\" || exit\n{only_on_web2}"));
        site.relm("deploy").ends(1).says(&["check_upload", "web2"]);
        assert_eq!(site.live(), first, "{what}");
        let newest = |host: OnHost| (host.releases().pop().expect("a release"), host);
        for (name, host) in site.hosts().into_iter().map(newest) {
            assert_eq!(host.state(&name), "failed", "{what}");
        }
    }
    site.unshadow("tar");
    assert_ne!(site.deploy(), first);
}

#[test]
fn an_upload_that_cannot_be_unpacked_fails() {
    let site = Site::new("web1", "");
    let first = site.deploy();
    for broken in ["cat >/dev/null; echo no room >&2; exit 2", "kill -KILL $$"] {
        site.shadow("tar", broken);
        site.relm("deploy").ends(1).says(&["upload_code"]);
        assert_eq!(site.live(), first);
    }
    site.unshadow("tar");
    // A stream that ends early must be told from one that ends well: tar's own status says nothing of it.
    for command in ["zstd", "gzip"] {
        // Scripts travel packed as well, and are unpacked before they go to the release.
        let cut = "[ \"$1\" != -V ] || exit 0\n\"$REAL\" \"$@\" || exit\ncase $PWD in */releases/*) exit 1 ;; esac";
        site.shadow(command, cut);
        site.relm("deploy").ends(1).says(&["cut short"]);
        assert_eq!(site.live(), first);
        // Then the other one is taken.
        site.shadow(command, if command == "zstd" { "exit 127" } else { "exec \"$REAL\" \"$@\"" });
    }
}
