//! One process of the binary under test.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

/// One running process of Mayfly. It is killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// The lines of the banner by name: `HTTP`, `SMTP`, `gRPC auth`, `admin`, `domain`.
    pub(crate) banner: BTreeMap<String, String>,
    stderr: Arc<Mutex<Vec<u8>>>,
}

impl Process {
    /// Starts the binary with `PATH` and the given variables only, and waits for its banner.
    pub(crate) fn start(env: &BTreeMap<String, String>) -> Self {
        Self::start_under(&[], env)
    }

    /// Starts the binary as the last argument of another command.
    pub(crate) fn start_under(wrapper: &[&str], env: &BTreeMap<String, String>) -> Self {
        let mut words = wrapper.iter().copied().chain([env!("CARGO_BIN_EXE_mayfly")]);
        let mut child = Command::new(words.next().expect("a program"))
            .args(words)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(env)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stderr = Arc::new(Mutex::new(Vec::new()));
        let (log, mut pipe) = (Arc::clone(&stderr), child.stderr.take().expect("piped"));
        std::thread::spawn(move || {
            let mut chunk = [0; 8192];
            while let Ok(n @ 1..) = std::io::Read::read(&mut pipe, &mut chunk) {
                log.lock().expect("the log").extend_from_slice(&chunk[..n]);
            }
        });
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut banner = BTreeMap::new();
        while let Some(Ok(line)) = lines.next() {
            if let Some((name, value)) = line.trim().split_once("  ") {
                banner.insert(name.to_owned(), value.trim().to_owned());
            }
            if line.contains("  domain ") {
                break;
            }
        }
        std::thread::spawn(move || lines.for_each(drop));
        let process = Self {
            child,
            banner,
            stderr,
        };
        assert!(
            process.banner.contains_key("domain"),
            "the process did not start: {}",
            process.log()
        );
        process
    }

    /// The log so far.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&self.stderr.lock().expect("the log")).into_owned()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The resident memory.
    pub(crate) fn rss_bytes(&self) -> u64 {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.pid())).expect("the process runs");
        statm
            .split(' ')
            .nth(1)
            .and_then(|pages| pages.parse::<u64>().ok())
            .expect("pages")
            * 4096
    }

    /// The CPU time of all threads.
    pub(crate) fn cpu_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).expect("the process runs");
        // After the name: the 12th and 13th fields, in hundredths of a second.
        let (_, fields) = stat.rsplit_once(") ").expect("a name");
        let ticks = fields.split(' ').skip(11).take(2);
        let ticks: u64 = ticks.map(|ticks| ticks.parse::<u64>().expect("ticks")).sum();
        Duration::from_millis(ticks * 10)
    }

    /// Waits for the exit; returns the exit code.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        self.child.wait().expect("the process exits").code()
    }

    /// Returns whether it has not ended.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a process").is_none()
    }

    /// Sends SIGKILL and waits for the exit.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends SIGTERM and waits for the exit; returns the exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        self.signal("TERM");
        self.child.wait().expect("the process exits").code()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        let kill = kill.args(["-s", name]).arg(self.child.id().to_string());
        assert!(kill.status().expect("kill runs").success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
