//! Callers of streams and of framed bodies, which browsers open with a ticket.

use axum::{extract::FromRequestParts, http::request::Parts};
use mayfly_follow::Feed;
use mayfly_proto::mailbox::Scope;
use mayfly_rpc::Failure;
use secrecy::{ExposeSecret, SecretString};

use super::{authenticate, authorize, bearer_or_ticket, needs::MessagesRead, note_needs};
use crate::{
    app::{
        App,
        authenticate::{mailbox_topic, pro_feed, reading_scope},
        principal::Principal,
        tickets::Purpose,
    },
    edge::{failure::FailureResponse, segments::Segments},
};

/// Who may read a message: its mailbox, or the Pro user whose mailbox it is in; by bearer token, or by a ticket for the
/// message that the path names.
#[derive(Debug)]
pub(crate) struct MessageReader(pub(crate) Scope);

/// A mailbox that follows its mail by a stream: with a bearer token, or a ticket for events.
#[derive(Debug)]
pub(crate) struct MailboxFollower(pub(crate) Follower);

/// A Pro user who follows the mail of all mailboxes by a stream: with a bearer token, or a ticket for events.
#[derive(Debug)]
pub(crate) struct ProFollower(pub(crate) Follower);

/// The mail to follow, and the credential that must stay valid meanwhile.
#[derive(Debug)]
pub(crate) struct Follower {
    pub(crate) feed: Feed,
    pub(crate) bearer: SecretString,
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
        let bearer = SecretString::from(super::bearer(&parts.headers, parts.uri.query())?);
        match authenticate(bearer.expose_secret(), parts, app).await? {
            Principal::Mailbox { account_id } => Ok(Self { account_id, bearer }),
            Principal::Pro(_) => Err(Failure::invalid_token().into()),
        }
    }
}

impl FromRequestParts<App> for MailboxFollower {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        let bearer = bearer_or_ticket(parts, app, &Purpose::Events).await?;
        let principal = authenticate(bearer.expose_secret(), parts, app).await?;
        let feed = mailbox_topic(&principal)?.into();
        Ok(Self(Follower { feed, bearer }))
    }
}

impl FromRequestParts<App> for ProFollower {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        note_needs::<MessagesRead>(parts);
        let bearer = bearer_or_ticket(parts, app, &Purpose::Events).await?;
        let principal = authorize::<MessagesRead>(bearer.expose_secret(), parts, app).await?;
        let feed = pro_feed(&principal)?;
        Ok(Self(Follower { feed, bearer }))
    }
}

impl FromRequestParts<App> for MessageReader {
    type Rejection = FailureResponse;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, FailureResponse> {
        note_needs::<MessagesRead>(parts);
        let Segments(id) = Segments::<String>::from_request_parts(parts, app).await?;
        let bearer = bearer_or_ticket(parts, app, &Purpose::Message(id)).await?;
        let principal = authorize::<MessagesRead>(bearer.expose_secret(), parts, app).await?;
        Ok(Self(reading_scope(principal)))
    }
}
