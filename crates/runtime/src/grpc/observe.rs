//! Counts calls by method and outcome, and logs defects once, where they happen.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use http::{Request, Response};
use opentelemetry::{KeyValue, metrics::Histogram};
use tonic::{Code, body::Body};
use tower::Service;

/// Measures what a service answers.
#[derive(Debug, Clone)]
pub(super) struct Observe<S> {
    inner: S,
    duration: Histogram<f64>,
}

impl<S> Observe<S> {
    pub(super) fn new(inner: S) -> Self {
        let duration = crate::telemetry::meter()
            .f64_histogram("rpc.server.call.duration")
            .with_unit("s")
            .with_description("Duration of calls by method and status, streams to their first answer")
            .build();
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
        let path = request.uri().path().to_owned();
        let call = self.inner.call(request);
        let duration = self.duration.clone();
        Box::pin(async move {
            let outcome = call.await;
            let code = match &outcome {
                Ok(response) => response
                    .headers()
                    .get("grpc-status")
                    .map_or(Code::Ok, |v| Code::from_bytes(v.as_bytes())),
                Err(_) => Code::Internal,
            };
            // A path that no service knows is a caller's text, never a label.
            let method = if code == Code::Unimplemented {
                String::from("unknown")
            } else {
                path
            };
            let labels = [
                KeyValue::new("rpc.method", method),
                KeyValue::new("rpc.response.status_code", i64::from(code as i32)),
            ];
            duration.record(started.elapsed().as_secs_f64(), &labels);
            outcome
        })
    }
}
