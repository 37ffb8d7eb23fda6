//! A body as a reader sees it: lines and table cells of visible text, its emphasised ranges and its anchors.

use std::ops::Range;

use crate::html::{self, Sink, Tag};

/// Examined visible text.
const MAX_TEXT_BYTES: usize = 64 * 1024;
/// Examined length of an HTML document.
const MAX_HTML_BYTES: usize = 256 * 1024;
/// Examined anchors with an `href`.
const MAX_ANCHORS: usize = 200;
/// Open elements that are tracked; deeper ones do not emphasise.
const MAX_OPEN: usize = 256;
/// Open elements that an end tag is compared with.
const MAX_LOOK_UP: usize = 16;
/// A longer line may have been wrapped by the mail program; a shorter one was not.
const MIN_WRAPPED_CHARS: usize = 45;
/// Text from this size on, in pixels, is emphasised.
const LARGE_PX: f32 = 20.0;

const VOID: [&str; 9] = ["br", "img", "hr", "input", "meta", "link", "wbr", "col", "area"];
const EMPHATIC: [&str; 8] = ["b", "strong", "h1", "h2", "h3", "code", "pre", "mark"];

/// Visible text: lines end with `\n`, cells of a row with `\t`, other white space is one space.
#[derive(Debug, Default)]
pub(super) struct VisibleText {
    pub(super) text: String,
    /// In order and disjoint.
    pub(super) emphasis: Vec<Range<usize>>,
    pub(super) anchors: Vec<Anchor>,
    pending: Option<char>,
}

/// A link of an HTML document.
#[derive(Debug)]
pub(super) struct Anchor {
    /// The URL as sent, entities decoded.
    pub(super) href: String,
    /// The range of its text.
    pub(super) text: Range<usize>,
    /// The `alt` text of an image in it.
    pub(super) alt: Option<String>,
}

impl VisibleText {
    /// Reads a plain text and joins wrapped lines.
    pub(super) fn of_text(text: &str) -> Self {
        let mut visible = Self::default();
        let mut wrapped = false;
        for line in text.lines() {
            let line = line.trim();
            visible.break_with(if wrapped && !line.is_empty() { ' ' } else { '\n' });
            if !line.chars().all(|char| visible.push(char)) {
                break;
            }
            wrapped = line.chars().count() >= MIN_WRAPPED_CHARS && !line.ends_with(['.', '!', '?', ':', ';']);
        }
        visible
    }

    /// Reads an HTML document.
    pub(super) fn of_html(html: &str) -> Self {
        let mut reader = Reader::default();
        html::read(&html[..html.floor_char_boundary(MAX_HTML_BYTES)], &mut reader);
        reader.close_anchor();
        reader.visible
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

    fn break_with(&mut self, mark: char) {
        let is_stronger = match self.pending {
            None | Some(' ') => true,
            Some('\t') => mark == '\n',
            Some(_) => false,
        };
        if is_stronger {
            self.pending = Some(mark);
        }
    }

    /// Adds a character. Returns false when the limit is reached.
    fn push(&mut self, char: char) -> bool {
        if char.is_whitespace() {
            self.break_with(' ');
        } else if !is_invisible(char) {
            if let Some(mark) = self.pending.take()
                && !self.text.is_empty()
            {
                self.text.push(mark);
            }
            self.text.push(char);
        }
        self.text.len() < MAX_TEXT_BYTES
    }
}

fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[derive(Debug, Default)]
struct Reader<'h> {
    visible: VisibleText,
    /// Open elements, and whether each is emphatic.
    open: Vec<(Tag<'h>, bool)>,
    emphatic: usize,
    emphasis_from: usize,
    anchor: Option<Anchor>,
}

impl<'h> Sink<'h> for Reader<'h> {
    fn char(&mut self, char: char) -> bool {
        self.visible.push(char)
    }

