//! Letters that a hyphen joins to a number: part of the code, a copula, or a letter to compare.

use std::ops::Range;

use super::{Atom, Group, MAX_COMMON_DIGITS, MIN_CHARS, Shape, apart};
use crate::extract::{
    keywords::{self, Hit},
    vocabulary::{Keyword, Word},
};

/// Letters of a copula without a hyphen.
const COPULA: std::ops::RangeInclusive<usize> = 3..=4;
/// Capitals before the space of a code.
const CAPITALS: std::ops::RangeInclusive<usize> = 2..=3;
/// Digits after it.
const SPACED_DIGITS: std::ops::RangeInclusive<usize> = 3..=6;
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

/// Returns where a code of capitals, a space and a number begins: `code TH 4471`, and `KT 4471` alone in its line or cell.
pub(super) fn start_of_capitals(text: &str, group: &Group) -> Option<usize> {
    if group.digits != group.chars || group.count > 1 || !SPACED_DIGITS.contains(&group.chars) {
        return None;
    }
    let before = text[..group.start].strip_suffix(' ')?;
    let capitals = before.bytes().rev().take(CAPITALS.end() + 1);
    let count = capitals.take_while(u8::is_ascii_uppercase).count();
    let start = before.len() - count;
    let is_row_end = |char: char| matches!(char, '\n' | '\t');
    let begins_row = start == 0 || text[..start].ends_with(is_row_end);
    let ends_row = group.end == text.len() || text[group.end..].starts_with(is_row_end);
    // In a text of capitals it is a word.
    let follows_word = count == 2
        && group.chars >= MIN_CHARS
        && text[..start]
            .strip_suffix(' ')
            .is_some_and(|text| text.ends_with(|char: char| char.is_lowercase()));
    let is_called = ends_row
        && text[..start].ends_with([' ', '\u{a0}'])
        && text[..start].trim_end().ends_with([':', '\u{ff1a}']);
    if !CAPITALS.contains(&count) || !(follows_word || begins_row && ends_row || is_called) {
        return None;
    }
    let word = before[start..].to_ascii_lowercase();
    // `PIN 4471`, `EUR 4471`, `TEL 448291`: what a number is, and no part of it.
    let names_number = |hit: &Hit| match hit.keyword {
        Keyword::Code | Keyword::OneTimeCode | Keyword::Money => true,
        _ => count > *CAPITALS.start() && hit.at.len() == count,
    };
    let is_word = keywords::is_word(&word, Word::Number)
        || keywords::is_word(&word, Word::Copula)
        || !follows_word && keywords::find(&word).iter().any(names_number);
    (!is_word).then_some(start)
}

/// Returns a code of three groups, of which the digits are in the middle: `VOS 38 DAK` behind a colon or alone in its line.
pub(super) fn between_capitals(text: &str, group: &Group) -> Option<Range<usize>> {
    if group.digits != group.chars || group.count > 1 || !LETTERS.contains(&group.chars) || group.chars > 4 {
        return None;
    }
    let before = text[..group.start].strip_suffix(' ')?;
    let after = text[group.end..].strip_prefix(' ')?;
    let left = before
        .bytes()
        .rev()
        .take_while(u8::is_ascii_uppercase)
        .take(5)
        .count();
    let right = after.bytes().take_while(u8::is_ascii_uppercase).take(5).count();
    let start = before.len() - left;
    let end = group.end + 1 + right;
    let head = text[..start].trim_end_matches(' ');
    let begins = head.is_empty() || head.ends_with(['\n', '\t', ':', '\u{ff1a}']);
    let rest = text[end..].trim_start_matches(['.', '!', ' ']);
    let ends = rest.is_empty() || rest.starts_with(['\n', '\t']);
    ((2..=4).contains(&left) && (2..=4).contains(&right) && begins && ends).then_some(start..end)
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
