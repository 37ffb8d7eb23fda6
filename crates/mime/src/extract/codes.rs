//! Classifies the numbers of a mail: a one-time code has keywords near it and stands out. Each candidate gets a score.

use std::{collections::HashSet, ops::Range};

use super::{
    Code, CodePlace, MAX_CODES,
    candidates::{self, Shape, Token},
    keywords::{self, Hit},
    visible_text::VisibleText,
    vocabulary::Keyword,
};

/// Largest distance of a keyword in the same line.
const LINE_BYTES: usize = 120;
/// Largest distance of a label of another number.
const LABEL_BYTES: usize = 25;
/// Largest distance of a keyword in the lines before.
const LINES_BEFORE_BYTES: usize = 250;
/// Largest distance of a keyword in the line after.
const LINE_AFTER_BYTES: usize = 150;
/// Examined length of a line on each side of a number.
const REACH_BYTES: usize = 256;
/// Within this distance of a keyword even a year is a code.
const BESIDE_BYTES: usize = 12;
/// Examined keywords for one number, on each side.
const MAX_WORDS: usize = 16;
/// The lowest score of a code.
const THRESHOLD: i32 = 3;
/// A candidate that scores this much less than the best is not a code.
const MAX_BELOW_BEST: i32 = 3;

/// Visible text and its keywords.
#[derive(Debug)]
pub(super) struct Marked {
    pub(super) visible: VisibleText,
    pub(super) hits: Vec<Hit>,
}

impl Marked {
    pub(super) fn new(visible: VisibleText) -> Self {
        Self {
            hits: keywords::find(&visible.text),
            visible,
        }
    }
}

/// Finds the codes of a mail, each once.
pub(super) fn find(subject: &Marked, text: &Marked, html: &Marked) -> Vec<Code> {
    let is_about_codes = subject.hits.iter().any(|hit| hit.keyword == Keyword::Code);
    let mut found: Vec<(i32, Code)> = Vec::new();
    // A coupon in one line is a coupon in the subject too.
    let mut promoted = HashSet::new();
    for (marked, found_in) in [
        (subject, CodePlace::Subject),
        (text, CodePlace::Text),
        (html, CodePlace::Html),
    ] {
        let classifier = CodeClassifier::new(marked, is_about_codes);
        promoted.extend(classifier.promoted());
        for (score, value) in classifier.classify() {
            match found.iter_mut().find(|(_, code)| code.value == value) {
                Some((best, _)) => *best = score.max(*best),
                None => found.push((score, Code { value, found_in })),
            }
        }
    }
    found.retain(|(_, code)| !promoted.contains(&code.value));
    let best = found.iter().map(|(score, _)| *score).max().unwrap_or_default();
    found.retain(|(score, _)| score + MAX_BELOW_BEST >= best);
    found.into_iter().map(|(_, code)| code).take(MAX_CODES).collect()
}

struct CodeClassifier<'m> {
    marked: &'m Marked,
    is_about_codes: bool,
    tokens: Vec<Token>,
    /// Labels that already belong to a number: one label, one number.
    taken: HashSet<usize>,
}

impl<'m> CodeClassifier<'m> {
    fn new(marked: &'m Marked, is_about_codes: bool) -> Self {
        Self {
            tokens: candidates::find(&marked.visible.text),
            marked,
            is_about_codes,
            taken: HashSet::new(),
        }
    }

    /// Returns the tokens in lines about discounts.
    fn promoted(&self) -> Vec<String> {
        let is_promoted = |token: &&Token| {
            let line = bounds(&self.marked.visible.text, &token.at, &['\n']);
            self.is_promoted(token.shape, &line)
        };
        self.tokens
            .iter()
            .filter(is_promoted)
            .map(|token| token.value.clone())
            .collect()
    }

    /// Returns the codes with their scores.
    fn classify(mut self) -> Vec<(i32, String)> {
        let mut codes = Vec::new();
        for index in 0..self.tokens.len() {
            let token = self.tokens[index].clone();
            let next_at = self
                .tokens
                .get(index + 1)
                .map_or(usize::MAX, |next| next.at.start);
            if let Some(score) = self.score(&token, next_at)
                && score >= THRESHOLD
            {
                codes.push((score, token.value));
            }
        }
        codes
    }

