//! Bodies that hold something others need: they are sent in chunks, with backpressure, and cut when their client reads too slowly.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use mayfly_runtime::{fair, task::Tasks};
use tokio::{sync::mpsc, time::Instant};
use tonic::Status;

/// How long a client can leave one chunk unread.
pub(super) const STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// The slowest reader, after a first minute.
const MIN_BYTES_PER_SEC: u64 = 16 * 1024;
const MIN_RATE_GRACE: Duration = Duration::from_secs(60);

/// Makes a body of chunks. What is held is released when the client has taken or left it. An error or a stalled reader cuts the
/// connection, so that the client does not mistake a part for the whole.
pub(crate) fn paced_body(
    tasks: &Tasks,
    held: impl Send + 'static,
    chunks: impl Stream<Item = Result<Bytes, Status>> + Send + 'static,
) -> Body {
    let (taken, sent) = mpsc::channel(1);
    // A body is not polled while its client reads nothing, so a task enforces the time-out.
    tasks.spawn(fair::current().run(async move {
        let _held = held;
        let mut chunks = std::pin::pin!(chunks);
        let mut slowest = Instant::now() + MIN_RATE_GRACE;
        while let Some(chunk) = chunks.next().await {
            let bytes = chunk.as_ref().map_or(0, Bytes::len) as u64;
            let until = slowest.min(Instant::now() + STALL_TIMEOUT);
            slowest += Duration::from_millis(bytes * 1000 / MIN_BYTES_PER_SEC);
            match tokio::time::timeout_at(until, taken.send(Some(chunk))).await {
                Ok(Ok(())) => {}
                // The client has disconnected or stalled.
                Ok(Err(_)) | Err(_) => return,
            }
        }
        let _ = tokio::time::timeout(STALL_TIMEOUT, taken.send(None)).await;
    }));
    Body::from_stream(stream::unfold(sent, |mut sent| async move {
        match sent.recv().await {
            Some(Some(chunk)) => Some((chunk, sent)),
            Some(None) => None,
            None => Some((Err(Status::deadline_exceeded("the client read too slowly")), sent)),
        }
    }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http_body_util::BodyExt;
    use tokio_util::sync::CancellationToken;

    use super::*;

    fn tasks() -> Tasks {
        Tasks::new(CancellationToken::new())
    }

    fn endless() -> impl Stream<Item = Result<Bytes, Status>> {
        stream::repeat_with(|| Ok(Bytes::from_static(b"chunk")))
    }

    #[tokio::test]
    async fn body_that_is_read_arrives_whole_and_in_order() {
        let chunks = stream::iter(["a", "b", "c"].map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))));
        let body = paced_body(&tasks(), (), chunks);
        assert_eq!(body.collect().await.unwrap().to_bytes(), "abc");
    }

    #[tokio::test]
    async fn body_with_failing_source_ends_with_an_error() {
        let chunks = stream::iter([Err::<Bytes, _>(Status::unavailable("gone"))]);
        assert!(paced_body(&tasks(), (), chunks).collect().await.is_err());
    }

    /// A reader that takes one chunk of 5 bytes each 29 seconds.
    #[tokio::test(start_paused = true)]
    async fn body_read_below_the_minimum_rate_is_cut() {
        let mut body = paced_body(&tasks(), (), endless());
        let started = Instant::now();
        while body.frame().await.unwrap().is_ok() {
            tokio::time::sleep(STALL_TIMEOUT - Duration::from_secs(1)).await;
            assert!(started.elapsed() < MIN_RATE_GRACE * 4, "it goes on");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn stalled_body_releases_what_it_holds() {
        let held = Arc::new(());
        let body = paced_body(&tasks(), Arc::clone(&held), endless());
        tokio::time::sleep(STALL_TIMEOUT / 2).await;
        assert_eq!(Arc::strong_count(&held), 2);
        tokio::time::sleep(STALL_TIMEOUT).await;
        assert_eq!(Arc::strong_count(&held), 1);
        assert!(body.collect().await.is_err(), "a cut body ends with an error");
    }
}
