//! Bearer extractors: the type in a handler's signature is its permission.

use std::sync::{Arc, OnceLock};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use mayfly_proto::{
    auth::{ValidateTokenRequest, validate_token_response::Principal},
    mailbox::Scope,
};

use secrecy::{ExposeSecret, SecretString};

use crate::{
    error::ApiError,
    segments::Segments,
    state::{Gateway, validate_request},
    streams::Topic,
    tickets::Purpose,
};

/// Where a ticket rides.
const TICKET_PARAMETER: &str = "ticket";
/// No credential of ours comes near this; longer ones are refused without being sent on.
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

/// A Pro user, or nobody. A credential that is bad is refused, never taken for nobody's.
#[derive(Debug)]
pub(crate) struct MaybePro(pub(crate) Option<ProPrincipal>);

/// Where an extractor leaves the caller's id for the access log.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallerId(Arc<OnceLock<String>>);

impl CallerId {
    pub(crate) fn get(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }
}

impl MailboxPrincipal {
    pub(crate) fn scope(self) -> Scope {
        Scope {
            account_id: self.account_id,
            owner_user_id: None,
        }
    }
}

impl ProPrincipal {
    /// One of this user's mailboxes, if it is one.
    pub(crate) fn scope_of(self, account_id: String) -> Scope {
        Scope {
            account_id,
            owner_user_id: Some(self.user_id),
        }
    }
}

/// Reads the one bearer token of a request (RFC 6750). Credentials in the URL are not looked at, except to refuse a second
/// one.
fn bearer<'a>(headers: &'a HeaderMap, query: Option<&str>) -> Result<&'a str, ApiError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Err(ApiError::no_credential());
    };
    let has_query_token = query.is_some_and(|query| {
        form_urlencoded::parse(query.as_bytes())
            .any(|(key, _)| key == "access_token" || key == TICKET_PARAMETER)
    });
    if values.next().is_some() || has_query_token {
        return Err(ApiError::invalid_request(
            "send one credential, in one Authorization header",
        ));
    }
    let value = value.to_str().map_err(|_| ApiError::invalid_token())?;
    let (scheme, token) = value.split_once(' ').ok_or_else(ApiError::invalid_token)?;
    let token = token.trim_start_matches(' ');
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || token.len() > MAX_TOKEN_BYTES {
        return Err(ApiError::invalid_token());
    }
    Ok(token)
}

/// Returns the bearer token of a request to a route that takes tickets for a purpose: the one in the header, or the one
/// that the ticket in the URL stands for. It is yet to be judged.
pub(crate) async fn bearer_or_ticket(
    parts: &Parts,
    gateway: &Gateway,
    purpose: &Purpose,
) -> Result<SecretString, ApiError> {
    let query = parts.uri.query().unwrap_or_default();
    let mut tickets = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == TICKET_PARAMETER);
    match tickets.next() {
        Some((_, ticket)) if !parts.headers.contains_key(header::AUTHORIZATION) => {
            if tickets.next().is_some() {
                return Err(ApiError::invalid_request("send one ticket"));
            }
            gateway.tickets.redeem(&ticket, purpose).await
        }
        _ => Ok(bearer(&parts.headers, parts.uri.query())?.into()),
    }
}

async fn principal(parts: &Parts, gateway: &Gateway) -> Result<Principal, ApiError> {
    judge(bearer(&parts.headers, parts.uri.query())?, parts, gateway).await
}

/// Has a token judged, and notes whose it is for the access log.
async fn judge(token: &str, parts: &Parts, gateway: &Gateway) -> Result<Principal, ApiError> {
    let principal = principal_of(token, gateway).await?;
    if let Some(CallerId(caller)) = parts.extensions.get() {
        let id = match &principal {
            Principal::Mailbox(mailbox) => &mailbox.account_id,
            Principal::Pro(pro) => &pro.user_id,
        };
        let _ = caller.set(id.clone());
    }
    Ok(principal)
}

/// Anybody with a credential, and that credential.
#[derive(Debug)]
pub(crate) struct AnyPrincipal {
    pub(crate) principal: Principal,
    pub(crate) bearer: SecretString,
}

/// Who may read a message: its mailbox, or the Pro user whose mailbox it is in; by bearer token, or by a ticket for the
/// message that the path names.
#[derive(Debug)]
pub(crate) struct MessageReader(pub(crate) Scope);

