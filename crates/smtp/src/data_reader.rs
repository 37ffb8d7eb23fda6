//! Reads the data of a message: finds `CRLF.CRLF` and nothing else, removes the doubled dots, holds what remains within
//! its bounds. Pure: bytes in, a message out.

use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use mayfly_rpc::CHUNK_BYTES;

use crate::budget::{Budget, Claim};

/// Header fields are counted this far into a message.
const HEADER_BYTES: usize = 100 * 1024;

/// Where in a line the reader stands. `Dot` and `DotCr` hold back what may be the end.
#[derive(Debug, Clone, Copy)]
enum Place {
    LineStart,
    Text,
    Cr,
    Dot,
    DotCr,
}

/// Why a message was not kept though its end is still looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// The message is larger than one may be.
    Message,
    /// All messages together are larger than the memory for them.
    Memory,
}

/// How far reading has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// All input is used, and the end was not in it.
    More,
    /// The end was found; what follows it stays in the input.
    End,
    /// A CR or LF stands alone: what follows cannot be trusted to be a message or a command.
    BareNewline,
}

/// The data of a message in pieces of at most [`CHUNK_BYTES`], with its share of the memory budget.
#[derive(Debug)]
pub struct Content {
    /// The pieces, in order.
    pub chunks: Vec<Bytes>,
    /// Their length together.
    pub size_bytes: u64,
    _claim: Claim,
}

/// Reads one message.
#[derive(Debug)]
pub struct DataReader {
    place: Place,
    chunks: Vec<Bytes>,
    tail: BytesMut,
    size_bytes: u64,
    max_bytes: u64,
    claim: Claim,
    overflow: Option<Overflow>,
}

impl DataReader {
    /// Begins right after the reply 354.
    #[must_use]
    pub fn new(max_bytes: u64, budget: Arc<Budget>) -> Self {
        Self {
            place: Place::LineStart,
            chunks: Vec::new(),
            tail: BytesMut::new(),
            size_bytes: 0,
            max_bytes,
            claim: Claim::new(budget),
            overflow: None,
        }
    }

    /// Uses up input as far as the message goes.
    pub fn read(&mut self, input: &mut BytesMut) -> Progress {
        let (progress, used) = self.scan(input);
        input.advance(used);
        progress
    }

    /// Returns what was found to be too large.
    #[must_use]
    pub fn overflow(&self) -> Option<Overflow> {
        self.overflow
    }

    /// Returns how many bytes the message has, those that were not kept included.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Returns how many `Received` fields the header has.
    #[must_use]
    pub fn count_received(&self) -> usize {
        const FIELD: &[u8] = b"received:";
        let bytes = self.chunks.iter().flatten().chain(&self.tail);
        let (mut count, mut column, mut is_field) = (0, 0, true);
        for byte in bytes.take(HEADER_BYTES) {
            match byte {
                b'\r' if column == 0 => break,
                b'\n' => (column, is_field) = (0, true),
                byte => {
                    is_field &= FIELD.get(column).is_none_or(|c| *c == byte.to_ascii_lowercase());
                    column += 1;
                    count += usize::from(is_field && column == FIELD.len());
                }
            }
        }
        count
    }

    /// Returns the message, once its end was found.
    #[must_use]
    pub fn finish(mut self) -> Content {
        if !self.tail.is_empty() {
            self.chunks.push(self.tail.freeze());
        }
        Content {
            chunks: self.chunks,
            size_bytes: self.size_bytes,
            _claim: self.claim,
        }
    }

    /// Returns how far reading has come, and how much of the input is used.
    fn scan(&mut self, input: &[u8]) -> (Progress, usize) {
        // Of the input, `kept..at` belongs to the message and is not yet taken: what passes unchanged is copied at once.
        let (mut at, mut kept) = (0, 0);
        while let Some(&byte) = input.get(at) {
            match (self.place, byte) {
                (Place::LineStart, b'.') => {
                    self.take(&input[kept..at]);
                    at += 1;
                    kept = at;
                    self.place = Place::Dot;
                }
                (Place::Dot, b'\r') => {
                    at += 1;
                    kept = at;
                    self.place = Place::DotCr;
                }
                (Place::DotCr, b'\n') => return (Progress::End, at + 1),
                (Place::Cr, b'\n') => {
                    at += 1;
                    self.place = Place::LineStart;
                }
                (Place::Cr | Place::DotCr, _) => return (Progress::BareNewline, at),
                (Place::LineStart | Place::Dot | Place::Text, _) => {
                    let Some(length) = memchr::memchr2(b'\r', b'\n', &input[at..]) else {
                        self.place = Place::Text;
                        break;
                    };
                    at += length;
                    if input[at] == b'\n' {
                        return (Progress::BareNewline, at);
                    }
                    at += 1;
                    self.place = Place::Cr;
                }
            }
        }
        self.take(&input[kept..]);
        (Progress::More, input.len())
    }

    fn take(&mut self, mut run: &[u8]) {
        self.size_bytes += run.len() as u64;
        if self.overflow.is_some() || run.is_empty() {
            return;
        }
        if self.size_bytes > self.max_bytes {
            return self.give_up(Overflow::Message);
        }
        if !self.claim.grow(run.len() as u64) {
            return self.give_up(Overflow::Memory);
        }
        while !run.is_empty() {
            let (now, later) = run.split_at(run.len().min(CHUNK_BYTES - self.tail.len()));
            self.tail.extend_from_slice(now);
            run = later;
            if self.tail.len() == CHUNK_BYTES {
                let full = std::mem::replace(&mut self.tail, BytesMut::with_capacity(CHUNK_BYTES));
                self.chunks.push(full.freeze());
            }
        }
    }

    fn give_up(&mut self, overflow: Overflow) {
        self.overflow = Some(overflow);
        self.chunks = Vec::new();
        self.tail = BytesMut::new();
        self.claim.release();
    }
}
