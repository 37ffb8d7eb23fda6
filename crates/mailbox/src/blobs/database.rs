//! Blobs in the database, in parts that have a transaction each: other deliveries are committed between them.

use bytes::Bytes;
use mayfly_types::BlobId;
use tokio::sync::Mutex;

use crate::{
    error::Error,
    store::{Store, blobs},
};

/// Bytes of a part.
const PART_BYTES: usize = 128 << 10;
/// Parts that one statement reads.
const READ_PARTS: usize = 8;
/// Parts that one transaction deletes: as many bytes as one that deletes rows.
const DELETED_PARTS: u64 = 2;

#[derive(Debug)]
pub(super) struct DatabaseBlobs {
    store: Store,
    /// Held by a transaction that deletes parts: a delivery waits for one of them, however many blobs are deleted.
    deleting: Mutex<()>,
}

impl DatabaseBlobs {
    pub(super) fn new(store: &Store) -> Self {
        Self {
            store: store.clone(),
            deleting: Mutex::default(),
        }
    }

    pub(super) async fn put(&self, id: BlobId, bytes: &Bytes) -> Result<(), Error> {
        for (number, part) in (0..).zip(parts(bytes)) {
            self.store
                .database()
                .tx("put_blob_part", move |tx| {
                    let part = part.clone();
                    Box::pin(async move {
                        Ok::<_, Error>(blobs::insert_part(tx, id, number, part.to_vec()).await?)
                    })
                })
                .await?;
        }
        Ok(())
    }

    pub(super) async fn get(&self, id: BlobId, from: u64, length: usize) -> Result<Option<Vec<u8>>, Error> {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let mut next = from / PART_BYTES;
        let mut skipped = from % PART_BYTES;
        let mut read = Vec::with_capacity(length);
        while read.len() < length {
            let last = (from + length - 1) / PART_BYTES;
            let (first, last) = (number(next), number(last.min(next + READ_PARTS - 1)));
            let parts: Vec<Vec<u8>> = self
                .store
                .read("find_blob_parts", |c| {
                    Box::pin(async move { Ok(blobs::list_parts(c, id, first, last).await?) })
                })
                .await?;
            if parts.len() != usize::try_from(last - first + 1).unwrap_or(0) {
                return Ok(None);
            }
            next += parts.len();
            for part in parts {
                let wanted = part.get(skipped..).unwrap_or_default();
                skipped = 0;
                read.extend_from_slice(&wanted[..wanted.len().min(length - read.len())]);
            }
        }
        Ok(Some(read))
    }

    pub(super) async fn delete(&self, id: BlobId) -> Result<(), Error> {
        let exists = self.store.read("find_blob", |c| {
            Box::pin(async move { Ok(blobs::has_parts(c, id).await?) })
        });
        if !exists.await? {
            return Ok(());
        }
        while 0 < self.delete_last_parts(id).await? {}
        Ok(())
    }

    async fn delete_last_parts(&self, id: BlobId) -> Result<u64, Error> {
        let _deleting = self.deleting.lock().await;
        self.store
            .write("delete_blob_parts", None, move |tx| {
                Box::pin(async move { Ok(blobs::remove_last_parts(tx, id, DELETED_PARTS).await?) })
            })
            .await
    }
}

/// Returns the parts of a blob.
pub(super) fn parts(bytes: &Bytes) -> impl Iterator<Item = Bytes> {
    let bytes = bytes.clone();
    (0..bytes.len())
        .step_by(PART_BYTES)
        .map(move |at| bytes.slice(at..bytes.len().min(at + PART_BYTES)))
}

fn number(part: usize) -> i32 {
    i32::try_from(part).unwrap_or(i32::MAX)
}
