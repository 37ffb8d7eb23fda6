//! A place for a request that hashes a password. The queue of the auth service is short and shared by everyone, so one client
//! may have only some requests on their way to it.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{extract::FromRequestParts, http::request::Parts};
use mayfly_rpc::Failure;
use mayfly_runtime::shares::{Bounds, Exceeded, Share, Shares};

use crate::{
    app::App,
    edge::{client_address::ClientAddress, failure::FailureResponse},
};

/// Requests with passwords of one process: many, since each is counted before its body has come. The queue holds 64 by
/// default (`auth.hash_queue`); more are refused there.
const MAX_REQUESTS: Bounds = Bounds {
    total: 4096,
    share: 16,
    reserve: 1024,
    small: 2,
};
/// How long a request waits for others of its client.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// The places of a process.
#[derive(Debug, Clone)]
pub(crate) struct PasswordPermits(Arc<Shares<IpAddr>>);

impl Default for PasswordPermits {
    fn default() -> Self {
        Self(Shares::new(MAX_REQUESTS))
    }
}

/// A place, held until the request is answered.
#[derive(Debug)]
pub(crate) struct PasswordPermit {
    _share: Share<IpAddr>,
}

impl FromRequestParts<App> for PasswordPermit {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        let client = ClientAddress::from_request_parts(parts, app).await?;
        let share = app
            .password_permits
            .0
            .take_within(client.0, 1, ACQUIRE_TIMEOUT)
            .await;
        let share = share.map_err(|exceeded| match exceeded {
            Exceeded::Share => Failure::rate_limited(Duration::from_secs(1)),
            Exceeded::Pool => Failure::unavailable("too many requests hash passwords"),
        })?;
        Ok(Self { _share: share })
    }
}
