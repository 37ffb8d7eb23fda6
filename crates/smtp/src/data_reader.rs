//! Reads the data of a message: ends at `CRLF.CRLF` and nothing else, undoes dot-stuffing, enforces the limits, and if asked to,
//! turns a lone CR or LF into CRLF. No I/O.

use std::net::IpAddr;

use bytes::{Buf, Bytes, BytesMut};
use mayfly_rpc::CHUNK_BYTES;

use crate::{
    budget::{Budget, Reservation},
    spool::{SpoolFile, Unspooled},
};

/// Header fields are counted this far into a message.
const HEADER_BYTES: usize = 100 * 1024;
/// A message with so many full chunks in memory is moved to the spool: 256 KiB. Ordinary mail is smaller.
const SPOOL_CHUNKS: usize = 4;

/// The position in a line. `Dot` and `DotCr` hold back bytes that may be the end of data.
#[derive(Debug, Clone, Copy)]
enum LineState {
    LineStart,
    Text,
    Cr,
    Dot,
    DotCr,
    /// After a lone newline. What follows never ends the message.
    BareStart,
    BareDot,
}

/// Why a message is discarded. Its data is still read to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// The message exceeds the size limit.
    Message,
    /// The memory budget of all sessions is exhausted.
    Memory,
}

/// The result of reading some input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// All input is consumed, and the end was not in it.
    More,
    /// The end was found; what follows it stays in the input.
    End,
    /// A lone CR or LF: what follows can be neither message nor command (SMTP smuggling).
    BareNewline,
}

/// The data of a message, with its memory reservation.
#[derive(Debug)]
pub struct Content {
    /// The first part, of a large message.
    pub(crate) spooled: Option<Box<SpoolFile>>,
    /// The rest in chunks of at most [`CHUNK_BYTES`], in order.
    pub chunks: Vec<Bytes>,
    /// The length of the message.
    pub size_bytes: u64,
    _reservation: Reservation,
}

/// Reads one message.
#[derive(Debug)]
pub struct DataReader {
    state: LineState,
    chunks: Vec<Bytes>,
    tail: BytesMut,
    size_bytes: u64,
    max_bytes: u64,
    reservation: Reservation,
    overflow: Option<Overflow>,
    normalizes: bool,
    spooled: Option<SpoolFile>,
    /// How many `Received` fields the spooled part has.
    spooled_received: usize,
    /// The spool has had no room for this message.
    stays_in_memory: bool,
}

impl DataReader {
    /// Creates a reader, to be used right after the reply 354.
    #[must_use]
    pub fn new(max_bytes: u64, budget: &Budget, client: IpAddr) -> Self {
        Self {
            state: LineState::LineStart,
            chunks: Vec::new(),
            tail: BytesMut::new(),
            size_bytes: 0,
            max_bytes,
            reservation: budget.reservation(client),
            overflow: None,
            normalizes: false,
            spooled: None,
            spooled_received: 0,
            stays_in_memory: false,
        }
    }

    /// Turns each lone CR or LF into CRLF if asked to. Without it a lone one is an error.
    #[must_use]
    pub fn normalizing(self, normalizes: bool) -> Self {
        Self { normalizes, ..self }
    }

    /// Consumes input up to the end of the message.
    pub fn read(&mut self, input: &mut BytesMut) -> Progress {
        let (progress, used) = self.scan(input);
        input.advance(used);
        progress
    }

    /// Returns the limit that the message exceeds.
    #[must_use]
    pub fn overflow(&self) -> Option<Overflow> {
        self.overflow
    }

    /// Returns the size of the message, discarded bytes included.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Takes the part that belongs into the spool, if there is enough of it. It is given back by [`Self::spooled`].
    pub(crate) fn take_unspooled(&mut self) -> Option<Unspooled> {
        if self.chunks.len() < SPOOL_CHUNKS || self.stays_in_memory {
            return None;
        }
        if self.spooled.is_none() {
            // The header is in this part: it is longer than what is counted.
            self.spooled_received = self.count_received();
        }
        Some(Unspooled {
            file: self.spooled.take(),
            chunks: std::mem::take(&mut self.chunks),
        })
    }

