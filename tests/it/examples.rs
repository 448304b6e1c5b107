//! The examples, as a person who follows their READMEs would run them: real programs, only hosts and ports are others.

mod commcare;
mod ddgc;
mod open_contracting;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::site::Site;

/// A copy of an example whose hosts are directories of this machine.
pub(crate) struct Example {
    pub(crate) site: Site,
}

impl Example {
    /// Copies `examples/NAME`, with other words for some. Each of these must stand there.
    pub(crate) fn new(name: &str, words: &[(&str, String)]) -> Self {
        let site = Site::new("", "");
        let mut used = vec![false; words.len()];
        copy(&Path::new("examples").join(name), &site.path(""), &mut |text| {
            words.iter().zip(&mut used).fold(text, |text, ((old, new), used)| {
                *used |= text.contains(old);
                text.replace(old, new)
            })
        });
        let missing: Vec<_> = words.iter().zip(used).filter(|(_, used)| !used).map(|((old, _), _)| old).collect();
        assert!(missing.is_empty(), "examples/{name} does not say {missing:?} any more");
        Self { site }
    }

    /// The home of a host.
    pub(crate) fn home(&self, host: &str) -> PathBuf {
        self.site.path("hosts").join(host)
    }

    /// Writes a file in the home of a host.
    pub(crate) fn write(&self, host: &str, path: &str, text: &str) {
        self.site.write(&format!("hosts/{host}/{path}"), text);
    }

    /// Makes the copy a clone whose `main` is what its origin has, with all that stands there but the hosts.
    pub(crate) fn commit(&self, message: &str) {
        let git = |args: &[&str]| {
            let person = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "init.defaultBranch=main"];
            let mut git = Command::new("git");
            let done = git.args(person).args(args).current_dir(self.site.path("")).output().expect("git");
            assert!(done.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&done.stderr));
        };
        if !self.site.path(".git").exists() {
            git(&["init", "-q", "-b", "main"]);
            git(&["init", "-q", "--bare", "home/origin.git"]);
            git(&["remote", "add", "origin", "home/origin.git"]);
            self.site.write(".git/info/exclude", "/bin\n/code\n/home\n/hosts\n");
        }
        git(&["add", "."]);
        git(&["commit", "-q", "-m", message]);
        git(&["push", "-q", "-u", "origin", "main"]);
    }

    /// uv, as tests/run installs it, with what has been fetched there.
    pub(crate) fn offer_uv(&self) {
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools");
        let uv = tools.join("bin/uv");
        assert!(uv.exists(), "{} is not there: tests/run installs it", uv.display());
        let cache = tools.join("uv-cache");
        self.site
            .shadow("uv", &format!("UV_OFFLINE=1 UV_CACHE_DIR='{}' exec '{}' \"$@\"", cache.display(), uv.display()));
    }

    /// Changes a file of the example.
    pub(crate) fn edit(&self, path: &str, old: &str, new: &str) {
        let text = self.site.read(path);
        assert!(text.contains(old), "{path} does not say {old:?}");
        self.site.write(path, text.replace(old, new));
    }
}

fn copy(from: &Path, to: &Path, change: &mut dyn FnMut(String) -> String) {
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let path = entry.expect("an entry").path();
        let copied = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            fs::create_dir_all(&copied).expect("a directory");
            copy(&path, &copied, change);
        } else {
            fs::write(&copied, change(fs::read_to_string(&path).expect("text"))).expect("a file");
            fs::set_permissions(&copied, fs::metadata(&path).expect("a file").permissions()).expect("a mode");
        }
    }
}
