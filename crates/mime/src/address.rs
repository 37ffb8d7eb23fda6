//! Mailboxes of an address field (RFC 5322 3.4), found even where the field breaks the grammar.

use super::{
    charset::{self, Charset},
    decode,
    encoded_word::{self, Words},
    parameters::comment_len,
};

/// Length of a name or of an address, in characters.
const MAX_CHARS: usize = 500;

/// A mailbox as sent: a name, an address, or both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Mailbox {
    /// The display name, decoded; empty without one.
    pub(super) name: String,
    /// The address; empty without one.
    pub(super) address: String,
}

/// Reads the mailboxes of a field, of groups too, at most so many.
pub(super) fn mailboxes(field: &[u8], of_mail: Option<Charset>, max: usize) -> Vec<Mailbox> {
    let found = read(field, of_mail, max);
    let has_address = found.iter().any(|mailbox| !mailbox.address.is_empty());
    if has_address || memchr::memmem::find(field, b"=?").is_none() {
        return found;
    }
    // Some programs encode the whole field.
    let decoded = encoded_word::decode(field, of_mail);
    if memchr::memchr(b'@', decoded.as_bytes()).is_none() {
        return found;
    }
    read(decoded.as_bytes(), of_mail, max)
}

fn read(field: &[u8], of_mail: Option<Charset>, max: usize) -> Vec<Mailbox> {
    let mut reader = Reader {
        field,
        at: 0,
        words: Words::new(field),
        has_comments: true,
        has_quotes: true,
        has_brackets: true,
        of_mail,
        current: Draft::default(),
        found: Vec::new(),
    };
    while reader.found.len() < max && reader.step() {}
    reader.finish();
    reader.found.truncate(max);
    reader.found
}

/// A mailbox that is being read.
#[derive(Debug, Default)]
struct Draft {
    /// The text before the address, quotes removed.
    phrase: Vec<u8>,
    /// The same text with its quotes, in which an address without angle brackets stands.
    sent: Vec<u8>,
    has_at: bool,
    comment: Vec<u8>,
    address: Option<Vec<u8>>,
    /// The text after the address.
    after: Vec<u8>,
}

struct Reader<'a> {
    field: &'a [u8],
    at: usize,
    words: Words<'a>,
    /// False once a comment without an end was found: no later one has an end either.
    has_comments: bool,
    /// The same for quoted strings.
    has_quotes: bool,
    /// The same for the closing bracket of an address literal.
    has_brackets: bool,
    of_mail: Option<Charset>,
    current: Draft,
    found: Vec<Mailbox>,
}

