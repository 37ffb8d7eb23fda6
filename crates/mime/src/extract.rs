//! Extracts one-time codes and links from a mail by rules, when the mail arrives.
//!
//! Each body is read once, up to a fixed length. Everything that is examined again has a fixed maximum number, so the
//! cost of a mail is linear in its length.

mod actions;
mod attributes;
mod codes;
mod confidence;
mod context;
mod keywords;
mod links;
mod marked;
mod markup;
mod recovery;
mod signals;
mod styles;
mod tokens;
mod trie;
mod urls;
mod visible_text;
mod vocabulary;
mod weights;

use serde::{Deserialize, Serialize};

use crate::body_prefix::BodyPrefix;
use codes::Mail;
pub use confidence::Confidence;
use marked::Marked;
use signals::Signals;
pub(crate) use urls::web_url;
use visible_text::VisibleText;
use weights::Weights;

/// The version of the extraction rules and of the serialized form of [`Extracted`]. Every change of either increases it, so that
/// stored results are recomputed.
pub const EXTRACTION_VERSION: i16 = 11;

/// Codes of a mail.
const MAX_CODES: usize = 10;
/// Links of a mail.
const MAX_LINKS: usize = 100;

/// The codes and links of a mail.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Extracted {
    /// The one-time codes, the most probable first.
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
    /// How sure it is that this is a one-time code.
    pub confidence: Confidence,
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
    /// The `OTP-Token` field only.
    Header,
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
    /// How sure it is that the link is for that.
    pub confidence: Confidence,
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

/// Returns the text of HTML that a reader sees.
pub(crate) fn visible_text(html: &str) -> String {
    markup::read(html).text
}

/// Extracts codes and links from a subject, the prefixes of the bodies, and the header of the raw mail.
pub(crate) fn extract(subject: Option<&str>, prefix: &BodyPrefix, raw: &[u8]) -> Extracted {
    extract_with(subject, prefix, raw, &Weights::default())
}

fn extract_with(subject: Option<&str>, prefix: &BodyPrefix, raw: &[u8], weights: &Weights) -> Extracted {
    let subject = VisibleText::of_text(subject.unwrap_or_default());
    let (text, html) = (VisibleText::of_text(&prefix.text), markup::read(&prefix.html));
    let [subject, text, html] = [subject, text, html].map(Marked::new);
    let mail = Mail {
        subject: &subject,
        text: &text,
        html: &html,
        signals: &Signals::read(raw),
    };
    Extracted {
        codes: codes::find(&mail, weights),
        links: links::find(&mail),
    }
}
