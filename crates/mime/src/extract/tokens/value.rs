//! The value of a token: what a user types.

use super::Shape;

/// Returns a token as a user types it: digits of every script are ASCII, and groups of digits are joined.
pub(in super::super) fn typed(text: &str, shape: Shape) -> String {
    let is_digits = matches!(shape, Shape::Digits | Shape::LongDigits);
    let is_spaced = text.chars().nth(1).is_some_and(|char| !char.is_alphanumeric())
        && text.chars().nth(3).is_some_and(|char| !char.is_alphanumeric());
    let typed = text.chars().filter_map(|char| match digit(char) {
        Some(digit) => Some(digit),
        None if char.is_alphanumeric() => Some(char),
        None if is_digits || is_spaced || char == ' ' => None,
        None => Some('-'),
    });
    typed.collect()
}

/// Returns a digit of any supported script as ASCII.
pub(in super::super) fn digit(char: char) -> Option<char> {
    const ZEROS: [char; 16] = [
        '\u{ff10}', '\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{b66}', '\u{be6}',
        '\u{c66}', '\u{ce6}', '\u{d66}', '\u{e50}', '\u{ed0}', '\u{1040}', '\u{17e0}',
    ];
    if char.is_ascii() {
        return char.is_ascii_digit().then_some(char);
    }
    let value = ZEROS.iter().find_map(|zero| {
        u32::from(char)
            .checked_sub(u32::from(*zero))
            .filter(|value| *value < 10)
    })?;
    char::from_digit(value, 10)
}