impl Reader<'_> {
    /// Reads the next piece. Returns false at the end.
    fn step(&mut self) -> bool {
        let Some(byte) = self.field.get(self.at) else {
            return false;
        };
        match byte {
            b'(' if self.has_comments => self.comment(),
            b'"' if self.has_quotes => self.quoted(),
            b'<' => self.angle(),
            b',' | b';' => {
                self.at += 1;
                self.finish();
            }
            b':' if self.is_group() => {
                self.at += 1;
                self.current = Draft::default();
            }
            b'[' if self.has_brackets && self.current.sent.ends_with(b"@") => {
                let rest = &self.field[self.at..];
                let end = memchr::memchr(b']', rest);
                self.has_brackets = end.is_some();
                self.push(end.map_or(1, |end| end + 1));
            }
            b'=' => {
                let len = self.words.len_at(self.at);
                self.push(len.max(1));
            }
            _ => self.push(1),
        }
        true
    }

    /// Reports whether a colon ends the name of a group.
    fn is_group(&self) -> bool {
        self.current.address.is_none() && !self.current.has_at
    }

    fn push(&mut self, len: usize) {
        let text = &self.field[self.at..self.at + len];
        self.push_text(text, text);
        self.at += len;
    }

    /// Adds text with and without its quotes. Runs of blanks become one.
    fn push_text(&mut self, plain: &[u8], sent: &[u8]) {
        let draft = &mut self.current;
        let is_blank = |text: &[u8]| text.last().is_none_or(u8::is_ascii_whitespace);
        if draft.address.is_some() {
            draft.after.extend_from_slice(plain);
        } else if !(sent.trim_ascii().is_empty() && is_blank(&draft.sent)) {
            draft.phrase.extend_from_slice(plain);
            draft.sent.extend_from_slice(sent);
            draft.has_at |= sent == b"@";
        }
    }

    fn comment(&mut self) {
        let rest = &self.field[self.at..];
        let Some(len) = comment_len(rest) else {
            self.has_comments = false;
            return;
        };
        if self.current.comment.is_empty() {
            self.current.comment = unescaped(&rest[1..len - 1]);
        }
        self.push_text(b" ", b" ");
        self.at += len;
    }

    fn quoted(&mut self) {
        let rest = &self.field[self.at..];
        let Some(len) = quoted_len(rest) else {
            self.has_quotes = false;
            self.at += 1;
            return;
        };
        self.push_text(&unescaped(&rest[1..len - 1]), &rest[..len]);
        self.at += len;
    }

    /// Reads an address in angle brackets.
    fn angle(&mut self) {
        if self.current.address.is_some() {
            let after = std::mem::take(&mut self.current.after);
            self.finish();
            self.current.phrase = after;
        }
        let mut address = Vec::new();
        self.at += 1;
        while let Some(byte) = self.field.get(self.at) {
            let rest = &self.field[self.at..];
            let (len, is_address) = match byte {
                b'>' => {
                    self.at += 1;
                    break;
                }
                b'(' => match comment_len(rest).filter(|_| self.has_comments) {
                    Some(len) => (len, false),
                    None => {
                        self.has_comments = false;
                        (1, true)
                    }
                },
                b'"' => match quoted_len(rest).filter(|_| self.has_quotes) {
                    Some(len) => (len, true),
                    None => {
                        self.has_quotes = false;
                        (1, false)
                    }
                },
                b'<' => (1, false),
                // The blank of a fold is no part of the address.
                b' ' | b'\t' => (1, self.field[self.at - 1] != b'\n'),
                byte => (1, !byte.is_ascii_whitespace()),
            };
            if is_address {
                address.extend_from_slice(&rest[..len]);
            }
            self.at += len;
        }
        let mut address = last_word(&address);
        // A route of RFC 822: `<@a,@b:user@c>`.
        if address.starts_with(b"@")
            && let Some(colon) = memchr::memchr(b':', &address)
        {
            address.drain(..=colon);
        }
        if address
            .get(..7)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"mailto:"))
        {
            address.drain(..7);
        }
        self.current.address = Some(address);
    }

    fn finish(&mut self) {
        let draft = std::mem::take(&mut self.current);
        let text = |sent: &[u8]| decode::header_text(&encoded_word::decode(sent, self.of_mail), MAX_CHARS);
        let plain = |sent: &[u8]| decode::header_text(&charset::header(sent, self.of_mail), MAX_CHARS);
        let (phrase, address) = match draft.address {
            Some(address) => (draft.phrase, address),
            None => match bare_address(&draft.sent) {
                Some((phrase, address)) => (phrase, address),
                None if is_address(&draft.phrase) => (Vec::new(), draft.phrase.trim_ascii().to_vec()),
                None => (draft.phrase, Vec::new()),
            },
        };
        let names = [&phrase, &draft.after, &draft.comment];
        let name = names.iter().map(|sent| text(sent)).find(|name| !name.is_empty());
        let mailbox = Mailbox {
            name: name.unwrap_or_default(),
            address: plain(&address),
        };
        if mailbox != Mailbox::default() {
            self.found.push(mailbox);
        }
    }
}

/// Returns an address in angle brackets without the words before it, as in `<name a@b>`, and without the blanks that RFC 5322
/// 4.4 allows around its dots and its `@`.
fn last_word(sent: &[u8]) -> Vec<u8> {
    let mut address: Vec<u8> = Vec::with_capacity(sent.len());
    let (mut at, mut word_at, mut is_gap, mut quotes) = (0, 0, false, Quotes::default());
    while let Some(byte) = sent.get(at) {
        let len = match byte {
            b'"' => quotes.len(&sent[at..]).unwrap_or(1),
            _ => 1,
        };
        if byte.is_ascii_whitespace() {
            is_gap = true;
        } else {
            let is_joined = |byte: &u8| matches!(byte, b'.' | b'@');
            if is_gap && !is_joined(byte) && !address.last().is_some_and(is_joined) {
                word_at = address.len();
            }
            is_gap = false;
            address.extend_from_slice(&sent[at..at + len]);
        }
        at += len;
    }
    match is_address(&address[word_at..]) {
        true => address.split_off(word_at),
        false => address,
    }
}

