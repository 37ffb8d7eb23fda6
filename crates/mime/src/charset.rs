//! Charsets: names, decoding, and detection where no usable name was sent. Decoding never fails.
//!
//! encoding_rs decodes what the WHATWG Encoding standard lists. ISO-2022 with all its sets, HZ, UTF-7, UTF-16, UTF-32 and the
//! code pages of DOS are decoded here, since mail uses them and the web does not.

mod code_pages;
mod detect;
mod iso2022;
mod labels;
mod unicode;

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

use encoding_rs::Encoding;

/// A charset that can be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charset {
    /// A name that promises nothing but ASCII. Octets beyond it are detected.
    Ascii,
    Utf8,
    /// Another charset of the WHATWG Encoding standard.
    Standard(&'static Encoding),
    /// ISO 2022 escape sequences in seven bits, and how octets beyond them are read.
    Iso2022(&'static Encoding),
    /// HZ of RFC 1843.
    Hz,
    /// UTF-7 of RFC 2152.
    Utf7,
    /// UTF-16 of an unknown byte order.
    Utf16,
    /// UTF-32, and whether it is big endian if that is known.
    Utf32(Option<bool>),
    /// A single-byte charset: the 128 characters of the octets from 0x80.
    SingleByte(&'static str),
}

/// The longest name of a charset, without punctuation.
const MAX_LABEL_BYTES: usize = 40;

static BY_LABEL: LazyLock<HashMap<&'static str, Charset>> = LazyLock::new(|| {
    let rows = labels::LABELS.iter();
    rows.flat_map(|(charset, names)| names.split_ascii_whitespace().map(|name| (name, *charset)))
        .collect()
});

impl Charset {
    pub(crate) const WINDOWS_1252: Self = Self::Standard(&encoding_rs::WINDOWS_1252_INIT);

    /// Finds a charset by its name; case, punctuation and the prefixes `x-` and `cs` do not matter.
    pub(crate) fn of(label: &[u8]) -> Option<Self> {
        if label.eq_ignore_ascii_case(b"utf-8") {
            return Some(Self::Utf8);
        }
        let mut squeezed = String::with_capacity(MAX_LABEL_BYTES);
        for byte in label.iter().filter(|byte| byte.is_ascii_alphanumeric()) {
            if squeezed.len() == MAX_LABEL_BYTES {
                return None;
            }
            squeezed.push(char::from(byte.to_ascii_lowercase()));
        }
        let find = |name: &str| BY_LABEL.get(name).copied().or_else(|| by_code_page(name));
        let without = |prefix: &str| squeezed.strip_prefix(prefix).and_then(find);
        find(&squeezed)
            .or_else(|| without("x"))
            .or_else(|| without("xx"))
            .or_else(|| without("cs"))
    }

    /// Decodes a text. Octets that the charset does not define become U+FFFD.
    pub(crate) fn decode(self, bytes: Cow<'_, [u8]>) -> String {
        match self {
            Self::Ascii => detect::charset(&bytes, false).decode(bytes),
            Self::Utf8 => utf8(bytes),
            // A text that begins with the mark of UTF-8 and is UTF-8 is not in another charset.
            Self::Standard(_) | Self::SingleByte(_)
                if bytes.starts_with(detect::UTF8_MARK) && std::str::from_utf8(&bytes).is_ok() =>
            {
                utf8(bytes)
            }
            Self::Standard(encoding) if is_utf16(encoding) => encoding.decode(&bytes).0.into_owned(),
            Self::Standard(encoding) => encoding.decode_without_bom_handling(&bytes).0.into_owned(),
            Self::Iso2022(_) | Self::Hz | Self::Utf7 if detect::is_mislabelled_utf8(&bytes) => utf8(bytes),
            Self::Iso2022(eight_bit) => iso2022::decode(&bytes, detect::eight_bit_form(&bytes, eight_bit)),
            Self::Hz => iso2022::decode_hz(&bytes),
            Self::Utf7 => unicode::decode_utf7(&bytes),
            Self::Utf16 => unicode::byte_order_of_utf16(&bytes).decode(&bytes).0.into_owned(),
            Self::Utf32(is_big_endian) => unicode::decode_utf32(&bytes, is_big_endian),
            Self::SingleByte(upper) => decode_single_byte(&bytes, upper),
        }
    }

    /// Reports whether text of this charset can stand in a header field, which consists of ASCII lines.
    fn is_ascii_compatible(self) -> bool {
        !matches!(self, Self::Utf16 | Self::Utf32(_))
            && !matches!(self, Self::Standard(encoding) if is_utf16(encoding))
    }
}

/// Decodes the text of a part. A name that promises nothing, an unknown name and an absent one mean that the charset is
/// detected.
pub(crate) fn text(bytes: Cow<'_, [u8]>, label: Option<&[u8]>, is_html: bool) -> String {
    match label.and_then(Charset::of) {
        Some(Charset::Ascii) | None => detect::charset(&bytes, is_html).decode(bytes),
        Some(charset) => charset.decode(bytes),
    }
}

/// Decodes octets of a header field that no encoded word labels: UTF-8, else the charset of the mail.
pub(crate) fn header(bytes: &[u8], of_mail: Option<Charset>) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !detect::has_iso2022_escape(bytes) => Cow::Borrowed(text),
        _ => {
            let usable = of_mail.filter(|charset| {
                !matches!(*charset, Charset::Ascii | Charset::Utf8) && charset.is_ascii_compatible()
            });
            // The line break after the field is no part of a last character that was cut.
            let detected = detect::charset(bytes.trim_ascii_end(), false);
            let charset = match usable {
                Some(charset) if detected == Charset::WINDOWS_1252 => charset,
                _ => detected,
            };
            Cow::Owned(charset.decode(Cow::Borrowed(bytes)))
        }
    }
}

/// Finds `cp1251` for `windows1251`, `win1251`, `ms1251`, `ibm1251` and `1251`.
fn by_code_page(name: &str) -> Option<Charset> {
    let number = name.trim_start_matches(|char: char| char.is_ascii_alphabetic());
    let prefix = &name[..name.len() - number.len()];
    let is_code_page = matches!(
        prefix,
        "" | "windows" | "win" | "ms" | "ibm" | "dos" | "codepage" | "mswin"
    );
    if !is_code_page || number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    BY_LABEL.get(format!("cp{number}").as_str()).copied()
}

fn is_utf16(encoding: &'static Encoding) -> bool {
    encoding == encoding_rs::UTF_16LE || encoding == encoding_rs::UTF_16BE
}

fn utf8(bytes: Cow<'_, [u8]>) -> String {
    let mut text = match String::from_utf8(bytes.into_owned()) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    };
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    text
}

fn decode_single_byte(bytes: &[u8], upper: &str) -> String {
    let upper: Vec<char> = upper.chars().collect();
    let char = |byte: &u8| match byte.checked_sub(0x80) {
        None => char::from(*byte),
        Some(at) => upper.get(usize::from(at)).copied().unwrap_or('\u{fffd}'),
    };
    bytes.iter().map(char).collect()
}
