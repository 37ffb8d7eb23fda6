//! UTF-7 (RFC 2152), UTF-32, and the byte order of UTF-16.

use encoding_rs::Encoding;

/// How much of a text shows its byte order.
const MAX_EXAMINED: usize = 4096;

/// Decodes UTF-7: base64 of UTF-16 between `+` and the first other character, of which `-` is dropped.
pub(super) fn decode_utf7(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'+' {
            text.push(if byte.is_ascii() {
                char::from(*byte)
            } else {
                '\u{fffd}'
            });
            continue;
        }
        let len = rest
            .iter()
            .position(|byte| sextet(*byte).is_none())
            .unwrap_or(rest.len());
        let (encoded, after) = rest.split_at(len);
        let ended = after.strip_prefix(b"-");
        if encoded.is_empty() {
            text.push('+');
        }
        push_utf16(encoded, &mut text);
        rest = ended.unwrap_or(after);
    }
    text
}

fn push_utf16(encoded: &[u8], text: &mut String) {
    let (mut bits, mut count, mut units) = (0_u32, 0, Vec::with_capacity(encoded.len() * 6 / 16));
    for sextet in encoded.iter().filter_map(|byte| sextet(*byte)) {
        bits = bits << 6 | u32::from(sextet);
        count += 6;
        if count >= 16 {
            count -= 16;
            units.push(u16::try_from(bits >> count & 0xffff).unwrap_or_default());
        }
    }
    text.extend(char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')));
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// Returns the byte order that the mark names, else the one that makes more characters ASCII.
pub(super) fn byte_order_of_utf16(bytes: &[u8]) -> &'static Encoding {
    let examined = &bytes[..bytes.len().min(MAX_EXAMINED)];
    let (mut big, mut little) = (0_usize, 0_usize);
    for unit in examined.chunks_exact(2) {
        big += usize::from(unit[0] == 0);
        little += usize::from(unit[1] == 0);
    }
    if bytes.starts_with(b"\xfe\xff") || !bytes.starts_with(b"\xff\xfe") && big > little {
        encoding_rs::UTF_16BE
    } else {
        encoding_rs::UTF_16LE
    }
}

pub(super) fn decode_utf32(bytes: &[u8], is_big_endian: Option<bool>) -> String {
    let (is_big_endian, bytes) = match bytes {
        [0, 0, 0xfe, 0xff, rest @ ..] => (true, rest),
        [0xff, 0xfe, 0, 0, rest @ ..] => (false, rest),
        _ => (is_big_endian.unwrap_or(bytes.first() == Some(&0)), bytes),
    };
    let units = bytes.chunks(4).map(|unit| {
        let unit = <[u8; 4]>::try_from(unit).ok()?;
        char::from_u32(match is_big_endian {
            true => u32::from_be_bytes(unit),
            false => u32::from_le_bytes(unit),
        })
    });
    units.map(|char| char.unwrap_or('\u{fffd}')).collect()
}
