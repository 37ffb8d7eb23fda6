//! Visible text with its tokens, keywords and lines.

use std::{cell::OnceCell, ops::Range};

use memchr::memchr_iter;

use super::{
    keywords::{self, Hit},
    tokens::{self, Shape, Token},
    visible_text::VisibleText,
    weights::reach,
};

/// Examined bytes of a line on each side of a number.
pub(super) const REACH_BYTES: usize = 480;

/// Shorter texts are searched as a whole.
const MAX_WHOLE_BYTES: usize = 2 * 1024;
/// Searched text around a candidate, in characters: the examined part of its line and the lines on each side.
const WINDOW_CHARS: usize = REACH_BYTES + reach::LINES_BEFORE;

/// Visible text, its tokens and the keywords around its candidates. A text without candidates is not searched.
#[derive(Debug)]
pub(super) struct Marked {
    pub(super) visible: VisibleText,
    pub(super) tokens: Vec<Token>,
    hits: OnceCell<Vec<Hit>>,
}

impl Marked {
    pub(super) fn new(visible: VisibleText) -> Self {
        Self {
            tokens: tokens::find(&visible.text),
            visible,
            hits: OnceCell::new(),
        }
    }

    /// Returns the keywords around candidates, in order.
    pub(super) fn hits(&self) -> &[Hit] {
        self.hits.get_or_init(|| {
            let text = self.text();
            if text.len() <= MAX_WHOLE_BYTES {
                return keywords::find(text);
            }
            let mut hits = Vec::new();
            for window in self.windows() {
                let found = keywords::find(&text[window.clone()]);
                hits.extend(found.into_iter().map(|hit| Hit {
                    at: window.start + hit.at.start..window.start + hit.at.end,
                    ..hit
                }));
            }
            hits
        })
    }

    /// Returns the parts of the text around candidates, in order and disjoint.
    fn windows(&self) -> Vec<Range<usize>> {
        let text = self.text();
        // No character of a vocabulary has more than three bytes.
        let reach = if text.is_ascii() {
            WINDOW_CHARS
        } else {
            3 * WINDOW_CHARS
        };
        let mut windows: Vec<Range<usize>> = Vec::new();
        for token in self.tokens.iter().filter(|token| token.shape != Shape::Number) {
            let start = token.at.start.saturating_sub(reach);
            let end = text.floor_char_boundary((token.at.end + reach).min(text.len()));
            match windows.last_mut() {
                Some(last) if start <= last.end => last.end = end,
                _ => {
                    // Not within a word.
                    let start = text.ceil_char_boundary(start);
                    let space = text[start..end].find([' ', '\n', '\t']).unwrap_or_default();
                    windows.push(start + if start == 0 { 0 } else { space }..end);
                }
            }
        }
        windows
    }

    pub(super) fn text(&self) -> &str {
        &self.visible.text
    }

    /// Returns the lines, without their ends.
    pub(super) fn lines(&self) -> Vec<Range<usize>> {
        let text = self.text().as_bytes();
        let (mut lines, mut start) = (Vec::new(), 0);
        for end in memchr_iter(b'\n', text) {
            lines.push(start..end);
            start = end + 1;
        }
        lines.push(start..text.len());
        lines
    }
}

/// Marks that end a sentence, with a space after them or without: of East Asia, Hindi, Urdu, Armenian, Amharic, Khmer, Burmese and
/// Tibetan, and the Arabic question mark.
pub(super) const SENTENCE_ENDS: [char; 11] = [
    '\u{3002}', '\u{ff01}', '\u{ff1f}', '\u{964}', '\u{6d4}', '\u{61f}', '\u{589}', '\u{1362}', '\u{17d4}',
    '\u{104b}', '\u{f0d}',
];

/// Returns the distance between two offsets in characters, if it is at most a limit.
pub(super) fn distance(text: &str, from: usize, to: usize, limit: usize) -> Option<usize> {
    let bytes = to.checked_sub(from)?;
    // No character has more than four bytes.
    if bytes > 4 * limit {
        return None;
    }
    let chars = text.get(from..to)?.chars().count();
    (chars <= limit).then_some(chars)
}

/// Examined length of a sentence before an offset, in bytes.
const MAX_SENTENCE_BYTES: usize = 480;
/// A word of this length with a dot is an abbreviation.
const MAX_ABBREVIATION_CHARS: usize = 4;

/// Returns where the sentence that contains an offset begins, not before `from`.
pub(super) fn sentence_start(text: &str, from: usize, at: usize) -> usize {
    let from = text.ceil_char_boundary(from.max(at.saturating_sub(MAX_SENTENCE_BYTES)));
    let Some(before) = text.get(from..at) else {
        return at;
    };
    let mut is_space_after = false;
    for (offset, char) in before.char_indices().rev() {
        let end = offset + char.len_utf8();
        let ends = match char {
            _ if SENTENCE_ENDS.contains(&char) => true,
            '!' | '?' => is_space_after,
            '.' => is_space_after && !is_abbreviation(&before[..offset], &before[end..]),
            _ => false,
        };
        if ends {
            return from + end;
        }
        is_space_after = char.is_whitespace();
    }
    from
}

/// Reports whether a dot ends an abbreviation: of a single letter, or a short one before a number or a small letter, with which
/// no sentence begins: `Rs. 5,400`, `Ltd. is`. A text that ends after the dot goes on with a number.
fn is_abbreviation(before: &str, after: &str) -> bool {
    let word = before
        .rsplit(|char: char| !char.is_alphabetic())
        .next()
        .unwrap_or_default();
    let chars = word.chars().take(MAX_ABBREVIATION_CHARS + 1).count();
    let next = after.trim_start().chars().next();
    let goes_on = next.is_none_or(|char| char.is_numeric() || char.is_lowercase());
    // `12 1020 ... 4821`
    let is_ellipsis = before.ends_with('.');
    chars == 1 || goes_on && (is_ellipsis || (1..=MAX_ABBREVIATION_CHARS).contains(&chars))
}

/// Reports whether a sentence ends in a text.
pub(super) fn ends_sentence(between: &str) -> bool {
    between.contains(SENTENCE_ENDS)
        || between.as_bytes().windows(2).enumerate().any(|(at, pair)| {
            pair[1].is_ascii_whitespace()
                && match pair[0] {
                    b'.' => {
                        between[at + 1..].trim().is_empty()
                            || !is_abbreviation(&between[..at], &between[at + 1..])
                    }
                    b'!' | b'?' => true,
                    _ => false,
                }
        })
}
