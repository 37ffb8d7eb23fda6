//! Whatever a client opens, the calls that it causes are made in its turns.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::http::Request;
use futures_util::{SinkExt, StreamExt};
use mayfly_rpc::Transport;
use mayfly_runtime::fair;
use parking_lot::Mutex;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};
use tower::{ServiceExt, util::BoxCloneSyncService};

use crate::support::World;

/// A method, the client it is called for, and whether the task takes turns.
type Call = (String, Option<IpAddr>, bool);

/// Records calls.
#[derive(Clone, Default)]
pub(crate) struct CallRecorder(Arc<Mutex<Vec<Call>>>);

impl CallRecorder {
    pub(crate) fn over(&self, inner: Transport) -> Transport {
        let recorder = self.clone();
        BoxCloneSyncService::new(tower::service_fn(move |request: Request<tonic::body::Body>| {
            let (recorder, inner) = (recorder.clone(), inner.clone());
            let method = request.uri().path().rsplit('/').next().unwrap_or_default();
            let call = (method.to_owned(), fair::client(), fair::current().needs_turns());
            recorder.0.lock().push(call);
            inner.oneshot(request)
        }))
    }

    /// Returns the client and the turns of the last call of a method.
    fn last(&self, method: &str) -> Option<(Option<IpAddr>, bool)> {
        let calls = self.0.lock();
        let of_method = calls.iter().rfind(|(name, _, _)| name == method);
        of_method.map(|(_, client, needs_turns)| (*client, *needs_turns))
    }
}

const IN_TURN: Option<(Option<IpAddr>, bool)> = Some((Some(IpAddr::V4(Ipv4Addr::LOCALHOST)), true));

#[expect(clippy::disallowed_methods, reason = "the test is the client")]
async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

#[tokio::test]
async fn frame_of_websocket_is_handled_in_turn() {
    let world = World::sqlite().await;
    let token = world.create_mailbox().await.token;
    let address = world.serve().await;
    let request = format!("ws://{address}/api/ws").into_client_request().unwrap();
    let stream = connect(address).await;
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    let auth = json!({"type": "auth", "token": token}).to_string();
    socket.send(Message::text(auth)).await.unwrap();
    let answer = socket.next().await.unwrap().unwrap();
    assert!(answer.is_text(), "{answer:?}");
    assert_eq!(world.calls.last("ValidateToken"), IN_TURN);
}

/// A frame of HTTP/2, from a client that sends the first stream.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags, 0, 0, 0, stream]);
    frame.extend(payload);
    frame
}

/// A field of a header without compression.
fn field(name: &str, value: &str) -> Vec<u8> {
    let mut field = vec![0];
    for text in [name, value] {
        match text.len() {
            short @ 0..127 => field.push(u8::try_from(short).unwrap()),
            long => {
                let (low, high) = ((long - 127) % 128, (long - 127) / 128);
                field.extend([127, u8::try_from(low | 128).unwrap(), u8::try_from(high).unwrap()]);
            }
        }
        field.extend(text.as_bytes());
    }
    field
}

#[tokio::test]
async fn stream_of_http2_is_handled_in_turn() {
    let world = World::sqlite().await;
    let token = world.create_mailbox().await.token;
    let mut client = connect(world.serve().await).await;
    let headers = [
        (":method", "GET"),
        (":scheme", "http"),
        (":path", "/api/me"),
        (":authority", "localhost"),
        ("authorization", &format!("Bearer {token}")),
    ];
    let block: Vec<u8> = headers
        .iter()
        .flat_map(|(name, value)| field(name, value))
        .collect();
    let mut sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    sent.extend(frame(4, 0, 0, b""));
    // The end of the headers and of the stream.
    sent.extend(frame(1, 5, 1, &block));
    client.write_all(&sent).await.unwrap();
    let mut received = Vec::new();
    while !String::from_utf8_lossy(&received).contains("ann@mayfly.test") {
        assert_ne!(client.read_buf(&mut received).await.unwrap(), 0, "{received:?}");
    }
    assert_eq!(world.calls.last("ValidateToken"), IN_TURN);
}
