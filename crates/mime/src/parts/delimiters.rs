//! The delimiter lines of a multipart (RFC 2046 5.1.1).

use memchr::{memchr, memmem};

/// The parts between the delimiter lines of a multipart. A missing last delimiter ends the last part at the end.
pub(super) struct Parts<'a> {
    body: &'a [u8],
    delimiter: Vec<u8>,
    /// Where the current part begins, once the first delimiter was found.
    at: Option<usize>,
    /// Where the text after the last delimiter begins.
    ended_at: usize,
}

impl<'a> Parts<'a> {
    pub(super) fn new(body: &'a [u8], boundary: &[u8]) -> Self {
        let mut parts = Self {
            body,
            delimiter: [b"--", boundary].concat(),
            at: None,
            ended_at: body.len(),
        };
        parts.at = parts
            .delimiter_from(0)
            .and_then(|found| (!found.is_last).then_some(found.next_at));
        parts
    }

    /// Goes on after a last delimiter if another one follows. Returns whether it does.
    pub(super) fn resume(&mut self) -> bool {
        let from = std::mem::replace(&mut self.ended_at, self.body.len());
        match self.delimiter_from(from) {
            Some(found) if !found.is_last => {
                self.at = Some(found.next_at);
                true
            }
            _ => false,
        }
    }

    fn delimiter_from(&self, from: usize) -> Option<Delimiter> {
        let finder = memmem::Finder::new(&self.delimiter);
        finder.find_iter(&self.body[from..]).find_map(|at| {
            let at = from + at;
            if at > 0 && self.body[at - 1] != b'\n' {
                return None;
            }
            let rest_at = at + self.delimiter.len();
            let rest = &self.body[rest_at..];
            let line = memchr(b'\n', rest).map_or(rest, |end| &rest[..=end]);
            let is_last = line.starts_with(b"--");
            // Else it is the beginning of a longer boundary.
            (is_last || line.trim_ascii().is_empty()).then_some(Delimiter {
                at,
                next_at: rest_at + line.len(),
                is_last,
            })
        })
    }
}

struct Delimiter {
    at: usize,
    next_at: usize,
    is_last: bool,
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let start = self.at?;
        let Some(found) = self.delimiter_from(start) else {
            self.at = None;
            let rest = &self.body[start..];
            return (!rest.is_empty()).then_some(rest);
        };
        self.at = (!found.is_last).then_some(found.next_at);
        self.ended_at = found.next_at;
        // The line break before a delimiter belongs to it (RFC 2046 5.1.1).
        let part = self.body.get(start..found.at).unwrap_or_default();
        let part = part.strip_suffix(b"\n").unwrap_or(part);
        Some(part.strip_suffix(b"\r").unwrap_or(part))
    }
}
