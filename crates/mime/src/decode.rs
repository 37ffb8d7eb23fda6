//! Transfer encodings and charsets. Decoding never fails: undecodable input is returned as it was sent.

use std::borrow::Cow;

use mail_parser::decoders::{
    base64::base64_decode, charsets::map::charset_decoder, quoted_printable::quoted_printable_decode,
};

/// A Content-Transfer-Encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Base64,
    QuotedPrintable,
}

impl Encoding {
    /// Reads the value of the field; an unknown encoding is identity.
    pub(super) fn of(field: Option<&[u8]>) -> Self {
        let token = field.unwrap_or_default().trim_ascii();
        let end = token.iter().position(|byte| b" \t\r\n;(".contains(byte));
        let token = &token[..end.unwrap_or(token.len())];
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
pub(super) fn transfer(body: &[u8], encoding: Encoding) -> Cow<'_, [u8]> {
    match encoding {
        Encoding::Identity => Cow::Borrowed(body),
        Encoding::Base64 => {
            let decoded = base64_decode(body).or_else(|| {
                // RFC 2045 6.8: characters outside the alphabet are to be ignored.
                let is_known = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
                let known: Vec<u8> = body.iter().copied().filter(is_known).collect();
                base64_decode(&known)
            });
            decoded.map_or(Cow::Borrowed(body), Cow::Owned)
        }
        Encoding::QuotedPrintable => quoted_printable_decode(body).map_or(Cow::Borrowed(body), Cow::Owned),
    }
}

/// Decodes a charset; without a known charset the bytes are UTF-8.
pub(super) fn text(bytes: &[u8], charset: Option<&str>) -> String {
    let decoded = charset
        .and_then(|charset| charset_decoder(charset.as_bytes()))
        .map_or_else(
            || String::from_utf8_lossy(bytes).into_owned(),
            |decoder| decoder(bytes),
        );
    without_nul(decoded)
}

/// Replaces NUL, which PostgreSQL rejects in text.
#[must_use]
pub fn without_nul(text: String) -> String {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text
    }
}

/// Normalises a header text to one line: control characters and runs of white space become one space.
pub(super) fn header_text(text: &str, max_chars: usize) -> String {
    let mut line = String::with_capacity(text.len().min(max_chars * 4));
    let (mut is_gap, mut chars) = (false, 0);
    for char in text.chars() {
        if char == '\0' || !(char.is_whitespace() || char.is_control()) {
            if is_gap && !line.is_empty() {
                line.push(' ');
                chars += 1;
            }
            is_gap = false;
            if chars >= max_chars {
                break;
            }
            line.push(if char == '\0' { '\u{fffd}' } else { char });
            chars += 1;
        } else {
            is_gap = true;
        }
    }
    line
}

/// Cuts a text to at most so many bytes, between two characters.
pub(super) fn cut(mut text: String, max_bytes: usize) -> String {
    if text.len() > max_bytes {
        text.truncate(text.floor_char_boundary(max_bytes));
    }
    text
}
