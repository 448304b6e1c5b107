//! What outlives releases, and what one release hands to the next.

use std::fs;

use crate::site::Site;

#[test]
fn shared_directories_are_seeded_once_and_outlive_releases() {
    let settings = "[release]\nshared_dirs = [\"media\", \"var/deep/cache\"]\n";
    let site = Site::new("web1", settings);
    site.write("code/media/logo.txt", "from the code\n");
    site.deploy();
    let host = site.host("web1");
    assert_eq!(host.read("media/logo.txt"), "from the code\n", "the first deploy fills it");
    fs::write(host.path("current/media/upload.txt"), "a user's").expect("a file");
    fs::write(host.path("current/var/deep/cache/x"), "x").expect("a file");
    site.write("code/media/logo.txt", "changed in the code\n");
    site.deploy();
    assert_eq!(host.read("media/logo.txt"), "from the code\n", "later ones leave it alone");
    assert_eq!(host.read("media/upload.txt"), "a user's");
    assert_eq!(host.read("var/deep/cache/x"), "x");
    for (link, shared) in [("media", "media"), ("var/deep/cache", "var/deep/cache")] {
        let link = host.path("current").join(link);
        assert!(fs::read_link(&link).expect("a link").is_relative());
        assert_eq!(link.canonicalize().expect("a path"), host.path("shared").join(shared));
    }
}

#[test]
fn a_shared_file_must_be_there_and_the_message_says_where() {
    let site = Site::new("web1 web2", "");
    let first = site.deploy();
    site.configure("[release]\nshared_files = [\"conf/local settings.py\", \"second\"]\n");
    let (web1, web2) = (site.host("web1"), site.host("web2"));
    fs::create_dir_all(web1.path("shared/conf")).expect("a directory");
    for (host, file) in [(&web1, "conf/local settings.py"), (&web1, "second"), (&web2, "second")] {
        fs::write(host.path("shared").join(file), "SECRET = 1\n").expect("a file");
    }
    let place = web2.path("shared/conf/local settings.py");
    let done = site.relm("deploy").ends(3).says(&["web2 is not ready", place.to_str().expect("UTF-8")]);
    assert!(!done.stderr.contains("file second"), "only what is missing is named:\n{}", done.stderr);
    site.relm("deploy --dry-run").ends(3);
    assert!(site.relm("check").ends(3).stdout.contains("web2: the shared file conf/local settings.py is missing"));
    assert_eq!((site.live(), web1.releases().len()), (first.clone(), 1), "a release was begun");
    // What goes back needs no such file.
    site.relm("run -- true").ends(0);
    fs::create_dir_all(web2.path("shared/conf")).expect("a directory");
    fs::write(place, "SECRET = 2\n").expect("a file");
    assert_ne!(site.deploy(), first);
    assert_eq!(web2.read("conf/local settings.py"), "SECRET = 2\n");
}

#[test]
fn a_shared_file_takes_the_place_of_the_codes_own() {
    let site = Site::new("web1", "[release]\nshared_files = [\"app.txt\"]\n");
    let host = site.host("web1");
    fs::create_dir_all(host.path("shared")).expect("a directory");
    fs::write(host.path("shared/app.txt"), "the host's\n").expect("a file");
    site.deploy();
    assert_eq!(host.read("app.txt"), "the host's\n");
}

#[test]
fn costly_paths_are_copied_from_the_live_release() {
    let site =
        Site::new("web1", "[release]\ncopy_from_current = [\"node modules\", \"deep/er\", \"own\", \"nowhere\"]\n");
    site.write("code/own", "one");
    let first = site.deploy();
    let host = site.host("web1");
    for (path, text) in [("node modules/x.js", "x"), ("deep/er/y", "y"), ("own", "changed on the host")] {
        let path = host.release(&first).join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a file");
    }
    let second = site.deploy();
    assert_eq!((host.read("node modules/x.js"), host.read("deep/er/y")), ("x".to_owned(), "y".to_owned()));
    assert_eq!(host.read("own"), "one", "the code's own wins");
    fs::write(host.release(&second).join("node modules/x.js"), "other").expect("a file");
    assert_eq!(
        fs::read_to_string(host.release(&first).join("node modules/x.js")).expect("a file"),
        "x",
        "a copy, no link"
    );
}
