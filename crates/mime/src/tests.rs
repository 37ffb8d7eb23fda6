//! Mails and the expected results.

mod bounds;
mod classes;
mod corpus;
mod labelled;
mod mail_header;

use super::{Summary, attachment, content, summarize};

/// Writes a mail's line ends as they come over the wire.
fn crlf(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

fn summary(raw: &[u8]) -> Summary {
    summarize(raw).0
}
