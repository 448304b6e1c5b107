//! What foreign hands have made: code with links that lead elsewhere, hosts that lie, records full of escapes.

use std::fs;
use std::os::unix::fs::symlink;

use crate::site::{Site, operation};

/// A directory that no release may change, with a file in it, and what is in it.
fn victim(site: &Site) -> String {
    site.write("victim/media/kept.txt", "kept");
    fs::create_dir_all(site.path("victim/lib")).expect("a directory");
    standing(site)
}

fn standing(site: &Site) -> String {
    let find =
        std::process::Command::new("find").arg(site.path("victim")).args(["-printf", "%y %P %T@ %l\\n"]).output();
    let mut lines: Vec<_> =
        String::from_utf8(find.expect("find").stdout).expect("text").lines().map(str::to_owned).collect();
    lines.sort();
    lines.join("\n")
}

#[test]
fn nothing_is_shared_through_a_link_of_the_code() {
    let site = Site::new("web1", "[release]\nshared_dirs = [\"lib/media\"]\n");
    let before = victim(&site);
    symlink(site.path("victim"), site.path("code/lib")).expect("a link");
    site.relm("deploy").ends(1).says(&["lib/media cannot be shared", "lib is a link in the code"]);
    assert_eq!(standing(&site), before);
    // As the path itself it only has to give way.
    site.configure("[release]\nshared_dirs = [\"lib\"]\nshared_files = [\"conf\"]\n");
    symlink(site.path("victim/media/kept.txt"), site.path("code/conf")).expect("a link");
    site.write("hosts/web1/www/test/shared/conf", "the host's");
    site.deploy();
    assert_eq!(standing(&site), before);
    let host = site.host("web1");
    assert_eq!(fs::read_dir(host.path("shared/lib")).expect("a directory").count(), 0, "nothing was taken from there");
    assert_eq!(host.read("conf"), "the host's");
}

#[test]
fn nothing_is_copied_through_a_link() {
    let site = Site::new("web1", "[release]\ncopy_from_current = [\"lib/cache\"]\n");
    let before = victim(&site);
    site.write("code/lib/x", "x");
    let first = site.deploy();
    let host = site.host("web1");
    fs::create_dir(host.release(&first).join("lib/cache")).expect("a directory");
    fs::remove_dir_all(site.path("code/lib")).expect("removed");
    symlink(site.path("victim"), site.path("code/lib")).expect("a link");
    site.relm("deploy").ends(1).says(&["lib/cache cannot be copied", "lib is a link in the code"]);
    assert_eq!(standing(&site), before);
    assert_eq!(site.live(), first);
    // Nor is anything brought in from behind one.
    fs::remove_dir_all(host.release(&first).join("lib")).expect("removed");
    symlink(site.path("victim"), host.release(&first).join("lib")).expect("a link");
    site.write("victim/cache", "somebody's");
    fs::remove_file(site.path("code/lib")).expect("removed");
    site.relm("deploy --verbose").ends(0).says(&["behind a link in the live release"]);
    assert!(!host.path("current/lib/cache").exists());
}

#[test]
fn a_link_put_into_the_live_release_leads_no_upload_elsewhere() {
    let site = Site::new("web1", "");
    let before = victim(&site);
    site.write("code/lib/a.txt", "a");
    site.write("code/lib/b.txt", "b");
    let first = site.deploy();
    let host = site.host("web1");
    fs::remove_dir_all(host.release(&first).join("lib")).expect("removed");
    symlink(site.path("victim"), host.release(&first).join("lib")).expect("a link");
    site.write("code/app.txt", "two\n");
    site.deploy();
    assert_eq!(standing(&site), before);
    assert_eq!((host.read("lib/a.txt"), host.read("lib/b.txt")), ("a".to_owned(), "b".to_owned()));
    assert!(!host.path("current/lib").is_symlink());
}

#[test]
fn names_that_belong_to_relm_never_leave_this_machine() {
    let site = Site::new("web1", "");
    for name in [".relm", "python_env", ".relm-manifest"] {
        symlink("/tmp", site.path("code").join(name)).expect("a link");
        site.relm("deploy").ends(1).says(&[name, "belongs to relm"]);
        fs::remove_file(site.path("code").join(name)).expect("removed");
    }
    assert!(site.host("web1").releases().is_empty());
}

/// What a terminal would obey: a title, the clipboard, a C1 sequence, writing turned around.
const TEETH: &str = "\u{1b}]0;title\u{7}\u{1b}]52;c;aGk=\u{7}\u{9b}31m\u{90}q\u{202e}evil\u{61c}\u{2066}";

