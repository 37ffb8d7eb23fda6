//! Characters that a terminal obeys or hides: they can make a line look like another. Logs and the command line show them
//! as escapes.

use std::{
    borrow::Cow,
    fmt::Write as _,
    io::{self, Write},
};

use tracing_subscriber::fmt::MakeWriter;

/// Tells whether a character controls a terminal (C1), separates lines, or changes the direction of text. C0 controls are left
/// out: JSON escapes them, and line breaks end lines.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{7f}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
    )
}

/// Replaces such characters by their JSON escapes. JSON text stays JSON of the same value: it has them in strings only.
#[must_use]
pub fn escape_hidden(text: &str) -> Cow<'_, str> {
    // Only these bytes begin one; most text has none.
    let can_have_any = |byte: u8| matches!(byte, 0x7f | 0xc2 | 0xd8 | 0xe2 | 0xef);
    if !text.bytes().any(can_have_any) || !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hidden(c) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// Standard error for logs, which writes each line with one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EscapedStderr;

impl<'a> MakeWriter<'a> for EscapedStderr {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        *self
    }
}

impl Write for EscapedStderr {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let written = match std::str::from_utf8(line) {
            Ok(text) => io::stderr().write_all(escape_hidden(text).as_bytes()),
            Err(_) => io::stderr().write_all(line),
        };
        written.map(|()| line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_hidden_keeps_the_value_of_json() {
        let hostile = "a\u{9b}2J\u{202e}b\u{2028}c\u{85}\u{feff}d é 漢 \u{1f600}";
        let json = serde_json::to_string(hostile).unwrap();
        let escaped = escape_hidden(&json);
        assert_eq!(
            escaped,
            "\"a\\u009b2J\\u202eb\\u2028c\\u0085\\ufeffd é 漢 \u{1f600}\""
        );
        assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), hostile);
        assert!(matches!(escape_hidden("plain é\n"), Cow::Borrowed(_)));
    }
}
