//! The common set-up: measuring time, a directory on a real disk, a runtime, and Mayfly.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, bail};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{
    programs::find,
    world::{Kind, World},
};

pub(crate) struct Lab {
    pub(crate) is_quick: bool,
    pub(crate) rounds: usize,
    pub(crate) seconds: u32,
    pub(crate) runtime: Runtime,
    pub(crate) dir: TempDir,
    pub(crate) file_system: String,
}

impl Lab {
    pub(crate) fn new(is_quick: bool) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let kind = Command::new(find("stat")?)
            .args(["-f", "-c", "%T"])
            .arg(dir.path())
            .output()?;
        let file_system = String::from_utf8_lossy(&kind.stdout).trim().to_owned();
        if ["tmpfs", "ramfs"].contains(&file_system.as_str()) {
            bail!(
                "{} is in memory, where nothing is durable: set TMPDIR",
                dir.path().display()
            );
        }
        // Postfix delivers as a user of its own.
        set_mode(dir.path(), 0o755)?;
        let (rounds, seconds) = if is_quick { (1, 1) } else { (5, 3) };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            is_quick,
            rounds,
            seconds,
            runtime,
            dir,
            file_system,
        })
    }

    /// Starts Mayfly as an operator under load runs it: without a log line per request.
    pub(crate) fn mayfly(&self, kind: Kind) -> World {
        self.mayfly_with(kind, &[])
    }

    /// Starts Mayfly with additional variables.
    pub(crate) fn mayfly_with(&self, kind: Kind, more: &[(&str, &str)]) -> World {
        let quota = (4_u64 << 30).to_string();
        let usual = [
            ("MAYFLY_LOG__LEVEL", "warn"),
            ("MAYFLY_MAILBOX__QUOTA_BYTES", quota.as_str()),
            // Every client of a bench has the same address.
            ("MAYFLY_GATEWAY__MAX_CONNECTIONS", "12000"),
            ("MAYFLY_GATEWAY__MAX_CONNECTIONS_PER_CLIENT", "0"),
        ];
        World::start_with(kind, &[&usual[..], more].concat())
    }
}

pub(crate) fn pids(world: &World) -> Vec<u32> {
    world.processes.iter().map(crate::process::Process::pid).collect()
}

pub(crate) fn load_average() -> anyhow::Result<String> {
    let text = fs::read_to_string("/proc/loadavg")?;
    Ok(text.split(' ').next().context("/proc/loadavg")?.to_owned())
}

pub(crate) fn set_mode(path: &Path, mode: u32) -> std::io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}
