//! The first characters of a mail's text, for a list.

use super::{
    decode::{self, Encoding},
    html,
    walk::Leaf,
};

/// How long a preview is.
const MAX_CHARS: usize = 100;
/// How much of a text is looked at, as sent.
const MAX_TEXT_BYTES: usize = 64 * 1024;
/// How much of an HTML text: style sheets come first.
const MAX_HTML_BYTES: usize = 512 * 1024;

/// Collects characters, white space folded, until there are enough.
#[derive(Debug, Default)]
pub(super) struct Preview {
    text: String,
    chars: usize,
    is_gap: bool,
}

impl Preview {
    /// Adds a character. Returns false when no more are wanted.
    pub(super) fn push(&mut self, char: char) -> bool {
        if char.is_whitespace() || char.is_control() && char != '\0' {
            self.is_gap = self.chars > 0;
            return true;
        }
        if self.is_gap && self.chars < MAX_CHARS - 1 {
            self.text.push(' ');
            self.chars += 1;
        } else if self.is_gap {
            self.chars = MAX_CHARS;
        }
        self.is_gap = false;
        if self.chars < MAX_CHARS {
            self.text.push(if char == '\0' { '\u{fffd}' } else { char });
            self.chars += 1;
        }
        self.chars < MAX_CHARS
    }
}

/// Takes the preview from the text, and from the HTML when there is no text.
pub(super) fn of_leaves(leaves: &[Leaf<'_>]) -> String {
    let mut preview = Preview::default();
    for leaf in leaves.iter().filter(|leaf| leaf.is_text_body()) {
        if !start_of(leaf, MAX_TEXT_BYTES)
            .chars()
            .all(|char| preview.push(char))
        {
            break;
        }
        preview.push(' ');
    }
    if preview.text.is_empty()
        && let Some(leaf) = leaves.iter().find(|leaf| leaf.is_html_body())
    {
        html::read_text(&start_of(leaf, MAX_HTML_BYTES), &mut preview);
    }
    preview.text
}

/// Decodes the beginning of a body, cut where no encoding is cut in two.
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
    decode::text(&decode::transfer(body, leaf.encoding), leaf.charset.as_deref())
}
