//! A Redis server of one's own.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::server::{command, free_port, signal};

const START_DEADLINE: Duration = Duration::from_secs(30);

/// A running server, which keeps nothing on disk.
#[derive(Debug)]
pub struct RedisServer {
    child: Child,
    port: u16,
    arguments: Vec<String>,
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
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let (child, port) = run(&arguments, None);
        Self {
            child,
            port,
            arguments,
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

    /// Ends it at once.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again, empty, at the same port.
    pub fn restart(&mut self) {
        (self.child, self.port) = run(&self.arguments, Some(self.port));
    }

    /// Holds it as it is: connections stay, and nothing is answered.
    pub fn pause(&self) {
        signal(&self.child, "STOP");
    }

    /// Goes on after [`RedisServer::pause`].
    pub fn resume(&self) {
        signal(&self.child, "CONT");
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn run(arguments: &[String], port: Option<u16>) -> (Child, u16) {
    let deadline = Instant::now() + START_DEADLINE;
    loop {
        let at = port.unwrap_or_else(free_port);
        let mut child = command("redis-server", "KILL", None)
            .args([
                "--port",
                &at.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
            ])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("setpriv runs");
        let own = format!("process_id:{}\r\n", child.id());
        while child.try_wait().expect("a process").is_none() {
            assert!(Instant::now() < deadline, "Redis does not start");
            // It may be another test's server that has the port.
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

fn ask(port: u16, line: &str) -> Option<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    stream.write_all(format!("{line}\r\nQUIT\r\n").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}
