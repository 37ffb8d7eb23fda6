//! Bearer extractors: the type in a handler's signature is its permission.

pub(crate) mod needs;
mod pro;
mod streams;

use std::sync::{Arc, OnceLock};

use axum::{
    extract::{FromRequestParts, MatchedPath},
    http::{HeaderMap, header, request::Parts},
};
use mayfly_proto::mailbox::{Scope, scope::Caller};
use mayfly_rpc::Failure;
use mayfly_types::{ErrorCode, Reason};
use secrecy::{ExposeSecret, SecretString};

use self::needs::{Needs, RouteNeeds};
pub(crate) use self::{
    pro::{MaybePro, MaybeProToken, ProPrincipal},
    streams::{Follower, MailboxFollower, MailboxStream, MessageReader, ProFollower},
};
use crate::{
    app::{
        App,
        principal::{Principal, scope},
        tickets::Purpose,
    },
    edge::{client_address::ClientAddress, failure::FailureResponse},
};

/// The query parameter with a ticket.
const TICKET_PARAMETER: &str = "ticket";
/// Longer tokens are rejected before the auth service is called; no valid one comes near.
const MAX_TOKEN_BYTES: usize = 2048;

/// A mailbox that acts for itself.
#[derive(Debug)]
pub(crate) struct MailboxPrincipal {
    pub(crate) account_id: String,
}

/// Carries what the extractor learns to the access log and the headers of the answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallerFacts(Arc<Facts>);

#[derive(Debug, Default)]
struct Facts {
    id: OnceLock<String>,
    needs: OnceLock<Needs>,
}

impl CallerFacts {
    /// The id of the caller, once it is known.
    pub(crate) fn id(&self) -> Option<&str> {
        self.0.id.get().map(String::as_str)
    }

    /// Notes who calls.
    pub(crate) fn set_id(&self, id: &str) {
        let _ = self.0.id.set(id.to_owned());
    }

    /// What the route needs of a Pro API token, if it takes one.
    pub(crate) fn needs(&self) -> Option<Needs> {
        self.0.needs.get().copied()
    }
}

impl MailboxPrincipal {
    pub(crate) fn scope(self) -> Scope {
        scope(Caller::AccountId(self.account_id))
    }
}

/// Reads the one bearer token of a request (RFC 6750). A credential in the URL is ignored, except that two credentials are
/// rejected.
pub(crate) fn bearer<'a>(headers: &'a HeaderMap, query: Option<&str>) -> Result<&'a str, Failure> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Err(Failure::new(
            ErrorCode::Unauthenticated,
            Reason::MissingCredential,
            "a valid bearer token is needed",
        ));
    };
    let has_query_token = query.is_some_and(|query| {
        form_urlencoded::parse(query.as_bytes())
            .any(|(key, _)| key == "access_token" || key == TICKET_PARAMETER)
    });
    if values.next().is_some() || has_query_token {
        return Err(Failure::invalid_request(
            "send one credential, in one Authorization header",
        ));
    }
    let value = value.to_str().map_err(|_| Failure::invalid_token())?;
    let (scheme, token) = value.split_once(' ').ok_or_else(Failure::invalid_token)?;
    let token = token.trim_start_matches(' ');
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || token.len() > MAX_TOKEN_BYTES {
        return Err(Failure::invalid_token());
    }
    Ok(token)
}

/// Returns the bearer token of a request to a route that takes tickets for a purpose: the one in the header, or the one
/// that the ticket in the URL stands for. It has yet to be validated.
pub(crate) async fn bearer_or_ticket(
    parts: &Parts,
    app: &App,
    purpose: &Purpose,
) -> Result<SecretString, Failure> {
    let query = parts.uri.query().unwrap_or_default();
    let mut tickets = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == TICKET_PARAMETER);
    match tickets.next() {
        Some((_, ticket)) if !parts.headers.contains_key(header::AUTHORIZATION) => {
            if tickets.next().is_some() {
                return Err(Failure::invalid_request("send one ticket"));
            }
            app.tickets.redeem(&ticket, purpose).await
        }
        _ => Ok(bearer(&parts.headers, parts.uri.query())?.into()),
    }
}

/// Validates a token, records its principal for the access log, and rejects a Pro API token that has not what the route needs.
///
/// # Errors
/// `InsufficientScope`; otherwise as [`App::authenticate`].
pub(crate) async fn authorize<N: RouteNeeds>(
    token: &str,
    parts: &Parts,
    app: &App,
) -> Result<Principal, Failure> {
    note_needs::<N>(parts);
    let principal = authenticate(token, parts, app).await?;
    if let Principal::Pro(pro) = &principal
        && !N::NEEDS.are_met_by(pro)
    {
        let client = parts.extensions.get::<ClientAddress>().map(|client| client.0);
        app.report_refusal(pro, client, action(parts), &N::NEEDS.header());
        return Err(N::NEEDS.failure());
    }
    Ok(principal)
}

/// Names a request in the audit log: by its method and route, which hold nothing of the client.
fn action(parts: &Parts) -> String {
    let route = parts.extensions.get::<MatchedPath>();
    let route = route.map_or("unmatched", MatchedPath::as_str);
    format!("{} {route}", parts.method)
}

/// Notes that a route takes Pro API tokens, for requests that fail before a token is validated.
fn note_needs<N: RouteNeeds>(parts: &Parts) {
    if let Some(CallerFacts(facts)) = parts.extensions.get() {
        let _ = facts.needs.set(N::NEEDS);
    }
}

/// A principal of any kind, and its credential. `N` is what the route needs of a Pro API token.
#[derive(Debug)]
pub(crate) struct AnyPrincipal<N> {
    pub(crate) principal: Principal,
    pub(crate) bearer: SecretString,
    needs: std::marker::PhantomData<fn() -> N>,
}

impl<N: RouteNeeds> FromRequestParts<App> for AnyPrincipal<N> {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        note_needs::<N>(parts);
        let bearer = SecretString::from(bearer(&parts.headers, parts.uri.query())?);
        let principal = authorize::<N>(bearer.expose_secret(), parts, app).await?;
        Ok(Self {
            principal,
            bearer,
            needs: std::marker::PhantomData,
        })
    }
}

impl FromRequestParts<App> for MailboxPrincipal {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        let bearer = bearer(&parts.headers, parts.uri.query())?;
        match authenticate(bearer, parts, app).await? {
            Principal::Mailbox { account_id } => Ok(Self { account_id }),
            Principal::Pro(_) => Err(Failure::invalid_token().into()),
        }
    }
}

/// Validates a token for a route that takes no Pro API token, and records its principal for the access log.
pub(crate) async fn authenticate(token: &str, parts: &Parts, app: &App) -> Result<Principal, Failure> {
    let client = parts.extensions.get::<ClientAddress>().map(|client| client.0);
    let principal = app.authenticate(token, client).await?;
    if let Some(caller) = parts.extensions.get::<CallerFacts>() {
        caller.set_id(match &principal {
            Principal::Mailbox { account_id } => account_id,
            Principal::Pro(pro) => &pro.user_id,
        });
    }
    Ok(principal)
}
