//! Connections: accepting within the bounds, TLS, deadlines, and draining.

mod activity;
mod admission;

use std::{pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, response::Response};
use http::Request;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use mayfly_runtime::{
    fair::{self, Turns},
    task::Tasks,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    time::Instant,
};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use self::{
    activity::{Activity, Counted, Tracked},
    admission::Admission,
};
use crate::edge::client_address::PeerAddress;

pub(crate) use admission::Admissions;

/// From the accept to the head of the first request, TLS and the choice of the protocol included; and for the head of each
/// later request. hyper's own time-out begins only after it has read the first bytes (hyperium/hyper#3756).
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client can leave sent bytes unread.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long an idle HTTP/2 connection can take to close after GOAWAY.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// The pause after a failed accept, so that running out of file descriptors does not spin.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);

/// What all connections share.
pub(crate) struct Listener {
    pub(crate) router: Router,
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) admissions: Admissions,
    /// The turns of clients.
    pub(crate) turns: Arc<Turns>,
    /// How long a connection can be idle between two requests.
    pub(crate) keep_alive_timeout: Duration,
}

/// Accepts connections until the tasks stop.
pub(crate) fn serve(socket: TcpListener, listener: Listener, tasks: &Tasks) {
    let (stopping, connections, listener) = (tasks.stopping(), tasks.clone(), Arc::new(listener));
    tasks.spawn_vital("http", async move {
        while let Some(accepted) = stopping.run_until_cancelled(socket.accept()).await {
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_BACKOFF).await;
                    continue;
                }
            };
            let accepted_at = Instant::now();
            let admission = match listener.admissions.admit(peer.ip()) {
                Ok(admission) => admission,
                Err(exceeded) => {
                    admission::refuse(stream, exceeded, listener.tls.is_some());
                    continue;
                }
            };
            let (client, turns) = (admission.client(), Arc::clone(&listener.turns));
            let (listener, stopping) = (Arc::clone(&listener), stopping.clone());
            connections.spawn(turns.run(client, async move {
                // A listener on `[::]` reports IPv4 peers as mapped IPv6 addresses.
                let peer = PeerAddress(peer.ip().to_canonical());
                listener
                    .handle(stream, accepted_at, peer, admission, stopping)
                    .await;
            }));
        }
    });
}

impl Listener {
    async fn handle(
        &self,
        stream: TcpStream,
        accepted_at: Instant,
        peer: PeerAddress,
        admission: Admission,
        stopping: CancellationToken,
    ) {
        let _ = stream.set_nodelay(true);
        let Some(tls) = &self.tls else {
            return self
                .converse(stream, accepted_at, peer, admission, stopping)
                .await;
        };
        match tokio::time::timeout_at(accepted_at + HEADER_TIMEOUT, tls.accept(stream)).await {
            Ok(Ok(stream)) => {
                self.converse(stream, accepted_at, peer, admission, stopping)
                    .await;
            }
            Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
            Err(_) => tracing::debug!("TLS handshake took too long"),
        }
    }

    async fn converse<S>(
        &self,
        stream: S,
        accepted_at: Instant,
        peer: PeerAddress,
        admission: Admission,
        stopping: CancellationToken,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Arc::new(Activity::new(accepted_at));
        let (router, counted) = (self.router.clone(), Arc::clone(&activity));
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            let counting = counted.begin_request(request.version());
            let answer = router.clone().oneshot(request.map(Body::new));
            async move {
                let answer: Response = answer.await?;
                Ok::<_, std::convert::Infallible>(answer.map(|body| Counted::new(body, counting)))
            }
        });
        let mut builder = Builder::new(StreamExecutor(fair::current()));
        // `Activity` has the deadlines.
        builder.http1().header_read_timeout(None).max_buf_size(64 * 1024);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(128)
            .max_header_list_size(64 * 1024)
            .keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(10));
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(WRITE_TIMEOUT));
        let admissions = self.admissions.clone();
        // The admission is part of the stream: an upgrade to WebSocket takes both along.
        let stream = Tracked::new(Box::pin(stream), Arc::clone(&activity), admission);
        let mut connection = pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
        let idle = activity.overdue(self.keep_alive_timeout, move || admissions.is_scarce());
        let outcome = tokio::select! {
            outcome = connection.as_mut() => outcome,
            () = idle => {
                connection.as_mut().graceful_shutdown();
                match tokio::time::timeout(CLOSE_TIMEOUT, connection).await {
                    Ok(outcome) => outcome,
                    Err(_) => return tracing::debug!("closed a connection without requests"),
                }
            }
            () = stopping.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = outcome {
            tracing::debug!(%error, "connection ended");
        }
    }
}

/// Spawns the streams of an HTTP/2 connection, which share the turns of its client.
#[derive(Debug, Clone)]
struct StreamExecutor(fair::Current);

impl<F> hyper::rt::Executor<F> for StreamExecutor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, stream: F) {
        TokioExecutor::new().execute(self.0.run(stream));
    }
}

#[cfg(test)]
mod tests;
