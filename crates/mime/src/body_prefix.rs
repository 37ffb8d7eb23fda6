//! The start of each body, decoded once for the preview and for the extraction of codes and links.

use super::{decode, parts::Leaf, transfer::Encoding};

/// Examined length of a text, before decoding.
const MAX_TEXT_BYTES: usize = 64 * 1024;
/// Examined length of HTML, before decoding: style sheets come first.
const MAX_HTML_BYTES: usize = 512 * 1024;

/// The start of each body; empty without a body.
#[derive(Debug, Default)]
pub(super) struct BodyPrefix {
    pub(super) text: String,
    pub(super) html: String,
}

impl BodyPrefix {
    pub(super) fn of(leaves: &[Leaf<'_>]) -> Self {
        let mut prefix = Self::default();
        for leaf in leaves.iter().filter(|leaf| leaf.is_text_body()) {
            if prefix.text.len() >= MAX_TEXT_BYTES {
                break;
            }
            prefix.text.push_str(&start_of(leaf, MAX_TEXT_BYTES));
            prefix.text.push('\n');
        }
        if let Some(leaf) = leaves.iter().find(|leaf| leaf.is_html_body()) {
            prefix.html = start_of(leaf, MAX_HTML_BYTES);
        }
        prefix
    }
}

/// Decodes the start of a body, cut at a place that does not split an encoded sequence.
fn start_of(leaf: &Leaf<'_>, max_bytes: usize) -> String {
    let mut body = leaf.body;
    if body.len() > max_bytes {
        body = &body[..max_bytes];
        let end = match leaf.encoding {
            Encoding::Base64 => None,
            Encoding::QuotedPrintable | Encoding::Identity => memchr::memrchr(b'\n', body),
        };
        body = &body[..end.unwrap_or(body.len())];
    }
    decode::without_nul(leaf.text_of(body))
}