fn is_tame(text: &str) -> bool {
    let obeyed = |c: char| {
        (c.is_control() && !"\n\t".contains(c))
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    !text.contains(obeyed)
}

#[test]
fn records_full_of_escapes_move_no_terminal() {
    let site = Site::new("web1 web2", "");
    let first = site.deploy();
    let host = site.host("web1");
    let teeth = serde_json::to_string(TEETH).expect("JSON");
    for path in [host.record_file(&first, "release.json"), host.path(".relm/history.jsonl")] {
        let text = fs::read_to_string(&path).expect("a record");
        let mut all = String::new();
        for line in text.lines() {
            let mut line: serde_json::Value = serde_json::from_str(line).expect("JSON");
            for key in ["by", "machine", "source", "ref", "message", "task", "login", "ssh_user", "commit"] {
                line[key] = TEETH.into();
            }
            all += &line.to_string();
            all.push('\n');
        }
        fs::write(&path, all).expect("a record");
    }
    let taken = format!(
        "{{\"by\":{teeth},\"machine\":{teeth},\"pid\":1,\"task\":{teeth},\"env\":\"test\",\"reason\":{teeth},\"since\":\"2026-01-01T00:00:00Z\"}}\n"
    );
    fs::write(host.path(".relm/lock/taken"), taken).expect("a lock");
    fs::create_dir(host.path("releases").join(TEETH)).expect("a directory");
    fs::write(host.path("releases").join(format!("x\n{TEETH}")), "").expect("a file");
    for line in [
        "releases",
        "status",
        "history",
        "check",
        "lock show",
        "clean-releases --dry-run",
        "deploy",
        "rollback",
        "verify",
    ] {
        let done = site.relm(line);
        assert!(is_tame(&done.stdout) && is_tame(&done.stderr), "{line}: {done:?}");
        let words = line.split(' ').chain(["--json"]);
        let done = site.relm_with(words);
        assert!(is_tame(&done.stdout) && is_tame(&done.stderr), "{line} --json: {done:?}");
        assert!(!done.json().is_empty() || done.code != Some(0), "{line}");
    }
    let told = site.relm("releases --json").report();
    assert_eq!(told["releases"][0]["by"], TEETH, "a program is told what stands there");
    // Other hosts are none the worse.
    site.relm("status").ends(0);
}

#[test]
fn output_full_of_escapes_moves_no_terminal() {
    let site = Site::new("web1", &operation("evil", "prepare", "", "cat teeth teeth >&2; cat teeth; exit 3"));
    site.write("code/teeth", format!("{TEETH}\n"));
    for line in ["deploy", "deploy --verbose", "deploy --json"] {
        let done = site.relm(line).ends(1);
        assert!(is_tame(&done.stdout) && is_tame(&done.stderr), "{line}: {done:?}");
    }
    site.configure("");
    site.deploy();
    let done = site.relm("run test -- cat teeth").ends(0);
    assert!(is_tame(&done.stdout) && is_tame(&done.stderr), "{done:?}");
    // Nor does a file of settings with such text in it.
    site.configure(&format!("[release]\nroot = '{TEETH}'\n"));
    let done = site.relm("deploy").ends(2);
    assert!(is_tame(&done.stderr), "{done:?}");
}

/// A command can find out how the parts of a script are told apart, and tell of parts nobody has sent.
#[test]
fn a_host_that_tells_of_more_parts_than_it_was_sent_is_not_believed() {
    let forge = "for n in 1 2 3 4 5 6 7 8 9; do relm_part 0; done; echo forged >\"$SITE/forged\"";
    let settings = operation("evil", "prepare", "", forge) + &operation("evil2", "finish", "", forge);
    for fleet in ["web1", "web1 web2"] {
        let site = Site::new(fleet, &settings);
        let done = site.relm("deploy");
        assert!(!done.stderr.contains("panicked"), "{done:?}");
        assert_eq!((done.code, site.read("forged").as_str()), (Some(0), "forged\n"), "{done:?}");
    }
}

/// More than memory should hold: no newline at all, bytes that are no text, and a great many lines.
#[test]
fn output_without_end_takes_little_memory() {
    let peak = r#"pid=$$
while :; do
  pid=$(sed -n 's/^PPid:[^0-9]*//p' /proc/$pid/status)
  [ "$(cat /proc/$pid/comm)" != relm ] || break
done
sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' /proc/$pid/status >"$SITE/peak""#;
    let talk = "head -c 40000000 /dev/zero | tr '\\0' x; head -c 5000000 /dev/urandom >&2; yes | head -n 100000";
    let settings = operation("talk", "prepare", "", talk) + &operation("peak", "prepare", "", peak);
    let site = Site::new("web1", &settings);
    site.deploy();
    let kilobytes: u64 = site.read("peak").trim().parse().expect("a number");
    assert!(kilobytes < 150_000, "relm took {kilobytes} kB");
}
