//! The mailbox that a path names as `{account}`, and that the bearer token may act on.

use std::marker::PhantomData;

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use mayfly_proto::mailbox::Scope;
use mayfly_rpc::Failure;

use crate::{
    app::{
        App,
        principal::{Changer, Principal},
    },
    edge::{
        auth::{AnyPrincipal, needs::RouteNeeds},
        client_address::ClientAddress,
        failure::FailureResponse,
    },
};

/// The name of the path's segment.
const SEGMENT: &str = "account";

/// A mailbox of the caller: the own one of a mailbox token, or any of a Pro user. `N` is what the route needs of a Pro API token.
#[derive(Debug)]
pub(crate) struct Account<N> {
    pub(crate) scope: Scope,
    /// Of a Pro user.
    pub(crate) changer: Option<Changer>,
    needs: PhantomData<fn() -> N>,
}

/// A mailbox of a Pro user.
#[derive(Debug)]
pub(crate) struct OwnedAccount<N>(pub(crate) Account<N>);

impl<N: RouteNeeds> FromRequestParts<App> for Account<N> {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        let caller = AnyPrincipal::<N>::from_request_parts(parts, app).await?;
        let client = ClientAddress::from_request_parts(parts, app).await?;
        let changer = match &caller.principal {
            Principal::Pro(pro) => Some(pro.changer(client.0)),
            Principal::Mailbox { .. } => None,
        };
        Ok(Self {
            scope: scope(parts, app, caller.principal).await?,
            changer,
            needs: PhantomData,
        })
    }
}

impl<N: RouteNeeds> FromRequestParts<App> for OwnedAccount<N> {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        let caller = AnyPrincipal::<N>::from_request_parts(parts, app).await?;
        let Principal::Pro(pro) = caller.principal else {
            return Err(Failure::invalid_token().into());
        };
        let client = ClientAddress::from_request_parts(parts, app).await?;
        let changer = Some(pro.changer(client.0));
        Ok(Self(Account {
            scope: scope(parts, app, Principal::Pro(pro)).await?,
            changer,
            needs: PhantomData,
        }))
    }
}

async fn scope(parts: &mut Parts, app: &App, principal: Principal) -> Result<Scope, Failure> {
    let params = RawPathParams::from_request_parts(parts, app).await;
    let params = params.map_err(|_| Failure::not_found())?;
    let named = params.iter().find(|(name, _)| *name == SEGMENT);
    let (_, account) = named.ok_or_else(Failure::not_found)?;
    app.account_scope(principal, account).await
}
