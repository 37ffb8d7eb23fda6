//! Header fields that say outright what a mail is: a one-time token, a list, an address to unsubscribe.

use memchr::memchr;

use crate::{encoded_word, header::MAX_HEADER_BYTES};

/// Examined length of a value.
const MAX_VALUE_BYTES: usize = 8 * 1024;
/// Characters of a token.
const TOKEN_CHARS: std::ops::RangeInclusive<usize> = 3..=64;

/// What the header of a mail says.
#[derive(Debug, Default)]
pub(super) struct Signals {
    /// The code of `OTP-Token` (draft-goto-otp-token).
    pub(super) token: Option<String>,
    /// The decoded `List-Unsubscribe`.
    pub(super) unsubscribe: String,
    /// Whether the mail went to many: it has a list, or says so.
    pub(super) is_bulk: bool,
}

impl Signals {
    /// Reads the header of a mail.
    pub(super) fn read(raw: &[u8]) -> Self {
        let mut signals = Self::default();
        let header = &raw[..raw.len().min(MAX_HEADER_BYTES)];
        let mut at = 0;
        while at < header.len() {
            let mut end = line_end(header, at);
            if header[at..end].trim_ascii().is_empty() {
                break;
            }
            if matches!(header[at], b'l' | b'L' | b'o' | b'O' | b'p' | b'P') {
                while matches!(header.get(end), Some(b' ' | b'\t')) {
                    end = line_end(header, end);
                }
                signals.add(&header[at..end]);
            }
            at = end;
        }
        signals
    }

    fn add(&mut self, field: &[u8]) {
        let Some(colon) = memchr(b':', field) else { return };
        let (name, value) = (field[..colon].trim_ascii_end(), &field[colon + 1..]);
        let value = &value[..value.len().min(MAX_VALUE_BYTES)];
        let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
        match name.len() {
            7 if is(b"list-id") => self.is_bulk = true,
            9 if is(b"otp-token") && self.token.is_none() => self.token = token(value),
            10 if is(b"precedence") => {
                let value = value.trim_ascii();
                self.is_bulk |= [&b"bulk"[..], b"list", b"junk"]
                    .iter()
                    .any(|bulk| value.eq_ignore_ascii_case(bulk));
            }
            16 if is(b"list-unsubscribe") => {
                self.is_bulk = true;
                if self.unsubscribe.is_empty() {
                    self.unsubscribe = encoded_word::decode(value, None);
                }
            }
            _ => {}
        }
    }
}

fn line_end(header: &[u8], at: usize) -> usize {
    memchr(b'\n', &header[at..]).map_or(header.len(), |len| at + len + 1)
}

/// Returns the code of an `OTP-Token`: `"731946"; origin="https://…"`.
fn token(value: &[u8]) -> Option<String> {
    let value = std::str::from_utf8(value).ok()?.trim();
    let token = value.split(';').next()?.trim().trim_matches('"');
    let is_token = TOKEN_CHARS.contains(&token.len())
        && token
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_token.then(|| token.to_owned())
}
