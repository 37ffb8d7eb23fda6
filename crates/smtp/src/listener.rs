//! Accepts connections within the limits until the edge stops.

use std::{
    io::{self, Write},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use mayfly_runtime::task::Tasks;
use tokio::net::{TcpListener, TcpStream};
use tracing::Instrument;

use crate::{
    connection::{Connection, Start},
    context::Context,
    proxy_protocol,
    reply::{self, Replies},
};

/// The pause after an error such as too many open files, which lasts until other connections end.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// Accepts connections until the edge stops.
pub(crate) async fn accept(listener: TcpListener, start: Start, context: Context, tasks: Tasks) {
    let stopping = context.stopping.clone();
    while let Some(accepted) = stopping.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, peer)) => {
                let peer = peer.ip().to_canonical();
                if context.proxies.iter().any(|network| network.contains(&peer)) {
                    tasks.spawn(proxied_session(stream, peer, start, context.clone()));
                } else if let Some(session) = session(stream, peer, start, &context) {
                    tasks.spawn(session);
                }
            }
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

/// Reads the header of a proxy, then runs the session of the client that it names.
async fn proxied_session(mut stream: TcpStream, proxy: IpAddr, start: Start, context: Context) {
    match proxy_protocol::read_header(&mut stream).await {
        // A proxy that checks the health of the edge speaks for itself.
        Ok(client) => {
            let client = client.unwrap_or(proxy).to_canonical();
            if let Some(session) = session(stream, client, start, &context) {
                session.await;
            }
        }
        Err(error) => tracing::debug!(%proxy, %error, "no header of the PROXY protocol"),
    }
}

/// Prepares the session of an admitted client; rejects others.
fn session(
    stream: TcpStream,
    peer: IpAddr,
    start: Start,
    context: &Context,
) -> Option<impl Future<Output = ()> + use<>> {
    let Some(admission) = context.clients.admit(peer) else {
        context.metrics.connection_rejected();
        reject(stream);
        return None;
    };
    // Without TCP_NODELAY small replies wait for the client's acknowledgement. On an error the connection is dead anyway.
    let _ = stream.set_nodelay(true);
    let connection = Connection::new(context.clone(), peer);
    // Not traced: the peer's address is for logs only, and a session can have any number of transactions.
    let span = tracing::trace_span!("smtp.session", %peer);
    let (client, turns) = (admission.client, Arc::clone(&context.turns));
    let session = async move {
        connection.run(stream, start).await;
        drop(admission);
    };
    Some(turns.run(client, session.instrument(span)))
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
