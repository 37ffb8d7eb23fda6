//! The words after a number in its line.

use std::ops::Range;

use super::{
    super::{
        keywords,
        marked::{distance, ends_sentence},
        tokens::{Shape, Token},
        vocabulary::{Keyword, Word},
        weights::{Feature, reach},
    },
    Context, Features, MAX_HITS, is_blank,
};

/// More words between a comma and a code word are a clause.
const MAX_APPOSITION_WORDS: usize = 4;
/// Words for `with`, which are words of no other language.
const WITH: [&str; 6] = ["with", "mit", "met", "avec", "con", "med"];

impl Context<'_> {
    /// Reads the words after a number in its line.
    pub(super) fn after(&mut self, index: usize, line: &Range<usize>, features: &mut Features) {
        let end = self.tokens[index].at.end;
        let next = self.tokens[index + 1..]
            .iter()
            .take(MAX_HITS)
            .find(|next| next.shape != Shape::Number && !self.ends_with_word(next) && !self.is_shouted(next))
            .map(|next| next.at.start);
        for (hit_index, hit) in self.hits_after(end) {
            let is_near = hit.at.start < line.end.min(next.unwrap_or(usize::MAX))
                && distance(self.text, end, hit.at.start, reach::AFTER).is_some()
                && !ends_sentence(&self.text[end..hit.at.start])
                && !is_apart(&self.text[end..hit.at.start]);
            if !is_near {
                break;
            }
            if !matches!(hit.keyword, Keyword::Code | Keyword::OneTimeCode) {
                continue;
            }
            // `482139, your code: 775104`
            let is_of_next = next.is_some_and(|next| {
                next < line.end
                    && distance(self.text, hit.at.end, next, reach::BESIDE).is_some()
                    && !ends_sentence(&self.text[hit.at.end..next])
                    || self.leads_to(hit.at.end, next)
            });
            if !is_of_next && !self.has_own_number(hit.at.end) {
                features.add(Feature::WordAfter);
                features.has_word = true;
                self.note_one_time(hit, features);
                self.claimed.insert(hit_index, index);
                let token = &self.tokens[index];
                // `39 027 \u{2014} your code`
                features.is_bound |= is_blank(&self.text[line.start..token.at.start])
                    && (self.is_followed_by_copula(token) || self.is_followed_by_dash(token));
                if self.is_followed_by_copula(token) {
                    features.found.retain(|feature| *feature != Feature::LabelBefore);
                }
            }
            break;
        }
    }

    /// Reports whether a number that is no code is right behind a code word: `invoice 48213, access key 3526 1112 3456 7800`.
    fn has_own_number(&self, end: usize) -> bool {
        let next = self.tokens.partition_point(|token| token.at.start < end);
        self.tokens.get(next).is_some_and(|next| {
            next.shape == Shape::Number && self.text[end..next.at.start].trim_matches([' ', ':']).is_empty()
        })
    }

    /// Reports whether a token with a hyphen is a code word: `sms-code`, `2FA-Code`.
    fn ends_with_word(&self, token: &Token) -> bool {
        let within = self.hits_after(token.at.start);
        let mut within = within.take_while(|(_, hit)| hit.at.start < token.at.end);
        within.any(|(_, hit)| {
            matches!(hit.keyword, Keyword::Code | Keyword::OneTimeCode) && hit.at.end == token.at.end
        })
    }

    /// Reports whether what ends at an offset ends its line too, but for a copula, and a number begins the next line.
    fn leads_to(&self, end: usize, next: usize) -> bool {
        let Some(between) = distance(self.text, end, next, reach::BESIDE).map(|_| &self.text[end..next])
        else {
            return false;
        };
        between.split_once('\n').is_some_and(|(rest, blank)| {
            let word = rest.trim_matches([' ', ':', '\u{ff1a}']);
            is_blank(blank) && (word.is_empty() || keywords::is_word(&word.to_lowercase(), Word::Copula))
        })
    }
}

/// Reports whether a code word after a number belongs to something else: it is in another cell, or words and a comma are between, as
/// in `70173 Stuttgart, Code`.
fn is_apart(between: &str) -> bool {
    let is_named = |(words, _): (&str, &str)| {
        let mut words = words.split_whitespace();
        words
            .next()
            .is_some_and(|word| word.starts_with(char::is_alphabetic))
            && words.next().is_none()
    };
    // "4821 shops with your PIN"
    let has_with = between
        .split_whitespace()
        .skip(1)
        .any(|word| WITH.contains(&word));
    // "2026, everybody who signs in is asked for a code"
    let is_clause = |(_, clause): (&str, &str)| clause.split_whitespace().nth(MAX_APPOSITION_WORDS).is_some();
    let comma = between.split_once(',');
    between.contains('\t') || has_with || comma.is_some_and(is_named) || comma.is_some_and(is_clause)
}
