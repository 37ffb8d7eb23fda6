//! A deadline on every call. Without this layer only the network transport would enforce `grpc-timeout`.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderMap, HeaderValue, Request, Response};
use tonic::{Status, body::Body};
use tower::Service;

/// The deadline of a call without `grpc-timeout`.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// Ends calls at their deadline.
#[derive(Debug, Clone)]
pub(super) struct Deadline<S>(pub(super) S);

impl<S> Service<Request<Body>> for Deadline<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Status>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let timeout = timeout_of(request.headers()).unwrap_or_else(|| {
            request
                .headers_mut()
                .insert("grpc-timeout", HeaderValue::from_static("5S"));
            DEFAULT_TIMEOUT
        });
        let call = self.0.call(request);
        Box::pin(async move {
            let elapsed = |_| Status::deadline_exceeded("the call took too long");
            tokio::time::timeout(timeout, call).await.map_err(elapsed)?
        })
    }
}

/// Reads `grpc-timeout`: at most eight digits and a unit.
fn timeout_of(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = number.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeout_of_reads_the_default_and_tonic_timeouts() {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-timeout", HeaderValue::from_static("5S"));
        assert_eq!(timeout_of(&headers), Some(DEFAULT_TIMEOUT));
        let mut request = tonic::Request::new(());
        request.set_timeout(Duration::from_millis(250));
        let headers = request.metadata().clone().into_headers();
        assert_eq!(timeout_of(&headers), Some(Duration::from_millis(250)));
    }
}
