//! Permits for downloads of message bytes. They pass through in chunks, to a bounded number of clients.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use mayfly_rpc::Failure;
use mayfly_runtime::{shares::Bounds, task::Tasks};
use tonic::Status;

use super::{
    paced_body::paced_body,
    permits::{Party, Permit, Permits},
};

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
    /// Makes a body of a first chunk and the rest, as [`paced_body`] does.
    pub(crate) fn body<T: Send + 'static>(
        self,
        first: Bytes,
        rest: impl Stream<Item = Result<T, Status>> + Send + 'static,
        chunk: impl Fn(T) -> Bytes + Send + 'static,
    ) -> Body {
        let rest = rest.map(move |part| part.map(&chunk));
        let chunks = stream::once(async { Ok(first) }).chain(rest);
        paced_body(&self.tasks, self.permit, chunks)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use tokio_util::sync::CancellationToken;

    use super::{super::paced_body::STALL_TIMEOUT, *};

    #[tokio::test(start_paused = true)]
    async fn stalled_downloads_release_their_permits() {
        let downloads = Downloads::new(&Tasks::new(CancellationToken::new()));
        let endless = || stream::repeat_with(|| Ok(Bytes::from_static(b"chunk")));
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
