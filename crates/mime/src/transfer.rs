//! Transfer encodings of RFC 2045 6. Decoding never fails: what is no encoding is kept as it was sent.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// A Content-Transfer-Encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Base64,
    QuotedPrintable,
}

/// A longer name of an encoding is none.
const MAX_NAME_BYTES: usize = 32;

/// Reads the first token of the field, after comments.
fn token(mut field: &[u8]) -> &[u8] {
    while let [b'(', comment @ ..] = field.trim_ascii_start()
        && let Some(end) = memchr(b')', comment)
    {
        field = &comment[end + 1..];
    }
    let is_blank = |byte: &u8| byte.is_ascii_whitespace() || b"\"'".contains(byte);
    let start = field
        .iter()
        .position(|byte| !is_blank(byte))
        .unwrap_or(field.len());
    let token = &field[start..];
    let end = token
        .iter()
        .position(|byte| is_blank(byte) || b";(,".contains(byte));
    &token[..end.unwrap_or(token.len())]
}

/// Returns the declared name in lower case, if it can be one.
pub(super) fn declared(field: &[u8]) -> Option<String> {
    let token = token(field);
    let is_name = (1..=MAX_NAME_BYTES).contains(&token.len()) && token.iter().all(u8::is_ascii_graphic);
    is_name.then(|| String::from_utf8_lossy(token).to_ascii_lowercase())
}

impl Encoding {
    /// Reads the value of the field; an unknown encoding is identity.
    pub(super) fn of(field: Option<&[u8]>) -> Self {
        let token = token(field.unwrap_or_default());
        if token.eq_ignore_ascii_case(b"base64") {
            Self::Base64
        } else if token.eq_ignore_ascii_case(b"quoted-printable") {
            Self::QuotedPrintable
        } else {
            Self::Identity
        }
    }
}

/// Decodes a transfer encoding.
pub(super) fn decode(body: &[u8], encoding: Encoding) -> Cow<'_, [u8]> {
    match encoding {
        Encoding::Identity => Cow::Borrowed(body),
        Encoding::Base64 => Cow::Owned(base64(body)),
        Encoding::QuotedPrintable if memchr(b'=', body).is_none() && !ends_lines_with_blanks(body) => {
            Cow::Borrowed(body)
        }
        Encoding::QuotedPrintable => Cow::Owned(quoted_printable(body)),
    }
}

fn ends_lines_with_blanks(body: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', body).any(|at| {
        let line = body[..at].strip_suffix(b"\r").unwrap_or(&body[..at]);
        matches!(line.last(), Some(b' ' | b'\t'))
    })
}

/// Decodes quoted-printable. A `=` that begins no escape stands for itself (RFC 2045 6.7), blanks before a line break were
/// added in transport.
fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(body.len());
    let mut rest = body;
    // Where blanks that were not encoded can begin.
    let mut literal_at = 0;
    while let Some(at) = memchr2(b'=', b'\n', rest) {
        decoded.extend_from_slice(&rest[..at]);
        let after = &rest[at + 1..];
        if rest[at] == b'\n' {
            trim_line(&mut decoded, literal_at);
            decoded.push(b'\n');
            literal_at = decoded.len();
            rest = after;
            continue;
        }
        let blanks = after
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        rest = match (escaped(after), &after[blanks..]) {
            (Some(byte), _) => {
                decoded.push(byte);
                literal_at = decoded.len();
                &after[2..]
            }
            // A soft line break. A blank before it is of the text.
            (None, [b'\r', b'\n', next @ ..] | [b'\n', next @ ..]) => {
                literal_at = decoded.len();
                next
            }
            (None, [] | [b'\r']) => &[],
            (None, _) => {
                decoded.push(b'=');
                after
            }
        };
    }
    decoded.extend_from_slice(rest);
    decoded
}

/// Removes blanks before the line break that follows.
fn trim_line(decoded: &mut Vec<u8>, literal_at: usize) {
    let literal = &decoded[literal_at..];
    let has_cr = literal.last() == Some(&b'\r');
    let text = literal.strip_suffix(b"\r").unwrap_or(literal);
    let blanks = text
        .iter()
        .rev()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    if blanks > 0 {
        let len = literal_at + text.len() - blanks;
        decoded.truncate(len);
        if has_cr {
            decoded.push(b'\r');
        }
    }
}

