//! A PostgreSQL server for one test, with `fsync` on as in production.
//!
//! Its files are in memory where there is enough. Tests end processes and never the machine, so they see the same as on a disk, and a
//! cluster has hundreds of files, which a disk creates ten times as slowly.

use std::{
    fs::{self, File},
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::server::{command, free_port, signal};

/// The user that runs the server when the test is root: PostgreSQL refuses root. Debian's package creates it.
const USER: &str = "postgres";
/// A busy machine needs long.
const START_DEADLINE: Duration = Duration::from_secs(60);
/// A file system in memory, and how many bytes must be free on it: several times what the clusters of concurrent tests take.
const MEMORY: &str = "/dev/shm";
const MIN_FREE_MEMORY: u64 = 4 << 30;

/// A running server. Its superuser is `postgres`, without a password.
#[derive(Debug)]
pub struct Postgres {
    child: Child,
    dir: TempDir,
    port: u16,
    settings: Vec<String>,
    has_small_tablespace: bool,
    is_paused: AtomicBool,
}

/// A file system in memory, which only the server sees.
struct Tmpfs<'a> {
    dir: &'a Path,
    size_mib: u32,
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
        let dir = cluster_dir();
        let data = dir.path().join("data");
        copy_template(&data);
        chown_to_server_user(dir.path());
        let settings: Vec<String> = settings.iter().map(|&setting| setting.to_owned()).collect();
        let (child, port) = run(&data, &settings, None, None);
        Self {
            child,
            dir,
            port,
            settings,
            has_small_tablespace: false,
            is_paused: AtomicBool::default(),
        }
    }

    /// Starts a server whose databases keep their tables on a file system of the given size. It cannot be restarted.
    #[must_use]
    pub fn start_on_small_disk(size_mib: u32) -> Self {
        let dir = cluster_dir();
        let (data, small) = (dir.path().join("data"), dir.path().join("small"));
        copy_template(&data);
        fs::create_dir(&small).expect("a directory");
        for path in [dir.path(), &small] {
            chown_to_server_user(path);
        }
        let settings = [
            "autovacuum_naptime=1",
            "autovacuum_vacuum_threshold=1",
            "autovacuum_vacuum_scale_factor=0",
        ]
        .map(str::to_owned);
        let tmpfs = Tmpfs {
            dir: &small,
            size_mib,
        };
        let (child, port) = run(&data, &settings, None, Some(&tmpfs));
        let server = Self {
            child,
            port,
            settings: settings.to_vec(),
            has_small_tablespace: true,
            is_paused: AtomicBool::default(),
            dir,
        };
        server.sql(&format!("CREATE TABLESPACE small LOCATION '{}'", small.display()));
        server
    }

    /// Starts a standby that replicates this server.
    #[must_use]
    pub fn start_standby(&self) -> Self {
        let dir = cluster_dir();
        chown_to_server_user(dir.path());
        let data = dir.path().join("data");
        let user = self.user();
        let port = self.port.to_string();
        let copied = command(&binary("pg_basebackup").display().to_string(), "KILL", user)
            .args([
                "-h",
                "127.0.0.1",
                "-p",
                &port,
                "-U",
                "postgres",
                "-R",
                "--checkpoint=fast",
                "-D",
            ])
            .arg(&data)
            .current_dir(dir.path())
            .status();
        assert!(copied.expect("setpriv runs").success(), "the cluster is copied");
        let (child, port) = run(&data, &[], None, None);
        Self {
            child,
            dir,
            port,
            settings: Vec::new(),
            has_small_tablespace: false,
            is_paused: AtomicBool::default(),
        }
    }

    /// Returns the user that the server runs as, if it is another one.
    pub(crate) fn user(&self) -> Option<&'static str> {
        is_root().then_some(USER)
    }

    /// Lets that user read a directory.
    pub(crate) fn give_to_server_user(&self, path: &Path) {
        chown_to_server_user(path);
    }

    /// Makes a standby the primary.
    pub fn promote(&self) {
        let user = self.user();
        let promoted = command(&binary("pg_ctl").display().to_string(), "KILL", user)
            .args(["promote", "-D"])
            .arg(self.data_dir())
            .current_dir(self.dir.path())
            .stdout(Stdio::null())
            .status();
        assert!(
            promoted.expect("setpriv runs").success(),
            "the standby is promoted"
        );
    }

    /// Returns the port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns its data directory.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Returns the URL of the superuser's database.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Creates a user with a database, and returns its URL.
    #[must_use]
    pub fn create_database(&self, name: &str) -> String {
        let mut statements = vec![
            format!("CREATE USER {name} PASSWORD 'pw-{name}'"),
            format!("CREATE DATABASE {name} OWNER {name}"),
        ];
        if self.has_small_tablespace {
            statements.push(format!("GRANT CREATE ON TABLESPACE small TO {name}"));
            statements.push(format!("ALTER DATABASE {name} SET default_tablespace = small"));
        }
        let _ = self.execute("postgres", &statements);
        format!("postgres://{name}:pw-{name}@127.0.0.1:{}/{name}", self.port)
    }

    /// Runs SQL as the superuser, and returns the rows without headings.
    #[must_use]
    pub fn query(&self, database: &str, sql: &str) -> String {
        self.execute(database, &[sql.to_owned()])
    }

    /// Runs statements, each in a transaction of its own.
    fn execute(&self, database: &str, statements: &[String]) -> String {
        let commands = statements.iter().flat_map(|sql| ["-c", sql]);
        let output = Command::new(binary("psql"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"])
            .args(commands)
            .arg(format!("postgres://postgres@127.0.0.1:{}/{database}", self.port))
            .output()
            .expect("psql runs");
        assert!(
            output.status.success(),
            "{statements:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn sql(&self, sql: &str) {
        let _ = self.query("postgres", sql);
    }

    /// Dumps a database as SQL.
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

    /// Kills it and its children: nothing is flushed, nothing is closed.
    pub fn kill(&mut self) {
        // The children notice the death of the server late, so they are killed too.
        let _ = Command::new("pkill")
            .args(["-KILL", "-P", &self.child.id().to_string()])
            .status();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again after [`Postgres::kill`], on the same port and data.
    pub fn restart(&mut self) {
        let data = self.dir.path().join("data");
        (self.child, self.port) = run(&data, &self.settings, Some(self.port), None);
    }

    /// Suspends it: connections stay open and get no answer.
    pub fn pause(&self) {
        self.is_paused.store(true, Ordering::Relaxed);
        for pid in self.processes() {
            let _ = Command::new("kill").args(["-s", "STOP", &pid]).status();
        }
    }

    /// Resumes it after [`Postgres::pause`].
    pub fn resume(&self) {
        self.is_paused.store(false, Ordering::Relaxed);
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
        if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
            return;
        }
        // A suspended process handles no other signal.
        if self.is_paused.load(Ordering::Relaxed) {
            self.resume();
        }
        signal(&self.child, "QUIT");
        let _ = self.child.wait();
    }
}

/// Starts a server on a port, or on any free one, and waits until it accepts connections.
fn run(data: &Path, settings: &[String], port: Option<u16>, tmpfs: Option<&Tmpfs<'_>>) -> (Child, u16) {
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
        let mut command = match tmpfs {
            Some(tmpfs) => tmpfs.mounted_for(&command),
            None => command,
        };
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log);
        let mut child = command.spawn().expect("setpriv runs");
        while child.try_wait().expect("a process").is_none() {
            assert!(Instant::now() < deadline, "PostgreSQL does not start");
            // The last line of its pid file is `ready` once it accepts connections.
            let pid_file = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
            let is_own = pid_file.lines().next() == Some(&child.id().to_string());
            if is_own && pid_file.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
                return (child, at);
            }
            thread::sleep(Duration::from_millis(5));
        }
        // Another process took the port first.
        let log = fs::read_to_string(data.with_file_name("log")).unwrap_or_default();
        assert!(Instant::now() < deadline && log.contains("in use"), "{log}");
    }
}

