//! The bytes of large messages, apart from their rows: in parts in the database, in files, or in an object store.
//!
//! A blob is durable before the transaction that names it begins, so a crash between them leaves an orphan and never a message
//! without bytes. The transaction that removes a name adds an outbox entry that deletes the blob. Keys are new ids: no blob is
//! ever replaced.

mod config;
mod copy;
mod database;
mod external;
mod files;
mod new_blob;
mod objects;
mod owner;
mod sweep;

use std::sync::Arc;

use bytes::Bytes;
use mayfly_database::OpenError;
use mayfly_runtime::{task::Tasks, telemetry};
use mayfly_types::{BlobId, SharedClock};
use opentelemetry::{KeyValue, metrics::Counter};
use parking_lot::Mutex;

pub use config::Config;
pub use copy::CopiedBlobs;

pub(crate) use copy::copy_into;
pub(crate) use new_blob::NewBlob;
pub(crate) use owner::start as start_owner_checks;

use self::{database::DatabaseBlobs, external::External, owner::Ownership};
use crate::{
    error::Error,
    store::{MAX_ROW_BYTES, Store},
};

/// Returns the path or key of a blob: the last two digits of its id, which are random, and the id.
pub(crate) fn key_of(id: BlobId) -> String {
    let name = id.to_string();
    format!("{}/{name}", &name[name.len() - 2..])
}

/// The name of the mark of a store, which says which database it belongs to.
const OWNER: &str = "mayfly-owner";

/// The store of blobs.
#[derive(Debug)]
pub(crate) struct Blobs {
    store: Store,
    database: DatabaseBlobs,
    /// Where new blobs are stored, unless that is the database.
    external: Option<External>,
    ownership: Mutex<Ownership>,
    min_bytes: usize,
    clock: SharedClock,
    tasks: Tasks,
    /// Why the last blob could not be stored, until one is.
    failure: Mutex<Option<String>>,
    operations: Counter<u64>,
}

impl Blobs {
    /// Opens the store.
    ///
    /// # Errors
    /// Names the key that is wrong, or says why the directory cannot be used.
    pub(crate) fn open(
        config: &Config,
        store: &Store,
        clock: SharedClock,
        tasks: &Tasks,
    ) -> Result<Self, OpenError> {
        let external = External::open(&config.location()?)?;
        let blobs = Self {
            store: store.clone(),
            database: DatabaseBlobs::new(store),
            min_bytes: match external {
                None => MAX_ROW_BYTES,
                Some(_) => usize::try_from(config.min_bytes).unwrap_or(usize::MAX),
            },
            external,
            ownership: Mutex::new(Ownership::Unknown),
            clock,
            tasks: tasks.clone(),
            failure: Mutex::default(),
            operations: telemetry::meter()
                .u64_counter("mayfly.mailbox.blob.operations")
                .with_description("Operations on the bytes of large messages")
                .build(),
        };
        // From 0, so that the first one is an increase.
        blobs.operations.add(0, &labels("get", "missing"));
        Ok(blobs)
    }

    /// Returns whether a message of a size is stored as a blob.
    pub(crate) fn is_large(&self, size: usize) -> bool {
        size > self.min_bytes
    }

    /// Stores bytes. They are durable when it returns.
    ///
    /// # Errors
    /// [`Error::StorageFull`] or [`Error::Blob`]. The bytes can be stored all the same, until the sweep at the latest.
    pub(crate) async fn put(self: &Arc<Self>, bytes: &Bytes) -> Result<NewBlob, Error> {
        let new = NewBlob::begin(self);
        let id = new.id();
        let stored = match self.owned().await {
            Ok(None) => self.database.put(id, bytes).await,
            Ok(Some(external)) => external.put(id, bytes.clone()).await,
            Err(error) => Err(error),
        };
        *self.failure.lock() = stored.as_ref().err().map(ToString::to_string);
        self.count("put", outcome_of(&stored));
        match stored {
            Ok(()) => Ok(new),
            Err(error) => {
                if self.external.is_some() {
                    // A server that fails is not called again for what it may have: the sweep does that.
                    new.keep();
                }
                Err(error)
            }
        }
    }

    /// Says for readiness why large mail is refused.
    pub(crate) fn report(&self) -> Result<(), String> {
        self.foreign().map_err(|error| error.to_string())?;
        self.failure.lock().clone().map_or(Ok(()), Err)
    }

    fn count(&self, operation: &'static str, outcome: &'static str) {
        self.operations.add(1, &labels(operation, outcome));
    }

    /// Reads a range of bytes; `None` when there is no such blob. The range is within the blob.
    ///
    /// # Errors
    /// The error of the store.
    pub(crate) async fn get(&self, id: BlobId, from: u64, length: usize) -> Result<Option<Vec<u8>>, Error> {
        let read = self.get_anywhere(id, from, length).await;
        // One that is not there can belong to a message that was deleted meanwhile.
        if !matches!(read, Ok(None)) {
            self.count("get", outcome_of(&read));
        }
        read
    }

    /// Counts a blob that a message names and that is not there.
    pub(crate) fn count_missing(&self) {
        self.count("get", "missing");
    }

    async fn get_anywhere(&self, id: BlobId, from: u64, length: usize) -> Result<Option<Vec<u8>>, Error> {
        if let Some(external) = &self.external
            && let Some(bytes) = external.get(id, from, length).await?
        {
            return Ok(Some(bytes));
        }
        // Also those from before another place was configured.
        self.database.get(id, from, length).await
    }

    /// Deletes a blob, if there is one.
    ///
    /// # Errors
    /// The error of the store. A part of the blob can be deleted.
    pub(crate) async fn delete(&self, id: BlobId) -> Result<(), Error> {
        let deleted = self.delete_anywhere(id).await;
        self.count("delete", outcome_of(&deleted));
        deleted
    }

    async fn delete_anywhere(&self, id: BlobId) -> Result<(), Error> {
        self.database.delete(id).await?;
        match self.owned().await? {
            None => Ok(()),
            Some(external) => external.delete(id).await,
        }
    }
}

fn labels(operation: &'static str, outcome: &'static str) -> [KeyValue; 2] {
    [
        KeyValue::new("operation", operation),
        KeyValue::new("outcome", outcome),
    ]
}

fn outcome_of<T>(result: &Result<T, Error>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(_) => "error",
    }
}