/// The mail that a principal may read.
pub(crate) fn reading_scope(principal: Principal) -> Scope {
    match principal {
        Principal::Mailbox(mailbox) => Scope {
            account_id: mailbox.account_id,
            owner_user_id: None,
        },
        // Any of this user's mailboxes.
        Principal::Pro(pro) => Scope {
            account_id: String::new(),
            owner_user_id: Some(pro.user_id),
        },
    }
}

impl FromRequestParts<Gateway> for AnyPrincipal {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        let bearer = SecretString::from(bearer(&parts.headers, parts.uri.query())?);
        let principal = judge(bearer.expose_secret(), parts, gateway).await?;
        Ok(Self { principal, bearer })
    }
}

/// A mailbox that follows its mail by a stream: with a bearer token, or a ticket for events.
#[derive(Debug)]
pub(crate) struct MailboxFollower(pub(crate) Follower);

/// A Pro user who follows the mail of all mailboxes by a stream: with a bearer token, or a ticket for events.
#[derive(Debug)]
pub(crate) struct ProFollower(pub(crate) Follower);

/// Whose mail is followed, and the credential that must stay good meanwhile.
#[derive(Debug)]
pub(crate) struct Follower {
    pub(crate) topic: Topic,
    pub(crate) bearer: SecretString,
}

/// What a mailbox's own token lets it follow.
pub(crate) fn mailbox_topic(principal: &Principal) -> Result<Topic, ApiError> {
    match principal {
        Principal::Mailbox(mailbox) => Topic::mailbox(&mailbox.account_id),
        Principal::Pro(_) => Err(ApiError::invalid_token()),
    }
}

/// What a Pro user's token lets them follow.
pub(crate) fn pro_topic(principal: &Principal) -> Result<Topic, ApiError> {
    match principal {
        Principal::Pro(pro) => Topic::owner(&pro.user_id),
        Principal::Mailbox(_) => Err(ApiError::invalid_token()),
    }
}

async fn follower(
    parts: &Parts,
    gateway: &Gateway,
    topic: fn(&Principal) -> Result<Topic, ApiError>,
) -> Result<Follower, ApiError> {
    let bearer = bearer_or_ticket(parts, gateway, &Purpose::Events).await?;
    let principal = judge(bearer.expose_secret(), parts, gateway).await?;
    let topic = topic(&principal)?;
    Ok(Follower { topic, bearer })
}

impl FromRequestParts<Gateway> for MailboxFollower {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        follower(parts, gateway, mailbox_topic).await.map(Self)
    }
}

impl FromRequestParts<Gateway> for ProFollower {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        follower(parts, gateway, pro_topic).await.map(Self)
    }
}

/// Has a token judged that came another way than in a request's header.
pub(crate) async fn principal_of(token: &str, gateway: &Gateway) -> Result<Principal, ApiError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(ApiError::invalid_token());
    }
    let request = ValidateTokenRequest {
        token: token.to_owned(),
    };
    let answer = gateway.auth().validate_token(validate_request(request)).await?;
    answer
        .into_inner()
        .principal
        .ok_or_else(|| ApiError::internal("a principal is missing"))
}

impl FromRequestParts<Gateway> for MessageReader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        let Segments(id) = Segments::<String>::from_request_parts(parts, gateway).await?;
        let bearer = bearer_or_ticket(parts, gateway, &Purpose::Message(id)).await?;
        let principal = judge(bearer.expose_secret(), parts, gateway).await?;
        Ok(Self(reading_scope(principal)))
    }
}

impl FromRequestParts<Gateway> for MailboxPrincipal {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        match principal(parts, gateway).await? {
            Principal::Mailbox(mailbox) => Ok(Self {
                account_id: mailbox.account_id,
            }),
            Principal::Pro(_) => Err(ApiError::invalid_token()),
        }
    }
}

impl FromRequestParts<Gateway> for ProPrincipal {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        match principal(parts, gateway).await? {
            Principal::Pro(pro) => Ok(Self { user_id: pro.user_id }),
            Principal::Mailbox(_) => Err(ApiError::invalid_token()),
        }
    }
}

impl FromRequestParts<Gateway> for MaybePro {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        if !parts.headers.contains_key(header::AUTHORIZATION) {
            return Ok(Self(None));
        }
        ProPrincipal::from_request_parts(parts, gateway)
            .await
            .map(|pro| Self(Some(pro)))
    }
}
