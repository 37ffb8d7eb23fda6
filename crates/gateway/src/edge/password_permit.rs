//! A permit for a request that hashes a password, taken before its body is read.

use std::net::IpAddr;

use axum::{extract::FromRequestParts, http::request::Parts};
use mayfly_runtime::shares::Share;

use crate::{
    app::App,
    edge::{client_address::ClientAddress, failure::FailureResponse},
};

/// A permit, held until the request is answered.
#[derive(Debug)]
pub(crate) struct PasswordPermit {
    _share: Share<IpAddr>,
}

impl FromRequestParts<App> for PasswordPermit {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        let client = ClientAddress::from_request_parts(parts, app).await?;
        let share = app.password_permits.acquire(client.0).await?;
        Ok(Self { _share: share })
    }
}
