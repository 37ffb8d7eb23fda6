//! Third-party programs: found, started on a port, measured for CPU time, and stopped.

use std::{
    collections::BTreeMap,
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

const START: Duration = Duration::from_secs(10);
const STOP: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(5);
/// Time limit of one measurement by a client.
const CLIENT_SECONDS: &str = "300";
/// `USER_HZ`, which is the same on every Linux that Rust runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// Finds a program in `PATH` or in the `sbin` directories.
pub(crate) fn find(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/lib/postfix/sbin".into()]);
    let found = places.map(|place| place.join(name)).find(|path| path.is_file());
    found.with_context(|| format!("{name} is not installed: `make tools` installs what benches need"))
}

/// A currently free port, for programs that cannot report the port they bind.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// A server that is ended when dropped.
pub(crate) struct Server(Child);

impl Server {
    /// Starts a program and waits until it accepts connections.
    pub(crate) fn start(command: &mut Command, address: SocketAddr) -> anyhow::Result<Self> {
        let mut server = Self(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?);
        let deadline = Instant::now() + START;
        while TcpStream::connect(address).is_err() {
            if let Some(status) = server.0.try_wait()? {
                bail!("{command:?} ended at once: {status}");
            }
            if Instant::now() > deadline {
                bail!("{command:?} does not listen at {address}");
            }
            sleep(POLL);
        }
        Ok(server)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Server {
    /// Sends SIGTERM first, so that a master process stops its workers.
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            let _ = Command::new("kill").arg(self.pid().to_string()).status();
        }
        let deadline = Instant::now() + STOP;
        while matches!(self.0.try_wait(), Ok(None)) && Instant::now() < deadline {
            sleep(POLL);
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A client command with a time limit.
pub(crate) fn client(name: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(find("timeout")?);
    command.args(["--signal=KILL", CLIENT_SECONDS]).arg(find(name)?);
    Ok(command)
}

/// Runs a client to completion; returns its output.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<String> {
    let Output {
        status,
        stdout,
        stderr,
    } = command.stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&stdout).into_owned();
    if !status.success() {
        bail!(
            "{command:?}: {status}: {said}{}",
            String::from_utf8_lossy(&stderr)
        );
    }
    Ok(said)
}

/// The CPU seconds, of user and system, that processes and all their descendants have used so far.
pub(crate) fn cpu_seconds(roots: &[u32]) -> anyhow::Result<f64> {
    Ok(descendants(roots)?.values().sum::<f64>() / TICKS_PER_SECOND)
}

/// Kills all descendants of this process, for an exit that runs no destructors.
pub(crate) fn kill_all() -> anyhow::Result<()> {
    let ours = std::process::id();
    for signal in ["-TERM", "-KILL"] {
        let pids = descendants(&[ours])?.into_keys().filter(|pid| *pid != ours);
        let pids: Vec<String> = pids.map(|pid| pid.to_string()).collect();
        // Some may have exited since they were listed, so errors are ignored.
        let _ = Command::new("kill")
            .arg(signal)
            .args(pids)
            .stderr(Stdio::null())
            .status();
        sleep(Duration::from_secs(1));
    }
    Ok(())
}

/// Processes and all their descendants, with the ticks of CPU of each.
fn descendants(roots: &[u32]) -> anyhow::Result<BTreeMap<u32, f64>> {
    let mut parents = BTreeMap::new();
    let mut ticks = BTreeMap::new();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        // The parent counts the time of an exited child.
        let Some((parent, own, reaped)) = stat(pid) else {
            continue;
        };
        parents.insert(pid, parent);
        ticks.insert(pid, own + reaped);
    }
    let ancestry = |pid: u32| std::iter::successors(Some(pid), |pid| parents.get(pid).copied());
    ticks.retain(|pid, _| ancestry(*pid).any(|pid| roots.contains(&pid)));
    Ok(ticks)
}

/// The CPU seconds that this process has used itself.
pub(crate) fn own_cpu_seconds() -> anyhow::Result<f64> {
    let (_, own, _) = stat(std::process::id()).context("/proc/self/stat")?;
    Ok(own / TICKS_PER_SECOND)
}

/// A process's parent, its ticks, and those of its children that have ended.
fn stat(pid: u32) -> Option<(u32, f64, f64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name can contain spaces. Fields 3 and later of proc(5) follow the last parenthesis.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field - 3)?.parse::<f64>().ok();
    Some((
        fields.get(1)?.parse().ok()?,
        ticks(14)? + ticks(15)?,
        ticks(16)? + ticks(17)?,
    ))
}

/// A line of `/proc/<pid>/status` in KiB, such as `VmRSS` or `VmHWM`, summed over processes.
pub(crate) fn memory_kib(pids: &[u32], name: &str) -> anyhow::Result<f64> {
    let mut sum = 0.0;
    for pid in pids {
        let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let number = line.and_then(|line| line.split_whitespace().next());
        sum += number.context("no such line of status")?.parse::<f64>()?;
    }
    Ok(sum)
}