    fn score(&mut self, token: &Token, next_at: usize) -> Option<i32> {
        let text = &self.marked.visible.text;
        let (line, cell) = (
            bounds(text, &token.at, &['\n']),
            bounds(text, &token.at, &['\n', '\t']),
        );
        let before = self.before(token, &line);
        if let Some((Keyword::Label, distance)) = before
            && distance <= LABEL_BYTES
        {
            return None;
        }
        if token.shape == Shape::Number || self.is_amount(token) {
            return None;
        }
        let is_alone = is_alone(text, &token.at, &cell);
        let is_emphasised = self.marked.visible.is_emphasised(&token.at);
        let beside = matches!(before, Some((Keyword::Code, distance)) if distance <= BESIDE_BYTES);
        let between = before.map_or("", |(_, distance)| {
            &text[token.at.start - distance..token.at.start]
        });
        let context = match before {
            Some((Keyword::Code, _)) if ends_sentence(between) => 1,
            Some((Keyword::Code, _)) => 3,
            _ => 0,
        };
        let context = context
            .max(self.after(token, &line, next_at))
            .max(self.other_lines(token, &line, is_alone || is_emphasised, is_alone)?);
        let is_year = token.shape == Shape::Digits
            && token.value.len() == 4
            && (token.value.starts_with("19") || token.value.starts_with("20"));
        // "Access codes 2025" is a title.
        let is_called_code = beside && between != " ";
        if is_year && !is_called_code && !(is_alone && context >= 2) {
            return None;
        }
        let is_fit = match token.shape {
            Shape::Digits => true,
            Shape::Mixed => context >= 2,
            Shape::MixedCase => context >= 2 && (beside || is_alone),
            Shape::Letters => {
                context >= 2 && is_alone
                    || beside && text[..token.at.start].trim_end().ends_with([':', '\u{ff1a}'])
            }
            Shape::Number => false,
        };
        let context = if context == 0 {
            self.call_to_action(token, &line)
        } else {
            context
        };
        let score = context
            + if is_alone { 2 } else { 0 }
            + i32::from(is_emphasised)
            + i32::from(self.is_about_codes)
            + i32::from(token.value.len() == 6);
        is_fit.then_some(score)
    }

    /// Returns the nearest keyword before a token in its line, and its distance.
    fn before(&mut self, token: &Token, line: &Range<usize>) -> Option<(Keyword, usize)> {
        let hits = &self.marked.hits;
        let end = hits.partition_point(|hit| hit.at.end <= token.at.start);
        for index in (end.saturating_sub(MAX_WORDS)..end).rev() {
            let hit = &hits[index];
            let distance = token.at.start - hit.at.end;
            if hit.at.start < line.start || distance > LINE_BYTES {
                return None;
            }
            match hit.keyword {
                Keyword::Code => return Some((Keyword::Code, distance)),
                Keyword::Label if self.taken.insert(index) => return Some((Keyword::Label, distance)),
                _ => {}
            }
        }
        None
    }

    /// Scores a code keyword after a token in its line, without another number or the end of a sentence between.
    fn after(&self, token: &Token, line: &Range<usize>, next_at: usize) -> i32 {
        let text = &self.marked.visible.text;
        let hits = &self.marked.hits;
        let start = hits.partition_point(|hit| hit.at.start < token.at.end);
        let found = hits[start..]
            .iter()
            .take(MAX_WORDS)
            .find(|hit| matches!(hit.keyword, Keyword::Code | Keyword::Label));
        let is_near = found.is_some_and(|hit| {
            hit.keyword == Keyword::Code
                && hit.at.start < line.end.min(next_at)
                && hit.at.start - token.at.end <= LINE_BYTES
                && !ends_sentence(&text[token.at.end..hit.at.start])
        });
        if is_near { 3 } else { 0 }
    }

    /// Scores keywords in the lines before and after a token that stands out. `None` when a label is above it.
    fn other_lines(
        &self,
        token: &Token,
        line: &Range<usize>,
        stands_out: bool,
        is_alone: bool,
    ) -> Option<i32> {
        if !stands_out {
            return Some(0);
        }
        let text = &self.marked.visible.text;
        let hits = &self.marked.hits;
        let end = hits.partition_point(|hit| hit.at.end <= line.start);
        let last = hits[end.saturating_sub(MAX_WORDS)..end]
            .iter()
            .rev()
            .take_while(|hit| line.start - hit.at.end <= LINES_BEFORE_BYTES)
            .find(|hit| matches!(hit.keyword, Keyword::Code | Keyword::Label));
        match last {
            Some(hit) if hit.keyword == Keyword::Code => return Some(2),
            Some(hit)
                if line.start - hit.at.end <= LABEL_BYTES
                    && !text[hit.at.end..line.start].trim_end().contains('\n') =>
            {
                return None;
            }
            _ => {}
        }
        let start = hits.partition_point(|hit| hit.at.start < token.at.end);
        let next = hits[start..]
            .iter()
            .take(MAX_WORDS)
            .take_while(|hit| hit.at.start - token.at.end <= LINE_AFTER_BYTES)
            .any(|hit| hit.keyword == Keyword::Code);
        Some(if next && is_alone { 2 } else { 0 })
    }

