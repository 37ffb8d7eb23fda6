//! What a mail says: its summary, bodies and attachments, read from the raw bytes within fixed bounds.
//!
//! The tree is cut up by our own bounded walk (see [`walk`]) and never by mail-parser, whose parsed value nests without
//! limit and overflows the stack when it is dropped. mail-parser reads what stands in a leaf: header fields, encoded
//! words, parameters, transfer encodings and charsets.

mod decode;
mod fields;
mod findings;
mod html;
mod opening;
mod preview;
mod walk;

#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::store::ParseStatus;
pub(crate) use decode::without_nul;
pub(crate) use findings::{Code, CodePlace, Findings, Link, LinkKind};
use opening::Opening;
use walk::Leaf;

/// What a list shows of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) from: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) preview_text: String,
    pub(crate) status: ParseStatus,
}

/// What a mail holds. Bodies are null when they were not sent. Decoding can make them longer than the mail was, so they
/// are cut at [`MAX_BODY_BYTES`] together (the source is always whole).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Content {
    pub(crate) text_body: Option<String>,
    pub(crate) html_body: Option<String>,
    pub(crate) attachments: Vec<Attachment>,
}

/// One attachment's description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attachment {
    pub(crate) index: u32,
    pub(crate) filename: Option<String>,
    pub(crate) content_type: String,
    pub(crate) size_bytes: i64,
    pub(crate) content_id: Option<String>,
}

/// Both bodies of a [`Content`] together: beyond what any charset makes of the largest mail.
const MAX_BODY_BYTES: usize = 80 << 20;

/// Reads the summary, and finds codes and links. A mail beyond the bounds keeps what its top headers say, one that breaks
/// the parser nothing.
pub(crate) fn summarize(raw: &[u8]) -> (Summary, Findings) {
    contained(|| {
        let top = fields::read(raw);
        let mut summary = Summary {
            from: top.from.and_then(fields::from),
            subject: top.subject.map(fields::subject),
            preview_text: String::new(),
            status: ParseStatus::Truncated,
        };
        let mut findings = Findings::default();
        if let Ok(leaves) = walk::leaves(raw) {
            let opening = Opening::of(&leaves);
            summary.status = ParseStatus::Parsed;
            summary.preview_text = preview::of(&opening);
            findings = findings::find(summary.subject.as_deref(), &opening, top.unsubscribe);
        }
        (summary, findings)
    })
    .unwrap_or_else(|| {
        let summary = Summary {
            from: None,
            subject: None,
            preview_text: String::new(),
            status: ParseStatus::Failed,
        };
        (summary, Findings::default())
    })
}

/// Reads the bodies and describes the attachments; empty for a mail beyond the bounds.
pub(crate) fn content(raw: &[u8]) -> Content {
    content_within(raw, MAX_BODY_BYTES)
}

fn content_within(raw: &[u8], max_body_bytes: usize) -> Content {
    contained(|| {
        let Ok(leaves) = walk::leaves(raw) else {
            return Content::default();
        };
        let (texts, htmls) = (
            bodies(leaves.iter().filter(|leaf| leaf.is_text_body()), max_body_bytes),
            bodies(leaves.iter().filter(|leaf| leaf.is_html_body()), max_body_bytes),
        );
        let half = max_body_bytes / 2;
        let len = |body: &Option<String>| body.as_ref().map_or(0, String::len);
        let (text_len, html_len) = (len(&texts), len(&htmls));
        let text_max = half.max(max_body_bytes.saturating_sub(html_len));
        let html_max = half.max(max_body_bytes.saturating_sub(text_len));
        Content {
            text_body: texts.map(|body| decode::cut(body, text_max)),
            html_body: htmls.map(|body| decode::cut(body, html_max)),
            attachments: (0..)
                .zip(attachments(&leaves))
                .map(|(index, leaf)| describe(index, leaf).0)
                .collect(),
        }
    })
    .unwrap_or_default()
}

/// Decodes one attachment.
pub(crate) fn attachment(raw: &[u8], index: u32) -> Option<(Attachment, Vec<u8>)> {
    contained(|| {
        let leaves = walk::leaves(raw).ok()?;
        let leaf = attachments(&leaves).nth(usize::try_from(index).ok()?)?;
        let (description, bytes) = describe(index, leaf);
        Some((description, bytes.into_owned()))
    })?
}

fn attachments<'l, 'a>(leaves: &'l [Leaf<'a>]) -> impl Iterator<Item = &'l Leaf<'a>> {
    leaves.iter().filter(|leaf| leaf.is_attachment())
}

fn describe<'l>(index: u32, leaf: &'l Leaf<'_>) -> (Attachment, std::borrow::Cow<'l, [u8]>) {
    let bytes = decode::transfer(leaf.body, leaf.encoding);
    let description = Attachment {
        index,
        filename: leaf.filename.clone(),
        content_type: leaf.content_type(),
        size_bytes: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        content_id: leaf.content_id.clone(),
    };
    (description, bytes)
}

/// Joins the parts that make up a body: a list's footer is often a part of its own.
fn bodies<'l, 'a: 'l>(leaves: impl Iterator<Item = &'l Leaf<'a>>, max_bytes: usize) -> Option<String> {
    let mut parts = leaves.map(|leaf| {
        let bytes = decode::transfer(leaf.body, leaf.encoding);
        decode::text(&bytes, leaf.charset.as_deref())
    });
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

/// Belt and braces: a defect of a parser costs one mail its summary, and never its bytes.
fn contained<T>(parse: impl FnOnce() -> T) -> Option<T> {
    let outcome = catch_unwind(AssertUnwindSafe(parse));
    if outcome.is_err() {
        tracing::error!("a mail broke the parser");
    }
    outcome.ok()
}
