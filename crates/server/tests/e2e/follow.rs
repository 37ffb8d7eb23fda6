//! Clients that follow mail: a WebSocket and a stream of events.

use std::{collections::VecDeque, net::SocketAddr, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, protocol::CloseFrame},
};

/// Longer than anything that is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What a socket says next.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Said {
    Text(Value),
    /// A close with its code.
    Closed(u16),
    /// The connection is gone without a close.
    Lost,
}

/// Opens a connection that holds little of what is not read, so that whoever writes to it soon has to wait.
pub(crate) async fn narrow(base: &str) -> TcpStream {
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
    /// Opens a socket; the status of the refusal otherwise.
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
    pub(crate) async fn follow(base: &str, token: &str, since: Option<&str>) -> Result<Self, Said> {
        let socket = Self::open(base, "/api/ws", &[]).await.map_err(|_| Said::Lost)?;
        socket.sign_in(token, since).await
    }

    /// The same over a connection of one's own.
    pub(crate) async fn follow_over(stream: TcpStream, base: &str, token: &str) -> Result<Self, Said> {
        let url = format!("{}/api/ws", base.replacen("http", "ws", 1));
        let opened = client_async(url, MaybeTlsStream::Plain(stream)).await;
        let (socket, _) = opened.map_err(|_| Said::Lost)?;
        Self(socket).sign_in(token, None).await
    }

    async fn sign_in(mut self, token: &str, since: Option<&str>) -> Result<Self, Said> {
        let mut auth = json!({"type": "auth", "token": token});
        if let Some(since) = since {
            auth["since"] = since.into();
        }
        self.say(&auth.to_string()).await;
        match self.next().await {
            Said::Text(text) if text == json!({"type": "auth_ok"}) => Ok(self),
            other => Err(other),
        }
    }

    pub(crate) async fn say(&mut self, text: &str) {
        let _ = self.0.send(Message::text(text)).await;
    }

    pub(crate) async fn next(&mut self) -> Said {
        tokio::time::timeout(PATIENCE, self.hear())
            .await
            .expect("something is said in time")
    }

    /// The same without end.
    pub(crate) async fn hear(&mut self) -> Said {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => {
                    return Said::Text(serde_json::from_str(&text).expect("JSON"));
                }
                Some(Ok(Message::Close(Some(CloseFrame { code, .. })))) => return Said::Closed(code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Said::Lost,
            }
        }
    }

    /// The error that is said before the close, and the close.
    pub(crate) async fn refusal(&mut self) -> (String, u16) {
        let Said::Text(text) = self.next().await else {
            panic!("an error comes first")
        };
        let Said::Closed(code) = self.next().await else {
            panic!("a close comes then")
        };
        (text["error"].as_str().unwrap_or_default().to_owned(), code)
    }
}

/// A stream of events, read as it comes.
#[derive(Debug)]
pub(crate) struct Events {
    response: reqwest::Response,
    rest: String,
    waiting: VecDeque<Event>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) data: Value,
}

impl Events {
    /// Opens a stream; the status of the refusal otherwise.
    pub(crate) async fn open(url: &str, token: Option<&str>, last: Option<&str>) -> Result<Self, u16> {
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
        let mut events = Self {
            response,
            rest: String::new(),
            waiting: VecDeque::new(),
        };
        let hello = events.next().await.ok_or(0_u16)?;
        assert_eq!(
            (hello.name.as_str(), hello.id.len()),
            ("", 36),
            "the cursor comes first"
        );
        Ok(events)
    }

    /// The next event; nothing when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        tokio::time::timeout(PATIENCE, self.hear())
            .await
            .expect("something comes in time")
    }

    /// The same without end.
    pub(crate) async fn hear(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
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
                    self.waiting.push_back(event);
                }
            }
        }
    }
}
