//! Calls of the public HTTP API.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::{Context, bail};
use mayfly_types::MessageId;
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url, header, redirect};
use serde_json::Value;
use tokio::time::Instant;

/// How long one call may take that waits for nothing.
pub(super) const LIMIT: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(10);
/// How long to stay away from a server that has no time and does not say for how long.
const PAUSE_SECS: u64 = 1;
const MAX_PAUSE_SECS: u64 = 10;

/// A user of one server, with the token of a mailbox or none.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
    /// Somebody has answered there.
    has_answered: AtomicBool,
}

impl Client {
    #[expect(clippy::disallowed_methods, reason = "who runs the command names the server")]
    pub(super) fn new(server: &Url, token: Option<&str>) -> anyhow::Result<Self> {
        // Nothing is followed: a token is for the server that was named.
        let builder = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT);
        let builder = match server.scheme() {
            // A machine without any certificates can still do without TLS.
            "http" => builder.tls_certs_only([]),
            "https" => builder,
            _ => bail!("--server: is not a URL of http or https"),
        };
        Ok(Self {
            http: builder.build().context("cannot make a client")?,
            base: server.as_str().trim_end_matches('/').to_owned(),
            token: token.map(str::to_owned),
            has_answered: AtomicBool::new(false),
        })
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Calls, and reads the answer's JSON; null where there is none.
    ///
    /// # Errors
    /// Says what the server says, or why there is no answer.
    pub(super) async fn call(&self, method: Method, path: &str) -> anyhow::Result<Value> {
        self.answer(self.request(method, path)).await
    }

    /// The same for a request that the caller shapes.
    pub(super) async fn answer(&self, request: RequestBuilder) -> anyhow::Result<Value> {
        let request = request.timeout(LIMIT);
        let response = self.send(request, Instant::now() + LIMIT).await?;
        self.json(response).await
    }

    /// Marks a message as read.
    pub(super) async fn mark_read(&self, id: MessageId) -> anyhow::Result<()> {
        self.call(Method::PUT, &format!("/api/messages/{id}/read"))
            .await?;
        Ok(())
    }

    /// Sends until the server has time, or until a moment. An answer is a success.
    pub(super) async fn send(&self, request: RequestBuilder, until: Instant) -> anyhow::Result<Response> {
        loop {
            let attempt = request
                .try_clone()
                .context("a request that cannot be sent twice")?;
            let response = attempt.send().await.map_err(|error| self.no_answer(error))?;
            self.has_answered.store(true, Ordering::Relaxed);
            let status = response.status();
            if status.is_success() {
                return Ok(response);
            }
            let is_busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&status);
            let again = Instant::now() + pause(&response);
            if !is_busy || again > until {
                return Err(self.refusal(response).await);
            }
            tokio::time::sleep_until(again).await;
        }
    }

    /// Reads an answer's JSON; null where it has no body.
    pub(super) async fn json(&self, response: Response) -> anyhow::Result<Value> {
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(Value::Null);
        }
        let body = response.bytes().await.map_err(|error| self.no_answer(error))?;
        serde_json::from_slice(&body).map_err(|_| self.stranger())
    }

    /// Tells whether a call that failed is worth another: the connection broke, or nobody answers where somebody did. A server
    /// that was never there is told at once.
    pub(super) fn may_come_back(&self, error: &anyhow::Error) -> bool {
        match error.downcast_ref::<reqwest::Error>() {
            Some(error) if error.is_connect() => self.has_answered.load(Ordering::Relaxed),
            // Who breaks off was there.
            Some(_) => {
                self.has_answered.store(true, Ordering::Relaxed);
                true
            }
            None => false,
        }
    }

    /// What answers there is something else.
    pub(super) fn stranger(&self) -> anyhow::Error {
        anyhow::anyhow!("{}: what answers there is not Mayfly", self.base)
    }

    fn no_answer(&self, error: reqwest::Error) -> anyhow::Error {
        // The URL may hold what was searched for, and is known.
        anyhow::Error::new(error.without_url()).context(format!("{}: no answer", self.base))
    }

    async fn refusal(&self, response: Response) -> anyhow::Error {
        let status = response.status().as_u16();
        if let Some(place) = response.headers().get(header::LOCATION) {
            let place = String::from_utf8_lossy(place.as_bytes()).into_owned();
            return anyhow::anyhow!("{}: sends elsewhere, to {}", self.base, place.escape_debug());
        }
        let body = response.bytes().await.unwrap_or_default();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        match (body["error"].as_str(), body["message"].as_str()) {
            (Some(code), Some(message)) => anyhow::anyhow!(
                "{}: {status} {}: {}",
                self.base,
                code.escape_debug(),
                message.escape_debug()
            ),
            _ => anyhow::anyhow!("{}: answers {status}", self.base),
        }
    }
}

/// The messages of a page or of a wait.
pub(super) fn items(answer: &Value) -> &[Value] {
    answer["messages"].as_array().map_or(&[], Vec::as_slice)
}

fn pause(response: &Response) -> Duration {
    let said = response.headers().get(header::RETRY_AFTER);
    let secs = said
        .and_then(|said| said.to_str().ok()?.parse().ok())
        .unwrap_or(PAUSE_SECS);
    Duration::from_secs(secs.clamp(PAUSE_SECS, MAX_PAUSE_SECS))
}
