//! Instructions per operation of the hot paths, counted by callgrind and compared with `baseline.toml`.
//!
//! `cargo bench -p mayfly-server --bench instructions -- [--update] [path …]`. See `../README.md`.

mod baseline;
mod callgrind;
mod mails;
mod paths;
mod table;
mod world;

use std::process::ExitCode;

use anyhow::{Context, bail};
use baseline::{Baseline, Toolchain};
use paths::{HotPath, PATHS};
use table::Table;

/// The allocator of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The argument with which the bench starts itself under callgrind.
const OPERATE: &str = "--operate";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args.as_slice() {
        [OPERATE, name] => find(name).and_then(callgrind::operate).map(|()| true),
        ["--update", names @ ..] => select(names).and_then(|paths| update(&paths)),
        names => select(names).and_then(|paths| compare(&paths)),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("instructions: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn find(name: &str) -> anyhow::Result<&'static HotPath> {
    PATHS.iter().find(|path| path.name == name).with_context(|| {
        let names: Vec<&str> = PATHS.iter().map(|path| path.name).collect();
        format!("unknown path {name}; the paths are {}", names.join(", "))
    })
}

/// Returns the named paths; all if no name is given.
fn select(names: &[&str]) -> anyhow::Result<Vec<&'static HotPath>> {
    if names.is_empty() {
        return Ok(PATHS.iter().collect());
    }
    names.iter().map(|name| find(name)).collect()
}

/// Counts, prints the comparison, and returns whether every path is within the bound.
#[expect(clippy::print_stdout, reason = "the result of the bench")]
fn compare(paths: &[&'static HotPath]) -> anyhow::Result<bool> {
    let (baseline, toolchain) = (Baseline::read()?, Toolchain::current()?);
    if let Some(difference) = baseline.toolchain.difference(&toolchain) {
        bail!("the baseline is not comparable: {difference}. Count both versions with this toolchain");
    }
    let counts = callgrind::count(paths)?;
    let table = Table::new(&counts, &baseline);
    print!("{table}");
    Ok(table.is_within_bounds())
}

/// Counts, and writes the counts of these paths into the baseline.
#[expect(clippy::print_stdout, reason = "the result of the bench")]
fn update(paths: &[&'static HotPath]) -> anyhow::Result<bool> {
    let (mut baseline, toolchain) = (Baseline::read()?, Toolchain::current()?);
    let is_partial = paths.len() < PATHS.len();
    if let (true, Some(difference)) = (is_partial, baseline.toolchain.difference(&toolchain)) {
        bail!("the other paths are not comparable: {difference}. Update all paths");
    }
    let counts = callgrind::count(paths)?;
    print!("{}", Table::new(&counts, &baseline));
    if !is_partial {
        baseline.instructions.clear();
    }
    baseline.toolchain = toolchain;
    baseline.instructions.extend(
        counts
            .iter()
            .map(|count| (count.name.to_owned(), count.instructions)),
    );
    baseline.write()?;
    Ok(true)
}