/// Decodes the Q encoding of RFC 2047 4.2, where `_` is a space.
pub(super) fn q(text: &[u8], decoded: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        decoded.push(match byte {
            b'_' => b' ',
            b'=' => match escaped(after) {
                Some(byte) => {
                    rest = &after[2..];
                    byte
                }
                None => b'=',
            },
            byte => *byte,
        });
    }
}

/// Decodes `%XX` of RFC 2231; a `%` that begins no escape stands for itself.
pub(super) fn percent(text: &[u8], decoded: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        decoded.push(match (byte, escaped(after)) {
            (b'%', Some(byte)) => {
                rest = &after[2..];
                byte
            }
            (byte, _) => *byte,
        });
    }
}

/// Reads two hexadecimal digits.
fn escaped(text: &[u8]) -> Option<u8> {
    let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    u8::try_from(digit(0)? << 4 | digit(1)?).ok()
}

const NONE: u8 = 0xff;

/// The value of each character of the base64 alphabet.
static BASE64: [u8; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [NONE; 256];
    let mut value = 0_u8;
    while value < 64 {
        table[alphabet[value as usize] as usize] = value;
        value += 1;
    }
    table
};

/// Decodes base64 that can arrive in pieces. Other characters are ignored (RFC 2045 6.8).
#[derive(Debug, Default)]
pub(super) struct Base64 {
    bits: u32,
    count: u8,
}

impl Base64 {
    pub(super) fn push(&mut self, text: &[u8], decoded: &mut Vec<u8>) {
        for byte in text {
            self.push_byte(*byte, decoded);
        }
    }

    fn push_byte(&mut self, byte: u8, decoded: &mut Vec<u8>) {
        let value = BASE64[usize::from(byte)];
        if value == NONE {
            if byte == b'=' {
                self.finish(decoded);
            }
            return;
        }
        self.bits = self.bits << 6 | u32::from(value);
        self.count += 1;
        if self.count == 4 {
            decoded.extend_from_slice(&self.bits.to_be_bytes()[1..]);
            *self = Self::default();
        }
    }

    /// Ends a text whose padding is missing.
    pub(super) fn finish(&mut self, decoded: &mut Vec<u8>) {
        let octets = (self.bits << (6 * (4 - u32::from(self.count)))).to_be_bytes();
        decoded.extend_from_slice(match self.count {
            2 => &octets[1..2],
            3 => &octets[1..3],
            _ => &[],
        });
        *self = Self::default();
    }

    /// Reports whether the text so far ends inside an octet, so that a next piece continues it.
    pub(super) fn is_inside_octet(&self) -> bool {
        match self.count {
            1 => true,
            2 => self.bits & 0b1111 != 0,
            3 => self.bits & 0b11 != 0,
            _ => false,
        }
    }
}

fn base64(body: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(body.len() / 4 * 3 + 3);
    let mut decoder = Base64::default();
    let mut rest = body;
    loop {
        // Whole lines consist of groups of four.
        while let ([a, b, c, d, after @ ..], 0) = (rest, decoder.count) {
            let values = [a, b, c, d].map(|byte| BASE64[usize::from(*byte)]);
            if values.iter().fold(0, |all, value| all | value) >= 64 {
                break;
            }
            let bits = values.iter().fold(0, |bits, value| bits << 6 | u32::from(*value));
            decoded.extend_from_slice(&bits.to_be_bytes()[1..]);
            rest = after;
        }
        let Some((byte, after)) = rest.split_first() else {
            decoder.finish(&mut decoded);
            return decoded;
        };
        decoder.push_byte(*byte, &mut decoded);
        rest = after;
        if *byte == b'=' && is_plain_text(rest) {
            return decoded;
        }
    }
}

/// How much after a padding is examined.
const MAX_EXAMINED: usize = 200;

/// Reports whether what follows a padding is no base64, as when a mailing list appends a footer: its next line with text has
/// characters that base64 never has.
fn is_plain_text(after: &[u8]) -> bool {
    let text = after[..after.len().min(MAX_EXAMINED)].trim_ascii_start();
    let line = &text[..memchr(b'\n', text).unwrap_or(text.len())];
    line.trim_ascii()
        .iter()
        .any(|byte| BASE64[usize::from(*byte)] == NONE && *byte != b'=')
}
