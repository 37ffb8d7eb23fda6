//! A local receiver of webhooks.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use mayfly_testkit::eventually_within;
use reqwest::header::{HeaderMap, HeaderName};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A received webhook request.
#[derive(Debug, Clone)]
pub(crate) struct WebhookRequest {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl WebhookRequest {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().expect("text")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// Answers 200 to every request. Clones share the requests.
#[derive(Debug, Clone)]
pub(crate) struct Receiver {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<WebhookRequest>>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let receiver = Self {
            address: listener.local_addr().expect("an address"),
            requests: Arc::default(),
        };
        let this = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let this = this.clone();
                tokio::spawn(async move { this.serve(stream).await });
            }
        });
        receiver
    }

    async fn serve(&self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        // A request that is cut short is not counted.
        while let Ok(1..) = stream.read_buf(&mut bytes).await {
            if let Some(request) = parse(&bytes) {
                self.requests.lock().unwrap().push(request);
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                    .await;
                return;
            }
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// All requests so far.
    pub(crate) fn requests(&self) -> Vec<WebhookRequest> {
        self.requests.lock().unwrap().clone()
    }

    /// Waits for that many requests; returns the last one.
    pub(crate) async fn until_received(&self, count: usize) -> WebhookRequest {
        let timeout = Duration::from_secs(20);
        eventually_within("webhook requests arrive", timeout, async || {
            self.requests.lock().unwrap().len() >= count
        })
        .await;
        self.requests().swap_remove(count - 1)
    }
}

/// Parses a complete request.
fn parse(bytes: &[u8]) -> Option<WebhookRequest> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: HeaderMap = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| {
            (
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                value.parse().unwrap(),
            )
        })
        .collect();
    let length: usize = headers["content-length"].to_str().ok()?.parse().ok()?;
    (body.len() == length).then(|| WebhookRequest {
        path,
        headers,
        body: body.to_owned(),
    })
}