    /// Takes back what [`Self::take_unspooled`] returned. A message whose chunks have found no room stays in memory.
    pub(crate) fn spooled(&mut self, spooled: Unspooled) {
        self.stays_in_memory = !spooled.chunks.is_empty();
        self.spooled = spooled.file;
        self.chunks = spooled.chunks;
        let in_memory = self.chunks.iter().map(Bytes::len).sum::<usize>() + self.tail.len();
        self.reservation.shrink_to(in_memory as u64);
    }

    /// Returns how many `Received` fields the header has.
    #[must_use]
    pub fn count_received(&self) -> usize {
        if self.spooled.is_some() {
            return self.spooled_received;
        }
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

    /// Returns the message after its end was found.
    #[must_use]
    pub fn finish(mut self) -> Content {
        if !self.tail.is_empty() {
            self.chunks.push(self.tail.freeze());
        }
        Content {
            spooled: self.spooled.map(Box::new),
            chunks: self.chunks,
            size_bytes: self.size_bytes,
            _reservation: self.reservation,
        }
    }

    /// Returns the progress, and how many bytes of the input are consumed.
    fn scan(&mut self, input: &[u8]) -> (Progress, usize) {
        // `kept..at` of the input belongs to the message and is not yet appended: unchanged runs are copied in one go.
        let (mut at, mut kept) = (0, 0);
        while let Some(&byte) = input.get(at) {
            match (self.state, byte) {
                (LineState::LineStart, b'.') => {
                    self.append(&input[kept..at]);
                    at += 1;
                    kept = at;
                    self.state = LineState::Dot;
                }
                (LineState::Dot, b'\r') => {
                    at += 1;
                    kept = at;
                    self.state = LineState::DotCr;
                }
                (LineState::DotCr, b'\n') => return (Progress::End, at + 1),
                (LineState::Cr, b'\n') => {
                    at += 1;
                    self.state = LineState::LineStart;
                }
                (LineState::Cr | LineState::DotCr, _) if !self.normalizes => {
                    return (Progress::BareNewline, at);
                }
                (LineState::Cr, _) => {
                    self.append(&input[kept..at]);
                    self.append(b"\n");
                    kept = at;
                    self.state = LineState::BareStart;
                }
                (LineState::DotCr, _) => {
                    self.append(b".\r\n");
                    kept = at;
                    self.state = LineState::BareStart;
                }
                (LineState::BareStart, b'.') => {
                    self.append(&input[kept..at]);
                    at += 1;
                    kept = at;
                    self.state = LineState::BareDot;
                }
                (LineState::BareDot, byte) => {
                    // Clients that stuff dots after a lone LF double them; others do not.
                    if byte != b'.' {
                        self.append(b".");
                    }
                    self.state = LineState::Text;
                }
                (LineState::LineStart | LineState::Dot | LineState::Text | LineState::BareStart, _) => {
                    let Some(length) = memchr::memchr2(b'\r', b'\n', &input[at..]) else {
                        self.state = LineState::Text;
                        break;
                    };
                    at += length;
                    if input[at] == b'\r' {
                        at += 1;
                        self.state = LineState::Cr;
                    } else if self.normalizes {
                        if length == 0 && matches!(self.state, LineState::Dot) {
                            self.append(b".");
                        }
                        self.append(&input[kept..at]);
                        self.append(b"\r\n");
                        at += 1;
                        kept = at;
                        self.state = LineState::BareStart;
                    } else {
                        return (Progress::BareNewline, at);
                    }
                }
            }
        }
        self.append(&input[kept..]);
        (Progress::More, input.len())
    }

    fn append(&mut self, mut run: &[u8]) {
        self.size_bytes += run.len() as u64;
        if self.overflow.is_some() || run.is_empty() {
            return;
        }
        if self.size_bytes > self.max_bytes {
            return self.discard(Overflow::Message);
        }
        if !self.reservation.grow(run.len() as u64) {
            return self.discard(Overflow::Memory);
        }
        while !run.is_empty() {
            let (head, tail) = run.split_at(run.len().min(CHUNK_BYTES - self.tail.len()));
            self.tail.extend_from_slice(head);
            run = tail;
            if self.tail.len() == CHUNK_BYTES {
                let full = std::mem::replace(&mut self.tail, BytesMut::with_capacity(CHUNK_BYTES));
                self.chunks.push(full.freeze());
            }
        }
    }

    fn discard(&mut self, overflow: Overflow) {
        self.overflow = Some(overflow);
        self.chunks = Vec::new();
        self.tail = BytesMut::new();
        self.spooled = None;
        self.reservation.release();
    }
}
