//! Path parameters. A segment that cannot be decoded names no object, so it is a 404.

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use mayfly_rpc::Failure;

use crate::edge::failure::FailureResponse;

/// The variable segments of a path, percent-decoded.
#[derive(Debug)]
pub(crate) struct Segments<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Segments<T> {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, FailureResponse> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(_) => Err(Failure::not_found().into()),
        }
    }
}
