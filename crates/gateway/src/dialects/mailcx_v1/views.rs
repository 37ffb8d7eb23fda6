//! The JSON shapes of mail.cx `/v1`. Texts are never null.

use mayfly_proto::mailbox::{GetMessageResponse, MessageReceived, MessageSummary};
use serde::Serialize;
use utoipa::ToSchema;

use crate::dialects::shared::views::{message::Attachment, timestamp};

/// A mail in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Email {
    #[schema(format = Uuid)]
    id: String,
    /// The address of From, or the envelope's sender.
    from_email: String,
    /// The name in From; empty without one.
    from_name: String,
    subject: String,
    /// The first 100 characters of the text.
    preview_text: String,
    /// Bytes as received.
    size: i64,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<MessageSummary> for Email {
    fn from(message: MessageSummary) -> Self {
        let parsed = message.addresses.and_then(|addresses| addresses.from);
        let (name, address) = match parsed {
            Some(from) => (from.name.unwrap_or_default(), from.address),
            // Stored by an earlier version.
            None => {
                let (name, address) = named_address(message.from.as_deref().unwrap_or_default());
                let address = address.unwrap_or(&message.sender);
                (name.to_owned(), address.to_owned())
            }
        };
        Self {
            from_email: address,
            from_name: name,
            id: message.message_id,
            subject: message.subject.unwrap_or_default(),
            preview_text: message.preview_text,
            size: message.size_bytes,
            created_at: timestamp(message.created_at),
        }
    }
}

/// Splits a decoded From field into the name and the address of its first mailbox.
fn named_address(from: &str) -> (&str, Option<&str>) {
    if let Some((name, rest)) = from.split_once('<') {
        let address = rest.split('>').next().map(str::trim);
        return (
            name.trim().trim_matches('"').trim(),
            address.filter(|address| address.contains('@')),
        );
    }
    let first = from.split(',').next().unwrap_or_default().trim();
    match first.contains('@') {
        true => ("", Some(first)),
        false => (first, None),
    }
}

/// A mail in a list of several mailboxes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AddressedEmail {
    #[serde(flatten)]
    email: Email,
    /// The address of the mailbox.
    address: String,
}

impl From<MessageReceived> for AddressedEmail {
    fn from(message: MessageReceived) -> Self {
        Self {
            email: message.summary.unwrap_or_default().into(),
            address: message.address,
        }
    }
}

/// The answer to a wait.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Waited<E: ToSchema> {
    /// Newest first.
    pub(crate) emails: Vec<E>,
    /// The cursor of the next wait.
    #[schema(format = Uuid)]
    pub(crate) next_since: String,
}

/// The event of a received mail, on a stream.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EmailReceived {
    /// Always `email.received`.
    r#type: &'static str,
    #[serde(flatten)]
    email: AddressedEmail,
}

impl From<MessageReceived> for EmailReceived {
    fn from(message: MessageReceived) -> Self {
        Self {
            r#type: "email.received",
            email: message.into(),
        }
    }
}

/// An event of a stream, for the document.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct StreamedEmail {
    /// The mail, for `Last-Event-ID`.
    #[schema(format = Uuid)]
    id: String,
    /// JSON: `type`, which is `email.received`, and the keys of `AddressedEmail`.
    data: String,
}

/// A whole mail. The bodies have two names each, since clients are split between them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EmailDetail {
    #[serde(flatten)]
    email: Email,
    /// The From field, or the envelope's sender.
    from: String,
    /// The address of the mailbox.
    to: String,
    /// As `created_at`.
    #[schema(format = DateTime)]
    date: String,
    #[schema(required)]
    text_body: Option<String>,
    /// As sent: never show it without a sandbox.
    #[schema(required)]
    html_body: Option<String>,
    #[schema(required)]
    text: Option<String>,
    #[schema(required)]
    html: Option<String>,
    attachments: Vec<Attachment>,
}

impl From<GetMessageResponse> for EmailDetail {
    fn from(message: GetMessageResponse) -> Self {
        let summary = message.summary.unwrap_or_default();
        Self {
            from: summary.from.clone().unwrap_or_else(|| summary.sender.clone()),
            to: message.address,
            date: timestamp(summary.created_at),
            email: summary.into(),
            text: message.text_body.clone(),
            html: message.html_body.clone(),
            text_body: message.text_body,
            html_body: message.html_body,
            attachments: message.attachments.into_iter().map(Into::into).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn email_splits_from_and_falls_back_to_sender() {
        for (from, email, name) in [
            (Some("Shöp <hi@shop.example>"), "hi@shop.example", "Shöp"),
            (Some("\"A, B\" <a@b.example>"), "a@b.example", "A, B"),
            (Some("a@b.example"), "a@b.example", ""),
            (Some("a@b.example, c@d.example"), "a@b.example", ""),
            (Some("Nobody"), "bounce@shop.example", "Nobody"),
            (Some("Nobody <>"), "bounce@shop.example", "Nobody"),
            (None, "bounce@shop.example", ""),
        ] {
            let shown = Email::from(MessageSummary {
                sender: "bounce@shop.example".to_owned(),
                from: from.map(str::to_owned),
                ..MessageSummary::default()
            });
            assert_eq!(
                (shown.from_email.as_str(), shown.from_name.as_str()),
                (email, name)
            );
            assert_eq!(shown.subject, "");
        }
    }
}
