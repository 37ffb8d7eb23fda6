//! A body as a reader sees it: lines and table cells of visible text, its emphasised ranges and its anchors.

use std::ops::Range;

use memchr::{memchr, memrchr};

/// Examined visible text.
const MAX_TEXT_BYTES: usize = 128 * 1024;
/// A longer line may have been wrapped by the mail program; a shorter one was not.
const MIN_WRAPPED_CHARS: usize = 45;

/// Visible text: lines end with `\n`, cells of a row with `\t`, other white space is one space.
#[derive(Debug, Default)]
pub(super) struct VisibleText {
    pub(super) text: String,
    /// In order and disjoint.
    pub(super) emphasis: Vec<Range<usize>>,
    pub(super) anchors: Vec<Anchor>,
    /// Actions that schema.org markup declares.
    pub(super) actions: Vec<Action>,
    pending: Option<Gap>,
}

/// White space that the next character puts into the text, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    Space,
    Cell,
    Line,
}

/// A link of an HTML document.
#[derive(Debug, Default)]
pub(super) struct Anchor {
    /// The URL as sent, entities decoded.
    pub(super) href: String,
    /// The range of its text.
    pub(super) text: Range<usize>,
    /// What it says without a text: `alt` of an image in it, `title`, `aria-label`.
    pub(super) label: Option<String>,
}

/// An action that schema.org markup declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Action {
    pub(super) url: String,
    /// Whether it is a `ConfirmAction`.
    pub(super) confirms: bool,
}

/// The class of a byte of text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    Space,
    Other,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut byte = 0x21;
    while byte < 0x7f {
        classes[byte] = Class::Plain;
        byte += 1;
    }
    let mut at = 0;
    while at < 6 {
        classes[[0x20_usize, 0x09, 0x0a, 0x0b, 0x0c, 0x0d][at]] = Class::Space;
        at += 1;
    }
    classes
};

impl VisibleText {
    /// Reads a plain text and joins wrapped lines.
    pub(super) fn of_text(text: &str) -> Self {
        let mut visible = Self {
            text: String::with_capacity(text.len().min(MAX_TEXT_BYTES)),
            ..Self::default()
        };
        let (mut rest, mut wrapped) = (text, false);
        while !rest.is_empty() {
            let end = memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |at| at + 1);
            let line = rest[..end].trim();
            rest = &rest[end..];
            visible.break_with(if wrapped && !line.is_empty() {
                Gap::Space
            } else {
                Gap::Line
            });
            if !visible.push(line) {
                break;
            }
            wrapped = line.len() >= MIN_WRAPPED_CHARS
                && !line.ends_with(['.', '!', '?', ':', ';'])
                && !ends_with_url(line)
                && line.chars().count() >= MIN_WRAPPED_CHARS;
        }
        visible
    }

    /// Reports whether part of a range is emphasised.
    pub(super) fn is_emphasised(&self, range: &Range<usize>) -> bool {
        let next = self
            .emphasis
            .partition_point(|emphasis| emphasis.end <= range.start);
        self.emphasis
            .get(next)
            .is_some_and(|emphasis| emphasis.start < range.end)
    }

    pub(super) fn break_with(&mut self, gap: Gap) {
        self.pending = self.pending.max(Some(gap));
    }

    /// Adds text, white space folded and invisible characters left out. Returns false when the limit is reached.
    pub(super) fn push(&mut self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            match CLASSES[usize::from(*byte)] {
                Class::Plain => {
                    let len = plain_len(&bytes[at..]);
                    self.flush_gap();
                    self.text.push_str(&text[at..at + len]);
                    at += len;
                }
                Class::Space => {
                    at += 1;
                    self.break_with(Gap::Space);
                }
                Class::Other => {
                    let Some(char) = text[at..].chars().next() else {
                        break;
                    };
                    at += char.len_utf8();
                    if char.is_whitespace() {
                        self.break_with(Gap::Space);
                    } else if !is_invisible(char) {
                        self.flush_gap();
                        self.text.push(char);
                    }
                }
            }
            if self.text.len() >= MAX_TEXT_BYTES {
                self.text.truncate(self.text.floor_char_boundary(MAX_TEXT_BYTES));
                return false;
            }
        }
        true
    }

    fn flush_gap(&mut self) {
        if let Some(gap) = self.pending.take()
            && !self.text.is_empty()
        {
            self.text.push(match gap {
                Gap::Space => ' ',
                Gap::Cell => '\t',
                Gap::Line => '\n',
            });
        }
    }
}

/// Returns the length of printable ASCII with single spaces between, which is copied as it is. The first byte is plain.
fn plain_len(bytes: &[u8]) -> usize {
    let (mut len, mut was_space) = (0, false);
    for byte in bytes {
        let is_space = *byte == b' ';
        if is_space && was_space || !is_space && CLASSES[usize::from(*byte)] != Class::Plain {
            break;
        }
        was_space = is_space;
        len += 1;
    }
    len - usize::from(was_space)
}

/// Reports whether the last word is a URL: lines are not wrapped after one.
fn ends_with_url(line: &str) -> bool {
    let start = memrchr(b' ', line.as_bytes()).map_or(0, |at| at + 1);
    line[start..].contains("://")
}

fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
