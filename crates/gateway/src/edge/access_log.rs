//! One line, one measurement and one span a request. The URL's path and query and every header stay out of them.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::StatusCode,
    middleware::Next,
    response::Response,
};
use mayfly_runtime::telemetry;
use opentelemetry::{KeyValue, metrics::Histogram};
use tracing::{Instrument, Span, field};

use crate::{edge::auth::CallerFacts, edge::failure::ErrorDetail};

/// The measurement of requests.
#[derive(Debug, Clone)]
pub(crate) struct AccessLog {
    duration: Arc<Histogram<f64>>,
    scheme: &'static str,
}

impl AccessLog {
    pub(crate) fn new(is_tls: bool) -> Self {
        let duration = telemetry::seconds(
            "http.server.request.duration",
            "Duration of requests by route and status",
        );
        Self {
            duration: Arc::new(duration),
            scheme: if is_tls { "https" } else { "http" },
        }
    }

    fn record(&self, seconds: f64, method: &'static str, route: Option<Arc<str>>, status: StatusCode) {
        let mut labels = Vec::with_capacity(5);
        labels.extend([
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.response.status_code", i64::from(status.as_u16())),
            KeyValue::new("url.scheme", self.scheme),
        ]);
        labels.extend(route.map(|route| KeyValue::new("http.route", route)));
        if status.is_server_error() {
            labels.push(KeyValue::new("error.type", status.as_u16().to_string()));
        }
        self.duration.record(seconds, &labels);
    }

    /// Starts a trace. A `traceparent` of the client is linked, not continued.
    fn span(&self, request: &Request, method: &'static str, route: Option<&str>, request_id: &str) -> Span {
        let span = tracing::debug_span!(
            parent: None,
            "http",
            otel.name = name(method, route),
            otel.kind = "server",
            http.request.method = method,
            http.route = route,
            http.response.status_code = field::Empty,
            url.scheme = self.scheme,
            error.type = field::Empty,
            otel.status_code = field::Empty,
            request_id,
        );
        telemetry::link_remote(&span, request.headers());
        span
    }
}

/// An unknown method is text of the client, so it is not part of the name.
fn name(method: &'static str, route: Option<&str>) -> String {
    let method = if method == OTHER { "HTTP" } else { method };
    route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}"))
}

/// Logs and measures a request.
pub(crate) async fn log(State(access_log): State<AccessLog>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| Arc::<str>::from(path.as_str()));
    let method = method_label(request.method());
    let request_id = request
        .headers()
        .get("x-request-id")
        .and_then(|id| id.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let caller = CallerFacts::default();
    request.extensions_mut().insert(caller.clone());
    let span = access_log.span(&request, method, route.as_deref(), &request_id);

    let mut response = next.run(request).instrument(span.clone()).await;

    let elapsed = started.elapsed();
    let status = response.status();
    let detail = response
        .extensions_mut()
        .remove::<ErrorDetail>()
        .map(|detail| detail.0)
        .unwrap_or_default();
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("error.type", status.as_str());
        span.record("otel.status_code", "error");
    }
    span.in_scope(|| {
        let line = Line {
            method,
            route: route.as_deref().unwrap_or("unmatched"),
            status,
            millis: elapsed.as_secs_f64() * 1000.0,
            principal: caller.id().unwrap_or_default(),
            request_id: &request_id,
            detail: &detail,
        };
        line.write();
    });
    access_log.record(elapsed.as_secs_f64(), method, route, status);
    response
}

struct Line<'a> {
    method: &'static str,
    route: &'a str,
    status: StatusCode,
    millis: f64,
    principal: &'a str,
    request_id: &'a str,
    detail: &'a str,
}

impl Line<'_> {
    fn write(&self) {
        let Self {
            method,
            route,
            status,
            millis,
            principal,
            request_id,
            detail,
        } = *self;
        let code = status.as_u16();
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(
                method,
                route,
                status = code,
                millis,
                principal,
                request_id,
                detail,
                "request"
            );
        } else if detail.is_empty() {
            tracing::info!(
                method,
                route,
                status = code,
                millis,
                principal,
                request_id,
                "request"
            );
        } else {
            tracing::warn!(
                method,
                route,
                status = code,
                millis,
                principal,
                request_id,
                detail,
                "request"
            );
        }
    }
}

const OTHER: &str = "_OTHER";

/// A closed set of labels: an unknown method is text of the client.
fn method_label(method: &axum::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => OTHER,
    }
}
