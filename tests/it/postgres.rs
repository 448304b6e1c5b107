//! A real Postgres for one test.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::busy::components::{Running, quiet};

/// A server of one test. It runs as `postgres` where the tests run as root, whom it does not serve.
pub(crate) struct Postgres {
    directory: tempfile::TempDir,
    bin: std::path::PathBuf,
}

impl Postgres {
    pub(crate) fn new() -> Self {
        let versions = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL").map(|entry| entry.expect("an entry"));
        let bin = versions.map(|entry| entry.path().join("bin")).max().expect("a version");
        let directory = tempfile::tempdir().expect("a directory");
        let postgres = Self { directory, bin };
        if rustix::process::getuid().is_root() {
            let owned = Command::new("chown").arg("postgres").arg(postgres.directory.path()).status();
            assert!(owned.expect("chown").success());
        }
        let data = postgres.data();
        postgres.run("initdb", &["-D", &data, "-A", "trust", "-U", "postgres", "--no-sync"]);
        let options = format!("-c listen_addresses= -c fsync=off -k {}", postgres.socket());
        postgres.run("pg_ctl", &["-D", &data, "-o", &options, "-l", &format!("{data}/log"), "-w", "start"]);
        postgres
    }

    fn data(&self) -> String {
        format!("{}/data", self.socket())
    }

    /// What `PGHOST` is to be.
    pub(crate) fn socket(&self) -> String {
        self.directory.path().display().to_string()
    }

    fn run(&self, program: &str, args: &[&str]) {
        let program = self.bin.join(program);
        let mut command = if rustix::process::getuid().is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.args(args).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
        assert!(command.status().expect("PostgreSQL").success(), "{args:?}");
    }

    /// The command that talks to it as this user.
    pub(crate) fn psql(&self, user: &str) -> String {
        format!("{} -h {} -U {user} -d postgres", self.bin.join("psql").display(), self.socket())
    }

    fn client(&self, database: &str) -> Command {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.args(["-X", "-q", "-h", &self.socket(), "-U", "postgres", "-d", database]);
        psql
    }

    /// Runs this in a database.
    pub(crate) fn sql(&self, database: &str, sql: &str) {
        let status = self.client(database).args(["-c", sql]).stdin(Stdio::null()).status();
        assert!(status.expect("psql").success(), "{sql}");
    }

    /// Says whether a condition holds in a database.
    pub(crate) fn knows(&self, database: &str, condition: &str) -> bool {
        let sql = format!("do $$ begin assert {condition}; end $$");
        let status = self.client(database).args(["-c", &sql]).stdin(Stdio::null()).stderr(Stdio::null()).status();
        status.expect("psql").success()
    }

    /// Runs this in a database and stays there, transaction and all, until it is dropped.
    pub(crate) fn session(&self, database: &str, sql: &str) -> Running {
        let mut psql = self.client(database).stdin(Stdio::piped()).spawn().expect("psql");
        writeln!(psql.stdin.as_mut().expect("its input"), "{sql}").expect("what it is to run");
        Running(psql)
    }

    /// Has it do something.
    pub(crate) fn says(&self, user: &str, sql: &str) -> Running {
        quiet(Command::new("sh").args(["-c", &format!("exec {} -c \"$0\"", self.psql(user)), sql]))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = Command::new(self.bin.join("pg_ctl"));
        if rustix::process::getuid().is_root() {
            stop = Command::new("setpriv");
            stop.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(self.bin.join("pg_ctl"));
        }
        let _ = stop.args(["-D", &self.data(), "-m", "immediate", "stop"]).stdout(Stdio::null()).status();
    }
}
