//! Letters that a hyphen joins to a number: part of the code, a copula, or a letter to compare.

use std::ops::Range;

use super::{Atom, Group, MAX_COMMON_DIGITS, MIN_CHARS, Shape, apart};
use crate::extract::{keywords, vocabulary::Word};

/// Letters of a copula without a hyphen.
const COPULA: std::ops::RangeInclusive<usize> = 3..=4;
/// Capitals before the space of a code.
const CAPITALS: usize = 2;
/// Digits after it.
const SPACED_DIGITS: std::ops::RangeInclusive<usize> = 4..=6;
/// Letters of another script before the hyphen of a code.
const LETTERS: std::ops::RangeInclusive<usize> = 2..=8;

/// Returns the number behind a copula that a language joins, with a hyphen or without: `engu-3381`, `ndi3381`.
pub(super) fn without_copula(text: &str, group: &Group, last: Atom) -> Option<Range<usize>> {
    if group.count == 1 && group.capitals == 0 && (MIN_CHARS..=MAX_COMMON_DIGITS).contains(&group.digits) {
        let sent = &text[group.start..group.end];
        let letters = sent.bytes().take_while(u8::is_ascii_lowercase).count();
        let is_joined = COPULA.contains(&letters) && letters + group.digits == group.chars;
        return (is_joined && keywords::is_word(&sent[..letters], Word::Copula))
            .then_some(group.start + letters..group.end);
    }
    let is_pair = group.count == 2
        && group.is_hyphened
        && group.capitals == 0
        && group.digits == last.chars
        && last.is_number()
        && (MIN_CHARS..=MAX_COMMON_DIGITS).contains(&last.chars);
    if !is_pair {
        return None;
    }
    let word = text[group.start..last.start].strip_suffix('-')?;
    keywords::is_word(word, Word::Copula).then_some(last.start..last.end)
}

/// Returns where a code of capitals of another script and a number begins: `\u{421}\u{41e}\u{412}\u{410}-31`.
pub(super) fn start_of_letters(text: &str, group: &Group) -> Option<usize> {
    if group.digits != group.chars || group.count > 1 || group.chars > MAX_COMMON_DIGITS {
        return None;
    }
    let before = text[..group.start].strip_suffix('-')?;
    let letters = || {
        let chars = before.chars().rev();
        chars.take_while(|char| !char.is_ascii() && char.is_uppercase())
    };
    let count = letters().take(LETTERS.end() + 1).count();
    let len: usize = letters().take(count).map(char::len_utf8).sum();
    let start = before.len() - len;
    let is_word = text[..start].ends_with(|char: char| char.is_alphanumeric() || char == '-');
    let goes_on = text[group.end..].starts_with(|char: char| char.is_alphanumeric() || char == '-');
    (LETTERS.contains(&count) && count + group.chars >= MIN_CHARS && !is_word && !goes_on).then_some(start)
}

/// Returns where a code of two capitals, a space and a number begins: `code TH 4471`.
pub(super) fn start_of_capitals(text: &str, group: &Group) -> Option<usize> {
    if group.digits != group.chars || group.count > 1 || !SPACED_DIGITS.contains(&group.chars) {
        return None;
    }
    let before = text[..group.start].strip_suffix(' ')?;
    let start = before.len().checked_sub(CAPITALS)?;
    let capitals = before.get(start..)?;
    // In a text of capitals it is a word.
    let follows_word = text[..start]
        .strip_suffix(' ')
        .is_some_and(|text| text.ends_with(|char: char| char.is_lowercase()));
    let word = capitals.to_ascii_lowercase();
    let is_word = keywords::is_word(&word, Word::Number) || keywords::is_word(&word, Word::Copula);
    let is_code = capitals.bytes().all(|byte| byte.is_ascii_uppercase()) && follows_word && !is_word;
    is_code.then_some(start)
}

/// Returns the end and the shape of spaced digits behind a letter that the reader only compares: `R-64 81 07`.
pub(super) fn behind_letter(
    text: &str,
    group: &Group,
    last: Atom,
    beyond: Option<Atom>,
) -> Option<(usize, Shape)> {
    let is_letter = group.count == 2 && group.is_hyphened && group.capitals == 1 && group.lengths()[0] == 1;
    if !is_letter || !last.is_number() {
        return None;
    }
    apart::spaced_digits(text, last, beyond).filter(|(_, shape)| *shape != Shape::Number)
}
