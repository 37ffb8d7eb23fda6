//! The manifest of a backup: its files with their SHA-256, and the schema of its databases.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::{Context, bail};
use aws_lc_rs::digest::{self, SHA256};
use mayfly_types::{Clock, SystemClock};
use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;

pub(super) const NAME: &str = "manifest.json";

/// What a backup contains.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// The version of Mayfly that made it.
    version: String,
    /// RFC 3339, UTC.
    created_at: String,
    /// The newest migration of each database.
    schema: BTreeMap<String, String>,
    pub(super) files: BTreeMap<String, Entry>,
}

/// A file of a backup.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    bytes: u64,
    sha256: String,
}

impl Manifest {
    /// Describes the files of a directory.
    pub(super) fn of(dir: &Path, schema: Vec<(String, String)>) -> anyhow::Result<Self> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            files.insert(name, describe(&entry.path())?);
        }
        Ok(Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            created_at: SystemClock.now().format(&Rfc3339)?,
            schema: schema.into_iter().collect(),
            files,
        })
    }

    /// Writes the manifest, and syncs it and the directory.
    pub(super) fn write(&self, dir: &Path) -> anyhow::Result<()> {
        let path = dir.join(NAME);
        let text = serde_json::to_vec_pretty(self)?;
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| {
                file.write_all(&text)?;
                file.sync_all()?;
                File::open(dir)?.sync_all()
            });
        written.with_context(|| path.display().to_string())
    }

    /// Reads the manifest of a directory, and compares every file with it.
    pub(super) fn verified(dir: &Path) -> anyhow::Result<Self> {
        let path = dir.join(NAME);
        let text = fs::read(&path).with_context(|| {
            let path = path.display();
            format!("{path}: this is no complete backup")
        })?;
        let manifest: Self = serde_json::from_slice(&text).with_context(|| path.display().to_string())?;
        for (name, entry) in &manifest.files {
            let path = dir.join(name);
            // A name with a separator would be written outside the data directory.
            if Path::new(name).file_name() != Some(name.as_ref()) {
                bail!("{NAME}: {name:?} is not the name of a file");
            }
            if describe(&path)? != *entry {
                bail!("{}: is not the file that was backed up", path.display());
            }
        }
        Ok(manifest)
    }

    /// Returns a line for each file.
    pub(super) fn summary(&self) -> String {
        let mut text = String::new();
        for (name, entry) in &self.files {
            let _ = writeln!(text, "  {name} ({} bytes)", entry.bytes);
        }
        text
    }
}

fn describe(path: &Path) -> anyhow::Result<Entry> {
    let hash = || -> io::Result<Entry> {
        let mut file = File::open(path)?;
        let (mut context, mut bytes) = (digest::Context::new(&SHA256), 0);
        let mut chunk = vec![0; 64 * 1024];
        loop {
            let read = file.read(&mut chunk)?;
            if read == 0 {
                break;
            }
            bytes += read as u64;
            context.update(&chunk[..read]);
        }
        Ok(Entry {
            bytes,
            sha256: hex::encode(context.finish()),
        })
    };
    hash().with_context(|| path.display().to_string())
}