    fn tag(&mut self, tag: Tag<'h>) {
        if tag.is(&["td", "th"]) {
            self.visible.break_with('\t');
        } else if tag.separates_words() && !tag.is(&["img"]) {
            self.visible.break_with('\n');
        }
        if tag.is(&["a"]) {
            self.close_anchor();
            if !tag.is_closing {
                self.open_anchor(tag);
            }
        } else if tag.is(&["img"]) {
            self.image(tag);
        }
        if tag.is_closing {
            self.close(tag);
        } else if !tag.is(&VOID) && self.open.len() < MAX_OPEN {
            let is_emphatic = tag.is(&EMPHATIC) || is_styled_emphatic(tag);
            if is_emphatic {
                if self.emphatic == 0 {
                    self.emphasis_from = self.visible.text.len();
                }
                self.emphatic += 1;
            }
            self.open.push((tag, is_emphatic));
        }
    }
}

impl<'h> Reader<'h> {
    fn close(&mut self, tag: Tag<'h>) {
        let lowest = self.open.len().saturating_sub(MAX_LOOK_UP);
        let found = self.open[lowest..]
            .iter()
            .rposition(|(open, _)| open.has_name_of(&tag));
        let Some(found) = found else { return };
        let closed = self
            .open
            .drain(lowest + found..)
            .filter(|(_, is_emphatic)| *is_emphatic);
        let closed = closed.count();
        self.emphatic -= closed;
        if closed > 0 && self.emphatic == 0 && self.emphasis_from < self.visible.text.len() {
            self.visible
                .emphasis
                .push(self.emphasis_from..self.visible.text.len());
        }
    }

    fn open_anchor(&mut self, tag: Tag<'h>) {
        let href = tag
            .attributes()
            .find(|(name, _)| name.eq_ignore_ascii_case("href"));
        if let Some((_, href)) = href
            && self.visible.anchors.len() < MAX_ANCHORS
        {
            self.anchor = Some(Anchor {
                href: html::decoded(href),
                text: self.visible.text.len()..0,
                alt: None,
            });
        }
    }

    fn image(&mut self, tag: Tag<'h>) {
        if let Some(anchor) = &mut self.anchor {
            let alt = tag
                .attributes()
                .find(|(name, _)| name.eq_ignore_ascii_case("alt"));
            anchor.alt = anchor.alt.take().or_else(|| Some(html::decoded(alt?.1)));
        }
    }

    fn close_anchor(&mut self) {
        if let Some(mut anchor) = self.anchor.take() {
            anchor.text.end = self.visible.text.len();
            self.visible.anchors.push(anchor);
        }
    }
}

/// Reports whether a style makes text large or bold.
fn is_styled_emphatic(tag: Tag<'_>) -> bool {
    let style = tag
        .attributes()
        .find(|(name, _)| name.eq_ignore_ascii_case("style"));
    style.is_some_and(|(_, style)| style.split(';').any(is_emphatic_declaration))
}

fn is_emphatic_declaration(declaration: &str) -> bool {
    let Some((property, value)) = declaration.split_once(':') else {
        return false;
    };
    let (property, value) = (property.trim(), value.trim());
    if property.eq_ignore_ascii_case("font-size") {
        let unit_at = value
            .find(|char: char| !char.is_ascii_digit() && char != '.')
            .unwrap_or(value.len());
        let (number, unit) = value.split_at(unit_at);
        let px = match unit.trim() {
            unit if unit.starts_with("pt") => 4.0 / 3.0,
            unit if unit.starts_with("em") || unit.starts_with("rem") => 16.0,
            unit if unit.starts_with("px") => 1.0,
            _ => 0.0,
        };
        return number.parse().is_ok_and(|number: f32| number * px >= LARGE_PX);
    }
    property.eq_ignore_ascii_case("font-weight")
        && (value.starts_with("bold") || matches!(value.as_bytes(), [b'6'..=b'9', b'0', b'0', ..]))
}
