//! Downloads of message bytes. They pass through in chunks, to a bounded number of clients, with backpressure.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use mayfly_rpc::Failure;
use mayfly_runtime::{fair, shares::Bounds, task::Tasks};
use tokio::{sync::mpsc, time::Instant};
use tonic::Status;

use super::permits::{Party, Permit, Permits};

/// Concurrent downloads of one process, each with a window of 1 MiB. A client has a quarter, and the last quarter is for
/// clients with at most two.
const MAX_DOWNLOADS: Bounds = Bounds {
    total: 32,
    share: 8,
    reserve: 8,
    small: 2,
};
/// Concurrent downloads of one mailbox or Pro user.
const MAX_DOWNLOADS_PER_OWNER: u64 = 4;
/// How long a request waits for a permit.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a client can leave one chunk unread.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// The slowest reader, after a first minute: a download holds memory that others need.
const MIN_BYTES_PER_SEC: u64 = 16 * 1024;
const MIN_RATE_GRACE: Duration = Duration::from_secs(60);

/// The permits for downloads.
#[derive(Debug)]
pub(crate) struct Downloads {
    permits: Permits,
    tasks: Tasks,
}

/// A download with a permit.
#[derive(Debug)]
pub(crate) struct Download {
    permit: Permit,
    tasks: Tasks,
}

impl Downloads {
    pub(crate) fn new(tasks: &Tasks) -> Self {
        Self {
            permits: Permits::new(MAX_DOWNLOADS, MAX_DOWNLOADS_PER_OWNER),
            tasks: tasks.clone(),
        }
    }

    /// Waits for a permit.
    ///
    /// # Errors
    /// `RateLimited` when the party has as many as it may, `Unavailable` when no permit is free, within [`ACQUIRE_TIMEOUT`].
    pub(crate) async fn acquire(&self, party: &Party) -> Result<Download, Failure> {
        Ok(Download {
            permit: self.permits.acquire(party, ACQUIRE_TIMEOUT).await?,
            tasks: self.tasks.clone(),
        })
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
        tasks.spawn(fair::current().run(async move {
            let rest = rest.map(move |part| part.map(&chunk));
            let mut parts = std::pin::pin!(stream::once(async { Ok(first) }).chain(rest));
            let mut slowest = Instant::now() + MIN_RATE_GRACE;
            while let Some(part) = parts.next().await {
                let bytes = part.as_ref().map_or(0, Bytes::len) as u64;
                let until = slowest.min(Instant::now() + STALL_TIMEOUT);
                slowest += Duration::from_millis(bytes * 1000 / MIN_BYTES_PER_SEC);
                match tokio::time::timeout_at(until, taken.send(Some(part))).await {
                    Ok(Ok(())) => {}
                    // The client has disconnected or stalled.
                    Ok(Err(_)) | Err(_) => return,
                }
            }
            let _ = tokio::time::timeout(STALL_TIMEOUT, taken.send(None)).await;
            drop(permit);
        }));
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
        let download = downloads().acquire(&Party::test("a", 1)).await.unwrap();
        let rest = stream::iter(["b", "c"].map(|part| Ok(Bytes::from_static(part.as_bytes()))));
        let body = download.body(Bytes::from_static(b"a"), rest, |part| part);
        assert_eq!(body.collect().await.unwrap().to_bytes(), "abc");
    }

    #[tokio::test]
    async fn body_with_failing_source_ends_with_an_error() {
        let download = downloads().acquire(&Party::test("a", 1)).await.unwrap();
        let rest = stream::iter([Err::<Bytes, _>(Status::unavailable("gone"))]);
        let body = download.body(Bytes::from_static(b"a"), rest, |part| part);
        assert!(body.collect().await.is_err());
    }

    /// A reader that takes one chunk of 5 bytes each 29 seconds.
    #[tokio::test(start_paused = true)]
    async fn download_slower_than_the_minimum_rate_is_cut() {
        let download = downloads().acquire(&Party::test("a", 1)).await.unwrap();
        let mut body = download.body(Bytes::new(), endless(), |part| part);
        let started = Instant::now();
        while body.frame().await.unwrap().is_ok() {
            tokio::time::sleep(STALL_TIMEOUT - Duration::from_secs(1)).await;
            assert!(started.elapsed() < MIN_RATE_GRACE * 4, "it goes on");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn stalled_download_releases_its_permit() {
        let downloads = downloads();
        let mut stalled = Vec::new();
        let party = Party::test("a", 1);
        for _ in 0..MAX_DOWNLOADS_PER_OWNER {
            let download = downloads.acquire(&party).await.unwrap();
            stalled.push(download.body(Bytes::new(), endless(), |part| part));
        }
        let refused = downloads.acquire(&party).await.unwrap_err();
        assert_eq!(refused.reason, mayfly_types::Reason::RateLimited);
        assert!(downloads.acquire(&Party::test("b", 2)).await.is_ok());
        tokio::time::sleep(STALL_TIMEOUT).await;
        assert!(downloads.acquire(&party).await.is_ok());
        for body in stalled {
            assert!(body.collect().await.is_err(), "a cut body ends with an error");
        }
    }
}