    /// Scores a call to action near a token.
    fn call_to_action(&self, token: &Token, line: &Range<usize>) -> i32 {
        let hits = &self.marked.hits;
        let start = hits.partition_point(|hit| hit.at.end <= token.at.start.saturating_sub(LINE_BYTES));
        let is_asked = hits[start..]
            .iter()
            .take(2 * MAX_WORDS)
            .take_while(|hit| hit.at.start < line.end.min(token.at.end + LINE_BYTES))
            .any(|hit| hit.keyword == Keyword::CallToAction && hit.at.start >= line.start);
        if is_asked { 2 } else { 0 }
    }

    /// Reports whether a number is a count or a price.
    fn is_amount(&self, token: &Token) -> bool {
        let hits = &self.marked.hits;
        let text = &self.marked.visible.text;
        let next = hits.partition_point(|hit| hit.at.start < token.at.end);
        let is_right_after = |hit: &Hit| text[token.at.end..hit.at.start].trim_matches(' ').is_empty();
        let counts = hits[next..]
            .iter()
            .take(3)
            .any(|hit| matches!(hit.keyword, Keyword::Unit | Keyword::Money) && is_right_after(hit));
        let last = hits[..next].iter().rev().find(|hit| hit.at.end <= token.at.start);
        counts
            || last.is_some_and(|hit| {
                hit.keyword == Keyword::Money && text[hit.at.end..token.at.start].trim_matches(' ').is_empty()
            })
    }

    /// Reports whether a line is about discounts. A token with letters is a coupon also when a line near it is: a shop's
    /// numeric sign-in code can be above its advertisements.
    fn is_promoted(&self, shape: Shape, line: &Range<usize>) -> bool {
        let hits = &self.marked.hits;
        if has_percentage(&self.marked.visible.text[line.clone()]) {
            return true;
        }
        let reach = if shape == Shape::Digits { 0 } else { LINE_BYTES };
        let start = hits.partition_point(|hit| hit.at.end + reach <= line.start);
        hits[start..]
            .iter()
            .take(4 * MAX_WORDS)
            .take_while(|hit| hit.at.start < line.end + reach)
            .any(|hit| hit.keyword == Keyword::Promo)
    }
}

/// Returns the line or cell of a token, up to the examined length.
fn bounds(text: &str, at: &Range<usize>, marks: &[char]) -> Range<usize> {
    let first = text.floor_char_boundary(at.start.saturating_sub(REACH_BYTES));
    let last = text.ceil_char_boundary((at.end + REACH_BYTES).min(text.len()));
    let start = text[first..at.start]
        .rfind(marks)
        .map_or(first, |mark| first + mark + 1);
    let end = text[at.end..last].find(marks).map_or(last, |mark| at.end + mark);
    start..end
}

fn is_alone(text: &str, at: &Range<usize>, cell: &Range<usize>) -> bool {
    let is_blank = |text: &str| !text.chars().any(char::is_alphanumeric);
    is_blank(&text[cell.start..at.start]) && is_blank(&text[at.end..cell.end])
}

/// Reports whether a text has a percentage. In a URL a percent sign begins an escape.
fn has_percentage(text: &str) -> bool {
    let is_percentage = |(at, _): (usize, &str)| {
        let before = text[..at].trim_end_matches([' ', '\u{a0}', '\u{202f}']);
        before.ends_with(|char: char| char.is_ascii_digit())
            && !text[at + 1..].starts_with(|char: char| char.is_ascii_alphanumeric())
    };
    text.match_indices('%').any(is_percentage)
}

fn ends_sentence(between: &str) -> bool {
    between.contains(['\u{3002}', '\u{ff01}', '\u{ff1f}'])
        || [". ", "! ", "? "].iter().any(|end| between.contains(end))
}
