//! ISO-2022-JP with its extensions, ISO-2022-KR, ISO-2022-CN (RFC 1468, 1554, 1557, 1922) and HZ (RFC 1843). Pairs of octets
//! are decoded by the EUC form of their set.

use encoding_rs::Encoding;

const ESCAPE: u8 = 0x1b;

/// A designated set of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    Ascii,
    JisRoman,
    Katakana,
    /// JIS X 0208.
    Jis,
    /// JIS X 0212.
    JisSupplement,
    /// GB 2312.
    Gb,
    /// KS X 1001.
    Ks,
    /// A double-byte set that no decoder has.
    Unknown,
}

impl Set {
    /// Returns the EUC form of a double-byte set, and the octet that introduces each pair there.
    fn euc(self) -> Option<(&'static Encoding, Option<u8>)> {
        match self {
            Self::Ascii | Self::JisRoman | Self::Katakana => None,
            Self::Jis => Some((encoding_rs::EUC_JP, None)),
            Self::JisSupplement => Some((encoding_rs::EUC_JP, Some(0x8f))),
            Self::Gb => Some((encoding_rs::GBK, None)),
            Self::Ks => Some((encoding_rs::EUC_KR, None)),
            Self::Unknown => Some((encoding_rs::REPLACEMENT, None)),
        }
    }
}

/// Where an escape sequence puts a set.
enum Designation {
    /// G0, in use at once.
    Primary(Set),
    /// G1, in use between shift out and shift in.
    Secondary(Set),
    /// G2, for one character after `ESC N`.
    Third(&'static Encoding),
    /// A set of the next character only.
    SingleShift,
    Ignored,
}

/// Escape sequences without the escape.
const DESIGNATIONS: &[(&[u8], Designation)] = &[
    (b"(B", Designation::Primary(Set::Ascii)),
    (b"(J", Designation::Primary(Set::JisRoman)),
    (b"(H", Designation::Primary(Set::JisRoman)),
    (b"(I", Designation::Primary(Set::Katakana)),
    (b"$B", Designation::Primary(Set::Jis)),
    (b"$@", Designation::Primary(Set::Jis)),
    (b"$(B", Designation::Primary(Set::Jis)),
    (b"$(@", Designation::Primary(Set::Jis)),
    // JIS X 0213 plane 1 extends JIS X 0208.
    (b"$(O", Designation::Primary(Set::Jis)),
    (b"$(Q", Designation::Primary(Set::Jis)),
    (b"$(D", Designation::Primary(Set::JisSupplement)),
    (b"$A", Designation::Primary(Set::Gb)),
    (b"$(A", Designation::Primary(Set::Gb)),
    (b"$(C", Designation::Primary(Set::Ks)),
    (b"$)C", Designation::Secondary(Set::Ks)),
    (b"$)A", Designation::Secondary(Set::Gb)),
    (b"$)G", Designation::Secondary(Set::Unknown)),
    (b".A", Designation::Third(&encoding_rs::WINDOWS_1252_INIT)),
    (b".F", Designation::Third(&encoding_rs::ISO_8859_7_INIT)),
    (b"N", Designation::SingleShift),
    (b"&@", Designation::Ignored),
];

struct Reader<'a> {
    rest: &'a [u8],
    primary: Set,
    secondary: Set,
    third: &'static Encoding,
    is_shifted: bool,
    eight_bit: &'static Encoding,
    text: String,
    /// A run of pairs in EUC.
    pairs: Vec<u8>,
}

/// Decodes ISO 2022 text. Octets beyond seven bits are read in another charset, which many mailers mean.
pub(super) fn decode(bytes: &[u8], eight_bit: &'static Encoding) -> String {
    if !bytes.is_ascii() && !bytes.iter().any(|byte| matches!(byte, &ESCAPE | 0x0e)) {
        return eight_bit.decode_without_bom_handling(bytes).0.into_owned();
    }
    let mut reader = Reader {
        rest: bytes,
        primary: Set::Ascii,
        secondary: if eight_bit == encoding_rs::EUC_KR {
            Set::Ks
        } else {
            Set::Gb
        },
        third: encoding_rs::WINDOWS_1252,
        is_shifted: false,
        eight_bit,
        text: String::with_capacity(bytes.len()),
        pairs: Vec::new(),
    };
    while let Some((byte, after)) = reader.rest.split_first() {
        reader.step(*byte, after);
    }
    reader.text
}

