//! Which path segments can be secrets: by their length, their digits and their letters.

use super::{MIN_MIXED_BYTES, MIN_SECRET_BYTES};

/// A path segment with this many digits can be a secret; fewer are a year or a page number.
const MIN_SECRET_DIGITS: usize = 5;
/// A path segment with so many capitals after small letters is no words, if it has digits.
const MIN_RANDOM_HUMPS: usize = 3;

/// Reports whether a path segment can be a secret: long, or of letters and digits, and not words with a number.
pub(super) fn is_secret_like(part: &str) -> bool {
    if is_version(part) {
        return false;
    }
    let (mut digits, mut letters, mut parts, mut words, mut word) = (0, 0, 1, 0, 0);
    let (mut has_digit_before_letter, mut is_pure, mut capitals_inside, mut was_lower) =
        (false, true, 0, false);
    let mut has_long_part = false;
    // `0c7`, but neither `2fa` nor `b2b`
    let is_digit = |byte: u8| byte.is_ascii_digit();
    let changes = part
        .as_bytes()
        .windows(2)
        .filter(|pair| is_digit(pair[0]) != is_digit(pair[1]));
    let is_short_secret = part.bytes().next().is_some_and(is_digit)
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && changes.take(2).count() > 1;
    for byte in part.bytes() {
        match byte {
            b'0'..=b'9' => {
                digits += 1;
                is_pure = false;
            }
            b'-' | b'_' | b'.' | b':' => {
                has_long_part |= !is_pure && word >= MIN_SECRET_BYTES;
                words += usize::from(is_pure && word > 2);
                (parts, word, is_pure) = (parts + 1, 0, true);
                continue;
            }
            _ if byte.is_ascii_alphabetic() => {
                letters += 1;
                has_digit_before_letter |= digits > 0;
                capitals_inside += usize::from(was_lower && byte.is_ascii_uppercase());
            }
            _ => is_pure = false,
        }
        word += 1;
        was_lower = byte.is_ascii_lowercase();
    }
    words += usize::from(is_pure && word > 2);
    has_long_part |= !is_pure && word >= MIN_SECRET_BYTES;
    // `article-12`, `step2`
    let is_numbered = !has_digit_before_letter && digits < MIN_SECRET_DIGITS && capitals_inside < 2;
    // `dxbMK-GSfRQifxGlG3h2-EUhK5`: base64 has hyphens too.
    let is_random = digits > 0 && capitals_inside >= MIN_RANDOM_HUMPS && part.len() >= MIN_SECRET_BYTES;
    let is_wordy = words * 2 >= parts && !has_long_part && !is_random;
    is_short_secret
        || part.len() >= MIN_SECRET_BYTES && (parts == 1 || !is_wordy)
        || digits >= MIN_SECRET_DIGITS && (letters == 0 || !is_wordy)
        || part.len() >= MIN_MIXED_BYTES && digits > 0 && letters > 0 && !is_numbered && !is_wordy
}

/// Reports whether a path segment is a version: `v26.11.2`.
fn is_version(part: &str) -> bool {
    let numbers = part.strip_prefix('v').unwrap_or(part);
    numbers.contains('.')
        && numbers.split('.').all(|number| {
            (1..=MIN_SECRET_DIGITS).contains(&number.len())
                && number.bytes().all(|byte| byte.is_ascii_digit())
        })
}
