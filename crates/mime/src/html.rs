//! The text and tags of an HTML document: one pass from left to right, whatever the nesting.

use mail_parser::decoders::html::add_html_token;
use memchr::{memchr, memchr2, memmem};

/// Receives the tokens of a document.
pub(super) trait Sink<'h> {
    /// Takes a character of the text. Returns false when no more are wanted.
    fn char(&mut self, char: char) -> bool;
    /// Takes a tag.
    fn tag(&mut self, tag: Tag<'h>);
}

/// A tag of a document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tag<'h> {
    name: &'h str,
}

impl<'h> Tag<'h> {
    /// Reports whether the name is one of some, which are in lower case.
    pub(super) fn is(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.name.eq_ignore_ascii_case(name))
    }

    /// Reports whether it separates words.
    pub(super) fn separates_words(&self) -> bool {
        !self.is(&INLINE)
    }
}

/// Elements whose content is not text for a reader.
const SKIPPED: [&str; 6] = ["style", "script", "title", "template", "noscript", "svg"];
/// Elements that do not separate words.
const INLINE: [&str; 19] = [
    "a", "abbr", "b", "bdi", "big", "code", "em", "font", "i", "ins", "mark", "s", "small", "span", "strong",
    "sub", "sup", "u", "wbr",
];
/// The longest entity's name, with its `&` and `;`.
const MAX_ENTITY_BYTES: usize = 34;

/// Reads a document to its end, or until no more is wanted.
pub(super) fn read<'h>(html: &'h str, sink: &mut impl Sink<'h>) {
    let mut rest = html;
    while !rest.is_empty() {
        let Some(open) = memchr(b'<', rest.as_bytes()) else {
            add_text(rest, sink);
            return;
        };
        let (text, markup) = rest.split_at(open);
        if !add_text(text, sink) {
            return;
        }
        rest = match markup.as_bytes().get(1) {
            Some(b'!') if markup.starts_with("<!--") => after(markup, "-->"),
            Some(b'!' | b'?') => after(markup, ">"),
            Some(byte) if byte.is_ascii_alphabetic() || *byte == b'/' => after_tag(markup, sink),
            _ => {
                if !sink.char('<') {
                    return;
                }
                &markup[1..]
            }
        };
    }
}

/// The text of a document, with a line break between blocks.
#[derive(Debug, Default)]
struct Lines {
    text: String,
    is_gap: bool,
    is_break: bool,
}

impl Sink<'_> for Lines {
    fn char(&mut self, char: char) -> bool {
        if char.is_whitespace() || char.is_control() && char != '\0' {
            self.is_gap = true;
            return true;
        }
        if !self.text.is_empty() && self.is_break {
            self.text.push('\n');
        } else if !self.text.is_empty() && self.is_gap {
            self.text.push(' ');
        }
        (self.is_gap, self.is_break) = (false, false);
        self.text.push(if char == '\0' { '\u{fffd}' } else { char });
        true
    }

    fn tag(&mut self, tag: Tag<'_>) {
        if tag.is(&["td", "th", "img"]) {
            self.is_gap = true;
        } else if tag.separates_words() {
            self.is_break = true;
        }
    }
}

/// Returns the text of a document: white space is folded, and blocks are on lines of their own.
pub(super) fn text(html: &str) -> String {
    let mut lines = Lines::default();
    read(html, &mut lines);
    lines.text
}

fn after<'t>(markup: &'t str, end: &str) -> &'t str {
    memmem::find(markup.as_bytes(), end.as_bytes()).map_or("", |at| &markup[at + end.len()..])
}

/// Passes a tag to the sink and skips the content of some elements.
fn after_tag<'h>(markup: &'h str, sink: &mut impl Sink<'h>) -> &'h str {
    let bytes = markup.as_bytes();
    let is_closing = bytes[1] == b'/';
    let name_at = if is_closing { 2 } else { 1 };
    let name_len = bytes[name_at..]
        .iter()
        .position(|byte| !byte.is_ascii_alphanumeric())
        .unwrap_or(bytes.len() - name_at);
    let end = tag_end(bytes);
    let tag = Tag {
        name: &markup[name_at..name_at + name_len],
    };
    sink.tag(tag);
    let rest = &markup[end..];
    match SKIPPED.iter().find(|known| tag.is(&[known])) {
        Some(skipped) if !is_closing => after_element(rest, skipped),
        _ => rest,
    }
}

/// Returns where a tag ends; a `>` inside quotes does not end it.
fn tag_end(tag: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = tag.get(at) {
        at += 1;
        match byte {
            b'>' => return at,
            // A quote begins a value only after `=`; elsewhere it is a slip that must not swallow the text.
            b'"' | b'\'' if ends_with_equals(&tag[..at - 1]) => match memchr(*byte, &tag[at..]) {
                Some(end) => at += end + 1,
                None => return tag.len(),
            },
            _ => {}
        }
    }
    tag.len()
}

/// Reports whether the last byte is `=`, one white space after it forgiven.
fn ends_with_equals(tag: &[u8]) -> bool {
    match tag {
        [.., last, space] if space.is_ascii_whitespace() => *last == b'=',
        [.., last] => *last == b'=',
        [] => false,
    }
}

fn after_element<'t>(rest: &'t str, name: &str) -> &'t str {
    let bytes = rest.as_bytes();
    let is_end = |at: &usize| {
        let close = bytes.get(at + 2..at + 2 + name.len());
        close.is_some_and(|close| close.eq_ignore_ascii_case(name.as_bytes()))
    };
    memmem::find_iter(bytes, b"</")
        .find(is_end)
        .map_or("", |at| &rest[at..])
}

/// Decodes the entities of an attribute's value.
pub(super) fn decoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    decode_entities(value, &mut |char| {
        text.push(char);
        true
    });
    text
}

fn add_text<'h>(text: &str, sink: &mut impl Sink<'h>) -> bool {
    decode_entities(text, &mut |char| sink.char(char))
}

/// Passes text on, entities decoded. Returns false when no more is wanted.
fn decode_entities(mut text: &str, push: &mut impl FnMut(char) -> bool) -> bool {
    let mut decoded = String::new();
    while let Some(amp) = memchr(b'&', text.as_bytes()) {
        if !text[..amp].chars().all(&mut *push) {
            return false;
        }
        text = &text[amp..];
        let window = &text.as_bytes()[1..text.len().min(MAX_ENTITY_BYTES)];
        let end = memchr2(b';', b'&', window).filter(|end| window[*end] == b';');
        let len = end.map_or(1, |end| end + 2);
        decoded.clear();
        add_html_token(&mut decoded, &text.as_bytes()[..len], false);
        if !decoded.chars().all(&mut *push) {
            return false;
        }
        text = &text[len..];
    }
    text.chars().all(push)
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn text_has_a_line_for_each_block() {
        for (html, expected) in [
            (
                "<p>Your code is <b>42</b>.</p><p>Bye</p>",
                "Your code is 42.\nBye",
            ),
            ("<style>p{}</style> a &amp;\n b<br><br>c ", "a & b\nc"),
            (
                "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
                "a b\nc",
            ),
            ("", ""),
        ] {
            assert_eq!(text(html), expected, "{html}");
        }
    }
}
