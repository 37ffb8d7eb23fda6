//! PgBouncer in front of a PostgreSQL server of a test.

use std::{
    fs,
    net::{Ipv4Addr, TcpStream},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    Postgres,
    server::{command, free_port},
};

/// PgBouncer refuses root. PostgreSQL's package creates this user.
const USER: &str = "postgres";
const START_DEADLINE: Duration = Duration::from_secs(30);

/// A running pooler.
#[derive(Debug)]
pub struct PgBouncer {
    child: Child,
    port: u16,
    _dir: TempDir,
}

impl PgBouncer {
    /// Starts a pooler with a `pool_mode`: `session`, `transaction` or `statement`.
    #[must_use]
    pub fn start(server: &Postgres, pool_mode: &str) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let deadline = Instant::now() + START_DEADLINE;
        loop {
            let port = free_port();
            let config = format!(
                "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port={port}\n\
                 unix_socket_dir=\nauth_type=any\npool_mode={pool_mode}\ndefault_pool_size=20\n",
                server.port()
            )
            // `auth_type=any` needs the user of the server in the connection string.
            .replace("host=", "user=postgres host=");
            let file = dir.path().join("pgbouncer.ini");
            fs::write(&file, config).expect("a file");
            server.give_to_server_user(dir.path());
            let mut child = command("/usr/sbin/pgbouncer", "KILL", server.user())
                .arg(&file)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("pgbouncer runs");
            while child.try_wait().expect("a process").is_none() {
                if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                    return Self {
                        child,
                        port,
                        _dir: dir,
                    };
                }
                assert!(Instant::now() < deadline, "PgBouncer does not start");
                thread::sleep(Duration::from_millis(10));
            }
            assert!(Instant::now() < deadline, "PgBouncer ends");
        }
    }

    /// Returns the URL of the superuser's database.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
