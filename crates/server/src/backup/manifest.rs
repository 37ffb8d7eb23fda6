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
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;

use super::is_content;

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
    /// Describes the databases and keys of a directory.
    pub(super) fn of(dir: &Path, schema: Vec<(String, String)>) -> anyhow::Result<Self> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_content(&name) {
                files.insert(name, describe(&entry.path())?);
            }
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
        let mut manifest: Self = serde_json::from_slice(&text).with_context(|| path.display().to_string())?;
        // Earlier versions backed up the space that a database reserves.
        manifest.files.retain(|name, _| {
            let database = name.strip_suffix(".reserve");
            !database.is_some_and(is_content)
        });
        for (name, entry) in &manifest.files {
            // Any other name would be written into the data directory, or outside it.
            if !is_content(name) {
                bail!("{NAME}: {name:?} is not the name of a file of a backup");
            }
            let path = dir.join(name);
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

/// Opens a file of a backup. A symbolic link would have a file of somewhere else restored.
pub(super) fn open(path: &Path) -> anyhow::Result<File> {
    let at = || path.display().to_string();
    if !path.symlink_metadata().with_context(at)?.is_file() {
        bail!("{}: is not a regular file", at());
    }
    let mut options = OpenOptions::new();
    options
        .read(true)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    options.open(path).with_context(at)
}

fn describe(path: &Path) -> anyhow::Result<Entry> {
    let mut file = open(path)?;
    let mut hash = || -> io::Result<Entry> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a manifest that names these files, which all are there.
    fn backup_of(names: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for name in names {
            fs::write(dir.path().join(name), name).unwrap();
        }
        let files = names.iter().map(|name| {
            let entry = describe(&dir.path().join(name)).unwrap();
            ((*name).to_owned(), entry)
        });
        let manifest = Manifest {
            files: files.collect(),
            ..Manifest::of(dir.path(), Vec::new()).unwrap()
        };
        manifest.write(dir.path()).unwrap();
        dir
    }

    fn verified(dir: &Path) -> Result<Vec<String>, String> {
        let manifest = Manifest::verified(dir).map_err(|error| error.to_string())?;
        Ok(manifest.files.into_keys().collect())
    }

    #[test]
    fn manifest_names_databases_and_keys_only() {
        let content = ["auth.db", "data.key", "mailbox.db", "signing.key"];
        let dir = backup_of(&content);
        fs::write(dir.path().join("auth.db.reserve"), "").unwrap();
        let manifest = Manifest::of(dir.path(), Vec::new()).unwrap();
        assert!(manifest.files.keys().eq(&content));
        assert_eq!(verified(dir.path()).unwrap(), content);
    }

    #[test]
    fn verified_backup_with_other_files_is_refused() {
        for name in ["admin.token", "notes.txt", "auth.db-wal", ".writable"] {
            let error = verified(backup_of(&["auth.db", name]).path()).unwrap_err();
            assert!(error.contains(&format!("{name:?} is not the name")), "{error}");
        }
        let old = backup_of(&["auth.db", "auth.db.reserve"]);
        assert_eq!(verified(old.path()).unwrap(), ["auth.db"]);
    }

    #[test]
    fn verified_backup_with_symbolic_link_is_refused() {
        let dir = backup_of(&["auth.db", "signing.key"]);
        let (key, moved) = (dir.path().join("signing.key"), dir.path().join("moved"));
        fs::rename(&key, &moved).unwrap();
        std::os::unix::fs::symlink(&moved, &key).unwrap();
        let error = verified(dir.path()).unwrap_err();
        assert!(error.contains("signing.key: is not a regular file"), "{error}");
    }
}
