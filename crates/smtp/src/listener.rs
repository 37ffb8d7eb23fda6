//! Accepts connections within their limits, and stops accepting when told to.

use std::{
    io::{self, Write},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use mayfly_runtime::task::Tasks;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    clients::Clients,
    connection::Connection,
    deliver::Mailboxes,
    metrics::Metrics,
    reply::{self, Replies},
    session::Settings,
};

/// How long accepting rests after an error such as too many open files, which goes away only as connections end.
const REST_AFTER_ERROR: Duration = Duration::from_millis(100);

/// What every connection needs.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) settings: Arc<Settings>,
    pub(crate) mailboxes: Mailboxes,
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) stopping: CancellationToken,
}

/// Accepts connections until the group stops.
pub(crate) async fn accept(listener: TcpListener, shared: Shared, clients: Arc<Clients>, tasks: Tasks) {
    let stopping = shared.stopping.clone();
    while let Some(accepted) = stopping.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, peer)) => admit(stream, peer, &shared, &clients, &tasks),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections");
                stopping
                    .run_until_cancelled(tokio::time::sleep(REST_AFTER_ERROR))
                    .await;
            }
        }
    }
}

fn admit(stream: TcpStream, peer: SocketAddr, shared: &Shared, clients: &Arc<Clients>, tasks: &Tasks) {
    let Some(admission) = clients.admit(peer.ip()) else {
        shared.metrics.connection_rejected();
        return turn_away(stream);
    };
    // Without it small replies wait for the client's acknowledgement; with an error the connection is dead anyway.
    let _ = stream.set_nodelay(true);
    let connection = Connection::new(shared.clone(), peer.ip());
    // Not traced: the peer's address is for logs alone, and a session can hold any number of transactions.
    let span = tracing::trace_span!("smtp.session", peer = %peer.ip());
    let talk = async move {
        connection.run(stream).await;
        drop(admission);
    };
    tasks.spawn(talk.instrument(span));
}

/// Says why, without waiting for a client that does not read.
fn turn_away(stream: TcpStream) {
    let mut replies = Replies::default();
    replies.push(reply::TOO_MANY_CONNECTIONS);
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write(replies.as_str().as_bytes());
    }
}

/// Whether an error of `accept` concerns the connection that it was about, and not the listener.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}
