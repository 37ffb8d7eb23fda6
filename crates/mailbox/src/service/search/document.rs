//! A message as a query sees it. The index and the scan build it in the same way.

use mayfly_mime::{Content, Extracted, Header, NamedAddress};
use mayfly_search::{Document, Flag, Flags, Texts};
use time::OffsetDateTime;

use crate::store::{Message, ParseStatus};

/// HTML that is read for its text. Its text is bounded by the index.
const MAX_HTML_BYTES: usize = 1 << 20;

/// What is known of a message without its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    sender: String,
    from_header: Option<String>,
    subject: Option<String>,
    envelope_to: Vec<String>,
    status: ParseStatus,
    flags: Flags,
}

impl Known {
    pub(crate) fn new(
        message: &Message,
        address: &str,
        sandbox: Option<String>,
        extracted: &Extracted,
    ) -> Self {
        let envelope_to = message.envelope_to.as_deref();
        let recipients = envelope_to.and_then(|json| serde_json::from_str(json).ok());
        let received = i128::from(message.created_at_ms) * 1_000_000;
        let mut has = Vec::new();
        has.extend((!extracted.codes.is_empty()).then_some(Flag::Code));
        has.extend((!extracted.links.is_empty()).then_some(Flag::Link));
        Self {
            sender: message.sender.clone(),
            from_header: message.from_header.clone(),
            subject: message.subject.clone(),
            envelope_to: recipients.unwrap_or_default(),
            status: message.parse_status,
            flags: Flags {
                has,
                is_read: message.is_read,
                size_bytes: message.size_bytes,
                received_at: OffsetDateTime::from_unix_timestamp_nanos(received)
                    .unwrap_or(OffsetDateTime::UNIX_EPOCH),
                mailbox_id: message.account_id.to_string(),
                address: address.to_owned(),
                sandbox,
            },
        }
    }
}

/// Returns the part of a message that is known without its bytes.
pub(crate) fn without_mail(known: Known) -> Document {
    document(known, &Content::default(), &Header::default(), "")
}

/// Reads a message.
pub(crate) fn of_mail(known: Known, raw: &[u8]) -> Document {
    let header = match known.status {
        ParseStatus::Failed => Header::default(),
        _ => mayfly_mime::header(raw),
    };
    let content = match known.status {
        ParseStatus::Parsed => mayfly_mime::content(raw, None),
        _ => Content::default(),
    };
    let html = content.html_body.as_deref();
    let text_of_html =
        || html.map(|html| mayfly_mime::text_of_html(&html[..html.floor_char_boundary(MAX_HTML_BYTES)]));
    let body = content
        .text_body
        .clone()
        .or_else(text_of_html)
        .unwrap_or_default();
    document(known, &content, &header, &body)
}

fn document(known: Known, content: &Content, header: &Header, body: &str) -> Document {
    let shown = |addresses: &[NamedAddress]| addresses.iter().map(shown).collect::<Vec<_>>();
    let (to, cc, reply_to) = (shown(&header.to), shown(&header.cc), shown(&header.reply_to));
    let visible = header.to.iter().chain(&header.cc);
    let files = content.attachments.iter();
    let texts = Texts {
        from: std::iter::once(&known.sender)
            .chain(&known.from_header)
            .map(String::as_str)
            .collect(),
        to: to.iter().map(String::as_str).collect(),
        cc: cc.iter().map(String::as_str).collect(),
        visible_recipients: visible
            .map(|one| one.address.as_str())
            .filter(|address| !address.is_empty())
            .collect(),
        envelope_to: known.envelope_to.iter().map(String::as_str).collect(),
        reply_to: reply_to.iter().map(String::as_str).collect(),
        subject: known.subject.as_deref().unwrap_or_default(),
        message_id: header.message_id.as_deref().unwrap_or_default(),
        files: files.filter_map(|file| file.filename.as_deref()).collect(),
        body,
    };
    let mut flags = known.flags;
    let has_inline = content.attachments.iter().any(|attachment| attachment.is_inline);
    flags
        .has
        .extend((!content.attachments.is_empty()).then_some(Flag::Attachment));
    flags.has.extend(has_inline.then_some(Flag::Inline));
    flags
        .has
        .extend(content.html_body.is_some().then_some(Flag::Html));
    Document::new(&texts, flags)
}

fn shown(address: &NamedAddress) -> String {
    match &address.name {
        Some(name) if address.address.is_empty() => name.clone(),
        Some(name) => format!("{name} <{}>", address.address),
        None => address.address.clone(),
    }
}
