//! Bearer extractors: the type in a handler's signature is its permission.

use std::sync::{Arc, OnceLock};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use mayfly_follow::Topic;
use mayfly_proto::{
    auth::validate_token_response::Principal,
    mailbox::{AnyOwnedBy, OwnedMailbox, Scope, scope::Caller},
};

use secrecy::{ExposeSecret, SecretString};

use mayfly_rpc::Failure;
use mayfly_types::{ErrorCode, Reason};

use crate::{
    app::{
        App,
        authenticate::{mailbox_topic, pro_topic, reading_scope},
        tickets::Purpose,
    },
    edge::{failure::FailureResponse, segments::Segments},
};

/// What Pro API tokens begin with.
const PRO_TOKEN_PREFIX: &str = "tm_pro_";
/// The query parameter with a ticket.
const TICKET_PARAMETER: &str = "ticket";
/// Longer tokens are rejected before the auth service is called; no valid one comes near.
const MAX_TOKEN_BYTES: usize = 2048;

/// A mailbox that acts for itself.
#[derive(Debug)]
pub(crate) struct MailboxPrincipal {
    pub(crate) account_id: String,
}

/// A Pro user, by JWT or by API token.
#[derive(Debug)]
pub(crate) struct ProPrincipal {
    pub(crate) user_id: String,
}

/// A Pro user, or an anonymous client. An invalid credential is rejected, not ignored.
#[derive(Debug)]
pub(crate) struct MaybePro(pub(crate) Option<ProPrincipal>);

/// A Pro user by API token, or anybody. Credentials of other kinds are ignored, even bad ones; a bad API token is rejected.
#[derive(Debug)]
pub(crate) struct MaybeProToken(pub(crate) Option<ProPrincipal>);

/// Carries the caller's id from the extractor to the access log.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallerId(Arc<OnceLock<String>>);

impl CallerId {
    pub(crate) fn get(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }
}

fn scope(caller: Caller) -> Scope {
    Scope { caller: Some(caller) }
}

impl MailboxPrincipal {
    pub(crate) fn scope(self) -> Scope {
        scope(Caller::AccountId(self.account_id))
    }
}

impl ProPrincipal {
    /// All of this user's mailboxes.
    pub(crate) fn any_scope(self) -> Scope {
        scope(Caller::AnyOwnedBy(AnyOwnedBy {
            owner_user_id: self.user_id,
        }))
    }

    /// One of this user's mailboxes, if it is one.
    pub(crate) fn scope_of(self, account_id: String) -> Scope {
        scope(Caller::Owned(OwnedMailbox {
            account_id,
            owner_user_id: self.user_id,
        }))
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

async fn principal(parts: &Parts, app: &App) -> Result<Principal, Failure> {
    validate(bearer(&parts.headers, parts.uri.query())?, parts, app).await
}

/// Validates a token, and records its principal for the access log.
pub(crate) async fn validate(token: &str, parts: &Parts, app: &App) -> Result<Principal, Failure> {
    let principal = app.authenticate(token).await?;
    if let Some(CallerId(caller)) = parts.extensions.get() {
        let id = match &principal {
            Principal::Mailbox(mailbox) => &mailbox.account_id,
            Principal::Pro(pro) => &pro.user_id,
        };
        let _ = caller.set(id.clone());
    }
    Ok(principal)
}

/// A principal of any kind, and its credential.
#[derive(Debug)]
pub(crate) struct AnyPrincipal {
    pub(crate) principal: Principal,
    pub(crate) bearer: SecretString,
}

/// Who may read a message: its mailbox, or the Pro user whose mailbox it is in; by bearer token, or by a ticket for the
/// message that the path names.
#[derive(Debug)]
pub(crate) struct MessageReader(pub(crate) Scope);

impl FromRequestParts<App> for AnyPrincipal {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        let bearer = SecretString::from(bearer(&parts.headers, parts.uri.query())?);
        let principal = validate(bearer.expose_secret(), parts, app).await?;
        Ok(Self { principal, bearer })
    }
}

/// A mailbox that follows its mail by a stream: with a bearer token, or a ticket for events.
#[derive(Debug)]
pub(crate) struct MailboxFollower(pub(crate) Follower);

/// A Pro user who follows the mail of all mailboxes by a stream: with a bearer token, or a ticket for events.
#[derive(Debug)]
pub(crate) struct ProFollower(pub(crate) Follower);

/// The topic to follow, and the credential that must stay valid meanwhile.
#[derive(Debug)]
pub(crate) struct Follower {
    pub(crate) topic: Topic,
    pub(crate) bearer: SecretString,
}

async fn follower(
    parts: &Parts,
    app: &App,
    topic: fn(&Principal) -> Result<Topic, Failure>,
) -> Result<Follower, Failure> {
    let bearer = bearer_or_ticket(parts, app, &Purpose::Events).await?;
    let principal = validate(bearer.expose_secret(), parts, app).await?;
    let topic = topic(&principal)?;
    Ok(Follower { topic, bearer })
}

/// A mailbox that follows itself by a stream, with a bearer token.
#[derive(Debug)]
pub(crate) struct MailboxStream {
    pub(crate) account_id: String,
    /// It must stay valid meanwhile.
    pub(crate) bearer: SecretString,
}

impl FromRequestParts<App> for MailboxStream {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        let AnyPrincipal { principal, bearer } = AnyPrincipal::from_request_parts(parts, app).await?;
        match principal {
            Principal::Mailbox(mailbox) => Ok(Self {
                account_id: mailbox.account_id,
                bearer,
            }),
            Principal::Pro(_) => Err(Failure::invalid_token().into()),
        }
    }
}

impl FromRequestParts<App> for MailboxFollower {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        Ok(Self(follower(parts, app, mailbox_topic).await?))
    }
}

impl FromRequestParts<App> for ProFollower {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        Ok(Self(follower(parts, app, pro_topic).await?))
    }
}

impl FromRequestParts<App> for MessageReader {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        let Segments(id) = Segments::<String>::from_request_parts(parts, app).await?;
        let bearer = bearer_or_ticket(parts, app, &Purpose::Message(id)).await?;
        let principal = validate(bearer.expose_secret(), parts, app).await?;
        Ok(Self(reading_scope(principal)))
    }
}

impl FromRequestParts<App> for MailboxPrincipal {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        match principal(parts, app).await? {
            Principal::Mailbox(mailbox) => Ok(Self {
                account_id: mailbox.account_id,
            }),
            Principal::Pro(_) => Err(Failure::invalid_token().into()),
        }
    }
}

impl FromRequestParts<App> for ProPrincipal {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        match principal(parts, app).await? {
            Principal::Pro(pro) => Ok(Self { user_id: pro.user_id }),
            Principal::Mailbox(_) => Err(Failure::invalid_token().into()),
        }
    }
}

impl FromRequestParts<App> for MaybePro {
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

impl FromRequestParts<App> for MaybeProToken {
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
        match validate(token, parts, app).await? {
            Principal::Pro(pro) => Ok(Self(Some(ProPrincipal { user_id: pro.user_id }))),
            Principal::Mailbox(_) => Err(Failure::invalid_token().into()),
        }
    }
}
