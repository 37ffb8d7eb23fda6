//! The spans at both ends of a call, local or remote, joined by W3C trace context.

use std::{
    future::Future,
    net::IpAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use futures_util::future::Either;
use http::{HeaderMap, HeaderValue, Request, Response};
use opentelemetry::{KeyValue, metrics::Histogram};
use tonic::{Code, Status, body::Body};
use tower::Service;
use tracing::{Instrument, Span, field};

use mayfly_runtime::{fair, telemetry};

/// The metadata key that carries the client's address.
const CLIENT: &str = "mayfly-client";

/// The client side: a span for each call, propagated to the server, and a measurement of remote calls.
#[derive(Debug, Clone)]
pub(super) struct TraceCalls<S> {
    inner: S,
    duration: Option<Histogram<f64>>,
}

impl<S> TraceCalls<S> {
    /// Local calls are measured by the server side only.
    pub(super) fn local(inner: S) -> Self {
        Self {
            inner,
            duration: None,
        }
    }

    pub(super) fn remote(inner: S) -> Self {
        let duration = telemetry::seconds(
            "rpc.client.call.duration",
            "Duration of calls to other processes by method and status, streams to their first answer",
        );
        Self {
            inner,
            duration: Some(duration),
        }
    }
}

impl<S> Service<Request<Body>> for TraceCalls<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Status>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Status;
    type Future = Either<S::Future, Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if self.duration.is_some() {
            name_client(request.headers_mut());
        }
        let span = span("client", request.uri().path());
        if span.is_disabled() && self.duration.is_none() {
            return Either::Left(self.inner.call(request));
        }
        telemetry::inject(&span, request.headers_mut());
        let (started, duration) = (Instant::now(), self.duration.clone());
        let method = method_of(request.uri().path()).to_owned();
        let call = self.inner.call(request).instrument(span.clone());
        Either::Right(Box::pin(async move {
            let outcome = call.await;
            let code = match &outcome {
                Ok(response) => code_of(response.headers()),
                Err(status) => status.code(),
            };
            finish(&span, code, code != Code::Ok);
            if let Some(duration) = duration {
                record(&duration, started, method, code, code != Code::Ok);
            }
            outcome
        }))
    }
}

/// Names the client that a remote call is for, so that clients take turns there too.
fn name_client(headers: &mut HeaderMap) {
    let client = fair::client().and_then(|client| HeaderValue::try_from(client.to_string()).ok());
    if let Some(client) = client {
        headers.insert(CLIENT, client);
    }
}

/// Returns the client that a call is for: as its caller names it, or that of the current task.
pub(super) fn client_of(headers: &HeaderMap) -> Option<IpAddr> {
    let named = headers.get(CLIENT).and_then(|client| client.to_str().ok());
    named.and_then(|client| client.parse().ok()).or_else(fair::client)
}

/// The server span, a child of the client span.
pub(super) fn server_span(request: &Request<Body>) -> Span {
    let span = span("server", request.uri().path());
    telemetry::set_remote_parent(&span, request.headers());
    span
}

fn span(kind: &'static str, path: &str) -> Span {
    tracing::debug_span!(
        "rpc",
        otel.name = method_of(path),
        otel.kind = kind,
        rpc.system.name = "grpc",
        rpc.method = method_of(path),
        rpc.response.status_code = field::Empty,
        error.type = field::Empty,
        otel.status_code = field::Empty,
    )
}

/// Returns the method of a path, such as `mayfly.auth.v1.Auth/SignIn`.
pub(super) fn method_of(path: &str) -> &str {
    path.strip_prefix('/').unwrap_or(path)
}

/// The status code in the headers of an answer. Without one the answer has begun successfully; trailers are not awaited.
pub(super) fn code_of(headers: &HeaderMap) -> Code {
    headers
        .get("grpc-status")
        .map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()))
}

/// Records the outcome of a call on its span.
pub(super) fn finish(span: &Span, code: Code, is_error: bool) {
    if span.is_disabled() {
        return;
    }
    span.record("rpc.response.status_code", name(code));
    if is_error {
        span.record("error.type", name(code));
        span.record("otel.status_code", "error");
    }
}

/// Records the duration of a call.
pub(super) fn record(
    duration: &Histogram<f64>,
    started: Instant,
    method: String,
    code: Code,
    is_error: bool,
) {
    let labels = [
        KeyValue::new("rpc.system.name", "grpc"),
        KeyValue::new("rpc.method", method),
        KeyValue::new("rpc.response.status_code", name(code)),
        KeyValue::new("error.type", name(code)),
    ];
    let count = if is_error { labels.len() } else { labels.len() - 1 };
    duration.record(started.elapsed().as_secs_f64(), &labels[..count]);
}

/// Returns whether the service failed, rather than its caller.
pub(super) fn is_fault(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}

fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
