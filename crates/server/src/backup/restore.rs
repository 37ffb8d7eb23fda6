//! The command `mayfly restore`: verifies a backup and copies it into a new data directory.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    process::ExitCode,
};

use anyhow::{Context, bail};

use super::{
    check_contents, copy_file, create_empty,
    manifest::{self, Manifest},
    postgres,
};
use crate::config::Config;

/// Files are copied into this directory first, so that a copy that ends early is no database.
const STAGING: &str = ".restoring";

/// Runs `mayfly restore DIR`.
pub(crate) fn restore(config: &Config, dir: Option<&Path>, is_check: bool) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let report = runtime.block_on(async {
        match (dir, config.database.is_set()) {
            (_, true) => postgres::check(config, is_check).await,
            (None, false) => bail!("name the directory of the backup"),
            (Some(dir), false) => restore_files(config, dir, is_check).await,
        }
    })?;
    std::io::stdout().write_all(report.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

async fn restore_files(config: &Config, dir: &Path, is_check: bool) -> anyhow::Result<String> {
    if !is_check {
        // Before the backup is read, which can take long.
        create_empty(&config.data_dir).context("data_dir")?;
    }
    let manifest = Manifest::verified(dir)?;
    check_contents(config, dir).await?;
    if is_check {
        return Ok(format!(
            "{} can be restored\n{}",
            dir.display(),
            manifest.summary()
        ));
    }
    let (data, staging) = (&config.data_dir, config.data_dir.join(STAGING));
    create_empty(&staging)?;
    for name in manifest.files.keys() {
        copy_file(manifest::open(&dir.join(name))?, &staging.join(name))?;
    }
    // Keys come first: a start that finds a database finds its key too.
    let (databases, others): (Vec<&String>, Vec<&String>) =
        manifest.files.keys().partition(|name| name.ends_with(".db"));
    for name in others.into_iter().chain(databases) {
        let to = data.join(name);
        fs::rename(staging.join(name), &to).with_context(|| to.display().to_string())?;
    }
    fs::remove_dir(&staging)?;
    File::open(data)?.sync_all()?;
    Ok(format!(
        "restored into {}\n{}",
        data.display(),
        manifest.summary()
    ))
}
