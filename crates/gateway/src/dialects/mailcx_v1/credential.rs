//! The credential of mail.cx `/v1`: the header `x-api-token` takes the place of the bearer token, so that handlers of the bearer API
//! serve this one too. Most routes need none.

use std::marker::PhantomData;

use axum::{
    extract::{FromRequestParts, Request},
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
    middleware::Next,
    response::Response,
};
use mayfly_rpc::Failure;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    app::{
        App,
        principal::{Owner, Principal},
        tickets::Purpose,
    },
    edge::{
        auth::{
            authorize, bearer,
            needs::{MessagesRead, RouteNeeds},
        },
        failure::FailureResponse,
    },
};

const API_TOKEN: HeaderName = HeaderName::from_static("x-api-token");
/// How tokens of anonymous sessions begin.
const ANONYMOUS_PREFIX: &str = "tm_anon_";
/// The query parameter of streams.
const QUERY_TOKEN: &str = "token";
/// No token, in the header of one.
const NO_TOKEN: HeaderValue = HeaderValue::from_static("Bearer ");

/// Puts the token in the place of the bearer token, whatever stands there.
pub(super) async fn use_api_token(mut request: Request, next: Next) -> Response {
    let headers = request.headers_mut();
    headers.remove(header::AUTHORIZATION);
    if let Some(authorization) = authorization(headers) {
        headers.insert(header::AUTHORIZATION, authorization);
    }
    next.run(request).await
}

fn authorization(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut tokens = headers.get_all(API_TOKEN).iter();
    let token = tokens.next()?;
    // Two tokens are none that is valid.
    if tokens.next().is_some() {
        return Some(NO_TOKEN);
    }
    let mut value = b"Bearer ".to_vec();
    value.extend_from_slice(token.as_bytes());
    let mut value = HeaderValue::from_bytes(&value).unwrap_or(NO_TOKEN);
    value.set_sensitive(true);
    Some(value)
}

/// A Pro user and the token. `N` is what the route needs of it.
#[derive(Debug)]
pub(crate) struct Pro<N> {
    pub(crate) owner: Owner,
    pub(crate) bearer: SecretString,
    needs: PhantomData<fn() -> N>,
}

/// A Pro user, or anybody. An invalid token is rejected, not ignored.
#[derive(Debug)]
pub(crate) struct Caller<N>(pub(crate) Option<Pro<N>>);

impl<N> Caller<N> {
    pub(crate) fn owner(&self) -> Option<Owner> {
        self.0.as_ref().map(|pro| pro.owner.clone())
    }
}

/// A Pro user, or anybody, who follows mail by a stream: the query can have a ticket or an anonymous token, since browsers send no
/// header.
#[derive(Debug)]
pub(crate) struct Follower(pub(crate) Caller<MessagesRead>);

impl<N: RouteNeeds> FromRequestParts<App> for Caller<N> {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        if !parts.headers.contains_key(header::AUTHORIZATION) {
            return Ok(Self(None));
        }
        let token = bearer(&parts.headers, None)?.to_owned();
        Ok(caller(token.into(), parts, app).await?)
    }
}

impl<N: RouteNeeds> FromRequestParts<App> for Pro<N> {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        let Caller(pro) = Caller::from_request_parts(parts, app).await?;
        Ok(pro.ok_or_else(Failure::invalid_token)?)
    }
}

impl FromRequestParts<App> for Follower {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        let Some(token) = query_token(parts) else {
            return Caller::from_request_parts(parts, app).await.map(Self);
        };
        if token.starts_with(ANONYMOUS_PREFIX) {
            return Ok(Self(caller(token.into(), parts, app).await?));
        }
        let bearer = app.tickets.redeem(&token, &Purpose::Events).await?;
        Ok(Self(caller(bearer, parts, app).await?))
    }
}

/// Returns the token in the query of a request without one in the header.
fn query_token(parts: &Parts) -> Option<String> {
    if parts.headers.contains_key(header::AUTHORIZATION) {
        return None;
    }
    let query = parts.uri.query().unwrap_or_default();
    let found = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == QUERY_TOKEN);
    found.map(|(_, token)| token.into_owned())
}

async fn caller<N: RouteNeeds>(token: SecretString, parts: &Parts, app: &App) -> Result<Caller<N>, Failure> {
    if token.expose_secret().starts_with(ANONYMOUS_PREFIX) {
        app.check_anonymous_token(token.expose_secret()).await?;
        return Ok(Caller(None));
    }
    match authorize::<N>(token.expose_secret(), parts, app).await? {
        Principal::Pro(pro) => Ok(Caller(Some(Pro {
            owner: pro.owner(),
            bearer: token,
            needs: PhantomData,
        }))),
        Principal::Mailbox { .. } => Err(Failure::invalid_token()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorization_is_the_one_api_token() {
        for (tokens, expected) in [
            (&[][..], None),
            (&["tm_pro_x"], Some("Bearer tm_pro_x")),
            (&[""], Some("Bearer ")),
            (&["a", "b"], Some("Bearer ")),
        ] {
            let mut headers = HeaderMap::new();
            for token in tokens {
                headers.append(API_TOKEN, HeaderValue::from_static(token));
            }
            let found = authorization(&headers);
            assert_eq!(
                found.as_ref().map(|value| value.to_str().unwrap()),
                expected,
                "{tokens:?}"
            );
        }
    }
}
