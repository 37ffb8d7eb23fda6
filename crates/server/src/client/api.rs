//! Calls of the public HTTP API.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::{Context, bail};
use mayfly_types::{MessageId, SecretKey};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url, header, redirect};
use serde_json::Value;
use tokio::time::Instant;

/// The time-out of a call that does not wait for mail.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The pause before a retry when an overloaded server sends no `Retry-After`.
const PAUSE_SECS: u64 = 1;
const MAX_PAUSE_SECS: u64 = 10;

/// An error answer of the server.
#[derive(Debug, thiserror::Error)]
#[error("{base}: {status} {}: {}", .code.escape_debug(), .message.escape_debug())]
pub(super) struct ApiError {
    base: String,
    status: u16,
    pub(super) code: String,
    message: String,
}

/// There is no response, or not the whole of it.
#[derive(Debug, thiserror::Error)]
#[error("{base}: no answer: {cause}")]
struct NoAnswer {
    base: String,
    cause: String,
    /// Nothing proves that there is a server.
    is_connect: bool,
}

/// A client of one server, with or without the token of a mailbox.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
    /// The server has responded before.
    has_answered: AtomicBool,
}

impl Client {
    #[expect(
        clippy::disallowed_methods,
        reason = "the user of the command names the server"
    )]
    pub(super) fn new(server: &Url, token: Option<&str>) -> anyhow::Result<Self> {
        // No redirects: the token must not reach another server.
        let builder = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT);
        let builder = match server.scheme() {
            // Plain HTTP must work on a machine without root certificates.
            "http" => builder.tls_certs_only([]),
            "https" => builder,
            _ => bail!("--server: must begin with http:// or https://"),
        };
        Ok(Self {
            http: builder.build().context("cannot create the HTTP client")?,
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

    /// Calls, and parses the JSON of the response; null without a body.
    ///
    /// # Errors
    /// Contains the server's error, or why there is no response.
    pub(super) async fn call(&self, method: Method, path: &str) -> anyhow::Result<Value> {
        self.send_json(self.request(method, path)).await
    }

    /// Sends a request, and parses the JSON of the response.
    pub(super) async fn send_json(&self, request: RequestBuilder) -> anyhow::Result<Value> {
        let request = request.timeout(CALL_TIMEOUT);
        let response = self.send(request, Instant::now() + CALL_TIMEOUT).await?;
        self.json(response).await
    }

    /// Sends a request, and returns the bytes of the response.
    pub(super) async fn bytes(&self, request: RequestBuilder) -> anyhow::Result<Vec<u8>> {
        let request = request.timeout(CALL_TIMEOUT);
        let response = self.send(request, Instant::now() + CALL_TIMEOUT).await?;
        let body = response.bytes().await.map_err(|error| self.no_answer(error))?;
        Ok(body.to_vec())
    }

    /// Marks a message as read. Returns whether it was unread: of concurrent calls, one gets true.
    pub(super) async fn mark_read(&self, id: MessageId) -> anyhow::Result<bool> {
        let request = self
            .request(Method::PUT, &format!("/api/messages/{id}/read"))
            // The outcome of an attempt that got 503 is unknown; the next one asks for it.
            .header("X-Mayfly-Claim", SecretKey::random().to_hex())
            .timeout(CALL_TIMEOUT);
        let response = self.send(request, Instant::now() + CALL_TIMEOUT).await?;
        let changed = response.headers().get("x-mayfly-changed");
        Ok(changed.is_none_or(|changed| changed != "false"))
    }

    /// Sends, and retries until a deadline while the server is overloaded. Returns only successful responses.
    pub(super) async fn send(&self, request: RequestBuilder, deadline: Instant) -> anyhow::Result<Response> {
        let response = self.send_until(request, deadline).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(self.error_of(response).await)
    }

    /// Sends, and retries until a deadline while the server is overloaded.
    async fn send_until(&self, request: RequestBuilder, deadline: Instant) -> anyhow::Result<Response> {
        loop {
            let attempt = request.try_clone().context("the request cannot be repeated")?;
            let response = attempt.send().await.map_err(|error| self.no_answer(error))?;
            self.has_answered.store(true, Ordering::Relaxed);
            let status = response.status();
            let is_busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&status);
            let retry_at = Instant::now() + pause(&response);
            if !is_busy || retry_at > deadline {
                return Ok(response);
            }
            tokio::time::sleep_until(retry_at).await;
        }
    }

    /// Sends as [`Client::send`] does, and returns an answer of JSON-RPC too whose status is an error.
    ///
    /// # Errors
    /// Contains the server's error, or why there is no response.
    pub(super) async fn send_json_rpc(
        &self,
        request: RequestBuilder,
        deadline: Instant,
    ) -> anyhow::Result<Value> {
        let response = self.send_until(request, deadline).await?;
        let status = response.status();
        if status.is_success() {
            return self.json(response).await;
        }
        let body = response.bytes().await.map_err(|error| self.no_answer(error))?;
        match serde_json::from_slice::<Value>(&body) {
            Ok(answer) if answer["jsonrpc"] == "2.0" => Ok(answer),
            _ => Err(self.error_with(status, &body)),
        }
    }

    /// Parses the JSON of a response; null without a body.
    pub(super) async fn json(&self, response: Response) -> anyhow::Result<Value> {
        let can_be_empty = [StatusCode::NO_CONTENT, StatusCode::ACCEPTED].contains(&response.status());
        let body = response.bytes().await.map_err(|error| self.no_answer(error))?;
        if can_be_empty && body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body).map_err(|_| self.not_mayfly())
    }

    /// Tells whether a failed call is worth a retry: the connection broke, or a server that has responded before refuses
    /// connections. A server that never responded is an error at once.
    pub(super) fn is_transient(&self, error: &anyhow::Error) -> bool {
        match error.downcast_ref::<NoAnswer>() {
            Some(error) if error.is_connect => self.has_answered.load(Ordering::Relaxed),
            // A broken connection proves that there was a server.
            Some(_) => {
                self.has_answered.store(true, Ordering::Relaxed);
                true
            }
            None => false,
        }
    }

    /// The error for a response that Mayfly does not send.
    pub(super) fn not_mayfly(&self) -> anyhow::Error {
        anyhow::anyhow!("{}: the response is not from Mayfly", self.base)
    }

    /// The error for a response that does not come, or not as a whole.
    pub(super) fn no_answer(&self, error: reqwest::Error) -> anyhow::Error {
        let is_connect = error.is_connect();
        // The layers above the cause say nothing more, and the URL can contain search terms.
        let error = anyhow::Error::new(error.without_url());
        anyhow::Error::new(NoAnswer {
            base: self.base.clone(),
            cause: error.root_cause().to_string(),
            is_connect,
        })
    }

    /// The error for a connection without a response.
    pub(super) fn no_answer_in_time(&self) -> anyhow::Error {
        anyhow::Error::new(NoAnswer {
            base: self.base.clone(),
            cause: "time-out".to_owned(),
            is_connect: true,
        })
    }

    async fn error_of(&self, response: Response) -> anyhow::Error {
        let status = response.status();
        if let Some(location) = response.headers().get(header::LOCATION) {
            let location = String::from_utf8_lossy(location.as_bytes()).into_owned();
            return anyhow::anyhow!("{}: redirects to {}", self.base, location.escape_debug());
        }
        let body = response.bytes().await.unwrap_or_default();
        self.error_with(status, &body)
    }

    fn error_with(&self, status: StatusCode, body: &[u8]) -> anyhow::Error {
        let status = status.as_u16();
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        match (body["error"].as_str(), body["message"].as_str()) {
            (Some(code), Some(message)) => anyhow::Error::new(ApiError {
                base: self.base.clone(),
                status,
                code: code.to_owned(),
                message: message.to_owned(),
            }),
            _ => anyhow::anyhow!("{}: answers {status}", self.base),
        }
    }
}

/// Returns the messages of a page or of a wait.
pub(super) fn items(body: &Value) -> &[Value] {
    body["messages"].as_array().map_or(&[], Vec::as_slice)
}

fn pause(response: &Response) -> Duration {
    let retry_after = response.headers().get(header::RETRY_AFTER);
    let secs = retry_after
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .unwrap_or(PAUSE_SECS);
    Duration::from_secs(secs.clamp(PAUSE_SECS, MAX_PAUSE_SECS))
}
