//! Content-Type and Content-Disposition: a value and parameters (RFC 2045 5.1, RFC 2231), as mail programs write them.

use std::borrow::Cow;

use super::{
    charset::{self, Charset},
    encoded_word::{self, Words},
    transfer,
};

/// Examined length of a field.
const MAX_FIELD_BYTES: usize = 16 * 1024;
/// Examined parameters of a field, sections of RFC 2231 included.
const MAX_PARAMETERS: usize = 500;
/// Parameters that can follow a value without a semicolon.
const KNOWN: [&[u8]; 8] = [
    b"charset",
    b"boundary",
    b"name",
    b"filename",
    b"type",
    b"format",
    b"size",
    b"creation-date",
];

/// A field of the form `value; name=value`.
#[derive(Debug, Default)]
pub(super) struct Structured<'a> {
    /// The value before the parameters, in lower case: `text` of `text/html`, or `attachment`.
    pub(super) main: String,
    /// `html` of `text/html`, in lower case.
    pub(super) sub: Option<String>,
    parameters: Vec<Parameter<'a>>,
}

#[derive(Debug)]
struct Parameter<'a> {
    /// Without the asterisks of RFC 2231.
    name: &'a [u8],
    section: Option<u32>,
    is_extended: bool,
    value: Cow<'a, [u8]>,
}

impl<'a> Structured<'a> {
    pub(super) fn read(field: &'a [u8]) -> Self {
        let field = &field[..field.len().min(MAX_FIELD_BYTES)];
        let mut reader = Reader {
            field,
            at: 0,
            words: Words::new(field),
            has_comments: true,
        };
        let mut structured = Self::default();
        (structured.main, structured.sub) = reader.value();
        while structured.parameters.len() < MAX_PARAMETERS
            && let Some(parameter) = reader.parameter()
        {
            structured.parameters.extend(parameter);
        }
        structured
    }

    /// Returns a parameter of ASCII text, such as a boundary.
    pub(super) fn token(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        let named = self.named(name);
        if let Some(plain) = named
            .clone()
            .find(|one| one.section.is_none() && !one.is_extended)
        {
            return Some(Cow::Borrowed(&plain.value));
        }
        joined(named).map(|(octets, _)| Cow::Owned(octets))
    }

    /// Returns a parameter of text, such as a file name: the form of RFC 2231, else the plain one, encoded words decoded.
    pub(super) fn text(&self, name: &str, of_mail: Option<Charset>) -> Option<String> {
        let named = self.named(name);
        let plain = named
            .clone()
            .find(|one| one.section.is_none() && !one.is_extended);
        if let Some((octets, sent_charset)) = joined(named) {
            let text = match sent_charset.and_then(Charset::of) {
                Some(charset) => charset.decode(octets.into()),
                None if sent_charset.is_some() => charset::header(&octets, of_mail).into_owned(),
                None => encoded_word::decode(&octets, of_mail),
            };
            if !text.trim().is_empty() {
                return Some(text);
            }
        }
        plain.map(|plain| encoded_word::decode(&plain.value, of_mail))
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &Parameter<'a>> + Clone {
        self.parameters
            .iter()
            .filter(move |one| one.name.eq_ignore_ascii_case(name.as_bytes()))
    }
}

/// Joins the octets of an extended parameter or of its sections (RFC 2231 3 and 4). The charset is that of the first one.
fn joined<'p, 'a: 'p>(
    named: impl Iterator<Item = &'p Parameter<'a>> + Clone,
) -> Option<(Vec<u8>, Option<&'p [u8]>)> {
    let whole = named.clone().find(|one| one.is_extended && one.section.is_none());
    let mut sections: Vec<&Parameter<'_>> = match whole {
        Some(whole) => vec![whole],
        None => named.filter(|one| one.section.is_some()).collect(),
    };
    sections.sort_by_key(|one| one.section);
    sections.dedup_by_key(|one| one.section);
    let mut charset = None;
    let mut octets = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        let mut value: &[u8] = &section.value;
        if index == 0 && section.is_extended {
            let mut quotes = memchr::memchr_iter(b'\'', value);
            if let (Some(first), Some(second)) = (quotes.next(), quotes.next()) {
                (charset, value) = (Some(&value[..first]), &value[second + 1..]);
            }
        }
        if section.is_extended {
            transfer::percent(value, &mut octets);
        } else {
            octets.extend_from_slice(value);
        }
    }
    (!sections.is_empty()).then_some((octets, charset))
}

