//! Encoded words of RFC 2047, read leniently: the octets of neighbouring words of one charset are joined before they are
//! decoded, and words can stand anywhere in a text.

use memchr::memmem;

use super::{
    charset::{self, Charset},
    transfer::{self, Base64},
};

/// The longest name of a charset with a language (RFC 2231 5).
const MAX_CHARSET_BYTES: usize = 80;

/// An encoded word, not decoded.
#[derive(Debug, Clone, Copy)]
struct Word<'a> {
    charset: &'a [u8],
    is_base64: bool,
    text: &'a [u8],
    /// Its length with the delimiters.
    len: usize,
}

/// Finds encoded words in a text. Remembers where the next `?=` is, so that a text of many beginnings and no end is read once.
#[derive(Debug)]
pub(super) struct Words<'a> {
    value: &'a [u8],
    end: Option<usize>,
}

impl<'a> Words<'a> {
    pub(super) fn new(value: &'a [u8]) -> Self {
        Self { value, end: Some(0) }
    }

    /// Returns the length of the encoded word that begins at an offset, 0 if there is none.
    pub(super) fn len_at(&mut self, at: usize) -> usize {
        self.at(at).map_or(0, |word| word.len)
    }

    fn at(&mut self, at: usize) -> Option<Word<'a>> {
        let (charset, is_base64, head_len) = head(&self.value[at..])?;
        let text_at = at + head_len;
        let mut end = self.end_from(text_at)?;
        while !is_base64 && self.is_escape_after_question_mark(end) {
            end = self.end_from(end + 1)?;
        }
        let text = &self.value[text_at..end];
        let is_unended = memmem::find_iter(text, b"=?").any(|inner| head(&text[inner..]).is_some());
        (!is_unended).then_some(Word {
            charset,
            is_base64,
            text,
            len: end + 2 - at,
        })
    }

    fn end_from(&mut self, from: usize) -> Option<usize> {
        if self.end? < from {
            self.end = memmem::find(&self.value[from..], b"?=").map(|found| from + found);
        }
        self.end
    }

    /// Reports whether `?=` is a question mark before an escape as in `=?utf-8?q?who?=C3=A9?=`: two digits follow, and the word
    /// goes on to another `?=`.
    fn is_escape_after_question_mark(&self, end: usize) -> bool {
        let after = &self.value[end + 2..];
        let is_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
        if after.len() < 2 || !after[..2].iter().all(is_hex) {
            return false;
        }
        let stop = after
            .iter()
            .position(|byte| *byte == b'?' || byte.is_ascii_whitespace());
        stop.is_some_and(|stop| after[stop..].starts_with(b"?=") && after[stop - 1] != b'=')
    }
}

/// Reads `=?charset*language?encoding?`.
fn head(value: &[u8]) -> Option<(&[u8], bool, usize)> {
    let rest = value.strip_prefix(b"=?")?;
    let window = &rest[..rest.len().min(MAX_CHARSET_BYTES)];
    let end = memchr::memchr(b'?', window)?;
    let charset = &window[..end];
    if !charset.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let is_base64 = match rest.get(end + 1..end + 3)? {
        [b'b' | b'B', b'?'] => true,
        [b'q' | b'Q', b'?'] => false,
        _ => return None,
    };
    let language = memchr::memchr(b'*', charset).unwrap_or(charset.len());
    Some((&charset[..language], is_base64, 2 + end + 3))
}

/// The octets of neighbouring words of one charset.
#[derive(Debug)]
struct Run<'a> {
    charset: &'a [u8],
    octets: Vec<u8>,
    base64: Base64,
}

impl<'a> Run<'a> {
    fn push(&mut self, word: Word<'a>) {
        if word.is_base64 {
            self.base64.push(word.text, &mut self.octets);
            if !self.base64.is_inside_octet() {
                self.base64.finish(&mut self.octets);
            }
        } else {
            self.base64.finish(&mut self.octets);
            transfer::q(word.text, &mut self.octets);
        }
    }

    fn finish(mut self, of_mail: Option<Charset>, text: &mut String) {
        self.base64.finish(&mut self.octets);
        match Charset::of(self.charset) {
            Some(Charset::Ascii) | None => text.push_str(&charset::header(&self.octets, of_mail)),
            Some(charset) => text.push_str(&charset.decode(self.octets.into())),
        }
    }
}

/// Decodes a text with encoded words. White space between two words is dropped (RFC 2047 6.2); other text is kept, and read
/// as UTF-8 or in the charset of the mail.
pub(super) fn decode(value: &[u8], of_mail: Option<Charset>) -> String {
    let mut text = String::with_capacity(value.len());
    let mut words = Words::new(value);
    let mut run: Option<Run<'_>> = None;
    let mut at = 0;
    for found in memmem::find_iter(value, b"=?") {
        let Some(word) = (if found < at { None } else { words.at(found) }) else {
            continue;
        };
        let gap = &value[at..found];
        let is_neighbour = gap.trim_ascii().is_empty();
        if let Some(ended) =
            run.take_if(|run| !is_neighbour || !run.charset.eq_ignore_ascii_case(word.charset))
        {
            ended.finish(of_mail, &mut text);
        }
        if !is_neighbour || at == 0 {
            text.push_str(&charset::header(gap, of_mail));
        }
        let run = run.get_or_insert_with(|| Run {
            charset: word.charset,
            octets: Vec::with_capacity(word.text.len()),
            base64: Base64::default(),
        });
        run.push(word);
        at = found + word.len;
    }
    if let Some(ended) = run {
        ended.finish(of_mail, &mut text);
    }
    text.push_str(&charset::header(&value[at..], of_mail));
    text
}
