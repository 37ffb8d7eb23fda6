//! The first characters of a mail's text, for a list.

use super::{
    body_prefix::BodyPrefix,
    html::{self, Sink, Tag},
};

/// How long a preview is.
const MAX_CHARS: usize = 100;

/// Collects characters, white space folded, until there are enough.
#[derive(Debug, Default)]
pub(super) struct Preview {
    text: String,
    chars: usize,
    is_gap: bool,
}

impl Preview {
    /// Adds a character. Returns false when no more are wanted.
    fn push(&mut self, char: char) -> bool {
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

impl Sink<'_> for Preview {
    fn char(&mut self, char: char) -> bool {
        self.push(char)
    }

    fn tag(&mut self, tag: Tag<'_>) {
        if tag.separates_words() {
            self.push(' ');
        }
    }
}

/// Takes the preview from the text, and from the HTML when there is no text.
pub(super) fn of(prefix: &BodyPrefix) -> String {
    let mut preview = Preview::default();
    prefix.text.chars().all(|char| preview.push(char));
    if preview.text.is_empty() {
        html::read(&prefix.html, &mut preview);
    }
    preview.text
}
