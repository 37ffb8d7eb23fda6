//! The mailbox that a path names as `{account}`, and that the bearer token may act on.

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use mayfly_proto::{auth::validate_token_response::Principal, mailbox::Scope};
use mayfly_rpc::Failure;

use crate::{
    app::App,
    edge::{
        auth::{AnyPrincipal, ProPrincipal},
        failure::FailureResponse,
    },
};

/// The name of the path's segment.
const SEGMENT: &str = "account";

/// A mailbox of the caller: the own one of a mailbox token, or any of a Pro user.
#[derive(Debug)]
pub(crate) struct Account(pub(crate) Scope);

/// A mailbox of a Pro user.
#[derive(Debug)]
pub(crate) struct OwnedAccount(pub(crate) Scope);

impl FromRequestParts<App> for Account {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        let caller = AnyPrincipal::from_request_parts(parts, app).await?;
        Ok(Self(scope(parts, app, caller.principal).await?))
    }
}

impl FromRequestParts<App> for OwnedAccount {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        let pro = ProPrincipal::from_request_parts(parts, app).await?;
        let principal = Principal::Pro(mayfly_proto::auth::ProPrincipal {
            user_id: pro.user_id,
            token_id: None,
        });
        Ok(Self(scope(parts, app, principal).await?))
    }
}

async fn scope(parts: &mut Parts, app: &App, principal: Principal) -> Result<Scope, Failure> {
    let params = RawPathParams::from_request_parts(parts, app).await;
    let params = params.map_err(|_| Failure::not_found())?;
    let named = params.iter().find(|(name, _)| *name == SEGMENT);
    let (_, account) = named.ok_or_else(Failure::not_found)?;
    app.account_scope(principal, account).await
}
