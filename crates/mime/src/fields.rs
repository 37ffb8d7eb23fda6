//! Header fields: finds the relevant fields of a part, and reads their values with mail-parser.

use std::borrow::Cow;

use mail_parser::{Address, ContentType, HeaderValue, parsers::MessageStream};
use memchr::{memchr, memmem};

use super::decode;

/// Largest header block.
pub(super) const MAX_HEADER_BYTES: usize = 100 * 1024;
/// Examined length of Subject and From. mail-parser is quadratic in the number of malformed encoded words, hence the second
/// bound.
const TEXT_FIELD: Bound = Bound {
    bytes: 8 * 1024,
    encoded_words: 128,
};
/// The same for fields that each of a thousand parts may have.
const MIME_FIELD: Bound = Bound {
    bytes: 2 * 1024,
    encoded_words: 24,
};
/// Length of a decoded header text, in characters.
const MAX_TEXT_CHARS: usize = 1000;
/// Length of a file name, in characters.
const MAX_FILENAME_CHARS: usize = 255;

/// A longer Content-ID is ignored.
const MAX_CONTENT_ID_BYTES: usize = 255;

struct Bound {
    bytes: usize,
    encoded_words: usize,
}

/// The first of each relevant field, folded as sent, and the offset of the body.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) from: Option<&'a [u8]>,
    pub(super) subject: Option<&'a [u8]>,
    pub(super) content_type: Option<&'a [u8]>,
    pub(super) disposition: Option<&'a [u8]>,
    pub(super) encoding: Option<&'a [u8]>,
    pub(super) content_id: Option<&'a [u8]>,
    /// List-Unsubscribe.
    pub(super) unsubscribe: Option<&'a [u8]>,
    /// Offset of the body; `None` when the block is longer than [`MAX_HEADER_BYTES`].
    pub(super) body_at: Option<usize>,
}

/// Reads the header block of a part. A line that is not a field ends it and begins the body, so no text is lost.
pub(super) fn read(part: &[u8]) -> Fields<'_> {
    let mut fields = Fields::default();
    let mut at = 0;
    while at < part.len() {
        if at > MAX_HEADER_BYTES {
            return fields;
        }
        let line_end = line_end(part, at);
        let line = &part[at..line_end];
        if matches!(line, b"\n" | b"\r\n") {
            fields.body_at = Some(line_end);
            return fields;
        }
        let Some(colon) = field_name_end(line) else {
            fields.body_at = Some(at);
            return fields;
        };
        let mut end = line_end;
        while matches!(part.get(end), Some(b' ' | b'\t')) {
            let next = self::line_end(part, end);
            // A line of nothing but white space ends a header for most readers.
            if part[end..next].trim_ascii().is_empty() {
                break;
            }
            end = next;
        }
        let value = &part[at + colon + 1..end];
        let name = line[..colon].trim_ascii_end();
        let place = match name.len() {
            4 if name.eq_ignore_ascii_case(b"from") => Some(&mut fields.from),
            7 if name.eq_ignore_ascii_case(b"subject") => Some(&mut fields.subject),
            10 if name.eq_ignore_ascii_case(b"content-id") => Some(&mut fields.content_id),
            16 if name.eq_ignore_ascii_case(b"list-unsubscribe") => Some(&mut fields.unsubscribe),
            12 if name.eq_ignore_ascii_case(b"content-type") => Some(&mut fields.content_type),
            19 if name.eq_ignore_ascii_case(b"content-disposition") => Some(&mut fields.disposition),
            25 if name.eq_ignore_ascii_case(b"content-transfer-encoding") => Some(&mut fields.encoding),
            _ => None,
        };
        if let Some(place) = place {
            place.get_or_insert(value);
        }
        at = end;
    }
    if at <= MAX_HEADER_BYTES {
        fields.body_at = Some(part.len());
    }
    fields
}

fn line_end(part: &[u8], at: usize) -> usize {
    memchr(b'\n', &part[at..]).map_or(part.len(), |n| at + n + 1)
}

/// Returns where the name of a field ends: printable ASCII without spaces (RFC 5322 2.2), white space before the colon
/// forgiven.
fn field_name_end(line: &[u8]) -> Option<usize> {
    let colon = memchr(b':', line)?;
    let name = line[..colon].trim_ascii_end();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(colon)
}

/// Cuts a value to its bound and ends it with a line break, without which mail-parser returns nothing.
fn bounded<'a>(value: &'a [u8], bound: &Bound) -> Cow<'a, [u8]> {
    let cut = &value[..value.len().min(bound.bytes)];
    let words = memmem::find_iter(cut, b"=?").nth(bound.encoded_words);
    let cut = &cut[..words.unwrap_or(cut.len())];
    if cut.len() == value.len() && cut.ends_with(b"\n") {
        return Cow::Borrowed(cut);
    }
    let mut owned = cut.to_vec();
    owned.push(b'\n');
    Cow::Owned(owned)
}

/// Decodes a Subject.
pub(super) fn subject(value: &[u8]) -> String {
    let value = bounded(value, &TEXT_FIELD);
    match MessageStream::new(&value).parse_unstructured() {
        HeaderValue::Text(text) => decode::header_text(&text, MAX_TEXT_CHARS),
        _ => String::new(),
    }
}

/// Decodes a From: the first address, as `Name <a@b>` or `a@b`.
pub(super) fn from(value: &[u8]) -> Option<String> {
    let value = bounded(value, &TEXT_FIELD);
    let HeaderValue::Address(address) = MessageStream::new(&value).parse_address() else {
        return None;
    };
    let first = match &address {
        Address::List(list) => list.first(),
        Address::Group(groups) => groups.iter().find_map(|group| group.addresses.first()),
    }?;
    let part = |text: &Option<Cow<'_, str>>| {
        let text = decode::header_text(text.as_deref().unwrap_or_default(), MAX_TEXT_CHARS / 2);
        (!text.is_empty()).then_some(text)
    };
    match (part(&first.name), part(&first.address)) {
        (Some(name), Some(address)) => Some(format!("{name} <{address}>")),
        (Some(one), None) | (None, Some(one)) => Some(one),
        (None, None) => None,
    }
}

/// Reads a Content-Type or Content-Disposition.
pub(super) fn content_type(value: &[u8]) -> Option<ContentType<'static>> {
    let value = bounded(value, &MIME_FIELD);
    match MessageStream::new(&value).parse_content_type().into_owned() {
        HeaderValue::ContentType(content_type) => Some(content_type),
        _ => None,
    }
}

/// Reads a Content-ID: the text in angle brackets, if it is printable ASCII.
pub(super) fn content_id(value: &[u8]) -> Option<String> {
    let id = value.trim_ascii();
    let id = id.strip_prefix(b"<").unwrap_or(id);
    let id = id.strip_suffix(b">").unwrap_or(id);
    let is_id = (1..=MAX_CONTENT_ID_BYTES).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic);
    is_id.then(|| String::from_utf8_lossy(id).into_owned())
}

/// Returns a file name as sent, decoded; made harmless where it is used, not here.
pub(super) fn filename(
    disposition: Option<&ContentType<'_>>,
    kind: Option<&ContentType<'_>>,
) -> Option<String> {
    let sent = disposition
        .and_then(|field| field.attribute("filename"))
        .or_else(|| kind.and_then(|field| field.attribute("name")))?;
    let name = decode::header_text(sent, MAX_FILENAME_CHARS);
    (!name.is_empty()).then_some(name)
}
