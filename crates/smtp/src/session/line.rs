//! Splits the input into command lines. `CRLF` ends a line; a lone LF or excessive length makes it malformed.

use bytes::{Buf, BytesMut};

use crate::reply::{self, Reply};

/// The longest command line with its CRLF. RFC 5321 4.5.3.1.4 requires 512, more with extensions.
const MAX_LINE: usize = 2048;
/// The longest AUTH command or response of a client with its CRLF: user names and passwords of 255 octets need 1 KiB.
const MAX_AUTH_LINE: usize = 4096;
/// How much of a malformed line is skipped before the session ends.
const MAX_SKIPPED: usize = 64 * 1024;
/// How the first line of an HTTP client begins.
const HTTP_VERBS: [&[u8]; 9] = [
    b"GET ",
    b"POST ",
    b"PUT ",
    b"HEAD ",
    b"CONNECT ",
    b"OPTIONS ",
    b"DELETE ",
    b"PATCH ",
    b"TRACE ",
];

/// What the input contains next.
#[derive(Debug)]
pub(super) enum Line {
    /// No complete line yet.
    None,
    /// A line of `length` bytes with its CRLF.
    Command { length: usize },
    /// A malformed line, with its only reply. The rest of the line is skipped.
    Malformed(Reply),
    /// A malformed line whose end does not come.
    Unterminated,
    /// The client speaks another protocol.
    NotSmtp,
}

#[derive(Debug, Default)]
pub(super) struct LineReader {
    count: u64,
    /// How much of a malformed line is skipped so far, and whether the last skipped byte was a CR.
    skipping: Option<(usize, bool)>,
}

impl LineReader {
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Removes a line from the input; returns it without its CRLF.
    pub(super) fn take(length: usize, input: &mut BytesMut) -> BytesMut {
        let mut line = input.split_to(length);
        line.truncate(length - 2);
        line
    }

    /// Returns the next command line.
    pub(super) fn next(&mut self, input: &mut BytesMut) -> Line {
        let is_auth = input
            .get(..5)
            .is_some_and(|verb| verb.eq_ignore_ascii_case(b"AUTH "));
        match is_auth {
            true => self.next_auth(input),
            false => self.next_of(input, MAX_LINE, reply::LINE_TOO_LONG),
        }
    }

    /// Returns the next response of a client that is logging in.
    pub(super) fn next_auth(&mut self, input: &mut BytesMut) -> Line {
        self.next_of(input, MAX_AUTH_LINE, reply::AUTH_LINE_TOO_LONG)
    }

    fn next_of(&mut self, input: &mut BytesMut, max: usize, too_long: Reply) -> Line {
        if self.skipping.is_some()
            && let Some(unfinished) = self.skip(input)
        {
            return unfinished;
        }
        let is_first = self.count == 0;
        if is_first && input.first().is_some_and(|byte| !byte.is_ascii_alphabetic()) {
            return Line::NotSmtp;
        }
        let window = &input[..input.len().min(max)];
        let Some(at) = memchr::memchr(b'\n', window) else {
            if input.len() < max {
                return Line::None;
            }
            return self.malformed(too_long);
        };
        if is_first && is_http(window) {
            return Line::NotSmtp;
        }
        if at > 0 && window[at - 1] == b'\r' {
            self.count += 1;
            return Line::Command { length: at + 1 };
        }
        input.advance(at + 1);
        self.malformed(reply::BARE_LF)
    }

    fn malformed(&mut self, error: Reply) -> Line {
        self.count += 1;
        self.skipping = Some((0, false));
        Line::Malformed(error)
    }

    /// Skips to the end of a malformed line; `None` when it was found.
    fn skip(&mut self, input: &mut BytesMut) -> Option<Line> {
        let (mut skipped, mut was_cr) = self.skipping?;
        while !input.is_empty() {
            let room = input.len().min(MAX_SKIPPED - skipped);
            if room == 0 {
                return Some(Line::Unterminated);
            }
            let found = memchr::memchr(b'\n', &input[..room]);
            let used = found.map_or(room, |at| at + 1);
            let is_end = match found {
                Some(0) => was_cr,
                Some(at) => input[at - 1] == b'\r',
                None => false,
            };
            was_cr = input[used - 1] == b'\r';
            input.advance(used);
            skipped += used;
            if is_end {
                self.skipping = None;
                return None;
            }
        }
        self.skipping = Some((skipped, was_cr));
        Some(Line::None)
    }
}

fn is_http(line: &[u8]) -> bool {
    HTTP_VERBS.iter().any(|verb| {
        line.get(..verb.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(verb))
    })
}
