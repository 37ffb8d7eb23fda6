//! Copies blobs of files into the database of a backup, which is one file then.

use std::{fs, io::ErrorKind, path::Path};

use bytes::Bytes;
use mayfly_database::Database;
use mayfly_types::{BlobId, RawMessageId};

use super::{database::parts, key_of};
use crate::{
    error::Error,
    store::{blobs, mailboxes, raw_messages, sweeps},
};

/// Blobs that one statement lists.
const BATCH: u64 = 500;

/// Blobs in the copy of a database.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct CopiedBlobs {
    /// Copied from files.
    pub copied: usize,
    /// Without a file: the messages with them were deleted after the database was copied, and are deleted in the copy.
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
                    counts.deleted += usize::from(delete_without_parts(database, id).await?);
                }
                Err(error) => {
                    return Err(Error::Blob(format!(
                        "{}: {error}",
                        dir.join(key_of(id)).display()
                    )));
                }
            }
        }
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

/// Deletes the messages that name a blob, unless it is in the database. Returns whether it did.
async fn delete_without_parts(database: &Database, id: BlobId) -> Result<bool, Error> {
    database
        .tx("forget_blob", move |tx| {
            Box::pin(async move {
                if blobs::has_parts(tx, id).await? {
                    return Ok(false);
                }
                let raw_ids: Vec<RawMessageId> = raw_messages::list_naming(tx, id).await?;
                let sizes = sweeps::lock_sizes(tx, &raw_ids).await?;
                sweeps::remove_deliveries(tx, &raw_ids).await?;
                mailboxes::change_used(tx, &sweeps::given_back(&sizes)).await?;
                Ok(true)
            })
        })
        .await
}
