//! The text of an HTML document, for a preview: one pass from left to right, whatever the nesting.

use mail_parser::decoders::html::add_html_token;
use memchr::{memchr, memchr2, memmem};

use super::preview::Preview;

/// Elements whose content is not text for a reader.
const SKIPPED: [&str; 6] = ["style", "script", "title", "template", "noscript", "svg"];
/// Elements that do not part words.
const INLINE: [&str; 19] = [
    "a", "abbr", "b", "bdi", "big", "code", "em", "font", "i", "ins", "mark", "s", "small", "span", "strong",
    "sub", "sup", "u", "wbr",
];
/// The longest entity's name, with its `&` and `;`.
const MAX_ENTITY_BYTES: usize = 34;

/// Adds the text of an HTML document to a preview until that is full.
pub(super) fn read_text(html: &str, preview: &mut Preview) {
    let mut rest = html;
    while !rest.is_empty() {
        let Some(open) = memchr(b'<', rest.as_bytes()) else {
            add_text(rest, preview);
            return;
        };
        let (text, markup) = rest.split_at(open);
        if !add_text(text, preview) {
            return;
        }
        rest = match markup.as_bytes().get(1) {
            Some(b'!') if markup.starts_with("<!--") => after(markup, "-->"),
            Some(b'!' | b'?') => after(markup, ">"),
            Some(byte) if byte.is_ascii_alphabetic() || *byte == b'/' => after_tag(markup, preview),
            _ => {
                if !preview.push('<') {
                    return;
                }
                &markup[1..]
            }
        };
    }
}

fn after<'t>(markup: &'t str, end: &str) -> &'t str {
    memmem::find(markup.as_bytes(), end.as_bytes()).map_or("", |at| &markup[at + end.len()..])
}

/// Skips a tag, and for some elements their content.
fn after_tag<'t>(markup: &'t str, preview: &mut Preview) -> &'t str {
    let bytes = markup.as_bytes();
    let is_closing = bytes[1] == b'/';
    let name_at = if is_closing { 2 } else { 1 };
    let name_len = bytes[name_at..]
        .iter()
        .position(|byte| !byte.is_ascii_alphanumeric())
        .unwrap_or(bytes.len() - name_at);
    let name = &markup[name_at..name_at + name_len];
    let is = |known: &&str| known.eq_ignore_ascii_case(name);
    if !INLINE.iter().any(is) {
        preview.push(' ');
    }
    let rest = &markup[tag_end(bytes)..];
    match SKIPPED.iter().find(|known| is(known)) {
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

/// Tells whether the last byte is `=`, one white space after it forgiven.
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

/// Adds text, entities decoded. Returns false when no more is wanted.
fn add_text(mut text: &str, preview: &mut Preview) -> bool {
    let mut decoded = String::new();
    while let Some(amp) = memchr(b'&', text.as_bytes()) {
        if !text[..amp].chars().all(|char| preview.push(char)) {
            return false;
        }
        text = &text[amp..];
        let window = &text.as_bytes()[1..text.len().min(MAX_ENTITY_BYTES)];
        let end = memchr2(b';', b'&', window).filter(|end| window[*end] == b';');
        let len = end.map_or(1, |end| end + 2);
        decoded.clear();
        add_html_token(&mut decoded, &text.as_bytes()[..len], false);
        if !decoded.chars().all(|char| preview.push(char)) {
            return false;
        }
        text = &text[len..];
    }
    text.chars().all(|char| preview.push(char))
}
