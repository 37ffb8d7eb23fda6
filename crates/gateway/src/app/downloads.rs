//! Bytes of a message that are passed through in chunks: to so many clients at a time, and only while they take them.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use mayfly_rpc::Failure;
use mayfly_runtime::task::Tasks;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tonic::Status;

/// Downloads of one process at the same moment: each holds a message's bytes in the mailbox service, and a window of 1 MiB
/// here.
const MAX_DOWNLOADS: usize = 32;
/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a client may take for one chunk.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);

/// The places of downloads.
#[derive(Debug)]
pub(crate) struct Downloads {
    places: Arc<Semaphore>,
    tasks: Tasks,
}

/// A download that may begin.
#[derive(Debug)]
pub(crate) struct Download {
    place: OwnedSemaphorePermit,
    tasks: Tasks,
}

impl Downloads {
    pub(crate) fn new(tasks: &Tasks) -> Self {
        Self {
            places: Arc::new(Semaphore::new(MAX_DOWNLOADS)),
            tasks: tasks.clone(),
        }
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// `unavailable` when there is none for five seconds.
    pub(crate) async fn enter(&self) -> Result<Download, Failure> {
        let place = tokio::time::timeout(PATIENCE, Arc::clone(&self.places).acquire_owned()).await;
        match place {
            Ok(Ok(place)) => Ok(Download {
                place,
                tasks: self.tasks.clone(),
            }),
            Ok(Err(_)) | Err(_) => Err(Failure::unavailable("too many downloads at this moment")),
        }
    }
}

impl Download {
    /// Makes a body of a first chunk and what follows it. One that fails, or is not taken, cuts the connection, so that
    /// nobody takes a part for the whole.
    pub(crate) fn body<T: Send + 'static>(
        self,
        first: Bytes,
        rest: impl Stream<Item = Result<T, Status>> + Send + 'static,
        chunk: impl Fn(T) -> Bytes + Send + 'static,
    ) -> Body {
        let (taken, chunks) = mpsc::channel(1);
        let Self { place, tasks } = self;
        // A body is not polled while its client takes nothing, so the time runs beside it.
        tasks.spawn(async move {
            let rest = rest.map(move |part| part.map(&chunk));
            let mut parts = std::pin::pin!(stream::once(async { Ok(first) }).chain(rest));
            while let Some(part) = parts.next().await {
                match tokio::time::timeout(STALL_TIMEOUT, taken.send(Some(part))).await {
                    Ok(Ok(())) => {}
                    // The client has gone, or might as well have.
                    Ok(Err(_)) | Err(_) => return,
                }
            }
            let _ = tokio::time::timeout(STALL_TIMEOUT, taken.send(None)).await;
            drop(place);
        });
        Body::from_stream(stream::unfold(chunks, |mut chunks| async move {
            match chunks.recv().await {
                Some(Some(part)) => Some((part, chunks)),
                Some(None) => None,
                None => Some((Err(Status::deadline_exceeded("a download was not taken")), chunks)),
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
    async fn what_is_taken_comes_whole_and_in_order() {
        let download = downloads().enter().await.unwrap();
        let rest = stream::iter(["b", "c"].map(|part| Ok(Bytes::from_static(part.as_bytes()))));
        let body = download.body(Bytes::from_static(b"a"), rest, |part| part);
        assert_eq!(body.collect().await.unwrap().to_bytes(), "abc");
    }

    #[tokio::test]
    async fn a_failure_is_no_end() {
        let download = downloads().enter().await.unwrap();
        let rest = stream::iter([Err::<Bytes, _>(Status::unavailable("gone"))]);
        let body = download.body(Bytes::from_static(b"a"), rest, |part| part);
        assert!(body.collect().await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn clients_that_take_nothing_are_left_and_make_room() {
        let downloads = downloads();
        let mut stalled = Vec::new();
        for _ in 0..MAX_DOWNLOADS {
            let download = downloads.enter().await.unwrap();
            stalled.push(download.body(Bytes::new(), endless(), |part| part));
        }
        let refused = downloads.enter().await.unwrap_err();
        assert_eq!(refused.reason, mayfly_types::Reason::Unavailable);
        tokio::time::sleep(STALL_TIMEOUT).await;
        assert!(downloads.enter().await.is_ok());
        for body in stalled {
            assert!(body.collect().await.is_err(), "a part is not the whole");
        }
    }
}
