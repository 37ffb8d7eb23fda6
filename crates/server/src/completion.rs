//! What shells and `man` need to know of the command line.

use std::{fs, path::Path, process::ExitCode};

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;

/// Returns the completion script for a shell.
pub(crate) fn script(shell: Shell) -> anyhow::Result<String> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "mayfly", &mut script);
    String::from_utf8(script).context("the script is no text")
}

/// Writes `mayfly.1`, and a page for each command below it.
pub(crate) fn write_man_pages(dir: &Path) -> anyhow::Result<ExitCode> {
    fs::create_dir_all(dir)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), dir))
        .with_context(|| dir.display().to_string())?;
    Ok(ExitCode::SUCCESS)
}
