//! How a failure leaves a handler: as a response that carries it, until the dialect of the path gives it a status and a
//! body. So extractors and layers serve every dialect.

use std::time::Duration;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use mayfly_rpc::Failure;

/// The URL of the metadata of the protected resource (RFC 9728), passed to the challenge with the response.
#[derive(Debug, Clone)]
pub(crate) struct ResourceMetadata(pub(crate) String);

/// A failure as a response that has yet to be rendered.
#[derive(Debug)]
pub(crate) struct FailureResponse(pub(crate) Failure);

impl From<Failure> for FailureResponse {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl From<tonic::Status> for FailureResponse {
    fn from(status: tonic::Status) -> Self {
        Self(status.into())
    }
}

impl IntoResponse for FailureResponse {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        response.extensions_mut().insert(self.0);
        response
    }
}

/// Returns the seconds of `Retry-After` for a status that has one.
pub(crate) fn retry_after_secs(failure: &Failure, status: StatusCode) -> Option<u64> {
    let is_temporary = matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    );
    let wait = failure.retry_after.unwrap_or(Duration::from_secs(1));
    let secs = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    is_temporary.then_some(secs.max(1))
}

/// Where in a value the error is, in characters from its start, passed to the dialect with the response.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ErrorPosition(pub(crate) usize);

/// The internal cause, passed to the access log with the response.
#[derive(Debug, Clone)]
pub(crate) struct ErrorDetail(pub(crate) String);
