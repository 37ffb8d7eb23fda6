//! What a connection does: the requests in progress, and since when there is none. The deadlines of silent and idle
//! connections follow from it.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http::Version;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

use super::{HEADER_TIMEOUT, admission::Admission};

/// How long a connection can be idle while the listener is nearly full.
const SCARCE_IDLE_TIMEOUT: Duration = Duration::from_secs(5);

/// The state of one connection.
#[derive(Debug)]
pub(super) struct Activity {
    requests: AtomicU32,
    since: Mutex<Since>,
}

#[derive(Debug, Clone, Copy)]
enum Since {
    /// No request has come yet.
    Accepted(Instant),
    /// The last response is sent. Of HTTP/2, which answers pings at any time, bytes say nothing about a request.
    Idle { since: Instant, is_http2: bool },
    /// A part of the next request has come.
    Head(Instant),
}

impl Activity {
    pub(super) fn new(accepted_at: Instant) -> Self {
        Self {
            requests: AtomicU32::new(0),
            since: Mutex::new(Since::Accepted(accepted_at)),
        }
    }

    /// Counts a request until the returned value is dropped.
    pub(super) fn begin_request(self: &Arc<Self>, version: Version) -> InProgress {
        self.requests.fetch_add(1, Ordering::AcqRel);
        InProgress {
            activity: Arc::clone(self),
            is_http2: version == Version::HTTP_2,
        }
    }

    fn is_busy(&self) -> bool {
        self.requests.load(Ordering::Acquire) > 0
    }

    fn has_read(&self) {
        if self.is_busy() {
            return;
        }
        let mut since = self.since.lock();
        if let Since::Idle { is_http2: false, .. } = *since {
            *since = Since::Head(Instant::now());
        }
    }

    /// The end of a response can leave after its request is counted as done.
    fn has_written(&self) {
        if self.is_busy() {
            return;
        }
        if let Since::Idle {
            since,
            is_http2: false,
        } = &mut *self.since.lock()
        {
            *since = Instant::now();
        }
    }

    fn deadline(&self, idle_timeout: Duration) -> Option<Instant> {
        if self.is_busy() {
            return None;
        }
        Some(match *self.since.lock() {
            Since::Accepted(at) | Since::Head(at) => at + HEADER_TIMEOUT,
            Since::Idle { since, .. } => since + idle_timeout,
        })
    }

    /// Returns when the connection has been silent or idle for too long.
    pub(super) async fn overdue(&self, keep_alive_timeout: Duration, is_scarce: impl Fn() -> bool) {
        loop {
            let idle_timeout = if is_scarce() {
                keep_alive_timeout.min(SCARCE_IDLE_TIMEOUT)
            } else {
                keep_alive_timeout
            };
            let (now, deadline) = (Instant::now(), self.deadline(idle_timeout));
            if deadline.is_some_and(|deadline| deadline <= now) {
                return;
            }
            // Looks again after at most the shortest time-out, instead of being woken by each request.
            let next_look = now + HEADER_TIMEOUT;
            tokio::time::sleep_until(deadline.map_or(next_look, |deadline| deadline.min(next_look))).await;
        }
    }
}

/// A request in progress, until its response is sent.
#[derive(Debug)]
pub(super) struct InProgress {
    activity: Arc<Activity>,
    is_http2: bool,
}

impl Drop for InProgress {
    fn drop(&mut self) {
        // Before the count: a reader that finds the connection free must not find an older state.
        *self.activity.since.lock() = Since::Idle {
            since: Instant::now(),
            is_http2: self.is_http2,
        };
        self.activity.requests.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The body of a response, whose end is the end of the request.
#[derive(Debug)]
pub(super) struct Counted {
    body: Body,
    _request: InProgress,
}

impl Counted {
    pub(super) fn new(body: Body, request: InProgress) -> Self {
        Self {
            body,
            _request: request,
        }
    }
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The stream of a connection, with its admission.
#[derive(Debug)]
pub(super) struct Tracked<S> {
    stream: S,
    activity: Arc<Activity>,
    _admission: Admission,
}

impl<S> Tracked<S> {
    pub(super) fn new(stream: S, activity: Arc<Activity>, admission: Admission) -> Self {
        Self {
            stream,
            activity,
            _admission: admission,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tracked<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let filled = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > filled {
            self.activity.has_read();
        }
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tracked<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if outcome.is_ready() {
            self.activity.has_written();
        }
        outcome
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        if outcome.is_ready() {
            self.activity.has_written();
        }
        outcome
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
