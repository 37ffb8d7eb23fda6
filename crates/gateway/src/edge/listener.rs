//! Connections: accepting within a bound, TLS, time-outs, and draining.

use std::{sync::Arc, time::Duration};

use axum::{Router, body::Body};
use http::Request;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use mayfly_runtime::task::Tasks;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::edge::client_address::PeerAddress;

const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client can leave sent bytes unread.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
const TLS_TIMEOUT: Duration = Duration::from_secs(10);
/// The pause after a failed accept, so that running out of file descriptors does not spin.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);

/// Accepts connections until the tasks stop.
pub(crate) fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<TlsAcceptor>,
    max_connections: usize,
    tasks: &Tasks,
) {
    let stopping = tasks.stopping();
    let permits = Arc::new(Semaphore::new(max_connections));
    let connections = tasks.clone();
    tasks.spawn_vital("http", async move {
        while let Some(Ok(permit)) = stopping
            .run_until_cancelled(Arc::clone(&permits).acquire_owned())
            .await
        {
            let Some(accepted) = stopping.run_until_cancelled(listener.accept()).await else {
                break;
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_BACKOFF).await;
                    continue;
                }
            };
            let (router, tls, stopping) = (router.clone(), tls.clone(), stopping.clone());
            connections.spawn(async move {
                handle(stream, PeerAddress(peer.ip()), router, tls, stopping).await;
                drop(permit);
            });
        }
    });
}

async fn handle(
    stream: TcpStream,
    peer: PeerAddress,
    router: Router,
    tls: Option<TlsAcceptor>,
    stopping: CancellationToken,
) {
    let _ = stream.set_nodelay(true);
    match tls {
        None => converse(stream, peer, router, stopping).await,
        Some(tls) => match tokio::time::timeout(TLS_TIMEOUT, tls.accept(stream)).await {
            Ok(Ok(stream)) => converse(stream, peer, router, stopping).await,
            Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
            Err(_) => tracing::debug!("TLS handshake took too long"),
        },
    }
}

async fn converse<S>(stream: S, peer: PeerAddress, router: Router, stopping: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        router.clone().oneshot(request.map(Body::new))
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(64 * 1024);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(128)
        .max_header_list_size(64 * 1024)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10));
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(Box::pin(stream)), service);
    tokio::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "connection ended");
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn connection_of_client_that_reads_nothing_is_closed() {
        let router = Router::new().route("/", get(|| async { vec![0_u8; 1 << 20] }));
        let (mut client, server) = tokio::io::duplex(1024);
        client
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        let peer = PeerAddress(std::net::Ipv4Addr::LOCALHOST.into());
        let conversation = converse(server, peer, router, CancellationToken::new());
        let ended = tokio::time::timeout(WRITE_TIMEOUT * 2, conversation).await;
        assert!(ended.is_ok(), "the connection stays open");
    }
}