struct Reader<'a> {
    field: &'a [u8],
    at: usize,
    words: Words<'a>,
    /// False once a comment without an end was found: no later one has an end either.
    has_comments: bool,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a [u8] {
        &self.field[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.field.get(self.at).copied()
    }

    /// Takes octets while a condition holds.
    fn take(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let len = rest.iter().position(|byte| !wanted(*byte)).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    /// Skips white space, comments and given octets.
    fn skip(&mut self, also: &[u8]) {
        while let Some(byte) = self.peek() {
            if byte.is_ascii_whitespace() || also.contains(&byte) {
                self.at += 1;
            } else if byte == b'(' {
                let len = if self.has_comments {
                    comment_len(self.rest())
                } else {
                    None
                };
                self.has_comments = len.is_some();
                self.at += len.unwrap_or(1);
            } else {
                break;
            }
        }
    }

    /// Reads `type/subtype` or one token. A field that begins with a parameter has none.
    fn value(&mut self) -> (String, Option<String>) {
        let lower = |token: &[u8]| String::from_utf8_lossy(token).to_ascii_lowercase();
        let is_token = |byte: u8| !byte.is_ascii_whitespace() && !b";/(,=\"".contains(&byte);
        self.skip(b"\"");
        let start = self.at;
        let main = self.take(is_token);
        self.skip(b"\"");
        if self.peek() == Some(b'=') {
            self.at = start;
            return (String::new(), None);
        }
        if self.peek() != Some(b'/') {
            return (lower(main), None);
        }
        self.at += 1;
        self.skip(b"");
        let sub = self.take(is_token);
        (lower(main), (!sub.is_empty()).then(|| lower(sub)))
    }

    /// Reads the next parameter; `Some(None)` for something that is none.
    fn parameter(&mut self) -> Option<Option<Parameter<'a>>> {
        self.skip(b";,\"/");
        self.peek()?;
        let sent = self.take(|byte| !byte.is_ascii_whitespace() && !b"=;(,\"".contains(&byte));
        self.skip(b"");
        if self.peek() != Some(b'=') {
            if sent.is_empty() {
                self.at += 1;
            }
            return Some(None);
        }
        self.at += 1;
        let _ = self.take(|byte| byte.is_ascii_whitespace());
        let (name, section, is_extended) = name_of(sent);
        let value = if self.peek() == Some(b'"') {
            self.quoted()
        } else {
            Cow::Borrowed(self.unquoted(name))
        };
        Some(Some(Parameter {
            name,
            section,
            is_extended,
            value,
        }))
    }

    /// Reads a quoted string. A quote that no delimiter follows belongs to the text; a missing end is the next semicolon.
    fn quoted(&mut self) -> Cow<'a, [u8]> {
        let start = self.at + 1;
        let (mut at, mut first_quote, mut end) = (start, None, None);
        while let Some(byte) = self.field.get(at) {
            match byte {
                b'\\' => at += 1,
                b'"' => {
                    first_quote = first_quote.or(Some(at));
                    if is_delimited(&self.field[at + 1..]) {
                        end = Some(at);
                        break;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        let end = end.or(first_quote);
        let (end, next) = match end {
            Some(end) => (end, end + 1),
            None => {
                let rest = &self.field[start..];
                let end = start + memchr::memchr(b';', rest).unwrap_or(rest.len());
                (end, end)
            }
        };
        self.at = next;
        unescaped(&self.field[start..end])
    }

    /// Reads a value without quotes. Names of files can contain blanks and parentheses.
    fn unquoted(&mut self, name: &[u8]) -> &'a [u8] {
        let is_name = name.eq_ignore_ascii_case(b"filename") || name.eq_ignore_ascii_case(b"name");
        let start = self.at;
        while let Some(byte) = self.peek() {
            let is_blank = byte.is_ascii_whitespace();
            let is_end = match is_name {
                true => is_blank && is_known_parameter(self.rest().trim_ascii_start()),
                false => is_blank || byte == b'(' && !name.eq_ignore_ascii_case(b"boundary"),
            };
            if byte == b';' || is_end {
                break;
            }
            let len = if byte == b'=' {
                self.words.len_at(self.at)
            } else {
                0
            };
            self.at += len.max(1);
        }
        self.field[start..self.at].trim_ascii()
    }
}

/// Splits `name*1*` into the name, the section, and whether the value is extended.
fn name_of(sent: &[u8]) -> (&[u8], Option<u32>, bool) {
    let is_extended = sent.ends_with(b"*");
    let name = sent.strip_suffix(b"*").unwrap_or(sent);
    if let Some(star) = memchr::memchr(b'*', name)
        && let Ok(digits) = std::str::from_utf8(&name[star + 1..])
        && let Ok(section) = digits.parse()
    {
        return (&name[..star], Some(section), is_extended);
    }
    (name, None, is_extended)
}

/// Reports whether a quoted string can end here: a delimiter, the end, or another parameter follows.
fn is_delimited(after: &[u8]) -> bool {
    let after = after.trim_ascii_start();
    match after.first() {
        None | Some(b';' | b',' | b'(') => true,
        Some(_) => is_known_parameter(after),
    }
}

fn is_known_parameter(text: &[u8]) -> bool {
    KNOWN.iter().any(|known| {
        let is_named = text
            .get(..known.len())
            .is_some_and(|name| name.eq_ignore_ascii_case(known));
        is_named && matches!(text.get(known.len()), Some(b'=' | b'*'))
    })
}

/// Returns the length of a comment with its parentheses, `None` if it never ends.
pub(super) fn comment_len(text: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        match text.get(at)? {
            b'\\' => at += 1,
            b'(' => depth += 1,
            b')' if depth == 1 => return Some(at + 1),
            b')' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}

/// Removes the backslashes of quoted pairs and the line ends of folds (RFC 5322 2.2.3).
fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr3(b'\\', b'\r', b'\n', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' | b'\n' => {}
            b'\\' => plain.push(*bytes.next().unwrap_or(byte)),
            _ => plain.push(*byte),
        }
    }
    Cow::Owned(plain)
}
