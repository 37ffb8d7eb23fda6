//! The table from failures to statuses, and the extractors of JSON bodies and queries.

use axum::{
    Json,
    extract::{
        FromRequest, FromRequestParts, Query, Request,
        rejection::{JsonRejection, QueryRejection},
    },
    http::{HeaderValue, StatusCode, header, request::Parts},
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
    match failure.reason {
        Reason::WrongHost => return StatusCode::MISDIRECTED_REQUEST,
        Reason::MethodNotAllowed => return StatusCode::METHOD_NOT_ALLOWED,
        _ => {}
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
        // The gateway renders it as its other failures.
        response.extensions_mut().insert(self.0);
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

/// The parameters of a query.
pub(crate) struct Parameters<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let parameters = Query::<T>::from_request_parts(parts, state).await;
        let invalid = |error: QueryRejection| Rejection(Failure::invalid_request(error.body_text()));
        parameters
            .map(|Query(parameters)| Self(parameters))
            .map_err(invalid)
    }
}
