//! How a sentence asks for a number without a word for codes: it presents it, says what to do with it, or what it opens.

use std::ops::Range;

use super::{
    super::{
        keywords::{self, Hit},
        marked::{distance, ends_sentence, sentence_start},
        tokens::Token,
        vocabulary::{Keyword, Word},
        weights::reach,
    },
    Context, MAX_POLITE_BYTES,
};

/// The longest phrase that presents a number.
const MAX_PRESENTING_BYTES: usize = 48;

/// The longest phrase that says what a number is for.
const MAX_PURPOSE_BYTES: usize = 60;
/// A longer word after a number can be what it counts.
const MAX_SMALL_WORD_CHARS: usize = 4;
/// Words of a phrase before a number.
const MAX_PHRASE_WORDS: usize = 3;

impl Context<'_> {
    /// Reports whether the words before a number in its sentence present it: `Here it is: 775104`.
    pub(super) fn is_presented(&self, token: &Token, line: &Range<usize>) -> bool {
        let is_announced = self.about.has_subject_word || self.about.has_subject_topic;
        is_announced && {
            let start = sentence_start(self.text, line.start, token.at.start);
            is_presenting(&self.text[start..token.at.start])
        }
    }

    /// Reports whether the particle of a verb follows a number: `775104 ein.`
    pub(super) fn is_before_particle(&self, token: &Token) -> bool {
        let after = self.text[token.at.end..].trim_start_matches([' ', '*', '"', '\u{201c}', ']']);
        let end = after
            .find(|char: char| !char.is_alphabetic())
            .unwrap_or(after.len());
        // "in" of one language begins a phrase of another: `7751 in full`.
        let ends = after[end..]
            .chars()
            .next()
            .is_none_or(|char| !matches!(char, ' ' | '-'));
        (1..=8).contains(&end) && ends && keywords::is_word(&after[..end], Word::Particle)
    }

    /// Reports whether a number is what is done first: "Press 8015", or what opens something: "The locker opens with 8015", "Mit 8015 geht das Fach auf."
    pub(super) fn is_means(&self, token: &Token, line: &Range<usize>) -> bool {
        let in_line = self.text[line.start..token.at.start].trim_end_matches([' ', '*', '"', '\u{201e}']);
        let is_first = in_line.trim().is_empty() || in_line.ends_with(['.', '!', '?']);
        if !is_first && !in_line.ends_with(char::is_alphabetic) {
            return false;
        }
        let is_order = !is_first && ends_with_word(in_line, Word::Order).is_some();
        if !is_first && !is_order && ends_with_word(in_line, Word::With).is_none() {
            return false;
        }
        let start = sentence_start(self.text, line.start, token.at.start);
        let before = self.text[start..token.at.start].trim_end_matches([' ', '*', '"', '\u{201e}']);
        if is_order && ends_with_word(before, Word::Order) == Some(0) {
            return true;
        }
        // "553018 opens the cabinet"
        if before.trim().is_empty() || before.ends_with(['.', '!', '?']) {
            let after = self.text[token.at.end..].strip_prefix(' ').unwrap_or_default();
            let verb = after
                .split(|char: char| !char.is_alphabetic())
                .next()
                .unwrap_or_default();
            return !verb.is_empty() && keywords::is_word(&verb.to_lowercase(), Word::Opener);
        }
        if ends_with_word(before, Word::With).is_none() || self.is_counted(token) {
            return false;
        }
        let is_opening = |hit: &Hit| matches!(hit.keyword, Keyword::Opens | Keyword::Verify);
        let mut before = self
            .hits_before(token.at.start)
            .take_while(|(_, hit)| hit.at.start >= start);
        let mut after = self.hits_after(token.at.end).take_while(|(_, hit)| {
            hit.at.end <= line.end
                && distance(self.text, token.at.end, hit.at.start, reach::AFTER).is_some()
                && !ends_sentence(&self.text[token.at.end..hit.at.start])
        });
        before.any(|(_, hit)| is_opening(hit)) || after.any(|(_, hit)| is_opening(hit))
    }

    /// Reports whether the sentence of a call to action says that something opens.
    pub(super) fn is_about_opening(&self, asked: &Hit) -> bool {
        let near = self.hits_before(asked.at.start).take_while(|(_, hit)| {
            distance(self.text, hit.at.end, asked.at.start, reach::LABEL).is_some()
                && !ends_sentence(&self.text[hit.at.end..asked.at.start])
                && !self.text[hit.at.end..asked.at.start].contains('\n')
        });
        near.map(|(_, hit)| hit.keyword)
            .any(|keyword| keyword == Keyword::Opens)
    }

    /// Reports whether a number counts the word after it: `48213 adresses`, but not `8015 geht das Fach auf`.
    fn is_counted(&self, token: &Token) -> bool {
        let after = self.text[token.at.end..].strip_prefix(' ').unwrap_or_default();
        let end = after
            .find(|char: char| !char.is_alphabetic())
            .unwrap_or(after.len());
        let is_opening = || {
            self.hits_after(token.at.end)
                .next()
                .is_some_and(|(_, hit)| hit.keyword == Keyword::Opens && hit.at.start <= token.at.end + 1)
        };
        after[..end].chars().count() > MAX_SMALL_WORD_CHARS && !is_opening()
    }

    /// Reports whether the words before a number in its sentence say what it is for: `To approve: 4471`, `Pour l'autoriser : 4471`.
    pub(super) fn is_for_a_purpose(&self, token: &Token, line: &Range<usize>) -> bool {
        if !self.text[line.start..token.at.start]
            .trim_end_matches([' ', '*'])
            .ends_with([':', '\u{ff1a}'])
        {
            return false;
        }
        let start = sentence_start(self.text, line.start, token.at.start);
        let says = self.text[start..token.at.start].trim_end_matches([' ', '*']);
        let Some(says) = says
            .strip_suffix([':', '\u{ff1a}'])
            .filter(|says| says.len() <= MAX_PURPOSE_BYTES)
        else {
            return false;
        };
        let mut hits = self
            .hits_before(token.at.start)
            .take_while(|(_, hit)| hit.at.start >= start);
        let (mut is_named, mut is_other) = (false, false);
        for (_, hit) in &mut hits {
            is_named |= matches!(hit.keyword, Keyword::Verify | Keyword::Reset | Keyword::Opens);
            is_other |= matches!(
                hit.keyword,
                Keyword::Label | Keyword::OtherCode | Keyword::Promo | Keyword::Unit
            );
        }
        is_named
            && !is_other
            && !says.contains(['\t', '\n'])
            && says
                .split_whitespace()
                .any(|word| keywords::is_word(&word.to_lowercase(), Word::Purpose))
    }
}

/// Reports whether a text presents what follows it: `Here it is:`, `Yours is`.
pub(super) fn is_presenting(says: &str) -> bool {
    let says = says.trim_matches([' ', '*', ':', '\u{ff1a}', '-', '\u{2013}', '\u{2014}', ',']);
    (1..=MAX_PRESENTING_BYTES).contains(&says.len())
        && keywords::is_word(&says.to_lowercase(), Word::Presents)
}

/// Returns where the last word or phrase of a text begins, if it has a meaning.
fn ends_with_word(text: &str, meaning: Word) -> Option<usize> {
    let from = text.ceil_char_boundary(text.len().saturating_sub(MAX_POLITE_BYTES));
    let tail = &text[from..];
    let lower = tail.to_lowercase();
    if lower.len() != tail.len() {
        return None;
    }
    let mut starts = tail.rmatch_indices(' ').map(|(at, _)| at + 1);
    for _ in 0..MAX_PHRASE_WORDS {
        let start = starts.next().unwrap_or(0);
        if keywords::is_word(&lower[start..], meaning) {
            let is_whole = from == 0 && tail[..start].trim().is_empty();
            return Some(if is_whole { 0 } else { from + start });
        }
        if start == 0 {
            break;
        }
    }
    None
}
