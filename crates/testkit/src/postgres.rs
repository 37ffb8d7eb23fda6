//! A PostgreSQL server of one's own, with `fsync` on as in production.

use std::{
    fs::{self, File},
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::server::{command, free_port, signal};

/// The user that the server runs as when the test is root, whom PostgreSQL refuses: Debian's package makes it.
const USER: &str = "postgres";
/// A busy machine may need long.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// A running server. Its superuser is `postgres`, without a password.
#[derive(Debug)]
pub struct Postgres {
    child: Child,
    dir: TempDir,
    port: u16,
    settings: Vec<String>,
}

impl Postgres {
    /// Starts a server over an empty cluster.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with more settings, such as `synchronous_commit=off`.
    #[must_use]
    pub fn start_with(settings: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let data = dir.path().join("data");
        let copied = Command::new("cp")
            .args(["-a", "--reflink=auto"])
            .arg(template())
            .arg(&data)
            .status();
        assert!(copied.expect("cp runs").success(), "the cluster is copied");
        give_away(dir.path());
        let settings: Vec<String> = settings.iter().map(|&setting| setting.to_owned()).collect();
        let (child, port) = run(&data, &settings, None);
        Self {
            child,
            dir,
            port,
            settings,
        }
    }

    /// Returns the port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns where its files are.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Returns the URL of the superuser's own database.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Makes a user with a database of its own, and returns its URL.
    #[must_use]
    pub fn create_database(&self, name: &str) -> String {
        self.sql(&format!("CREATE USER {name} PASSWORD 'pw-{name}'"));
        self.sql(&format!("CREATE DATABASE {name} OWNER {name}"));
        format!("postgres://{name}:pw-{name}@127.0.0.1:{}/{name}", self.port)
    }

    /// Runs SQL as the superuser, and returns what it prints, without headings.
    #[must_use]
    pub fn query(&self, database: &str, sql: &str) -> String {
        let output = Command::new(binary("psql"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql])
            .arg(format!("postgres://postgres@127.0.0.1:{}/{database}", self.port))
            .output()
            .expect("psql runs");
        assert!(
            output.status.success(),
            "{sql}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn sql(&self, sql: &str) {
        let _ = self.query("postgres", sql);
    }

    /// Returns everything of a database as SQL.
    #[must_use]
    pub fn dump(&self, database: &str) -> String {
        let output = Command::new(binary("pg_dump"))
            .arg(format!("postgres://postgres@127.0.0.1:{}/{database}", self.port))
            .output()
            .expect("pg_dump runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Ends it as a power cut would: nothing is flushed, nothing is closed.
    pub fn kill(&mut self) {
        // The server's children die with it: of its own death they hear by a pipe, but slowly.
        let _ = Command::new("pkill")
            .args(["-KILL", "-P", &self.child.id().to_string()])
            .status();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again after [`Postgres::kill`], at the same port over the same data.
    pub fn restart(&mut self) {
        let data = self.dir.path().join("data");
        (self.child, self.port) = run(&data, &self.settings, Some(self.port));
    }

    /// Holds it as it is: connections stay, and nothing is answered.
    pub fn pause(&self) {
        for pid in self.processes() {
            let _ = Command::new("kill").args(["-s", "STOP", &pid]).status();
        }
    }

    /// Goes on after [`Postgres::pause`].
    pub fn resume(&self) {
        for pid in self.processes() {
            let _ = Command::new("kill").args(["-s", "CONT", &pid]).status();
        }
    }

    /// The server and its children.
    fn processes(&self) -> Vec<String> {
        let parent = self.child.id().to_string();
        let children = Command::new("pgrep")
            .args(["-P", &parent])
            .output()
            .expect("pgrep runs");
        let children = String::from_utf8_lossy(&children.stdout).into_owned();
        std::iter::once(parent)
            .chain(children.split_whitespace().map(str::to_owned))
            .collect()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // A stopped process heeds nothing but this.
        self.resume();
        signal(&self.child, "QUIT");
        let _ = self.child.wait();
    }
}

/// Starts a server, at a port or at any that is free, and waits until it takes connections.
fn run(data: &Path, settings: &[String], port: Option<u16>) -> (Child, u16) {
    let deadline = Instant::now() + START_DEADLINE;
    loop {
        let at = port.unwrap_or_else(free_port);
        let log = File::create(data.with_file_name("log")).expect("a log");
        let user = is_root().then_some(USER);
        let mut command = command(&binary("postgres").display().to_string(), "QUIT", user);
        command.arg("-D").arg(data);
        let fixed = [
            format!("port={at}"),
            "listen_addresses=127.0.0.1".to_owned(),
            format!("unix_socket_directories={}", data.display()),
            "shared_buffers=32MB".to_owned(),
            "max_connections=200".to_owned(),
        ];
        for setting in fixed.iter().chain(settings) {
            command.args(["-c", setting]);
        }
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log);
        let mut child = command.spawn().expect("setpriv runs");
        while child.try_wait().expect("a process").is_none() {
            assert!(Instant::now() < deadline, "PostgreSQL does not start");
            // The last line of its pid file tells when it takes connections.
            let pid_file = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
            let is_own = pid_file.lines().next() == Some(&child.id().to_string());
            if is_own && pid_file.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
                return (child, at);
            }
            thread::sleep(Duration::from_millis(5));
        }
        // Somebody took the port first, most likely.
        let log = fs::read_to_string(data.with_file_name("log")).unwrap_or_default();
        assert!(Instant::now() < deadline && log.contains("in use"), "{log}");
    }
}

/// An empty cluster, made once on a machine: copying it is much faster than making it.
fn template() -> PathBuf {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/testkit");
    fs::create_dir_all(&target).expect("a directory");
    let lock = File::create(target.join("lock")).expect("a lock");
    lock.lock().expect("the lock");
    let template = target.join("postgres");
    if !template.is_dir() {
        let made = tempfile::tempdir().expect("a directory");
        give_away(made.path());
        let user = is_root().then_some(USER);
        let data = made.path().join("data");
        let output = command(&binary("initdb").display().to_string(), "KILL", user)
            .args([
                "--auth=trust",
                "--username=postgres",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
                "-D",
            ])
            .arg(&data)
            .current_dir(made.path())
            .output()
            .expect("setpriv runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let moved = Command::new("cp").arg("-a").arg(&data).arg(&template).status();
        assert!(moved.expect("cp runs").success(), "the template is kept");
    }
    template
}

/// Lets the server's user own a directory.
fn give_away(path: &Path) {
    if is_root() {
        let (user, group) = (id("-u"), id("-g"));
        chown(path, Some(user), Some(group)).expect("root may");
    }
}

fn id(of: &str) -> u32 {
    let output = Command::new("id").args([of, USER]).output().expect("id runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.trim()
        .parse()
        .unwrap_or_else(|_| panic!("there is no user {USER}"))
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id runs");
    output.stdout.trim_ascii() == b"0"
}

/// A program of PostgreSQL: Debian keeps them by version, out of the way.
fn binary(name: &str) -> PathBuf {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("an entry").path().join("bin").join(name))
        .filter(|path| path.is_file())
        .collect();
    versions.sort();
    versions.pop().unwrap_or_else(|| PathBuf::from(name))
}
