//! One-time codes and links, found by plain rules when a mail arrives. One pass over a bounded part of each body, and
//! bounded numbers of everything that is looked at twice: no mail costs more than its length.

mod candidates;
mod codes;
mod links;
mod page;
mod vocabulary;
mod words;

use serde::{Deserialize, Serialize};

use super::opening::Opening;
use page::Page;

/// Codes of a mail.
const MAX_CODES: usize = 10;
/// Links of a mail.
const MAX_LINKS: usize = 50;

/// What was found in a mail.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Findings {
    pub(crate) codes: Vec<Code>,
    pub(crate) links: Vec<Link>,
}

/// A one-time code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Code {
    /// As it would be typed: digits of any script are ASCII, and groups of digits are joined.
    pub(crate) value: String,
    /// Where it stands first.
    pub(crate) found_in: CodePlace,
}

/// A part of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CodePlace {
    Subject,
    Text,
    Html,
}

/// A link to `http` or `https`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Link {
    pub(crate) url: String,
    /// What is shown in its place; null when it stands alone.
    pub(crate) text: Option<String>,
    pub(crate) kind: LinkKind,
}

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LinkKind {
    /// Proves that an address is read.
    Verify,
    Reset,
    Unsubscribe,
    Other,
}

impl Findings {
    /// Writes them as they are stored; nothing when there are none.
    pub(crate) fn to_json(&self) -> Option<String> {
        if *self == Self::default() {
            return None;
        }
        serde_json::to_string(self).ok()
    }

    /// Reads what was stored. Messages from before there were findings have none.
    pub(crate) fn from_json(stored: Option<&str>) -> Self {
        stored
            .and_then(|stored| serde_json::from_str(stored).ok())
            .unwrap_or_default()
    }
}

/// Finds codes and links in a subject, the beginnings of the bodies, and a List-Unsubscribe field.
pub(super) fn find(subject: Option<&str>, opening: &Opening, unsubscribe: Option<&[u8]>) -> Findings {
    let subject = Page::of_text(subject.unwrap_or_default());
    let (text, html) = (Page::of_text(&opening.text), Page::of_html(&opening.html));
    let [subject, text, html] = [subject, text, html].map(codes::Marked::new);
    Findings {
        codes: codes::find(&subject, &text, &html),
        links: links::find(&html, &text, unsubscribe),
    }
}
