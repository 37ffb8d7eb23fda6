//! Blobs in a bucket of an S3 server, with keys like the paths of files.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::TryStreamExt;
use mayfly_runtime::config::ConfigError;
use mayfly_types::BlobId;
use object_store::{
    BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt, PutPayload, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path,
};

use super::{config::Bucket, key_of};
use crate::error::Error;

/// How long a call may take with its repetitions: less than a sender waits for the answer to its mail.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How long one attempt may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(8);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// An attempt that timed out can have succeeded: it is repeated with the same key and the same bytes.
const MAX_RETRIES: usize = 3;

#[derive(Debug, Clone)]
pub(super) struct ObjectBlobs {
    store: Arc<AmazonS3>,
    prefix: String,
}

impl ObjectBlobs {
    /// Prepares the client. It asks the server nothing, so that a start does not depend on it.
    pub(super) fn open(bucket: &Bucket) -> Result<Self, ConfigError> {
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(&bucket.name)
            .with_retry(RetryConfig {
                backoff: BackoffConfig {
                    init_backoff: Duration::from_millis(100),
                    max_backoff: Duration::from_secs(2),
                    base: 2.0,
                },
                max_retries: MAX_RETRIES,
                retry_timeout: TIMEOUT,
            })
            .with_client_options(
                ClientOptions::new()
                    .with_timeout(ATTEMPT_TIMEOUT)
                    .with_connect_timeout(CONNECT_TIMEOUT)
                    .with_allow_http(bucket.is_plain()),
            );
        if let Some(region) = &bucket.region {
            builder = builder.with_region(region);
        }
        if let Some(endpoint) = &bucket.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some((id, secret)) = &bucket.credentials {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret);
        }
        let built = builder.build();
        Ok(Self {
            store: Arc::new(built.map_err(|error| ConfigError::new("blobs.url", error.to_string()))?),
            prefix: bucket.prefix.clone(),
        })
    }

    fn path(&self, id: BlobId) -> Path {
        Path::from(format!("{}{}", self.prefix, key_of(id)))
    }

    pub(super) async fn put(&self, id: BlobId, bytes: Bytes) -> Result<(), Error> {
        let path = self.path(id);
        let put = self.store.put(&path, PutPayload::from_bytes(bytes));
        within(put).await.map(drop).map_err(|error| failed(&error))
    }

    pub(super) async fn get(&self, id: BlobId, from: u64, length: usize) -> Result<Option<Vec<u8>>, Error> {
        let path = self.path(id);
        let range = from..from + u64::try_from(length).unwrap_or(u64::MAX);
        match within(self.store.get_range(&path, range)).await {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    pub(super) async fn delete(&self, id: BlobId) -> Result<(), Error> {
        match within(self.store.delete(&self.path(id))).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Lists the blobs with ids before one, in one of the 256 directories.
    pub(super) async fn list(&self, directory: u8, before: BlobId) -> Result<Vec<BlobId>, Error> {
        let prefix = Path::from(format!("{}{directory:02x}", self.prefix));
        let listed: Vec<BlobId> = self
            .store
            .list(Some(&prefix))
            .try_filter_map(|object| async move {
                let id = object
                    .location
                    .filename()
                    .and_then(|name| name.parse::<BlobId>().ok());
                Ok(id.filter(|id| *id < before))
            })
            .try_collect()
            .await
            .map_err(|error| failed(&error))?;
        Ok(listed)
    }
}

async fn within<T>(call: impl Future<Output = object_store::Result<T>>) -> object_store::Result<T> {
    let ended = tokio::time::timeout(TIMEOUT, call).await;
    ended.unwrap_or_else(|elapsed| {
        Err(object_store::Error::Generic {
            store: "S3",
            source: elapsed.into(),
        })
    })
}

fn failed(error: &object_store::Error) -> Error {
    Error::Blob(error.to_string())
}
