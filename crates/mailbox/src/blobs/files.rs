//! Blobs in files: one each, in 256 directories named after the last two digits of the id.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use mayfly_database::OpenError;
use mayfly_types::{BlobId, random_bytes};

use super::{OWNER, key_of};
use crate::error::Error;

#[derive(Debug, Clone)]
pub(super) struct FileBlobs {
    dir: Arc<Path>,
}

impl FileBlobs {
    /// Creates the directories, so that no delivery has to.
    pub(super) fn open(dir: PathBuf) -> Result<Self, OpenError> {
        match create(&dir) {
            Ok(_) => Ok(Self { dir: dir.into() }),
            Err(error) => Err(OpenError::Io { path: dir, error }),
        }
    }

    pub(super) fn owner_name(&self) -> String {
        self.dir.join(OWNER).display().to_string()
    }

    pub(super) async fn read_owner(&self) -> Result<Option<String>, Error> {
        self.blocking(|dir| match fs::read_to_string(dir.join(OWNER)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        })
        .await
    }

    /// Writes the mark to a file of its own first: other processes read and write it at the same time.
    pub(super) async fn write_owner(&self, mark: String) -> Result<(), Error> {
        self.blocking(move |dir| {
            let new = dir.join(format!("{OWNER}.{:08x}", u32::from_ne_bytes(random_bytes())));
            write(&new, mark.as_bytes())?;
            fs::rename(new, dir.join(OWNER))?;
            File::open(dir)?.sync_all()
        })
        .await
    }

    /// Writes the file and syncs it and its directory. A crash leaves a part of it, which nothing names.
    pub(super) async fn put(&self, id: BlobId, bytes: Bytes) -> Result<(), Error> {
        self.blocking(move |dir| {
            let path = dir.join(key_of(id));
            let written = write(&path, &bytes);
            if written.is_err() {
                // Its space is needed.
                let _ = fs::remove_file(&path);
            }
            written
        })
        .await
    }

    pub(super) async fn get(&self, id: BlobId, from: u64, length: usize) -> Result<Option<Vec<u8>>, Error> {
        self.blocking(move |dir| {
            let file = match File::open(dir.join(key_of(id))) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                file => file?,
            };
            let mut bytes = vec![0; length];
            file.read_exact_at(&mut bytes, from)?;
            Ok(Some(bytes))
        })
        .await
    }

    pub(super) async fn delete(&self, id: BlobId) -> Result<(), Error> {
        self.blocking(move |dir| match fs::remove_file(dir.join(key_of(id))) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed,
        })
        .await
    }

    /// Lists the blobs with ids before one, in one of the 256 directories.
    pub(super) async fn list(&self, directory: u8, before: BlobId) -> Result<Vec<BlobId>, Error> {
        self.blocking(move |dir| {
            let mut found = Vec::new();
            for entry in fs::read_dir(dir.join(format!("{directory:02x}")))? {
                let name = entry?.file_name();
                // Other files are not Mayfly's.
                if let Some(id) = name.to_str().and_then(|name| name.parse::<BlobId>().ok())
                    && id < before
                {
                    found.push(id);
                }
            }
            Ok(found)
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let dir = Arc::clone(&self.dir);
        let done = tokio::task::spawn_blocking(move || {
            work(&dir).map_err(|error| match error.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Error::StorageFull,
                _ => Error::Blob(format!("{}: {error}", dir.display())),
            })
        });
        done.await
            .map_err(|_| Error::Defect("the thread of a blob ended"))?
    }
}

/// Creates a directory, those above it and those in it. Returns the directories that it synced: those with new entries.
fn create(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let missing = dir.ancestors().take_while(|above| !above.exists());
    let mut changed: Vec<PathBuf> = missing.filter_map(|new| Some(new.parent()?.to_owned())).collect();
    changed.insert(0, dir.to_owned());
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    for n in 0..=u8::MAX {
        builder.create(dir.join(format!("{n:02x}")))?;
    }
    for changed in &changed {
        File::open(changed)?.sync_all()?;
    }
    Ok(changed)
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A mail that is acknowledged is in no directory whose own name a power failure can take.
    #[test]
    fn create_syncs_each_directory_with_a_new_entry() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("a/blobs");
        let synced = create(&dir).unwrap();
        assert_eq!(
            synced,
            [dir.clone(), root.path().join("a"), root.path().to_owned()]
        );
        assert_eq!(create(&dir).unwrap(), [dir]);
    }
}
