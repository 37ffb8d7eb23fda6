//! Text of others for a terminal: a sender must not be able to send escape sequences.

/// Removes control characters; line breaks and tabs become spaces.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\n' | '\r' | '\t' => Some(' '),
            c => (!is_unsafe(c)).then_some(c),
        })
        .collect()
}

/// Tells whether a character is a control character or a bidirectional override.
fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
