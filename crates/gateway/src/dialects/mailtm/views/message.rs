//! Messages.

use mayfly_proto::mailbox::{self, GetMessageResponse, MessageAddresses, MessageSummary};
use mayfly_types::MessageId;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::{node::Resource, timestamp};

/// An address, with the name that was sent with it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct NamedAddress {
    address: String,
    /// Empty without one.
    name: String,
}

impl NamedAddress {
    fn bare(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            name: String::new(),
        }
    }
}

impl From<mailbox::NamedAddress> for NamedAddress {
    fn from(one: mailbox::NamedAddress) -> Self {
        Self {
            address: one.address,
            name: one.name.unwrap_or_default(),
        }
    }
}

/// The mailbox of a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner<'a> {
    pub(crate) account_id: &'a str,
    pub(crate) address: &'a str,
}

/// A message in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageItem {
    #[schema(format = Uuid)]
    id: String,
    /// The path of its mailbox.
    account_id: String,
    /// `Message-ID` with its angle brackets; made of the id if the mail has none.
    msgid: String,
    /// The sender in the header, else the one of the envelope.
    from: NamedAddress,
    /// The recipients in the header, else the mailbox; 100 at most in a list.
    to: Vec<NamedAddress>,
    subject: String,
    /// The first 100 characters of the text.
    intro: String,
    seen: bool,
    /// True in events only.
    is_deleted: bool,
    has_attachments: bool,
    /// Bytes as received.
    size: i64,
    download_url: String,
    source_url: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// As `createdAt`.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl MessageItem {
    pub(crate) fn new(summary: MessageSummary, owner: Owner<'_>) -> Self {
        let MessageAddresses { from, to, message_id } = summary.addresses.unwrap_or_default();
        let id = summary.message_id;
        let created_at = timestamp(summary.created_at);
        let domain = owner.address.rsplit('@').next().unwrap_or_default();
        let mut to: Vec<NamedAddress> = to.into_iter().map(Into::into).collect();
        if to.is_empty() {
            to.push(NamedAddress::bare(owner.address));
        }
        Self {
            account_id: ["/accounts/", owner.account_id].concat(),
            msgid: message_id.unwrap_or_else(|| format!("<{id}@{domain}>")),
            from: from.map_or_else(|| NamedAddress::bare(&summary.sender), Into::into),
            to,
            subject: summary.subject.unwrap_or_default(),
            intro: summary.preview_text,
            seen: summary.is_read,
            is_deleted: false,
            has_attachments: summary.has_attachments.unwrap_or_default(),
            size: summary.size_bytes,
            download_url: ["/messages/", &id, "/download"].concat(),
            source_url: ["/sources/", &id].concat(),
            id,
            updated_at: created_at.clone(),
            created_at,
        }
    }

    /// A message that has just arrived. It can have been marked meanwhile, which clients would take for that change alone.
    pub(crate) fn received(summary: MessageSummary, owner: Owner<'_>) -> Self {
        Self {
            seen: false,
            ..Self::new(summary, owner)
        }
    }

    /// A message that is deleted, of which only the id is known.
    pub(crate) fn deleted(id: MessageId, owner: Owner<'_>) -> Self {
        let summary = MessageSummary {
            message_id: id.to_string(),
            created_at: id.created_at().map_or(0, OffsetDateTime::unix_timestamp),
            ..MessageSummary::default()
        };
        Self {
            is_deleted: true,
            ..Self::new(summary, owner)
        }
    }
}

impl Resource for MessageItem {
    const TYPE: &'static str = "Message";

    fn path(&self) -> String {
        ["/messages/", &self.id].concat()
    }
}

/// A whole message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message {
    #[serde(flatten)]
    item: MessageItem,
    cc: Vec<NamedAddress>,
    /// Always empty.
    bcc: Vec<NamedAddress>,
    /// Always false.
    flagged: bool,
    /// Always null.
    #[schema(required)]
    verifications: Option<String>,
    /// Always true.
    retention: bool,
    /// When the message is removed.
    #[schema(format = DateTime)]
    retention_date: String,
    /// The text; made from the HTML if there is none.
    text: String,
    /// The HTML as sent, in one string; made from the text if there is none. Never show it without a sandbox.
    #[schema(min_items = 1, max_items = 1)]
    html: [String; 1],
    attachments: Vec<Attachment>,
}

