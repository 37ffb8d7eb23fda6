//! The solution of a captcha, in a header.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, request::Parts},
};

const HEADER: HeaderName = HeaderName::from_static("x-captcha");

/// The solution that a client sends, if it sends one.
#[derive(Debug)]
pub(crate) struct CaptchaSolution(pub(crate) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for CaptchaSolution {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let value = parts.headers.get(HEADER);
        let text = value.and_then(|value| value.to_str().ok());
        Ok(Self(text.map(str::to_owned)))
    }
}
