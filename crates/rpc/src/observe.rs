//! Server-side span and metrics of each call, by method and outcome.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use http::{Request, Response};
use mayfly_runtime::fair;
use opentelemetry::metrics::Histogram;
use tonic::{Code, body::Body};
use tower::Service;
use tracing::{Instrument, Span};

use super::trace_context::{client_of, code_of, finish, is_fault, method_of, record, server_span};

/// Measures the calls of a service.
#[derive(Debug, Clone)]
pub(super) struct Observe<S> {
    inner: S,
    duration: Histogram<f64>,
}

impl<S> Observe<S> {
    pub(super) fn new(inner: S) -> Self {
        let duration = mayfly_runtime::telemetry::seconds(
            "rpc.server.call.duration",
            "Duration of calls by method and status, streams to their first answer",
        );
        Self { inner, duration }
    }
}

impl<S, E> Service<Request<Body>> for Observe<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = E>,
    S::Future: Send + 'static,
    E: 'static,
{
    type Response = Response<Body>;
    type Error = E;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, E>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let started = Instant::now();
        // Health checks, five times a second on every connection, would flood a collector.
        let is_health = request.uri().path().starts_with("/grpc.health.v1.");
        let span = if is_health {
            Span::none()
        } else {
            server_span(&request)
        };
        let method = method_of(request.uri().path()).to_owned();
        let client = client_of(request.headers());
        let call = fair::scope(client, self.inner.call(request)).instrument(span.clone());
        let duration = self.duration.clone();
        Box::pin(async move {
            let outcome = call.await;
            let code = match &outcome {
                Ok(response) => code_of(response.headers()),
                Err(_) => Code::Internal,
            };
            finish(&span, code, is_fault(code));
            // An unknown path is text of the caller, which must not become a label.
            let method = if code == Code::Unimplemented {
                String::from("_OTHER")
            } else {
                method
            };
            record(&duration, started, method, code, is_fault(code));
            outcome
        })
    }
}
