//! A server that speaks S3's language: moto's, as `tests/run` installs it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::site::within;

/// A server with a bucket, `deploys`.
pub(super) struct Server {
    process: Child,
    log: PathBuf,
    pub(super) address: String,
    _directory: TempDir,
}

impl Server {
    pub(super) fn start() -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin/moto_server");
        let directory = tempfile::tempdir().expect("a directory");
        let log = directory.path().join("log");
        let file = fs::File::create(&log).expect("a file");
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", "0"]).current_dir(directory.path()).stdin(Stdio::null());
        command.stdout(file.try_clone().expect("a file")).stderr(file).env("PYTHONUNBUFFERED", "1");
        let process = command.spawn().expect("moto_server is missing: tests/run installs it");
        let mut server = Self { process, log, address: String::new(), _directory: directory };
        let address = || {
            let said = server.said();
            let (_, rest) = said.split_once("Running on ")?;
            rest.split_whitespace().next().map(str::to_owned)
        };
        assert!(within(60, || address().is_some()), "{}", server.said());
        server.address = address().expect("an address");
        let bucket = format!("{}/deploys", server.address);
        let made = Command::new("curl").args(["-fsS", "-o", "/dev/null", "-X", "PUT", &bucket]).status();
        assert!(made.expect("curl").success(), "{}", server.said());
        server
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).expect("a log")).into_owned()
    }

    /// What was asked for by a method: `PUT`.
    pub(super) fn requests(&self, method: &str) -> Vec<String> {
        let said = self.said();
        let asked = said.lines().filter_map(|line| line.split_once(&format!("{method} /deploys/")));
        asked.map(|(_, rest)| rest.split(' ').next().unwrap_or_default().to_owned()).collect()
    }

    /// Every request there was, and whether it was signed as Amazon's own library signs it.
    pub(super) fn signatures(&self, key: [&str; 4]) -> Vec<String> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut check = Command::new(directory.join("target/tools/bin/python"));
        check
            .arg(directory.join("tests/it/store/signatures.py"))
            .args(key)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut check = check.spawn().expect("Python");
        let mut input = check.stdin.take().expect("an input");
        for method in ["HEAD", "PUT", "GET", "DELETE"] {
            for path in self.requests(method) {
                writeln!(input, "{method} {}/deploys/{path}", self.address).expect("a line");
            }
        }
        drop(input);
        let said = String::from_utf8(check.wait_with_output().expect("an end").stdout).expect("UTF-8");
        said.lines().map(str::to_owned).collect()
    }

    /// Everything in the bucket, as the server lists it.
    pub(super) fn objects(&self) -> String {
        let listed = Command::new("curl").args(["-fsS", &format!("{}/deploys", self.address)]).output();
        String::from_utf8(listed.expect("curl").stdout).expect("UTF-8")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
