//! Runs each path in its own process under callgrind and reads the instruction count of its operations.
//!
//! callgrind writes and resets its counters on entry to [`measured`], and writes them again on return. The second file
//! counts only the operations, on all threads, without set-up and shutdown.

use std::{
    collections::BTreeMap,
    fs::File,
    hint::black_box,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    thread,
};

use anyhow::{Context, bail};
use tokio::runtime::Runtime;

use crate::{
    OPERATE,
    paths::{HotPath, Operation},
};

/// The name of [`measured`] in the symbol table.
const MEASURED: &str = "instructions::callgrind::measured";

/// Instructions per operation of a path.
#[derive(Debug)]
pub(crate) struct Count {
    pub(crate) name: &'static str,
    pub(crate) instructions: u64,
}

/// Counts paths, one per core at a time: load does not change a count.
pub(crate) fn count(paths: &[&'static HotPath]) -> anyhow::Result<Vec<Count>> {
    let dir = tempfile::tempdir()?;
    let (next, counts) = (Mutex::new(paths.iter()), Mutex::new(BTreeMap::new()));
    let work = || {
        while let Some(path) = next.lock().ok().and_then(|mut next| next.next()) {
            let counted = count_one(path, dir.path()).with_context(|| path.name);
            if let Ok(mut counts) = counts.lock() {
                counts.insert(path.name, counted);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let mut counts = counts.into_inner()?;
    let in_order = paths.iter().map(|path| {
        let instructions = counts.remove(path.name).context(path.name)??;
        Ok(Count {
            name: path.name,
            instructions,
        })
    });
    in_order.collect()
}

fn count_one(path: &HotPath, dir: &Path) -> anyhow::Result<u64> {
    let file = dir.join(path.name);
    let status = Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind"])
        .arg(format!("--dump-before={MEASURED}"))
        .arg(format!("--dump-after={MEASURED}"))
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(std::env::current_exe()?)
        .args([OPERATE, path.name])
        .status()
        .context("valgrind")?;
    if !status.success() {
        bail!("the run under valgrind failed: {status}");
    }
    let mut second = file.into_os_string();
    second.push(".2");
    Ok(total(&PathBuf::from(second))? / u64::from(path.operations))
}

/// Reads the sum over all threads.
fn total(file: &Path) -> anyhow::Result<u64> {
    let lines = BufReader::new(File::open(file).context("callgrind did not reach the operations")?).lines();
    for line in lines {
        if let Some(total) = line?.strip_prefix("totals: ") {
            return Ok(total.trim().parse()?);
        }
    }
    bail!("callgrind wrote no totals")
}

/// Prepares a path, warms caches, and runs the counted operations.
pub(crate) fn operate(path: &HotPath) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut operation = runtime.block_on((path.prepare)())?;
    repeat(&runtime, &mut operation, path.operations / 10 + 1)?;
    measured(&runtime, &mut operation, path.operations)?;
    Ok(())
}

/// What callgrind counts.
#[inline(never)]
fn measured(runtime: &Runtime, operation: &mut Operation, operations: u32) -> anyhow::Result<()> {
    black_box(repeat(runtime, operation, operations))
}

#[inline(never)]
fn repeat(runtime: &Runtime, operation: &mut Operation, times: u32) -> anyhow::Result<()> {
    runtime.block_on(async {
        for _ in 0..times {
            operation().await?;
        }
        Ok(())
    })
}
