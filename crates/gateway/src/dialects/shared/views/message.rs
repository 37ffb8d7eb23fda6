//! Messages.

use std::collections::HashSet;

use mayfly_proto::mailbox::{self, GetMessageResponse, MessageSummary};
use serde::Serialize;
use utoipa::ToSchema;

use super::timestamp;

/// A message in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessageItem {
    #[schema(format = Uuid)]
    id: String,
    /// Envelope MAIL FROM; empty for the null sender.
    sender: String,
    /// The From header, decoded.
    #[schema(required)]
    from: Option<String>,
    #[schema(required)]
    subject: Option<String>,
    /// The first 100 characters of the text.
    preview_text: String,
    /// Bytes as received.
    size: i64,
    is_read: bool,
    /// Null where not all of the mail could be read.
    #[schema(required)]
    has_attachments: Option<bool>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<MessageSummary> for MessageItem {
    fn from(message: MessageSummary) -> Self {
        Self {
            id: message.message_id,
            sender: message.sender,
            from: message.from,
            subject: message.subject,
            preview_text: message.preview_text,
            size: message.size_bytes,
            is_read: message.is_read,
            has_attachments: message.has_attachments,
            created_at: timestamp(message.created_at),
        }
    }
}

/// Messages on a page.
pub(crate) const PAGE_SIZE: u32 = 30;

/// A page of messages, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessagePage {
    messages: Vec<MessageItem>,
    page: u32,
}

impl MessagePage {
    pub(crate) fn new(messages: Vec<MessageSummary>, page: u32) -> Self {
        Self {
            messages: messages.into_iter().map(Into::into).collect(),
            page,
        }
    }
}

/// A part of a message that is not its text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Attachment {
    index: u32,
    #[schema(required)]
    filename: Option<String>,
    content_type: String,
    /// Bytes, decoded.
    size: i64,
}

impl From<mailbox::Attachment> for Attachment {
    fn from(attachment: mailbox::Attachment) -> Self {
        Self {
            index: attachment.index,
            filename: attachment.filename,
            content_type: attachment.content_type,
            size: attachment.size_bytes,
        }
    }
}

/// A one-time code, as a person would type it: digits of any script are ASCII, and groups of digits are joined.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Code {
    value: String,
    /// Its first occurrence.
    found_in: CodePlace,
    /// How sure it is that this is a one-time code.
    #[schema(minimum = 0, maximum = 1)]
    confidence: f64,
}

/// A part of a message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CodePlace {
    Subject,
    Text,
    Html,
    /// The `OTP-Token` field only.
    Header,
}

impl From<mailbox::Code> for Code {
    fn from(code: mailbox::Code) -> Self {
        let found_in = match code.found_in() {
            mailbox::CodePlace::Subject => CodePlace::Subject,
            mailbox::CodePlace::Html => CodePlace::Html,
            mailbox::CodePlace::Header => CodePlace::Header,
            mailbox::CodePlace::Text | mailbox::CodePlace::Unspecified => CodePlace::Text,
        };
        Self {
            confidence: ratio(code.confidence_percent),
            value: code.value,
            found_in,
        }
    }
}

/// Converts hundredths.
fn ratio(percent: u32) -> f64 {
    f64::from(percent.min(100)) / 100.0
}

/// A link to `http` or `https`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Link {
    url: String,
    /// The text of the link; null for a bare URL.
    #[schema(required)]
    text: Option<String>,
    /// `verify` also means a link to sign in with.
    kind: LinkKind,
    /// How sure it is that the link is of this kind.
    #[schema(minimum = 0, maximum = 1)]
    confidence: f64,
}

/// The purpose of a link, by simple rules.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LinkKind {
    Verify,
    Reset,
    Unsubscribe,
    Other,
}

impl From<mailbox::Link> for Link {
    fn from(link: mailbox::Link) -> Self {
        let kind = match link.kind() {
            mailbox::LinkKind::Verify => LinkKind::Verify,
            mailbox::LinkKind::Reset => LinkKind::Reset,
            mailbox::LinkKind::Unsubscribe => LinkKind::Unsubscribe,
            mailbox::LinkKind::Other | mailbox::LinkKind::Unspecified => LinkKind::Other,
        };
        Self {
            confidence: ratio(link.confidence_percent),
            url: link.url,
            text: link.text,
            kind,
        }
    }
}

/// An address of the header, with the name that was sent with it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NamedAddress {
    #[schema(required)]
    name: Option<String>,
    /// Empty if the field has a name only, such as `operator`.
    address: String,
}

impl From<mailbox::NamedAddress> for NamedAddress {
    fn from(one: mailbox::NamedAddress) -> Self {
        Self {
            name: one.name,
            address: one.address,
        }
    }
}

