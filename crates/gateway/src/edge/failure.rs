//! How a failure leaves a handler: as a response that carries it, until the dialect of the path gives it a status and a
//! body. So extractors and layers serve every dialect.

use axum::response::{IntoResponse, Response};
use mayfly_rpc::Failure;

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

/// The internal cause, passed to the access log with the response.
#[derive(Debug, Clone)]
pub(crate) struct ErrorDetail(pub(crate) String);
