//! Reads a mail: summary, bodies, attachments, one-time codes and links, from the raw bytes and within fixed bounds.
//!
//! [`parts`] splits the MIME tree with a bounded walk. The readers of single values are own ones too, since mail breaks every
//! rule of its grammar and a reader that fails as a whole loses bodies, names and codes: [`header`] (fields and the end of a
//! block), [`parameters`], [`encoded_word`], [`address`], [`transfer`] and [`charset`].

mod address;
mod body_prefix;
mod charset;
mod date;
mod decode;
mod encoded_word;
mod extract;
mod fields;
mod flowed;
mod header;
mod html;
mod mail_header;
mod parameters;
mod parts;
mod preview;
mod transfer;

#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use body_prefix::BodyPrefix;
pub use decode::without_nul;
pub use extract::{Code, CodePlace, Confidence, EXTRACTION_VERSION, Extracted, Link, LinkKind};
use fields::Fields;
pub use mail_header::{Addresses, Header, NamedAddress, Unsubscribe};
use parts::{Leaf, Leaves};

/// What a message list shows of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The first address of `From`, as `Name <a@b>` or `a@b`.
    pub from: Option<String>,
    /// Sender, recipients and identifier in the header.
    pub addresses: Addresses,
    /// The decoded `Subject`.
    pub subject: Option<String>,
    /// The first characters of the text, on one line.
    pub preview_text: String,
    /// Whether [`Content::attachments`] has any; `None` if the parser panicked.
    pub has_attachments: Option<bool>,
    /// How much of the mail was read.
    pub status: ParseStatus,
}

/// How much of a mail was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseStatus {
    /// All of it.
    Parsed,
    /// What is within the bounds of depth, parts and header size, which the mail exceeds.
    Truncated,
    /// Nothing: the parser panicked.
    Failed,
}

/// Bodies and attachments of a mail. A body that was not sent is `None`. Decoding can make the bodies longer than the
/// mail, so together they are cut at [`MAX_BODY_BYTES`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Content {
    /// The plain text.
    pub text_body: Option<String>,
    /// The HTML as it was sent, not sanitised.
    pub html_body: Option<String>,
    /// The attachments in the order of the mail.
    pub attachments: Vec<Attachment>,
    /// The images that the HTML can reference; empty unless the caller asks for them.
    pub inline_parts: Vec<InlinePart>,
}

/// An image of a mail that its HTML can reference. It is one of the attachments too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlinePart {
    /// The Content-ID without angle brackets.
    pub content_id: String,
    /// `type/subtype` in lower case, as declared. The bytes can be something else.
    pub content_type: String,
    /// The decoded bytes.
    pub data: Vec<u8>,
}

/// Bounds on the inline parts of a [`Content`]. Images beyond them are attachments only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InlineLimits {
    /// How many of the first images are considered.
    pub max_parts: usize,
    /// Their decoded size together. An image that does not fit is skipped; later ones can fit.
    pub max_bytes: usize,
}

/// Metadata of an attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The position among the attachments.
    pub index: u32,
    /// The name as sent, decoded; it can contain path separators.
    pub filename: Option<String>,
    /// `type/subtype` in lower case.
    pub content_type: String,
    /// The decoded size.
    pub size_bytes: i64,
    /// The Content-ID without angle brackets.
    pub content_id: Option<String>,
    /// Whether the mail asks to show it in place (RFC 2183).
    pub is_inline: bool,
    /// `Content-Transfer-Encoding` as declared, in lower case.
    pub transfer_encoding: Option<String>,
}

/// The longest that both bodies of a [`Content`] are together. No charset makes more of the largest mail.
pub const MAX_BODY_BYTES: usize = 80 << 20;

/// Reads the summary and extracts codes and links.
///
/// Of a mail that exceeds the bounds, what is within them counts. A mail that breaks the parser has an empty summary.
#[must_use]
pub fn summarize(raw: &[u8]) -> (Summary, Extracted) {
    catch_panic(|| {
        let top = Fields::of_mail(raw);
        let sender = fields::sender(&top);
        let Leaves { leaves, is_complete } = parts::leaves(raw, &top);
        let prefix = BodyPrefix::of(&leaves);
        let summary = Summary {
            from: sender.as_ref().map(fields::from),
            addresses: Addresses::read(&top, sender.and_then(NamedAddress::of)),
            subject: fields::subject(&top),
            preview_text: preview::of(&prefix),
            has_attachments: Some(attachments(&leaves).next().is_some()),
            status: match is_complete {
                true => ParseStatus::Parsed,
                false => ParseStatus::Truncated,
            },
        };
        // The summary does not depend on it.
        let extracted = catch_panic(|| extract::extract(summary.subject.as_deref(), &prefix, raw));
        (summary, extracted.unwrap_or_default())
    })
    .unwrap_or_else(|| {
        let summary = Summary {
            from: None,
            addresses: Addresses::default(),
            subject: None,
            preview_text: String::new(),
            has_attachments: None,
            status: ParseStatus::Failed,
        };
        (summary, Extracted::default())
    })
}

/// Reads the header beyond what [`summarize`] returns, also of a mail that exceeds the bounds.
#[must_use]
pub fn header(raw: &[u8]) -> Header {
    catch_panic(|| Header::read(raw)).unwrap_or_default()
}

/// Reads the bodies, the metadata of the attachments and, within limits, the images that the HTML can reference, in one walk.
/// Of a mail that exceeds the bounds it has what is within them.
#[must_use]
pub fn content(raw: &[u8], inline: Option<InlineLimits>) -> Content {
    content_within(raw, MAX_BODY_BYTES, inline)
}

