//! A Redis server for one test.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpStream},
    path::Path,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::server::{command, free_port, signal};

const START_DEADLINE: Duration = Duration::from_secs(30);

/// A running server without persistence.
#[derive(Debug)]
pub struct RedisServer {
    child: Child,
    port: u16,
    arguments: Vec<String>,
    dir: TempDir,
}

impl RedisServer {
    /// Starts a server.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with more arguments, such as `--requirepass`.
    #[must_use]
    pub fn start_with(arguments: &[&str]) -> Self {
        let fixed = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        Self::run_with([&fixed, arguments].concat())
    }

    /// Starts a sentinel with a configuration file, which it rewrites.
    #[must_use]
    pub fn start_sentinel(file: &Path) -> Self {
        let file = file.display().to_string();
        Self::run_with(vec![&file, "--sentinel", "--bind", "127.0.0.1"])
    }

    fn run_with(arguments: Vec<&str>) -> Self {
        let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
        let dir = tempfile::tempdir().expect("a directory");
        let (child, port) = run(&arguments, dir.path(), None);
        Self {
            child,
            port,
            arguments,
            dir,
        }
    }

    /// Returns the port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Runs a command without spaces in its arguments, and returns the raw answer.
    #[must_use]
    pub fn command(&self, line: &str) -> String {
        ask(self.port, line).unwrap_or_default()
    }

    /// Kills it: nothing is flushed.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again on the same port, without data.
    pub fn restart(&mut self) {
        (self.child, self.port) = run(&self.arguments, self.dir.path(), Some(self.port));
    }

    /// Suspends it: connections stay open and get no answer.
    pub fn pause(&self) {
        signal(&self.child, "STOP");
    }

    /// Resumes it after [`RedisServer::pause`].
    pub fn resume(&self) {
        signal(&self.child, "CONT");
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn run(arguments: &[String], dir: &Path, port: Option<u16>) -> (Child, u16) {
    let deadline = Instant::now() + START_DEADLINE;
    loop {
        let at = port.unwrap_or_else(free_port);
        let mut child = command("redis-server", "KILL", None)
            .args(arguments)
            .args(["--port", &at.to_string()])
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("setpriv runs");
        let own = format!("process_id:{}\r\n", child.id());
        while child.try_wait().expect("a process").is_none() {
            assert!(Instant::now() < deadline, "Redis does not start");
            // A server of another test may hold the port.
            if ask(at, "INFO server")
                .is_some_and(|answer| answer.contains(&own) || answer.starts_with("-NOAUTH"))
            {
                return (child, at);
            }
            thread::sleep(Duration::from_millis(5));
        }
        assert!(Instant::now() < deadline, "Redis does not start");
    }
}

/// Sends one command and returns its raw reply.
fn ask(port: u16, line: &str) -> Option<String> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut stream = BufReader::new(stream);
    stream
        .get_mut()
        .write_all(format!("{line}\r\n").as_bytes())
        .ok()?;
    let mut answer = String::new();
    let mut open = 1_usize;
    while open > 0 {
        let mut head = String::new();
        stream.read_line(&mut head).ok()?;
        let count = head
            .trim()
            .get(1..)
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        answer.push_str(&head);
        open -= 1;
        match head.bytes().next() {
            Some(b'*') => open += count,
            Some(b'$') if !head.starts_with("$-") => {
                let mut bulk = vec![0; count + 2];
                stream.read_exact(&mut bulk).ok()?;
                answer.push_str(&String::from_utf8_lossy(&bulk));
            }
            Some(_) => {}
            None => return None,
        }
    }
    Some(answer)
}
