//! A store of blobs outside the database.

use bytes::Bytes;
use mayfly_database::OpenError;
use mayfly_types::BlobId;

use super::{config::Location, files::FileBlobs, objects::ObjectBlobs};
use crate::error::Error;

#[derive(Debug)]
pub(super) enum External {
    Files(FileBlobs),
    Objects(ObjectBlobs),
}

impl External {
    /// Opens the store; `None` for the database.
    pub(super) fn open(location: &Location) -> Result<Option<Self>, OpenError> {
        Ok(match location {
            Location::Database => None,
            Location::Files(dir) => Some(Self::Files(FileBlobs::open(dir.clone())?)),
            Location::Bucket(bucket) => Some(Self::Objects(ObjectBlobs::open(bucket)?)),
        })
    }

    /// Returns the name of the owner mark, for an operator.
    pub(super) fn owner_name(&self) -> String {
        match self {
            Self::Files(files) => files.owner_name(),
            Self::Objects(objects) => objects.owner_name(),
        }
    }

    /// Reads the owner mark.
    pub(super) async fn read_owner(&self) -> Result<Option<String>, Error> {
        match self {
            Self::Files(files) => files.read_owner().await,
            Self::Objects(objects) => objects.read_owner().await,
        }
    }

    /// Writes the owner mark in one step.
    pub(super) async fn write_owner(&self, mark: &str) -> Result<(), Error> {
        match self {
            Self::Files(files) => files.write_owner(mark.to_owned()).await,
            Self::Objects(objects) => objects.write_owner(mark.to_owned()).await,
        }
    }

    pub(super) async fn put(&self, id: BlobId, bytes: Bytes) -> Result<(), Error> {
        match self {
            Self::Files(files) => files.put(id, bytes).await,
            Self::Objects(objects) => objects.put(id, bytes).await,
        }
    }

    pub(super) async fn get(&self, id: BlobId, from: u64, length: usize) -> Result<Option<Vec<u8>>, Error> {
        match self {
            Self::Files(files) => files.get(id, from, length).await,
            Self::Objects(objects) => objects.get(id, from, length).await,
        }
    }

    pub(super) async fn delete(&self, id: BlobId) -> Result<(), Error> {
        match self {
            Self::Files(files) => files.delete(id).await,
            Self::Objects(objects) => objects.delete(id).await,
        }
    }

    /// Lists the blobs with ids before one whose ids end in two digits.
    pub(super) async fn list(&self, last_digits: u8, before: BlobId) -> Result<Vec<BlobId>, Error> {
        match self {
            Self::Files(files) => files.list(last_digits, before).await,
            Self::Objects(objects) => objects.list(last_digits, before).await,
        }
    }
}
