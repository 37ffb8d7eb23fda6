//! Codes of two or three characters, in a mail without a longer one: a word for one-time codes is right before them.

use std::ops::Range;

use super::{Mail, Scored};
use crate::extract::{
    CodePlace,
    context::is_bound,
    keywords::{self, Hit},
    marked::Marked,
    tokens::{Shape, Token},
    vocabulary::Keyword,
    weights::THRESHOLD,
};

/// Characters of a short code.
const CHARS: std::ops::RangeInclusive<usize> = 2..=3;
/// A text with more such numbers is a report or a receipt.
const MAX_NUMBERS: usize = 24;
/// Searched text before a number, in bytes.
const BEFORE_BYTES: usize = 60;

/// The longest article between a verb and the code that it asks for.
const MAX_ARTICLE_BYTES: usize = 8;

/// Returns the short codes of the bodies.
pub(super) fn find(mail: &Mail<'_>) -> Vec<Scored> {
    let mut found: Vec<Scored> = Vec::new();
    for (marked, found_in) in [(mail.text, CodePlace::Text), (mail.html, CodePlace::Html)] {
        let text = marked.text();
        let is_short = |token: &&Token| token.shape == Shape::Number && CHARS.contains(&token.at.len());
        let mut numbers = marked.tokens.iter().filter(is_short);
        if marked.tokens.iter().filter(is_short).nth(MAX_NUMBERS).is_some() {
            continue;
        }
        let codes = numbers
            .by_ref()
            .filter(|token| is_code(marked, mail.subject, &token.at));
        found.extend(codes.map(|token| Scored::new(THRESHOLD, text[token.at.clone()].to_owned(), found_in)));
    }
    found
}

/// Reports whether a word for codes is bound to a number, and no other number shares it.
fn is_code(marked: &Marked, subject: &Marked, at: &Range<usize>) -> bool {
    let text = marked.text();
    let is_letter_or_digit = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    if !text[at.clone()].bytes().all(is_letter_or_digit) || !stands_free(text, at) {
        return false;
    }
    let start = text.ceil_char_boundary(at.start.saturating_sub(BEFORE_BYTES));
    let mut before = &text[start..at.start];
    // Its label is in its line, or it is alone below it.
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let is_alone =
        before[line..].trim().is_empty() && text[at.end..].trim_start_matches([' ', '.']).starts_with('\n');
    if !is_alone {
        before = &before[line..];
    }
    let before = before.trim_end_matches(['\n', '\t', ' ']);
    // `OTP 318`
    let is_behind_word = || {
        let word = before.rsplit(' ').next().unwrap_or_default();
        text[..at.start].ends_with(' ') && !keywords::find(word).is_empty()
    };
    if !is_alone && !is_bound(before) && !marked.visible.is_emphasised(at) && !is_behind_word() {
        return false;
    }
    let hits = keywords::find(before);
    let Some(hit) = hits.last() else { return false };
    let between = &before[hit.at.end..];
    let is_joined = between.is_empty() || is_bound(between) && is_blank_but_copula(between);
    let means = |keyword: Keyword| {
        hits.iter()
            .any(|other| other.at.end == hit.at.end && other.keyword == keyword)
    };
    if !is_joined || means(Keyword::Label) {
        return false;
    }
    // `Code: 48 lines`, `recovery codes on 24 November`, but `OTP 318 with your driver`
    let goes_on = text[at.end..]
        .strip_prefix(' ')
        .is_some_and(|rest| rest.starts_with(char::is_alphabetic));
    let word = &before[hit.at.clone()];
    // "Give code 731 to the clerk"
    let is_asked_for = || {
        let asks = |other: &Hit| {
            other.keyword == Keyword::CallToAction
                && other.at.end <= hit.at.start
                && other.at.end + MAX_ARTICLE_BYTES >= hit.at.start
        };
        hits.iter().any(asks)
    };
    let is_exact = || word.bytes().all(|byte| byte.is_ascii_uppercase()) || is_asked_for();
    if goes_on && !(between.is_empty() && is_exact()) {
        return false;
    }
    means(Keyword::OneTimeCode)
        || means(Keyword::Code)
            && (goes_on || !between.is_empty() || before.ends_with([':', '\u{ff1a}', '=']))
            && is_awaited(marked, subject)
}

fn is_blank_but_copula(between: &str) -> bool {
    between.split_whitespace().count() <= 1 && !between.contains(|char: char| char.is_numeric())
}

/// Reports whether a mail says what is done with a code, or when it expires.
fn is_awaited(marked: &Marked, subject: &Marked) -> bool {
    let is_word = |hit: &Hit| matches!(hit.keyword, Keyword::Code | Keyword::OneTimeCode);
    let is_use = |hit: &Hit| matches!(hit.keyword, Keyword::CallToAction | Keyword::Expiry);
    subject.hits().iter().any(is_word) || marked.hits().iter().any(is_use)
}

/// Reports whether a number is no part of another: a time, an amount, a count.
fn stands_free(text: &str, at: &Range<usize>) -> bool {
    let after = &text[at.end..];
    let mut next = after.chars();
    match next.next() {
        None | Some('\n' | '\t' | '!' | ')' | '*' | '\u{3002}' | '\u{ff0c}') => true,
        Some('.' | ',') => !next.next().is_some_and(char::is_alphanumeric),
        // A count: `12 minutes`
        Some(' ') => {
            let hits = keywords::find(&after[..after.floor_char_boundary(BEFORE_BYTES.min(after.len()))]);
            let counts = |hit: &Hit| matches!(hit.keyword, Keyword::Unit | Keyword::Money);
            !hits.iter().any(|hit| hit.at.start <= 1 && counts(hit))
                && !next.as_str().starts_with(char::is_numeric)
        }
        Some(_) => false,
    }
}
