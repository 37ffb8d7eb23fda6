//! Mail as those who follow it are told.

use mayfly_proto::mailbox::NewMessage;
use serde::Serialize;
use utoipa::ToSchema;

use super::message::{Code, Link, MessageItem};

/// A new message, with the mailbox that it came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewMail {
    #[serde(flatten)]
    message: MessageItem,
    #[schema(format = Uuid)]
    account_id: String,
    /// The mailbox's address.
    address: String,
    /// One-time codes that were found in it.
    codes: Vec<Code>,
    /// Links that were found in it.
    links: Vec<Link>,
}

impl From<NewMessage> for NewMail {
    fn from(new: NewMessage) -> Self {
        let findings = new.findings.unwrap_or_default();
        Self {
            codes: findings.codes.into_iter().map(Into::into).collect(),
            links: findings.links.into_iter().map(Into::into).collect(),
            message: new.summary.unwrap_or_default().into(),
            account_id: new.account_id,
            address: new.address,
        }
    }
}

/// What a WebSocket and an event stream tell of a new message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewMailEvent {
    /// Always `new_email`.
    r#type: &'static str,
    #[serde(flatten)]
    mail: NewMail,
}

impl From<NewMessage> for NewMailEvent {
    fn from(new: NewMessage) -> Self {
        Self {
            r#type: "new_email",
            mail: new.into(),
        }
    }
}

/// What was waited for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Waited {
    pub(crate) messages: Vec<NewMail>,
    /// Where the next wait goes on.
    #[schema(format = Uuid)]
    pub(crate) since: String,
}
