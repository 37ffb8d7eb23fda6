//! The attributes of a tag.

use memchr::memchr;

/// The attributes of a tag that matter, as sent.
#[derive(Debug, Default)]
pub(super) struct Attributes<'h> {
    pub(super) href: Option<&'h str>,
    pub(super) style: Option<&'h str>,
    pub(super) label: Option<&'h str>,
    pub(super) value: Option<&'h str>,
    pub(super) kind: Option<&'h str>,
    pub(super) size: Option<&'h str>,
    pub(super) item_type: Option<&'h str>,
    pub(super) item_prop: Option<&'h str>,
    pub(super) content: Option<&'h str>,
    pub(super) is_hidden: bool,
}

impl<'h> Attributes<'h> {
    fn add(&mut self, name: &str, value: &'h str) {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        let place = match name.len() {
            3 if is("alt") => &mut self.label,
            4 if is("href") => &mut self.href,
            4 if is("type") => &mut self.kind,
            4 if is("size") => &mut self.size,
            5 if is("style") => &mut self.style,
            5 if is("title") => &mut self.label,
            5 if is("value") => &mut self.value,
            6 if is("hidden") => {
                self.is_hidden = true;
                return;
            }
            7 if is("content") => &mut self.content,
            8 if is("itemtype") => &mut self.item_type,
            8 if is("itemprop") => &mut self.item_prop,
            10 if is("aria-label") => &mut self.label,
            _ => return,
        };
        if place.is_none_or(str::is_empty) {
            *place = Some(value);
        }
    }
}

/// Reads attributes up to the end of the tag. Returns them and the rest of the document.
pub(super) fn read(tag: &str) -> (Attributes<'_>, &str) {
    let bytes = tag.as_bytes();
    let (mut read, mut at) = (Attributes::default(), 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'>' => return (read, &tag[at + 1..]),
            // A quote begins a value only after `=`; elsewhere it is a slip that must not swallow the text.
            b'/' | b'"' | b'\'' | b'=' => at += 1,
            // The same bytes end a name, so that no name is empty and every turn advances.
            byte if byte.is_ascii_whitespace() => at += 1,
            _ => {
                let name_at = at;
                at = skip_until(bytes, at, |byte| {
                    byte.is_ascii_whitespace() || matches!(byte, b'=' | b'>' | b'/')
                });
                let name = &tag[name_at..at];
                let equals_at = skip_until(bytes, at, |byte| !byte.is_ascii_whitespace());
                if bytes.get(equals_at) != Some(&b'=') {
                    read.add(name, "");
                    continue;
                }
                let value_at = skip_until(bytes, equals_at + 1, |byte| !byte.is_ascii_whitespace());
                let (value, end) = match bytes.get(value_at) {
                    Some(quote @ (b'"' | b'\'')) => {
                        let start = value_at + 1;
                        let Some(len) = memchr(*quote, &bytes[start..]) else {
                            return (read, "");
                        };
                        (&tag[start..start + len], start + len + 1)
                    }
                    _ => {
                        let end =
                            skip_until(bytes, value_at, |byte| byte.is_ascii_whitespace() || byte == b'>');
                        (&tag[value_at..end], end)
                    }
                };
                read.add(name, value);
                at = end;
            }
        }
    }
    (read, "")
}

fn skip_until(bytes: &[u8], from: usize, is_end: impl Fn(u8) -> bool) -> usize {
    let mut at = from;
    while bytes.get(at).is_some_and(|byte| !is_end(*byte)) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every turn of the loop advances, whatever the bytes: a tag that is read for ever stops its process.
    #[test]
    fn read_every_three_bytes_ends() {
        for bytes in 0..128_u32.pow(3) {
            let tag: String = [bytes >> 14, bytes >> 7 & 127, bytes & 127]
                .into_iter()
                .filter_map(char::from_u32)
                .collect();
            let (_, rest) = read(&tag);
            assert!(rest.len() < tag.len());
        }
    }
}
