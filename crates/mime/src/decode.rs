//! Text that can be stored and shown: no NUL, header texts on one line, at most so long.

/// Replaces NUL, which PostgreSQL rejects in text.
#[must_use]
pub fn without_nul(text: String) -> String {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text
    }
}

/// Normalises a header text to one line: control characters and runs of white space become one space.
pub(super) fn header_text(text: &str, max_chars: usize) -> String {
    let mut line = String::with_capacity(text.len().min(max_chars * 4));
    let (mut is_gap, mut chars) = (false, 0);
    for char in text.chars() {
        if char == '\0' || !(char.is_whitespace() || char.is_control()) {
            if is_gap && !line.is_empty() {
                line.push(' ');
                chars += 1;
            }
            is_gap = false;
            if chars >= max_chars {
                break;
            }
            line.push(if char == '\0' { '\u{fffd}' } else { char });
            chars += 1;
        } else {
            is_gap = true;
        }
    }
    line
}

/// Removes the line breaks of folds (RFC 5322 2.2.3) and the white space around a header value. Other control characters become
/// spaces: an encoded word can contain them.
pub(super) fn unfolded(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut chars = text.trim().chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\r' | '\n' if chars.peek().is_some_and(|next| next.is_whitespace()) => {}
            '\0' => line.push('\u{fffd}'),
            char if char.is_control() => line.push(' '),
            char => line.push(char),
        }
    }
    line
}

/// Cuts a text to at most so many bytes, between two characters.
pub(super) fn cut(mut text: String, max_bytes: usize) -> String {
    if text.len() > max_bytes {
        text.truncate(text.floor_char_boundary(max_bytes));
    }
    text
}
