//! The table from failures to statuses, and the extractor of JSON bodies.

use axum::{
    Json,
    extract::{FromRequest, Request, rejection::JsonRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use mayfly_rpc::Failure;
use mayfly_types::{ErrorCode, Reason};
use serde::de::DeserializeOwned;
use serde_json::json;

/// A failure as the answer of a route.
#[derive(Debug)]
pub(crate) struct Rejection(pub(crate) Failure);

impl From<tonic::Status> for Rejection {
    fn from(status: tonic::Status) -> Self {
        Self(status.into())
    }
}

fn status(failure: &Failure) -> StatusCode {
    if failure.reason == Reason::WrongHost {
        return StatusCode::MISDIRECTED_REQUEST;
    }
    match failure.code {
        ErrorCode::InvalidArgument => StatusCode::BAD_REQUEST,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::AlreadyExists | ErrorCode::FailedPrecondition => StatusCode::CONFLICT,
        ErrorCode::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorCode::PermissionDenied => StatusCode::FORBIDDEN,
        ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Unavailable | ErrorCode::Timeout => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let status = status(&self.0);
        let error = self.0.reason.as_str().to_lowercase();
        let mut response = (status, Json(json!({"error": error, "message": self.0.message}))).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"mayfly-admin\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// A JSON body, whatever its `Content-Type`.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Rejection;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, Rejection> {
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        let body = Json::<T>::from_request(request, state).await;
        let invalid = |error: JsonRejection| Rejection(Failure::invalid_request(error.body_text()));
        body.map(|Json(body)| Self(body)).map_err(invalid)
    }
}
