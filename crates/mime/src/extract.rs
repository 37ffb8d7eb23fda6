//! Extracts one-time codes and links from a mail by rules, when the mail arrives.
//!
//! Each body is read once, up to a fixed length. Everything that is examined again has a fixed maximum number, so the
//! cost of a mail is linear in its length.

mod candidates;
mod codes;
mod keywords;
mod links;
mod visible_text;
mod vocabulary;

use serde::{Deserialize, Serialize};

use crate::body_prefix::BodyPrefix;
use visible_text::VisibleText;

/// The version of the extraction rules and of the serialized form of [`Extracted`]. Every change of either increases it, so that
/// stored results are recomputed.
pub const EXTRACTION_VERSION: i16 = 1;

/// Codes of a mail.
const MAX_CODES: usize = 10;
/// Links of a mail.
const MAX_LINKS: usize = 50;

/// The codes and links of a mail.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Extracted {
    /// The one-time codes: of the subject, then of the text, then of the HTML.
    pub codes: Vec<Code>,
    /// The links in the order of the mail.
    pub links: Vec<Link>,
}

/// A one-time code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// The code as a user types it: digits of every script are ASCII, and groups of digits are joined.
    pub value: String,
    /// The part of the mail that contains it first.
    pub found_in: CodePlace,
}

/// A part of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodePlace {
    /// The `Subject` field.
    Subject,
    /// The plain text.
    Text,
    /// The HTML.
    Html,
}

/// A link to `http` or `https`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The URL, entities decoded.
    pub url: String,
    /// The text of the anchor; `None` for a bare URL.
    pub text: Option<String>,
    /// What the link is for.
    pub kind: LinkKind,
}

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// Verifies an address or signs in.
    Verify,
    /// Resets a password.
    Reset,
    /// Unsubscribes from a list.
    Unsubscribe,
    /// Anything else.
    Other,
}

/// Extracts codes and links from a subject, the prefixes of the bodies, and a List-Unsubscribe field.
pub(crate) fn extract(subject: Option<&str>, prefix: &BodyPrefix, unsubscribe: Option<&[u8]>) -> Extracted {
    let subject = VisibleText::of_text(subject.unwrap_or_default());
    let (text, html) = (
        VisibleText::of_text(&prefix.text),
        VisibleText::of_html(&prefix.html),
    );
    let [subject, text, html] = [subject, text, html].map(codes::Marked::new);
    Extracted {
        codes: codes::find(&subject, &text, &html),
        links: links::find(&html, &text, unsubscribe),
    }
}