impl<'a> Reader<'a> {
    fn step(&mut self, byte: u8, after: &'a [u8]) {
        self.rest = after;
        match byte {
            ESCAPE => self.escape(),
            0x0e => self.is_shifted = true,
            0x0f => self.is_shifted = false,
            b'\n' => {
                self.is_shifted = false;
                self.text.push('\n');
            }
            0x21..=0x7e => {
                let set = if self.is_shifted {
                    self.secondary
                } else {
                    self.primary
                };
                self.graphic(byte, set);
            }
            0x80.. => {
                let len = after.iter().position(u8::is_ascii).unwrap_or(after.len());
                let run: Vec<u8> = std::iter::once(byte)
                    .chain(after[..len].iter().copied())
                    .collect();
                self.text
                    .push_str(&self.eight_bit.decode_without_bom_handling(&run).0);
                self.rest = &after[len..];
            }
            _ => self.text.push(char::from(byte)),
        }
    }

    fn escape(&mut self) {
        let Some((sequence, designation)) = DESIGNATIONS
            .iter()
            .find(|(sequence, _)| self.rest.starts_with(sequence))
        else {
            return;
        };
        self.rest = &self.rest[sequence.len()..];
        match designation {
            Designation::Primary(set) => self.primary = *set,
            Designation::Secondary(set) => self.secondary = *set,
            Designation::Third(encoding) => self.third = encoding,
            Designation::SingleShift => {
                if let Some((byte, after)) = self.rest.split_first() {
                    let shown = [byte | 0x80];
                    self.text
                        .push_str(&self.third.decode_without_bom_handling(&shown).0);
                    self.rest = after;
                }
            }
            Designation::Ignored => {}
        }
    }

    fn graphic(&mut self, byte: u8, set: Set) {
        let Some((encoding, prefix)) = set.euc() else {
            self.text.push(match (set, byte) {
                (Set::JisRoman, b'\\') => '\u{a5}',
                (Set::JisRoman, b'~') => '\u{203e}',
                (Set::Katakana, 0x21..=0x5f) => {
                    char::from_u32(0xff40 + u32::from(byte)).unwrap_or('\u{fffd}')
                }
                _ => char::from(byte),
            });
            return;
        };
        self.pairs.clear();
        let mut lead = byte;
        while let Some((trail @ 0x21..=0x7e, after)) = self.rest.split_first() {
            self.pairs.extend(prefix);
            self.pairs.extend([lead | 0x80, trail | 0x80]);
            self.rest = after;
            match after.split_first() {
                Some((next @ 0x21..=0x7e, after)) => (lead, self.rest) = (*next, after),
                _ => break,
            }
        }
        self.text
            .push_str(&encoding.decode_without_bom_handling(&self.pairs).0);
    }
}

/// Decodes HZ.
pub(super) fn decode_hz(bytes: &[u8]) -> String {
    // The same text in EUC, octet by octet.
    let mut euc = Vec::with_capacity(bytes.len());
    let (mut rest, mut is_double) = (bytes, false);
    while let Some((byte, after)) = rest.split_first() {
        let escaped = if *byte == b'~' { after.first() } else { None };
        rest = match (byte, escaped) {
            (_, Some(b'{')) => {
                is_double = true;
                &after[1..]
            }
            (_, Some(b'}')) => {
                is_double = false;
                &after[1..]
            }
            (_, Some(b'~')) if !is_double => {
                euc.push(b'~');
                &after[1..]
            }
            // A line that continues.
            (_, Some(b'\n')) if !is_double => &after[1..],
            (_, Some(b'\r')) if !is_double && after.starts_with(b"\r\n") => &after[2..],
            (b'\n', _) => {
                is_double = false;
                euc.push(b'\n');
                after
            }
            (0x21..=0x7d, _) if is_double => match after.split_first() {
                Some((trail @ 0x21..=0x7e, after)) => {
                    euc.extend([byte | 0x80, trail | 0x80]);
                    after
                }
                _ => {
                    euc.push(byte | 0x80);
                    after
                }
            },
            _ => {
                euc.push(*byte);
                after
            }
        };
    }
    encoding_rs::GBK.decode_without_bom_handling(&euc).0.into_owned()
}
