//! Streaming clients: a WebSocket and a stream of server-sent events.

use std::{collections::VecDeque, net::SocketAddr, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, protocol::CloseFrame},
};

/// Upper bound of every wait for a frame or an event.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(20);

/// What a client receives on a WebSocket.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Frame {
    Text(Value),
    /// A close frame with its code.
    Closed(u16),
    /// The connection ended without a close frame.
    Lost,
}

/// Opens a connection with a small receive buffer: a writer blocks soon when the client stops reading.
pub(crate) async fn connect_with_small_buffer(base: &str) -> TcpStream {
    let address: SocketAddr = base
        .strip_prefix("http://")
        .and_then(|address| address.parse().ok())
        .expect("an address");
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a size");
    socket.connect(address).await.expect("a connection")
}

#[derive(Debug)]
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens a socket. The error is the status of the rejected upgrade.
    pub(crate) async fn open(base: &str, path: &str, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let url = format!("{}{path}", base.replacen("http", "ws", 1));
        let mut request = url.into_client_request().expect("a request");
        for (name, value) in headers {
            request
                .headers_mut()
                .append(*name, value.parse().expect("a value"));
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(_) => Err(0),
        }
    }

    /// Opens a socket and signs in.
    pub(crate) async fn follow(base: &str, token: &str, since: Option<&str>) -> Result<Self, Frame> {
        let socket = Self::open(base, "/api/ws", &[]).await.map_err(|_| Frame::Lost)?;
        socket.sign_in(token, since).await
    }

    /// Opens a socket over the given connection and signs in.
    pub(crate) async fn follow_over(stream: TcpStream, base: &str, token: &str) -> Result<Self, Frame> {
        let url = format!("{}/api/ws", base.replacen("http", "ws", 1));
        let opened = client_async(url, MaybeTlsStream::Plain(stream)).await;
        let (socket, _) = opened.map_err(|_| Frame::Lost)?;
        Self(socket).sign_in(token, None).await
    }

    async fn sign_in(mut self, token: &str, since: Option<&str>) -> Result<Self, Frame> {
        let mut auth = json!({"type": "auth", "token": token});
        if let Some(since) = since {
            auth["since"] = since.into();
        }
        self.send_text(&auth.to_string()).await;
        match self.next().await {
            Frame::Text(text) if text == json!({"type": "auth_ok"}) => Ok(self),
            other => Err(other),
        }
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        let _ = self.0.send(Message::text(text)).await;
    }

    pub(crate) async fn next(&mut self) -> Frame {
        tokio::time::timeout(TIMEOUT, self.receive())
            .await
            .expect("a frame arrives in time")
    }

    /// Waits for the next frame without a time-out.
    pub(crate) async fn receive(&mut self) -> Frame {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => {
                    return Frame::Text(serde_json::from_str(&text).expect("JSON"));
                }
                Some(Ok(Message::Close(Some(CloseFrame { code, .. })))) => return Frame::Closed(code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Frame::Lost,
            }
        }
    }

    /// The error frame and the close code that follows it.
    pub(crate) async fn refusal(&mut self) -> (String, u16) {
        let Frame::Text(text) = self.next().await else {
            panic!("an error frame comes first")
        };
        let Frame::Closed(code) = self.next().await else {
            panic!("a close frame follows")
        };
        (text["error"].as_str().unwrap_or_default().to_owned(), code)
    }
}

/// A stream of server-sent events.
#[derive(Debug)]
pub(crate) struct Events {
    response: reqwest::Response,
    rest: String,
    buffered: VecDeque<Event>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) data: Value,
}

impl Events {
    /// Opens a stream of the bearer API. The error is the status of the rejected request.
    pub(crate) async fn open(url: &str, token: Option<&str>, last: Option<&str>) -> Result<Self, u16> {
        let mut events = Self::open_silently(url, token, last).await?;
        let hello = events.next().await.ok_or(0_u16)?;
        assert_eq!(
            (hello.name.as_str(), hello.id.len()),
            ("", 36),
            "the cursor comes first"
        );
        Ok(events)
    }

    /// Opens a stream that begins without an event. The error is the status of the rejected request.
    pub(crate) async fn open_silently(
        url: &str,
        token: Option<&str>,
        last: Option<&str>,
    ) -> Result<Self, u16> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .build()
            .expect("a client");
        let mut request = client.get(url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let response = request.send().await.map_err(|_| 0_u16)?;
        if response.status() != 200 {
            return Err(response.status().as_u16());
        }
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Ok(Self {
            response,
            rest: String::new(),
            buffered: VecDeque::new(),
        })
    }

    /// The next event; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        tokio::time::timeout(TIMEOUT, self.receive())
            .await
            .expect("an event arrives in time")
    }

    /// Waits for the next event without a time-out.
    pub(crate) async fn receive(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.buffered.pop_front() {
                return Some(event);
            }
            let chunk = self.response.chunk().await.ok().flatten()?;
            self.rest.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
            while let Some(end) = self.rest.find("\n\n") {
                let block: String = self.rest.drain(..end + 2).collect();
                let mut event = Event::default();
                for line in block.lines() {
                    match line.split_once(": ") {
                        Some(("event", name)) => event.name = name.to_owned(),
                        Some(("id", id)) => event.id = id.to_owned(),
                        Some(("data", data)) => event.data = serde_json::from_str(data).expect("JSON"),
                        _ => {}
                    }
                }
                if event != Event::default() {
                    self.buffered.push_back(event);
                }
            }
        }
    }
}
