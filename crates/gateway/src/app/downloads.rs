//! Downloads of message bytes. They pass through in chunks, to a bounded number of clients, with backpressure.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use mayfly_rpc::Failure;
use mayfly_runtime::task::Tasks;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tonic::Status;

/// Concurrent downloads of one process. Each holds a message's bytes in the mailbox service, and a window of 1 MiB here.
const MAX_DOWNLOADS: usize = 32;
/// How long a request waits for a permit.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a client can leave one chunk unread.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);

/// The permits for downloads.
#[derive(Debug)]
pub(crate) struct Downloads {
    permits: Arc<Semaphore>,
    tasks: Tasks,
}

/// A download with a permit.
#[derive(Debug)]
pub(crate) struct Download {
    permit: OwnedSemaphorePermit,
    tasks: Tasks,
}

impl Downloads {
    pub(crate) fn new(tasks: &Tasks) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(MAX_DOWNLOADS)),
            tasks: tasks.clone(),
        }
    }

    /// Waits for a permit.
    ///
    /// # Errors
    /// `Unavailable` when no permit is free within [`ACQUIRE_TIMEOUT`].
    pub(crate) async fn acquire(&self) -> Result<Download, Failure> {
        let permit = tokio::time::timeout(ACQUIRE_TIMEOUT, Arc::clone(&self.permits).acquire_owned()).await;
        match permit {
            Ok(Ok(permit)) => Ok(Download {
                permit,
                tasks: self.tasks.clone(),
            }),
            Ok(Err(_)) | Err(_) => Err(Failure::unavailable("no download permit is left")),
        }
    }
}

impl Download {
    /// Makes a body of a first chunk and the rest. An error or a stalled reader cuts the connection, so that the client
    /// does not mistake a part for the whole.
    pub(crate) fn body<T: Send + 'static>(
        self,
        first: Bytes,
        rest: impl Stream<Item = Result<T, Status>> + Send + 'static,
        chunk: impl Fn(T) -> Bytes + Send + 'static,
    ) -> Body {
        let (taken, chunks) = mpsc::channel(1);
        let Self { permit, tasks } = self;
        // A body is not polled while its client reads nothing, so a task enforces the time-out.
        tasks.spawn(async move {
            let rest = rest.map(move |part| part.map(&chunk));
            let mut parts = std::pin::pin!(stream::once(async { Ok(first) }).chain(rest));
            while let Some(part) = parts.next().await {
                match tokio::time::timeout(STALL_TIMEOUT, taken.send(Some(part))).await {
                    Ok(Ok(())) => {}
                    // The client has disconnected or stalled.
                    Ok(Err(_)) | Err(_) => return,
                }
            }
            let _ = tokio::time::timeout(STALL_TIMEOUT, taken.send(None)).await;
            drop(permit);
        });
        Body::from_stream(stream::unfold(chunks, |mut chunks| async move {
            match chunks.recv().await {
                Some(Some(part)) => Some((part, chunks)),
                Some(None) => None,
                None => Some((
                    Err(Status::deadline_exceeded("the client read too slowly")),
                    chunks,
                )),
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use tokio_util::sync::CancellationToken;

    use super::*;

    fn downloads() -> Downloads {
        Downloads::new(&Tasks::new(CancellationToken::new()))
    }

    fn endless() -> impl Stream<Item = Result<Bytes, Status>> {
        stream::repeat_with(|| Ok(Bytes::from_static(b"chunk")))
    }

    #[tokio::test]
    async fn body_that_is_read_arrives_whole_and_in_order() {
        let download = downloads().acquire().await.unwrap();
        let rest = stream::iter(["b", "c"].map(|part| Ok(Bytes::from_static(part.as_bytes()))));
        let body = download.body(Bytes::from_static(b"a"), rest, |part| part);
        assert_eq!(body.collect().await.unwrap().to_bytes(), "abc");
    }

    #[tokio::test]
    async fn body_with_failing_source_ends_with_an_error() {
        let download = downloads().acquire().await.unwrap();
        let rest = stream::iter([Err::<Bytes, _>(Status::unavailable("gone"))]);
        let body = download.body(Bytes::from_static(b"a"), rest, |part| part);
        assert!(body.collect().await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn stalled_download_releases_its_permit() {
        let downloads = downloads();
        let mut stalled = Vec::new();
        for _ in 0..MAX_DOWNLOADS {
            let download = downloads.acquire().await.unwrap();
            stalled.push(download.body(Bytes::new(), endless(), |part| part));
        }
        let refused = downloads.acquire().await.unwrap_err();
        assert_eq!(refused.reason, mayfly_types::Reason::Unavailable);
        tokio::time::sleep(STALL_TIMEOUT).await;
        assert!(downloads.acquire().await.is_ok());
        for body in stalled {
            assert!(body.collect().await.is_err(), "a cut body ends with an error");
        }
    }
}
