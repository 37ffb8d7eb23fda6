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
use tokio::time::timeout;

use super::{OWNER, config::Bucket, key_of};
use crate::error::Error;

/// How long a read may take: less than the deadline of a call that reads a message, so that the failure is that of the store.
const READ_TIMEOUT: Duration = Duration::from_millis(3500);
/// How long another call may take with its repetitions. An upload has more by its size.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How long an upload may take: less than the deadline of a delivery, whose sender waits for it.
const MAX_TIMEOUT: Duration = Duration::from_secs(50);
/// How long one attempt may take. An upload has more by its size.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(8);
/// How fast an upload must be.
const MIN_BYTES_PER_SEC: usize = 4 << 20;
/// How long the list of one directory may take.
const LIST_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// An attempt that timed out can have succeeded: it is repeated with the same key and the same bytes.
const MAX_RETRIES: usize = 3;

#[derive(Debug, Clone)]
pub(super) struct ObjectBlobs {
    store: Arc<AmazonS3>,
    bucket: String,
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
                    // Each call has its own.
                    .with_timeout_disabled()
                    .with_connect_timeout(CONNECT_TIMEOUT)
                    .with_allow_http(bucket.is_plain())
                    // Without TLS no certificate is checked, and a machine may have none. The role of a machine needs TLS.
                    .with_no_system_certificates(bucket.is_plain() && bucket.credentials.is_some()),
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
            bucket: bucket.name.clone(),
            prefix: bucket.prefix.clone(),
        })
    }

    fn path(&self, id: BlobId) -> Path {
        Path::from(format!("{}{}", self.prefix, key_of(id)))
    }

    fn owner_path(&self) -> Path {
        Path::from(format!("{}{OWNER}", self.prefix))
    }

    pub(super) fn owner_name(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.owner_path())
    }

    pub(super) async fn read_owner(&self) -> Result<Option<String>, Error> {
        let path = self.owner_path();
        let read = || async { self.store.get(&path).await?.bytes().await };
        match Timeouts::READ.run(read).await {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    pub(super) async fn write_owner(&self, mark: String) -> Result<(), Error> {
        let path = self.owner_path();
        self.put_at(&path, mark.into()).await
    }

    pub(super) async fn put(&self, id: BlobId, bytes: Bytes) -> Result<(), Error> {
        self.put_at(&self.path(id), bytes).await
    }

    async fn put_at(&self, path: &Path, bytes: Bytes) -> Result<(), Error> {
        let put = || self.store.put(path, PutPayload::from_bytes(bytes.clone()));
        let done = Timeouts::upload(bytes.len()).run(put).await;
        done.map(drop).map_err(|error| failed(&error))
    }

    pub(super) async fn get(&self, id: BlobId, from: u64, length: usize) -> Result<Option<Vec<u8>>, Error> {
        let path = self.path(id);
        let range = from..from + u64::try_from(length).unwrap_or(u64::MAX);
        let read = || self.store.get_range(&path, range.clone());
        match Timeouts::READ.run(read).await {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    pub(super) async fn delete(&self, id: BlobId) -> Result<(), Error> {
        let path = self.path(id);
        match Timeouts::upload(0).run(|| self.store.delete(&path)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Lists the blobs with ids before one, in one of the 256 directories.
    pub(super) async fn list(&self, directory: u8, before: BlobId) -> Result<Vec<BlobId>, Error> {
        let prefix = Path::from(format!("{}{directory:02x}", self.prefix));
        let list = || {
            let objects = self.store.list(Some(&prefix));
            objects
                .try_filter_map(|object| async move {
                    let id = object
                        .location
                        .filename()
                        .and_then(|name| name.parse::<BlobId>().ok());
                    Ok(id.filter(|id| *id < before))
                })
                .try_collect()
        };
        Timeouts::LIST.run(list).await.map_err(|error| failed(&error))
    }
}

/// How long a call may take, and one attempt of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Timeouts {
    call: Duration,
    attempt: Duration,
}

impl Timeouts {
    const READ: Self = Self {
        call: READ_TIMEOUT,
        attempt: READ_TIMEOUT,
    };
    const LIST: Self = Self {
        call: LIST_TIMEOUT,
        attempt: LIST_TIMEOUT,
    };

    /// Of a call that uploads a number of bytes.
    fn upload(bytes: usize) -> Self {
        let transfer = Duration::from_secs((bytes / MIN_BYTES_PER_SEC) as u64);
        Self {
            // An attempt that failed and another.
            call: (TIMEOUT + 2 * transfer).min(MAX_TIMEOUT),
            attempt: (ATTEMPT_TIMEOUT + transfer).min(MAX_TIMEOUT),
        }
    }

    /// Performs a call, and again after an attempt that takes too long.
    async fn run<T, F>(self, call: impl Fn() -> F) -> object_store::Result<T>
    where
        F: Future<Output = object_store::Result<T>>,
    {
        let attempts = async {
            loop {
                if let Ok(done) = timeout(self.attempt, call()).await {
                    return done;
                }
            }
        };
        timeout(self.call, attempts).await.unwrap_or_else(|elapsed| {
            Err(object_store::Error::Generic {
                store: "S3",
                source: elapsed.into(),
            })
        })
    }
}

fn failed(error: &object_store::Error) -> Error {
    Error::Blob(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upload_has_time_by_its_size() {
        let timeouts = |bytes| {
            let timeouts = Timeouts::upload(bytes);
            (timeouts.attempt.as_secs(), timeouts.call.as_secs())
        };
        assert_eq!(timeouts(200 << 10), (8, 20));
        assert_eq!(timeouts(24 << 20), (14, 32));
        assert_eq!(timeouts(512 << 20), (50, 50), "within the deadline of a delivery");
    }
}
