//! Whether a code is a coupon: what its line and the lines near it offer, and its own form.

use std::ops::Range;

use super::{
    super::{
        marked::REACH_BYTES,
        tokens::{Shape, Token},
        vocabulary::Keyword,
        weights::{Feature, reach},
    },
    Context, Features, MAX_HITS, is_blank,
};

/// Letters and digits of a coupon.
const COUPON_LETTERS: usize = 4;
const COUPON_DIGITS: std::ops::RangeInclusive<usize> = 2..=3;
/// Examined length of a quotation on each side of a number.
const QUOTED_BYTES: usize = 60;
/// What opens a quotation and what closes it.
const QUOTES: [(char, char); 5] = [
    ('"', '"'),
    ('\u{201c}', '\u{201d}'),
    ('\u{201e}', '\u{201c}'),
    ('\u{ab}', '\u{bb}'),
    ('\u{300c}', '\u{300d}'),
];

impl Context<'_> {
    /// Reads whether a line offers a discount. A token with letters is a coupon also when a line near it does.
    pub(super) fn offer(&self, token: &Token, line: &Range<usize>, features: &mut Features) {
        let has_letters = !matches!(token.shape, Shape::Digits | Shape::LongDigits);
        let is_number = !has_letters || features.is_one_time && features.has_word;
        // "Give the pickup code 6420 at the checkout"
        let is_own =
            features.is_one_time && (features.is_beside || features.is_bound) || self.about.is_parcel;
        if !has_letters && is_own && !self.about.is_bulk {
            return;
        }
        let (in_line, near) = match (is_number, self.about.is_bulk) {
            (true, _) => (Feature::NumberInOffer, None),
            (false, true) => (Feature::Coupon, Some(Feature::Coupon)),
            (false, false) => (Feature::Coupon, Some(Feature::CouponNear)),
        };
        let has_percentage = has_percentage(&self.text[line.clone()]);
        if has_percentage {
            features.add(in_line);
        }
        if let Some(near) = near
            && (self.about.is_offer || self.about.is_bulk && self.is_like_coupon(token))
        {
            features.add(near);
        }
        let from = line.start.saturating_sub(reach::LINE);
        let start = self.hits.partition_point(|hit| hit.at.end <= from);
        for hit in self.hits[start..].iter().take(3 * MAX_HITS) {
            if hit.at.start >= line.end + reach::LINE {
                break;
            }
            if hit.keyword == Keyword::Promo {
                let is_of_word = features.found.contains(&Feature::WordWrapped)
                    && self
                        .line
                        .checked_sub(1)
                        .is_some_and(|above| self.lines[above].contains(&hit.at.start));
                if is_of_word || hit.at.start >= line.start && hit.at.start < line.end {
                    features.add(in_line);
                    // "Use code 482913 at the checkout and save 10%"
                    if has_percentage && !features.is_one_time && hit.at.start < line.end {
                        features.add(Feature::Coupon);
                    }
                } else if let Some(near) = near {
                    features.add(near);
                }
            }
        }
    }

    /// Reports whether a token of a mail to many is like a coupon, as `WELCOME10`, or a line beside it offers a part off.
    fn is_like_coupon(&self, token: &Token) -> bool {
        let text = &self.text[token.at.clone()];
        let word = text.trim_end_matches(|char: char| char.is_ascii_digit());
        let is_named = word.len() >= COUPON_LETTERS
            && COUPON_DIGITS.contains(&(text.len() - word.len()))
            && word.bytes().all(|byte| byte.is_ascii_alphabetic())
            && word.contains(|char: char| "AEIOUY".contains(char.to_ascii_uppercase()));
        let beside = [self.line.checked_sub(1), Some(self.line + 1)];
        let mut lines = beside
            .into_iter()
            .flatten()
            .filter_map(|line| self.lines.get(line));
        is_named
            || lines.any(|line| {
                let end = self
                    .text
                    .floor_char_boundary(line.end.min(line.start + REACH_BYTES));
                has_percentage(&self.text[line.start..end])
            })
    }

    /// Reports whether a mail to many quotes a code: `Why does my bank write "Your code is 482913"?`
    pub(super) fn is_quoted(&self, token: &Token, line: &Range<usize>, has_word: bool) -> bool {
        let rest = &self.text[token.at.end..line.end];
        if !self.about.is_bulk && !self.about.is_comment {
            return has_word && is_mentioned(&self.text[line.start..token.at.start], rest);
        }
        let after = rest.trim_start_matches(['.', ',', '!', ' ', '\u{a0}', '\u{202f}']);
        if self.about.is_comment {
            let before = &self.text[line.start..token.at.start];
            let is_open = |(open, close): &(char, char)| before.contains(*open) && rest.contains(*close);
            return QUOTES.iter().any(is_open);
        }
        let before = &self.text[line.start..token.at.start];
        // The mail that it answers.
        if before.starts_with('>') {
            return true;
        }
        QUOTES.iter().any(|(open, close)| {
            let opening = before.rfind(*open).filter(|_| after.starts_with(*close));
            opening.is_some_and(|at| !is_blank(&before[..at]) && !is_blank(&before[at..]))
        })
    }
}

/// Reports whether a sentence goes on behind a quotation of more than a number: `fake "775104 is your code" messages`.
fn is_mentioned(before: &str, rest: &str) -> bool {
    let start = before.ceil_char_boundary(before.len().saturating_sub(QUOTED_BYTES));
    let rest = &rest[..rest.floor_char_boundary(QUOTED_BYTES)];
    let Some(from) = before[start..].rfind(QUOTES.map(|(open, _)| open)) else {
        return false;
    };
    let opened = &before[start + from..];
    let close = QUOTES.iter().find(|(open, _)| opened.starts_with(*open));
    let Some((to, close)) = close.and_then(|(_, close)| Some((rest.find(*close)?, close))) else {
        return false;
    };
    let inside = opened.chars().chain(rest[..to].chars());
    let after = rest[to + close.len_utf8()..].strip_prefix(' ');
    after.is_some_and(|after| after.starts_with(char::is_lowercase))
        && inside.filter(|char| char.is_alphabetic()).count() > 2
        && !is_blank(&before[start..start + from])
}

/// Reports whether a text has a percentage. In a URL a percent sign begins an escape.
fn has_percentage(text: &str) -> bool {
    let is_percentage = |at: usize| {
        let before = text[..at].trim_end_matches([' ', '\u{a0}', '\u{202f}']);
        before.ends_with(|char: char| char.is_ascii_digit())
            && !text[at + 1..].starts_with(|char: char| char.is_ascii_alphanumeric())
    };
    memchr::memchr_iter(b'%', text.as_bytes()).any(is_percentage)
}
