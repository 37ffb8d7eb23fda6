//! A received message, as streams and waits deliver it.

use mayfly_proto::mailbox;
use serde::Serialize;
use utoipa::ToSchema;

use super::message::{Code, Link, MessageItem};

/// A received message, with its mailbox.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessageReceived {
    #[serde(flatten)]
    message: MessageItem,
    #[schema(format = Uuid)]
    account_id: String,
    /// The mailbox's address.
    address: String,
    /// The one-time codes in it, the most probable first. A wait for a length or a pattern leaves other codes out.
    codes: Vec<Code>,
    /// The links in it.
    links: Vec<Link>,
}

impl From<mailbox::MessageReceived> for MessageReceived {
    fn from(message: mailbox::MessageReceived) -> Self {
        let findings = message.findings.unwrap_or_default();
        Self {
            codes: findings.codes.into_iter().map(Into::into).collect(),
            links: findings.links.into_iter().map(Into::into).collect(),
            message: message.summary.unwrap_or_default().into(),
            account_id: message.account_id,
            address: message.address,
        }
    }
}

/// The event of a received message, on a WebSocket and on an event stream.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessageReceivedEvent {
    /// Always `new_email`.
    r#type: &'static str,
    #[serde(flatten)]
    received: MessageReceived,
}

impl From<mailbox::MessageReceived> for MessageReceivedEvent {
    fn from(message: mailbox::MessageReceived) -> Self {
        Self {
            r#type: "new_email",
            received: message.into(),
        }
    }
}

/// The answer to a wait.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Waited {
    pub(crate) messages: Vec<MessageReceived>,
    /// The cursor of the next wait.
    #[schema(format = Uuid)]
    pub(crate) since: String,
}

/// An event of a stream, for the document.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct ServerSentEvent {
    /// Always `new_email`.
    #[schema(pattern = "^new_email$")]
    event: String,
    /// The message, for `Last-Event-ID`.
    #[schema(format = Uuid)]
    id: String,
    /// JSON: `type`, which is `new_email`, and the keys of `MessageReceived`.
    data: String,
}
