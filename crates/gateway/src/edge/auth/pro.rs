//! Pro users, by JWT or by API token.

use std::{marker::PhantomData, net::IpAddr};

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use mayfly_proto::mailbox::Scope;
use mayfly_rpc::Failure;

use super::{authorize, bearer, needs::RouteNeeds, note_needs};
use crate::{
    app::{
        App,
        principal::{Changer, Owner, Principal, Pro},
    },
    edge::failure::FailureResponse,
};

/// What Pro API tokens begin with.
const PRO_TOKEN_PREFIX: &str = "tm_pro_";

/// A Pro user, by JWT or by API token. `N` is what the route needs of a token.
#[derive(Debug)]
pub(crate) struct ProPrincipal<N> {
    pub(crate) pro: Pro,
    needs: PhantomData<fn() -> N>,
}

impl<N> From<Pro> for ProPrincipal<N> {
    fn from(pro: Pro) -> Self {
        Self {
            pro,
            needs: PhantomData,
        }
    }
}

impl<N> ProPrincipal<N> {
    /// The user, within the limits of the token.
    pub(crate) fn owner(self) -> Owner {
        self.pro.owner()
    }

    /// All of this user's mailboxes, within the limits.
    pub(crate) fn any_scope(self) -> Scope {
        self.owner().any_scope()
    }

    /// One of this user's mailboxes, if it is one and within the limits.
    pub(crate) fn scope_of(self, account_id: String) -> Scope {
        self.owner().scope_of(account_id)
    }

    /// Who changes something, for the audit log.
    pub(crate) fn changer(&self, client: IpAddr) -> Changer {
        self.pro.changer(client)
    }
}

/// A Pro user, or an anonymous client. An invalid credential is rejected, not ignored.
#[derive(Debug)]
pub(crate) struct MaybePro<N>(pub(crate) Option<ProPrincipal<N>>);

/// A Pro user by API token, or anybody. Credentials of other kinds are ignored, even bad ones; a bad API token is rejected.
#[derive(Debug)]
pub(crate) struct MaybeProToken<N>(pub(crate) Option<ProPrincipal<N>>);

fn pro<N>(principal: Principal) -> Result<ProPrincipal<N>, Failure> {
    match principal {
        Principal::Pro(pro) => Ok(pro.into()),
        Principal::Mailbox { .. } => Err(Failure::invalid_token()),
    }
}

impl<N: RouteNeeds> FromRequestParts<App> for ProPrincipal<N> {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        note_needs::<N>(parts);
        let bearer = bearer(&parts.headers, parts.uri.query())?;
        Ok(pro(authorize::<N>(bearer, parts, app).await?)?)
    }
}

impl<N: RouteNeeds> FromRequestParts<App> for MaybePro<N> {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        if !parts.headers.contains_key(header::AUTHORIZATION) {
            return Ok(Self(None));
        }
        ProPrincipal::from_request_parts(parts, app)
            .await
            .map(|pro| Self(Some(pro)))
    }
}

impl<N: RouteNeeds> FromRequestParts<App> for MaybeProToken<N> {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        let value = parts.headers.get(header::AUTHORIZATION);
        let value = value.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let token = match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim_start_matches(' '),
            _ => value,
        };
        if !token.starts_with(PRO_TOKEN_PREFIX) {
            return Ok(Self(None));
        }
        let principal = authorize::<N>(token, parts, app).await?;
        Ok(Self(Some(pro(principal)?)))
    }
}