impl Tmpfs<'_> {
    /// Wraps a command: a mount namespace ends with its processes.
    fn mounted_for(&self, command: &Command) -> Command {
        let (dir, size) = (self.dir.display(), self.size_mib);
        let owner = if is_root() {
            let (user, group) = server_user();
            format!(",uid={user},gid={group}")
        } else {
            String::new()
        };
        let script =
            format!("mount -t tmpfs -o size={size}m,mode=700{owner} tmpfs {dir} && exec \"$0\" \"$@\"");
        let mut wrapped = Command::new("unshare");
        if is_root() {
            wrapped.arg("--mount");
        } else {
            wrapped.args(["--mount", "--map-current-user", "--keep-caps"]);
        }
        wrapped
            .args(["sh", "-c", &script])
            .arg(command.get_program())
            .args(command.get_args());
        wrapped
    }
}

/// Creates the directory of a server.
fn cluster_dir() -> TempDir {
    let free = rustix::fs::statvfs(MEMORY).map_or(0, |stat| stat.f_bavail * stat.f_frsize);
    let dir = match free >= MIN_FREE_MEMORY {
        true => tempfile::tempdir_in(MEMORY),
        false => tempfile::tempdir(),
    };
    dir.expect("a directory")
}

/// Copies the empty cluster.
fn copy_template(data: &Path) {
    let copied = Command::new("cp")
        .args(["-a", "--reflink=auto"])
        .arg(template())
        .arg(data)
        .status();
    assert!(copied.expect("cp runs").success(), "the cluster is copied");
}

/// An empty cluster, created once on a machine: a copy is much cheaper than `initdb`.
fn template() -> PathBuf {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/testkit");
    fs::create_dir_all(&target).expect("a directory");
    let lock = File::create(target.join("lock")).expect("a lock");
    lock.lock().expect("the lock");
    let template = target.join("postgres");
    if !template.is_dir() {
        let made = tempfile::tempdir().expect("a directory");
        chown_to_server_user(made.path());
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

/// Changes the owner of a directory to the server's user.
fn chown_to_server_user(path: &Path) {
    if is_root() {
        let (user, group) = server_user();
        chown(path, Some(user), Some(group)).expect("root may");
    }
}

/// The ids of the server's user and its group.
fn server_user() -> (u32, u32) {
    static IDS: OnceLock<(u32, u32)> = OnceLock::new();
    let id = |of: &str| {
        let output = Command::new("id").args([of, USER]).output().expect("id runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.trim()
            .parse()
            .unwrap_or_else(|_| panic!("there is no user {USER}"))
    };
    *IDS.get_or_init(|| (id("-u"), id("-g")))
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

/// The path of a PostgreSQL program: Debian installs them by version, outside of the PATH.
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
