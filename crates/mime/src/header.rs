//! Splits a header block into fields and finds its end, as mail has it: folded lines of blanks (RFC 5322 4.2, obs-FWS), stray
//! lines, and separators that are not empty are all in use.

use memchr::memchr;

/// Fields of a header block that begin after so many bytes are not read: a long list of recipients fits.
pub(super) const MAX_HEADER_BYTES: usize = 1 << 20;
/// Lines examined to find out whether a header goes on after a line that belongs to no field.
const MAX_AHEAD: usize = 8;

/// Names that begin a field even after a line that belongs to no field. A text hardly begins with one of these and a colon.
const KNOWN: [&str; 19] = [
    "from",
    "to",
    "cc",
    "bcc",
    "sender",
    "subject",
    "date",
    "received",
    "references",
    "comments",
    "keywords",
    "precedence",
    "importance",
    "priority",
    "organization",
    "lines",
    "status",
    "encrypted",
    "newsgroups",
];
/// What the other names of header fields begin with.
const KNOWN_PREFIXES: [&str; 24] = [
    "x-",
    "content-",
    "mime-",
    "message-",
    "reply-",
    "in-reply-",
    "return-",
    "list-",
    "dkim-",
    "arc-",
    "authentication-",
    "received-",
    "resent-",
    "delivered-",
    "delivery-",
    "auto-",
    "feedback-",
    "thread-",
    "user-",
    "errors-",
    "disposition-",
    "envelope-",
    "original-",
    "domainkey-",
];
/// Parameters that continue a field even without indentation.
const PARAMETERS: [&str; 10] = [
    "charset", "boundary", "name", "filename", "type", "format", "start", "method", "size", "delsp",
];

/// The fields of a header block. Iterating yields `(name, value)`, the value folded as sent.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    part: &'a [u8],
    at: usize,
    is_mail: bool,
    body_at: Option<usize>,
    is_cut: bool,
}

/// What stands at the beginning of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// The name of a field, with its length.
    Field(usize),
    /// White space before more text: it continues what stands before.
    Folded,
    /// White space only, but not an empty line.
    Blank,
    Empty,
    Stray,
}

impl<'a> Fields<'a> {
    /// Begins to read a part of a mail.
    pub(super) fn of_part(part: &'a [u8]) -> Self {
        Self {
            part,
            at: 0,
            is_mail: false,
            body_at: None,
            is_cut: false,
        }
    }

    /// Begins to read a mail. It can begin with a line of an mbox file, or with blanks.
    pub(super) fn of_mail(mail: &'a [u8]) -> Self {
        let mut fields = Self {
            is_mail: true,
            ..Self::of_part(mail)
        };
        let end = line_end(mail, 0);
        // `From : a@b.example` is a field (RFC 5322 4.5).
        let is_field = field_name_len(&mail[..end]).is_some();
        if !is_field && (mail.starts_with(b"From ") || mail.starts_with(b">From ")) {
            fields.at = end;
        }
        fields
    }

    /// Returns the offset of the body once all fields were read.
    pub(super) fn body_at(&self) -> usize {
        self.body_at.unwrap_or(self.part.len())
    }

    /// Reports whether the block is longer than [`MAX_HEADER_BYTES`]: its last fields were not read.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Ends a block that is too long at its first empty line.
    fn cut(&mut self) {
        self.is_cut = true;
        let mut at = self.at;
        while at < self.part.len() {
            let end = line_end(self.part, at);
            let is_empty = matches!(&self.part[at..end], b"\n" | b"\r\n");
            at = end;
            if is_empty {
                break;
            }
        }
        self.body_at = Some(at);
    }

    fn line_at(&self, at: usize) -> (Line, usize) {
        let end = line_end(self.part, at);
        let line = &self.part[at..end];
        let kind = match line {
            b"\n" | b"\r\n" => Line::Empty,
            _ => match field_name_len(line) {
                Some(name_len) => Line::Field(name_len),
                None if line.trim_ascii().is_empty() => Line::Blank,
                None if line.starts_with(b" ") || line.starts_with(b"\t") => Line::Folded,
                None => Line::Stray,
            },
        };
        (kind, end)
    }

    /// Returns the end of a value that begins before `at`: after its folded lines and the lines of blanks between them.
    fn value_end(&self, mut at: usize) -> usize {
        while at < self.part.len() {
            match self.line_at(at) {
                (Line::Folded, end) => at = end,
                (Line::Blank, end) => match self.after_blanks(end) {
                    (Line::Folded, next) => at = next,
                    _ => return at,
                },
                _ => return at,
            }
        }
        at
    }

