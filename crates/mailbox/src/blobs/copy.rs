//! Copies blobs of files into the database of a backup, which is one file then.

use std::{
    fs,
    io::{self, ErrorKind},
    path::Path,
};

use bytes::Bytes;
use mayfly_database::Database;
use mayfly_types::{BlobId, RawMessageId};

use super::{OWNER, database::parts, key_of};
use crate::{
    error::Error,
    store::{blob_owners, blobs, mailboxes, raw_messages, sweeps},
};

/// Blobs that one statement lists.
const BATCH: u64 = 500;

/// Blobs in the copy of a database.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct CopiedBlobs {
    /// Copied from files.
    pub copied: usize,
    /// Messages without a file: they were deleted after the database was copied, and are deleted in the copy.
    pub deleted: usize,
}

pub(crate) async fn copy_into(database: &Database, dir: &Path) -> Result<CopiedBlobs, Error> {
    let (mut counts, mut last) = (CopiedBlobs::default(), None);
    loop {
        let named: Vec<BlobId> = database
            .read("list_named_blobs", |c| {
                Box::pin(async move { Ok::<_, Error>(blobs::list_named(c, last, BATCH).await?) })
            })
            .await?;
        let Some(end) = named.last() else {
            return Ok(counts);
        };
        last = Some(*end);
        for id in named {
            match fs::read(dir.join(key_of(id))) {
                Ok(bytes) => {
                    store(database, id, bytes.into()).await?;
                    counts.copied += 1;
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    if !has_parts(database, id).await? {
                        check_owner(database, dir).await?;
                        delete_deliveries(database, id).await?;
                        counts.deleted += 1;
                    }
                }
                Err(error) => return Err(failed(&dir.join(key_of(id)), &error)),
            }
        }
    }
}

fn failed(path: &Path, error: &io::Error) -> Error {
    Error::Blob(format!("{}: {error}", path.display()))
}

/// Checks that the directory is that of the database. In one that is not mounted every file would be missing.
async fn check_owner(database: &Database, dir: &Path) -> Result<(), Error> {
    let path = dir.join(OWNER);
    let found = fs::read_to_string(&path).map_err(|error| failed(&path, &error))?;
    let owner = database.read("find_blob_owner", |c| {
        Box::pin(async move { Ok::<_, Error>(blob_owners::find(c).await?) })
    });
    match owner.await? {
        Some(owner) if found == owner.mark || Some(&found) == owner.previous.as_ref() => Ok(()),
        _ => Err(Error::ForeignBlobs(path.display().to_string())),
    }
}

async fn store(database: &Database, id: BlobId, bytes: Bytes) -> Result<(), Error> {
    database
        .tx("copy_blob", move |tx| {
            let bytes = bytes.clone();
            Box::pin(async move {
                for (number, part) in (0..).zip(parts(&bytes)) {
                    blobs::insert_part(tx, id, number, part.to_vec()).await?;
                }
                Ok(())
            })
        })
        .await
}

async fn has_parts(database: &Database, id: BlobId) -> Result<bool, Error> {
    let read = database.read("find_blob", |c| {
        Box::pin(async move { Ok(blobs::has_parts(c, id).await?) })
    });
    read.await
}

/// Deletes the messages that name a blob.
async fn delete_deliveries(database: &Database, id: BlobId) -> Result<(), Error> {
    database
        .tx("forget_blob", move |tx| {
            Box::pin(async move {
                let raw_ids: Vec<RawMessageId> = raw_messages::list_naming(tx, id).await?;
                let sizes = sweeps::lock_sizes(tx, &raw_ids).await?;
                sweeps::remove_deliveries(tx, &raw_ids).await?;
                mailboxes::change_used(tx, &sweeps::given_back(&sizes)).await?;
                Ok(())
            })
        })
        .await
}
