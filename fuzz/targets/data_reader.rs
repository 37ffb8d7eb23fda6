//! The data of a message after DATA: dot-stuffing, lone newlines and the end. The first byte is the length of the pieces in which
//! the rest arrives.
#![no_main]

use std::net::IpAddr;

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use mayfly_smtp::{
    Budget,
    data_reader::{DataReader, Progress},
};

const MAX_MESSAGE_BYTES: u64 = 65_536;

fuzz_target!(|input: &[u8]| {
    let Some((chosen, rest)) = input.split_first() else {
        return;
    };
    let piece = usize::from(chosen >> 1) + 1;
    let normalizes = chosen & 1 == 1;
    let whole = read(rest, rest.len().max(1), normalizes);
    let (progress, used, size) = whole;
    // Where the network cuts the data makes no difference.
    let cut = read(rest, piece, normalizes);
    assert_eq!(cut.0, progress);
    if progress != Progress::BareNewline {
        assert_eq!(cut, whole);
    }
    assert!(used <= rest.len());
    match progress {
        Progress::End => assert!(
            rest[..used].ends_with(b".\r\n"),
            "{}",
            rest[..used].escape_ascii()
        ),
        Progress::More => assert_eq!(used, rest.len()),
        Progress::BareNewline => assert!(!normalizes),
    }
    let grown = if normalizes { 2 * rest.len() } else { rest.len() };
    assert!(size <= grown as u64);
});

/// Reads data in pieces. Returns how it ended, what was consumed, and the size of the message.
fn read(data: &[u8], piece: usize, normalizes: bool) -> (Progress, usize, u64) {
    let budget = Budget::undivided(4 * MAX_MESSAGE_BYTES);
    let client = IpAddr::from([192, 0, 2, 1]);
    let mut reader = DataReader::new(MAX_MESSAGE_BYTES, &budget, client).normalizing(normalizes);
    let (mut buffer, mut progress, mut taken) = (BytesMut::new(), Progress::More, 0);
    for part in data.chunks(piece) {
        buffer.extend_from_slice(part);
        taken += part.len();
        progress = reader.read(&mut buffer);
        if progress != Progress::More {
            break;
        }
        assert!(buffer.is_empty());
    }
    (progress, taken - buffer.len(), reader.size_bytes())
}
