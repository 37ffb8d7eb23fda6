//! One line and one measurement a request. The URL's query and every header stay out of it.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::StatusCode,
    middleware::Next,
    response::Response,
};
use opentelemetry::{KeyValue, metrics::Histogram};

use crate::{auth::CallerId, error::ErrorDetail};

/// The measurement of requests.
#[derive(Debug, Clone)]
pub(crate) struct AccessLog(Arc<Histogram<f64>>);

impl AccessLog {
    pub(crate) fn new() -> Self {
        let histogram = mayfly_runtime::telemetry::meter()
            .f64_histogram("http.server.request.duration")
            .with_unit("s")
            .with_description("Duration of requests by route and status")
            .build();
        Self(Arc::new(histogram))
    }
}

/// Logs and measures a request.
pub(crate) async fn log(
    State(AccessLog(duration)): State<AccessLog>,
    mut request: Request,
    next: Next,
) -> Response {
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
    let caller = CallerId::default();
    request.extensions_mut().insert(caller.clone());

    let mut response = next.run(request).await;

    let elapsed = started.elapsed();
    let status = response.status();
    let route = route.unwrap_or_else(|| "unmatched".into());
    let millis = elapsed.as_secs_f64() * 1000.0;
    let principal = caller.get().unwrap_or_default();
    let detail = response
        .extensions_mut()
        .remove::<ErrorDetail>()
        .map(|detail| detail.0)
        .unwrap_or_default();
    let code = status.as_u16();
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        tracing::error!(
            method,
            route = &*route,
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
            route = &*route,
            status = code,
            millis,
            principal,
            request_id,
            "request"
        );
    } else {
        tracing::warn!(
            method,
            route = &*route,
            status = code,
            millis,
            principal,
            request_id,
            detail,
            "request"
        );
    }
    let labels = [
        KeyValue::new("http.request.method", method),
        KeyValue::new("http.route", route),
        KeyValue::new("http.response.status_code", i64::from(code)),
    ];
    duration.record(elapsed.as_secs_f64(), &labels);
    response
}

/// A closed set: a method that nobody serves is a caller's text.
fn method_label(method: &axum::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "_OTHER",
    }
}