    /// Skips lines of blanks. Returns what follows and where it begins.
    fn after_blanks(&self, mut at: usize) -> (Line, usize) {
        loop {
            if at >= self.part.len() {
                return (Line::Empty, at);
            }
            match self.line_at(at) {
                (Line::Blank, end) => at = end,
                (line, _) => return (line, at),
            }
        }
    }

    /// Reports whether the header goes on at a line: it begins a field with a known name, or such a field follows before an
    /// empty line.
    fn goes_on(&self, mut at: usize) -> bool {
        for _ in 0..MAX_AHEAD {
            if at >= self.part.len() {
                return false;
            }
            let (line, end) = self.line_at(at);
            match line {
                Line::Empty => return false,
                Line::Field(name_len) if self.is_known(&self.part[at..at + name_len]) => return true,
                Line::Field(_) | Line::Folded | Line::Blank | Line::Stray => at = end,
            }
        }
        false
    }

    /// Reports whether a name is one that a header has and a text hardly.
    fn is_known(&self, name: &[u8]) -> bool {
        let name = name.trim_ascii_end();
        if !self.is_mail {
            return has_prefix(name, "content-");
        }
        KNOWN
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
            || KNOWN_PREFIXES.iter().any(|prefix| has_prefix(name, prefix))
    }

    /// Handles a line that begins no field. Returns where the next field begins, or ends the header.
    fn skip(&mut self, line: Line, end: usize) -> Option<usize> {
        let (is_header, next) = match line {
            Line::Empty => {
                self.body_at = Some(end);
                return None;
            }
            Line::Blank => match self.after_blanks(end) {
                (Line::Empty, at) => (true, at),
                (Line::Folded, at) if self.at > 0 => (true, at),
                (_, at) => (self.goes_on(at), at),
            },
            // A delimiter of a multipart begins a body, whatever is missing before it.
            _ if self.part[self.at..].starts_with(b"--") => (false, end),
            // A field without a name.
            _ if self.at > 0 && self.part[self.at..].starts_with(b":") => (true, self.value_end(end)),
            // The lines that continue a stray line are as lost as it is.
            _ => (self.goes_on(end), self.value_end(end)),
        };
        if is_header {
            return Some(next);
        }
        // No text is lost: a stray line is the beginning of the body.
        self.body_at = Some(match line {
            Line::Blank => end,
            _ => self.at,
        });
        None
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.body_at.is_some() {
            return None;
        }
        loop {
            if self.at > MAX_HEADER_BYTES {
                self.cut();
                return None;
            }
            if self.at >= self.part.len() {
                self.body_at = Some(self.part.len());
                return None;
            }
            let (line, line_end) = self.line_at(self.at);
            let Line::Field(name_len) = line else {
                self.at = self.skip(line, line_end)?;
                continue;
            };
            let name = self.part[self.at..self.at + name_len].trim_ascii_end();
            let value_at = self.at + name_len + 1;
            let mut end = self.value_end(line_end);
            if has_parameters(name) {
                end = self.with_unindented_parameters(value_at, end);
            }
            self.at = end;
            return Some((name, &self.part[value_at..end]));
        }
    }
}

impl Fields<'_> {
    /// Extends a value over lines that continue it without indentation, as in `Content-Type: a/b;` before `name="c"`.
    fn with_unindented_parameters(&self, value_at: usize, mut end: usize) -> usize {
        while end < self.part.len() {
            let (line, line_end) = self.line_at(end);
            let stray = &self.part[end..line_end];
            let is_parameter = line == Line::Stray
                && memchr(b'=', stray).is_some_and(|equals| {
                    let name = stray[..equals].trim_ascii();
                    let name = &name[..memchr(b'*', name).unwrap_or(name.len())];
                    self.part[value_at..end].trim_ascii_end().ends_with(b";")
                        || PARAMETERS
                            .iter()
                            .any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
                });
            if !is_parameter {
                break;
            }
            end = self.value_end(line_end);
        }
        end
    }
}

fn has_parameters(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"content-type") || name.eq_ignore_ascii_case(b"content-disposition")
}

fn has_prefix(name: &[u8], prefix: &str) -> bool {
    name.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

fn line_end(part: &[u8], at: usize) -> usize {
    memchr(b'\n', &part[at..]).map_or(part.len(), |n| at + n + 1)
}

/// Returns where the name of a field ends: printable ASCII without spaces (RFC 5322 2.2), white space before the colon
/// forgiven.
fn field_name_len(line: &[u8]) -> Option<usize> {
    let colon = memchr(b':', line)?;
    let name = line[..colon].trim_ascii_end();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(colon)
}