/// The first URLs of List-Unsubscribe: one of them at least.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Unsubscribe {
    /// `http` or `https`.
    #[schema(required)]
    http: Option<String>,
    /// A `mailto:` URL.
    #[schema(required)]
    mailto: Option<String>,
    /// Whether a POST of `List-Unsubscribe=One-Click` to `http` unsubscribes (RFC 8058).
    one_click: bool,
}

impl From<mailbox::Unsubscribe> for Unsubscribe {
    fn from(found: mailbox::Unsubscribe) -> Self {
        Self {
            http: found.http,
            mailto: found.mailto,
            one_click: found.one_click,
        }
    }
}

/// A header field: its name as sent, and its value, unfolded and decoded.
#[derive(Debug, Serialize, ToSchema)]
#[schema(value_type = Vec<String>, min_items = 2, max_items = 2)]
pub(crate) struct HeaderField([String; 2]);

impl From<mailbox::HeaderField> for HeaderField {
    fn from(field: mailbox::HeaderField) -> Self {
        Self([field.name, field.value])
    }
}

/// Returns the recipients of an envelope that the header does not show.
fn blind_copies(recipients: &[String], header: &mailbox::MessageHeader) -> Vec<String> {
    let shown: HashSet<String> = header
        .to
        .iter()
        .chain(&header.cc)
        .map(|one| one.address.to_lowercase())
        .collect();
    let is_hidden = |recipient: &&String| !shown.contains(&recipient.to_lowercase());
    recipients.iter().filter(is_hidden).cloned().collect()
}

/// A whole message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Message {
    #[schema(format = Uuid)]
    id: String,
    /// The mailbox's address.
    address: String,
    /// Envelope MAIL FROM; empty for the null sender.
    sender: String,
    #[schema(required)]
    from: Option<String>,
    /// The addresses of To; 1000 at most.
    to: Vec<NamedAddress>,
    /// The addresses of Cc; 1000 at most.
    cc: Vec<NamedAddress>,
    /// The addresses of Reply-To; 1000 at most.
    reply_to: Vec<NamedAddress>,
    /// Who an application sent it to, as in the envelope; null for mail from outside.
    #[schema(required)]
    recipients: Option<Vec<String>>,
    /// Those of `recipients` that neither To nor Cc names.
    bcc: Vec<String>,
    #[schema(required)]
    subject: Option<String>,
    /// The time of the Date field, in UTC; null without one that can be read.
    #[schema(required, format = DateTime)]
    date: Option<String>,
    /// With its angle brackets.
    #[schema(required)]
    message_id: Option<String>,
    /// How to unsubscribe, as List-Unsubscribe declares it.
    #[schema(required)]
    unsubscribe: Option<Unsubscribe>,
    #[schema(required)]
    text_body: Option<String>,
    /// As sent: never show it without a sandbox.
    #[schema(required)]
    html_body: Option<String>,
    attachments: Vec<Attachment>,
    /// The one-time codes, 10 at most, the most probable first.
    codes: Vec<Code>,
    /// The links, 100 at most, each URL once.
    links: Vec<Link>,
    /// Name and decoded value of every header field, in their order; 100 KiB together at most.
    headers: Vec<HeaderField>,
    /// Bytes as received.
    size: i64,
    is_read: bool,
    /// Null where not all of the mail could be read.
    #[schema(required)]
    has_attachments: Option<bool>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl Message {
    /// Shows the first recipient in place of the mailbox, as the API of mail.td does for captured mail.
    pub(crate) fn addressed_to_recipient(mut self) -> Self {
        if let Some(first) = self.recipients.as_ref().and_then(|all| all.first()) {
            self.address.clone_from(first);
        }
        self
    }
}

impl From<GetMessageResponse> for Message {
    fn from(message: GetMessageResponse) -> Self {
        let summary = message.summary.unwrap_or_default();
        let findings = message.findings.unwrap_or_default();
        let header = message.header.unwrap_or_default();
        let bcc = blind_copies(&message.recipients, &header);
        Self {
            id: summary.message_id,
            address: message.address,
            sender: summary.sender,
            from: summary.from,
            to: header.to.into_iter().map(Into::into).collect(),
            cc: header.cc.into_iter().map(Into::into).collect(),
            reply_to: header.reply_to.into_iter().map(Into::into).collect(),
            recipients: (!message.recipients.is_empty()).then_some(message.recipients),
            bcc,
            subject: summary.subject,
            date: header.date.map(timestamp),
            message_id: header.message_id,
            unsubscribe: header.unsubscribe.map(Into::into),
            text_body: message.text_body,
            html_body: message.html_body,
            attachments: message.attachments.into_iter().map(Into::into).collect(),
            codes: findings.codes.into_iter().map(Into::into).collect(),
            links: findings.links.into_iter().map(Into::into).collect(),
            headers: header.fields.into_iter().map(Into::into).collect(),
            size: summary.size_bytes,
            is_read: summary.is_read,
            has_attachments: summary.has_attachments,
            created_at: timestamp(summary.created_at),
        }
    }
}