impl Message {
    pub(crate) fn new(message: GetMessageResponse, account_id: &str) -> Self {
        let header = message.header.unwrap_or_default();
        let mut summary = message.summary.unwrap_or_default();
        let has_address = |one: &mailbox::NamedAddress| !one.address.is_empty();
        summary.addresses = Some(MessageAddresses {
            from: header.from,
            to: header.to.into_iter().filter(has_address).collect(),
            message_id: header.message_id,
        });
        let text = message.text_body.unwrap_or_default();
        let html = message.html_body.unwrap_or_else(|| html_of_text(&text));
        let owner = Owner {
            account_id,
            address: &message.address,
        };
        let item = MessageItem::new(summary, owner);
        let attachment = |attachment| Attachment::new(attachment, &item.id);
        Self {
            attachments: message.attachments.into_iter().map(attachment).collect(),
            item,
            cc: header
                .cc
                .into_iter()
                .filter(has_address)
                .map(Into::into)
                .collect(),
            bcc: Vec::new(),
            flagged: false,
            verifications: None,
            retention: true,
            retention_date: timestamp(message.expires_at),
            text,
            html: [html],
        }
    }
}

impl Resource for Message {
    const TYPE: &'static str = "Message";

    fn path(&self) -> String {
        self.item.path()
    }
}

/// Makes HTML of a text.
fn html_of_text(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 16);
    html.push_str("<p>");
    for (index, line) in text.trim_end().lines().enumerate() {
        if index > 0 {
            html.push_str("<br>");
        }
        for char in line.chars() {
            match char {
                '&' => html.push_str("&amp;"),
                '<' => html.push_str("&lt;"),
                '>' => html.push_str("&gt;"),
                '"' => html.push_str("&quot;"),
                '\'' => html.push_str("&#39;"),
                char => html.push(char),
            }
        }
    }
    html.push_str("</p>");
    html
}

/// A part of a message that is not its text.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attachment {
    /// `ATTACH` and six digits.
    id: String,
    filename: String,
    content_type: String,
    /// `attachment` or `inline`.
    disposition: &'static str,
    transfer_encoding: String,
    /// Whether it has a Content-ID.
    related: bool,
    /// Bytes, decoded.
    size: i64,
    download_url: String,
}

impl Attachment {
    fn new(attachment: mailbox::Attachment, message_id: &str) -> Self {
        let number = u64::from(attachment.index) + 1;
        let id = format!("{ATTACHMENT_PREFIX}{number:0ATTACHMENT_DIGITS$}");
        Self {
            filename: attachment
                .filename
                .unwrap_or_else(|| format!("attachment-{number}")),
            content_type: attachment.content_type,
            disposition: if attachment.is_inline {
                "inline"
            } else {
                "attachment"
            },
            transfer_encoding: match attachment.transfer_encoding.as_str() {
                "" => "7bit".to_owned(),
                _ => attachment.transfer_encoding,
            },
            related: attachment.content_id.is_some(),
            size: attachment.size_bytes,
            download_url: format!("/messages/{message_id}/attachment/{id}"),
            id,
        }
    }
}

const ATTACHMENT_PREFIX: &str = "ATTACH";
const ATTACHMENT_DIGITS: usize = 6;

/// Returns the index that an id of an attachment stands for.
pub(crate) fn attachment_index(id: &str) -> Option<u32> {
    let digits = id.strip_prefix(ATTACHMENT_PREFIX)?;
    let is_number = digits.len() == ATTACHMENT_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u32 = is_number.then(|| digits.parse().ok()).flatten()?;
    number.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_of_text_escapes_and_keeps_lines() {
        for (text, html) in [
            ("", "<p></p>"),
            ("Hello\r\n", "<p>Hello</p>"),
            (
                "a\r\n\nb <i> & \"c\"",
                "<p>a<br><br>b &lt;i&gt; &amp; &quot;c&quot;</p>",
            ),
        ] {
            assert_eq!(html_of_text(text), html);
        }
    }

    #[test]
    fn attachment_index_of_other_id_is_none() {
        assert_eq!(attachment_index("ATTACH000001"), Some(0));
        assert_eq!(attachment_index("ATTACH000012"), Some(11));
        for wrong in [
            "",
            "1",
            "ATTACH",
            "ATTACH1",
            "ATTACH000000",
            "attach000001",
            "ATTACH00000x",
            "ATTACH0000001",
        ] {
            assert_eq!(attachment_index(wrong), None, "{wrong}");
        }
    }
}
