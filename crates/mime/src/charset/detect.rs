//! Detects a charset from the text itself: a byte order mark, valid UTF-8, ISO 2022 escapes, the declaration of an HTML
//! document, else windows-1252.

use encoding_rs::Encoding;
use memchr::{memchr, memmem};

use super::Charset;

pub(super) const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// Where an HTML document declares its charset. WHATWG examines 1024 octets; mail programs write more before it.
const MAX_DECLARATION_AT: usize = 4096;

/// Characters beyond ASCII of a text in UTF-8 for each that is broken.
const BROKEN_UTF8_RATIO: usize = 8;

pub(super) fn charset(bytes: &[u8], is_html: bool) -> Charset {
    if let Some(charset) = by_mark(bytes) {
        return charset;
    }
    if is_utf8(bytes) {
        if has_iso2022_escape(bytes) {
            return Charset::Iso2022(encoding_rs::SHIFT_JIS);
        }
        let is_seven_bit = |charset: &Charset| matches!(charset, Charset::Iso2022(_) | Charset::Hz);
        return match is_html && bytes.is_ascii() {
            true => declared(bytes).filter(is_seven_bit).unwrap_or(Charset::Utf8),
            false => Charset::Utf8,
        };
    }
    let declared = if is_html { declared(bytes) } else { None };
    if declared.is_none() && is_broken_utf8(bytes) {
        return Charset::Utf8;
    }
    // A document whose declaration can be read as ASCII is not in UTF-16, and UTF-7 hides markup.
    let is_usable = |charset: &Charset| {
        charset.is_ascii_compatible() && !matches!(*charset, Charset::Utf8 | Charset::Utf7 | Charset::Ascii)
    };
    declared.filter(is_usable).unwrap_or(Charset::WINDOWS_1252)
}

/// Reports whether a text is UTF-8 up to a last character that was cut.
fn is_cut_utf8(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes)
        .is_err_and(|error| error.error_len().is_none() && !bytes[..error.valid_up_to()].is_ascii())
}

/// Reports whether a text is UTF-8 but for a few octets: characters of several octets are hardly UTF-8 by chance.
fn is_broken_utf8(bytes: &[u8]) -> bool {
    let (mut characters, mut broken) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        characters += chunk.valid().chars().filter(|char| !char.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    characters / BROKEN_UTF8_RATIO >= broken
}

fn is_utf8(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok() || is_cut_utf8(bytes)
}

/// Reports whether a text is UTF-8, whatever seven-bit charset its label names. Two octets alone can be a character of
/// another charset as well; three are hardly UTF-8 by chance.
pub(super) fn is_mislabelled_utf8(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| *byte >= 0xe0) && is_utf8(bytes) && !has_iso2022_escape(bytes)
}

/// Returns how to read the octets beyond ASCII of a text that is labelled with a charset of ISO 2022: programs that mean to
/// send ISO-2022-JP send EUC-JP too. Half-width katakana of Shift_JIS can look like EUC-JP, but stand below 0xE0.
pub(super) fn eight_bit_form(bytes: &[u8], usual: &'static Encoding) -> &'static Encoding {
    let is_euc_jp = usual == encoding_rs::SHIFT_JIS
        && bytes.iter().any(|byte| *byte >= 0xe0)
        && encoding_rs::EUC_JP
            .decode_without_bom_handling_and_without_replacement(bytes)
            .is_some();
    if is_euc_jp { encoding_rs::EUC_JP } else { usual }
}

fn by_mark(bytes: &[u8]) -> Option<Charset> {
    match bytes {
        [0xef, 0xbb, 0xbf, ..] => Some(Charset::Utf8),
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some(Charset::Utf32(None)),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some(Charset::Utf16),
        _ => None,
    }
}

/// Reports whether a text switches to a double-byte set as ISO-2022-JP does.
pub(super) fn has_iso2022_escape(bytes: &[u8]) -> bool {
    memchr(0x1b, bytes).is_some()
        && (memmem::find(bytes, b"\x1b$B").is_some() || memmem::find(bytes, b"\x1b$@").is_some())
}

/// Reads the charset that `<meta charset>`, `<meta http-equiv>` or an XML declaration names.
fn declared(html: &[u8]) -> Option<Charset> {
    let start = html[..html.len().min(MAX_DECLARATION_AT)].to_ascii_lowercase();
    if let Some(xml) = start.trim_ascii_start().strip_prefix(b"<?xml") {
        let end = memmem::find(xml, b"?>").unwrap_or(xml.len());
        if let Some(charset) = value_of(&xml[..end], b"encoding") {
            return Some(charset);
        }
    }
    memmem::find_iter(&start, b"<meta").find_map(|at| {
        let tag = &start[at..];
        let end = memchr(b'>', tag).unwrap_or(tag.len());
        value_of(&tag[..end], b"charset")
    })
}

fn value_of(tag: &[u8], name: &[u8]) -> Option<Charset> {
    memmem::find_iter(tag, name).find_map(|at| {
        let value = tag[at + name.len()..].trim_ascii_start().strip_prefix(b"=")?;
        let value = value.trim_ascii_start();
        let value = value
            .strip_prefix(b"\"")
            .or_else(|| value.strip_prefix(b"'"))
            .unwrap_or(value);
        let is_end = |byte: &u8| byte.is_ascii_whitespace() || b"\"';/>".contains(byte);
        let end = value.iter().position(is_end).unwrap_or(value.len());
        Charset::of(&value[..end])
    })
}