fn content_within(raw: &[u8], max_body_bytes: usize, inline: Option<InlineLimits>) -> Content {
    catch_panic(|| {
        let Leaves { leaves, .. } = parts::leaves(raw, &Fields::of_mail(raw));
        let (texts, htmls) = (
            bodies(leaves.iter().filter(|leaf| leaf.is_text_body()), max_body_bytes),
            bodies(leaves.iter().filter(|leaf| leaf.is_html_body()), max_body_bytes),
        );
        let half = max_body_bytes / 2;
        let len = |body: &Option<String>| body.as_ref().map_or(0, String::len);
        let (text_len, html_len) = (len(&texts), len(&htmls));
        let text_max = half.max(max_body_bytes.saturating_sub(html_len));
        let html_max = half.max(max_body_bytes.saturating_sub(text_len));
        let html_body = htmls.map(|body| decode::cut(body, html_max));
        let is_referenced = html_body.as_deref().is_some_and(references_parts);
        let mut inline = InlineParts::new(inline.filter(|_| is_referenced));
        let mut metadata = Vec::new();
        for (index, leaf) in (0..).zip(attachments(&leaves)) {
            let (attachment, bytes) = describe(index, leaf);
            inline.add(&attachment, bytes);
            metadata.push(attachment);
        }
        Content {
            text_body: texts.map(|body| decode::cut(body, text_max)),
            html_body,
            attachments: metadata,
            inline_parts: inline.parts,
        }
    })
    .unwrap_or_default()
}

/// Makes a text of HTML, as [`Summary::preview_text`] does, with line breaks between blocks.
#[must_use]
pub fn text_of_html(html: &str) -> String {
    catch_panic(|| html::text(html)).unwrap_or_default()
}

/// Makes a text of what a reader sees of HTML, up to 128 KiB: without comments, elements that an attribute or an inline style hides,
/// and text of a size that cannot be read. Style sheets are not applied.
#[must_use]
pub fn visible_text_of_html(html: &str) -> String {
    catch_panic(|| extract::visible_text(html)).unwrap_or_default()
}

/// Returns whether HTML can reference other parts of its mail.
fn references_parts(html: &str) -> bool {
    html.as_bytes()
        .windows(4)
        .any(|window| window.eq_ignore_ascii_case(b"cid:"))
}

/// Collects inline parts until the limits are reached.
struct InlineParts {
    parts_left: usize,
    bytes_left: usize,
    parts: Vec<InlinePart>,
}

impl InlineParts {
    fn new(limits: Option<InlineLimits>) -> Self {
        Self {
            parts_left: limits.map_or(0, |limits| limits.max_parts),
            bytes_left: limits.map_or(0, |limits| limits.max_bytes),
            parts: Vec::new(),
        }
    }

    fn add(&mut self, attachment: &Attachment, bytes: Cow<'_, [u8]>) {
        if self.parts_left == 0 || !attachment.content_type.starts_with("image/") {
            return;
        }
        self.parts_left -= 1;
        let (Some(content_id), Some(bytes_left)) =
            (&attachment.content_id, self.bytes_left.checked_sub(bytes.len()))
        else {
            return;
        };
        self.bytes_left = bytes_left;
        self.parts.push(InlinePart {
            content_id: content_id.clone(),
            content_type: attachment.content_type.clone(),
            data: bytes.into_owned(),
        });
    }
}

/// Decodes one attachment.
#[must_use]
pub fn attachment(raw: &[u8], index: u32) -> Option<(Attachment, Vec<u8>)> {
    catch_panic(|| {
        let Leaves { leaves, .. } = parts::leaves(raw, &Fields::of_mail(raw));
        let leaf = attachments(&leaves).nth(usize::try_from(index).ok()?)?;
        let (metadata, bytes) = describe(index, leaf);
        Some((metadata, bytes.into_owned()))
    })?
}

fn attachments<'l, 'a>(leaves: &'l [Leaf<'a>]) -> impl Iterator<Item = &'l Leaf<'a>> {
    leaves.iter().filter(|leaf| leaf.is_attachment())
}

fn describe<'l>(index: u32, leaf: &'l Leaf<'_>) -> (Attachment, Cow<'l, [u8]>) {
    let bytes = transfer::decode(leaf.body, leaf.encoding);
    let metadata = Attachment {
        index,
        filename: leaf.filename.clone(),
        content_type: leaf.content_type(),
        size_bytes: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        content_id: leaf.content_id.clone(),
        is_inline: leaf.is_inline,
        transfer_encoding: leaf.declared_encoding.clone(),
    };
    (metadata, bytes)
}

/// Joins the parts of a body. Mailing lists often append their footer as a separate part.
fn bodies<'l, 'a: 'l>(leaves: impl Iterator<Item = &'l Leaf<'a>>, max_bytes: usize) -> Option<String> {
    let mut parts = leaves.map(|leaf| decode::without_nul(leaf.text_of(leaf.body)));
    let mut body = parts.next()?;
    for part in parts {
        if body.len() > max_bytes {
            break;
        }
        body.push('\n');
        body.push_str(&part);
    }
    Some(body)
}

/// Defence in depth: a panic of the parser costs one mail its summary and never its bytes. Tests fail on it.
fn catch_panic<T>(parse: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(parse)) {
        Ok(parsed) => Some(parsed),
        Err(panic) => {
            if cfg!(test) {
                resume_unwind(panic);
            }
            tracing::error!("the MIME parser panicked");
            None
        }
    }
}
