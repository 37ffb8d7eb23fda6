//! Mayfly compared with its peers: starts everything, measures in turns, and prints one table of ratios.
//!
//! `cargo bench -p mayfly-server --bench peers -- [--quick] [http] [ingest] [large] [submission] [sign-in] [push] [waiters] [size] [search] [indexing]`

#![expect(
    clippy::disallowed_methods,
    reason = "connects only to servers that it started"
)]

mod http;
mod ingest;
mod lab;
mod large;
mod nginx;
mod postfix;
mod programs;
mod push;
mod rounds;
mod search;
mod sign_in;
mod size;
mod submission;
mod table;
mod waiters;
mod wrk;

#[path = "../../tests/e2e/client.rs"]
#[expect(
    dead_code,
    clippy::expect_used,
    clippy::panic,
    reason = "shared with the tests; this bench uses a part of it"
)]
mod client;
#[path = "../../tests/e2e/follow.rs"]
#[expect(
    dead_code,
    clippy::expect_used,
    clippy::panic,
    reason = "shared with the tests; this bench uses a part of it"
)]
mod follow;
#[path = "../../tests/e2e/process.rs"]
#[expect(
    dead_code,
    clippy::expect_used,
    reason = "shared with the tests; this bench uses a part of it"
)]
mod process;
#[path = "../../tests/e2e/world.rs"]
#[expect(
    dead_code,
    clippy::expect_used,
    reason = "shared with the tests; this bench uses a part of it"
)]
mod world;

use std::{
    io::Write,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use lab::Lab;
use table::Table;
use tokio::signal::unix::{SignalKind, signal};

/// Several times the duration of a run on a busy machine.
const LONGEST_RUN: Duration = Duration::from_secs(45 * 60);

type Bench = fn(&Lab, &mut Table) -> anyhow::Result<()>;
const BENCHES: [(&str, Bench); 10] = [
    ("http", http::bench),
    ("ingest", ingest::bench),
    ("large", large::bench),
    ("submission", submission::bench),
    ("sign-in", sign_in::bench),
    ("push", push::bench),
    ("waiters", waiters::bench),
    ("size", size::bench),
    ("search", search::bench),
    ("indexing", search::bench_indexing),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let is_known = |arg: &String| arg == "--quick" || BENCHES.iter().any(|(name, _)| name == arg);
    if let Some(unknown) = args.iter().find(|arg| !is_known(arg)) {
        eprintln!(
            "peers: no bench is called {unknown}: there are --quick, http, ingest, large, submission, sign-in, push, waiters, size, search and indexing"
        );
        return ExitCode::from(2);
    }
    let wanted: Vec<&str> = args
        .iter()
        .map(String::as_str)
        .filter(|arg| *arg != "--quick")
        .collect();
    match run(args.iter().any(|arg| arg == "--quick"), &wanted) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("peers: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the named benches, or all. A failed bench does not prevent the report of the others.
fn run(is_quick: bool, wanted: &[&str]) -> anyhow::Result<bool> {
    let lab = Lab::new(is_quick)?;
    end_on_signal(lab.dir.path().to_owned())?;
    let mut table = Table::default();
    let before = lab::load_average()?;
    let mut failures = Vec::new();
    for (name, bench) in BENCHES {
        if wanted.is_empty() || wanted.contains(&name) {
            eprintln!("{name}:");
            // The helpers of the tests panic on failure.
            match catch_unwind(AssertUnwindSafe(|| bench(&lab, &mut table))) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => failures.push(format!("FAILED {name}: {error:#}\n")),
                Err(_) => failures.push(format!("FAILED {name}: it panicked, see above\n")),
            }
        }
    }
    let head = format!(
        "Medians of {} rounds of {} s, contenders in turns; Mayfly logs at `warn`, its rate limits are off. {} cores, load \
         average {before} before, {} after; files on {}.\n\n",
        lab.rounds,
        lab.seconds,
        std::thread::available_parallelism()?,
        lab::load_average()?,
        lab.file_system,
    );
    let mut out = std::io::stdout().lock();
    write!(out, "{head}{table}\n{}", failures.concat())?;
    Ok(failures.is_empty())
}

/// On a signal or after the time limit, kills every started program.
fn end_on_signal(dir: PathBuf) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut asked = {
        let _entered = runtime.enter();
        signal(SignalKind::terminate())?
    };
    std::thread::spawn(move || {
        let why = runtime.block_on(async {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => "interrupted",
                _ = asked.recv() => "asked to stop",
                () = tokio::time::sleep(LONGEST_RUN) => "the run exceeds its time limit",
            }
        });
        eprintln!("peers: {why}");
        if let Err(error) = programs::kill_all() {
            eprintln!("peers: {error:#}");
        }
        let _ = std::fs::remove_dir_all(dir);
        std::process::exit(1);
    });
    Ok(())
}
