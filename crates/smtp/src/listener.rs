//! Accepts connections within the limits until the edge stops.

use std::{
    io::{self, Write},
    net::SocketAddr,
    time::Duration,
};

use mayfly_runtime::task::Tasks;
use tokio::net::{TcpListener, TcpStream};
use tracing::Instrument;

use crate::{
    connection::Connection,
    context::Context,
    reply::{self, Replies},
};

/// The pause after an error such as too many open files, which lasts until other connections end.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// Accepts connections until the edge stops.
pub(crate) async fn accept(listener: TcpListener, context: Context, tasks: Tasks) {
    let stopping = context.stopping.clone();
    while let Some(accepted) = stopping.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, peer)) => start_session(stream, peer, &context, &tasks),
            Err(error) if is_connection_error(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections");
                stopping
                    .run_until_cancelled(tokio::time::sleep(ACCEPT_BACKOFF))
                    .await;
            }
        }
    }
}

fn start_session(stream: TcpStream, peer: SocketAddr, context: &Context, tasks: &Tasks) {
    // A listener on `[::]` reports IPv4 peers as mapped IPv6 addresses.
    let peer = peer.ip().to_canonical();
    let Some(admission) = context.clients.admit(peer) else {
        context.metrics.connection_rejected();
        return reject(stream);
    };
    // Without TCP_NODELAY small replies wait for the client's acknowledgement. On an error the connection is dead anyway.
    let _ = stream.set_nodelay(true);
    let connection = Connection::new(context.clone(), peer);
    // Not traced: the peer's address is for logs only, and a session can have any number of transactions.
    let span = tracing::trace_span!("smtp.session", %peer);
    let session = async move {
        connection.run(stream).await;
        drop(admission);
    };
    tasks.spawn(session.instrument(span));
}

/// Writes the reason without waiting for a client that does not read.
fn reject(stream: TcpStream) {
    let mut replies = Replies::default();
    replies.push(reply::TOO_MANY_CONNECTIONS);
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write(replies.as_str().as_bytes());
    }
}

/// Returns whether an error of `accept` concerns one connection and not the listener.
fn is_connection_error(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}