/// Finds an address without angle brackets. Returns it and the text around it.
fn bare_address(sent: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    memchr::memchr(b'@', sent)?;
    let compact = without_obsolete_blanks(sent);
    let (mut at, mut quotes) = (0, Quotes::default());
    while at < compact.len() {
        let len = word_len(&compact[at..], &mut quotes);
        let word = &compact[at..at + len];
        if is_address(word) {
            let phrase = [&compact[..at], b" ", &compact[at + len..]].concat();
            return Some((without_quotes(&phrase), word.to_vec()));
        }
        at += len.max(1);
    }
    None
}

/// Removes the blanks that RFC 5322 4.4 allows around the `@` and the dots of an address.
fn without_obsolete_blanks(sent: &[u8]) -> Vec<u8> {
    let mut compact: Vec<u8> = Vec::with_capacity(sent.len());
    let (mut at, mut is_domain, mut quotes) = (0, false, Quotes::default());
    while let Some(byte) = sent.get(at) {
        match byte {
            b'"' => {
                let len = quotes.len(&sent[at..]).unwrap_or(1);
                compact.extend_from_slice(&sent[at..at + len]);
                at += len;
                continue;
            }
            b'@' => {
                let len = compact.trim_ascii_end().len();
                compact.truncate(len);
                compact.push(b'@');
                is_domain = true;
            }
            byte if byte.is_ascii_whitespace() && compact.last() == Some(&b'@') => {}
            byte if byte.is_ascii_whitespace()
                && is_domain
                && (compact.last() == Some(&b'.') || sent.get(at + 1) == Some(&b'.')) => {}
            byte => compact.push(*byte),
        }
        at += 1;
    }
    compact
}

fn without_quotes(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let (mut at, mut quotes) = (0, Quotes::default());
    while let Some(byte) = text.get(at) {
        match Some(&text[at..])
            .filter(|_| *byte == b'"')
            .and_then(|text| quotes.len(text))
        {
            Some(len) => {
                plain.extend(unescaped(&text[at + 1..at + len - 1]));
                at += len;
            }
            None => {
                plain.push(*byte);
                at += 1;
            }
        }
    }
    plain
}

fn word_len(text: &[u8], quotes: &mut Quotes) -> usize {
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        if byte.is_ascii_whitespace() {
            break;
        }
        at += if *byte == b'"' {
            quotes.len(&text[at..]).unwrap_or(1)
        } else {
            1
        };
    }
    at
}

/// Reports whether a text is `local@domain`.
fn is_address(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let local_len = match text.first() {
        Some(b'"') => match quoted_len(text) {
            Some(len) => len,
            None => return false,
        },
        _ => memchr::memchr(b'@', text).unwrap_or(text.len()),
    };
    let domain = text[local_len..].strip_prefix(b"@").unwrap_or_default();
    local_len > 0
        && !domain.is_empty()
        && !domain
            .iter()
            .any(|byte| byte.is_ascii_whitespace() || b"@\"<>".contains(byte))
        && (text.starts_with(b"\"") || !text[..local_len].iter().any(u8::is_ascii_whitespace))
}

/// Finds the ends of quoted strings in one text, from its start to its end. Once one has no end, no later one has.
#[derive(Debug, Default)]
struct Quotes {
    is_unended: bool,
}

impl Quotes {
    fn len(&mut self, text: &[u8]) -> Option<usize> {
        let len = if self.is_unended { None } else { quoted_len(text) };
        self.is_unended = len.is_none();
        len
    }
}

/// Returns the length of a quoted string with its quotes, `None` if it never ends.
fn quoted_len(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'\\' => at += 2,
            b'"' => return Some(at + 1),
            _ => at += 1,
        }
    }
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        let byte = if *byte == b'\\' {
            bytes.next().unwrap_or(byte)
        } else {
            byte
        };
        plain.push(*byte);
    }
    plain
}
