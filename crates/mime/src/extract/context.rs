//! What stands around the numbers of a text: code words, labels, offers. Each is a feature with a weight.

mod after;
mod asked;
mod fits;
mod lines;
mod nature;
mod offers;
mod place;
mod words;

use std::{collections::HashMap, ops::Range};

pub(super) use nature::points_to_code;
use place::{is_alone, is_of_log, is_of_program};
pub(super) use words::is_bound;

use super::{
    keywords::{self, Hit},
    marked::{Marked, REACH_BYTES},
    tokens::{Shape, Token},
    vocabulary::Word,
    weights::Feature,
};

/// Examined keywords on each side of a number.
const MAX_HITS: usize = 24;
/// The longest phrase between a verb and the number that it asks for.
const MAX_POLITE_BYTES: usize = 40;

/// What is known of a mail beside one of its texts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct About {
    pub(super) has_subject_word: bool,
    pub(super) has_subject_topic: bool,
    /// Whether the subject is about a parcel to collect.
    pub(super) is_parcel: bool,
    pub(super) is_subject: bool,
    /// For a subject: whether the body has a word for one-time codes.
    pub(super) has_body_word: bool,
    pub(super) is_bulk: bool,
    /// Whether the mail shows what somebody wrote on a document.
    pub(super) is_comment: bool,
    pub(super) is_forge: bool,
    pub(super) is_offer: bool,
    pub(super) is_purchase: bool,
}

/// The features of one number.
#[derive(Debug, Default)]
pub(super) struct Features {
    found: Vec<Feature>,
    /// Whether a code word belongs to the number.
    has_word: bool,
    is_alone: bool,
    /// Whether the code word is one for one-time codes.
    is_one_time: bool,
    /// Whether a word or a colon joins the number to the code word.
    is_bound: bool,
    /// Whether more than a space joins them.
    is_named: bool,
    is_beside: bool,
    /// Whether the line above has a call to action.
    is_asked_above: bool,
    /// Whether the line below points to it: `Type the same on your phone.`
    is_asked_below: bool,
    /// Whether the subject is about a parcel.
    is_parcel: bool,
}

impl Features {
    fn add(&mut self, feature: Feature) {
        if !self.found.contains(&feature) {
            self.found.push(feature);
        }
    }

    /// Reports whether a code word belongs to the number.
    pub(super) fn has_word(&self) -> bool {
        self.has_word
    }

    /// Reports whether only the sentence joins it to a code word, which another number can have nearer.
    pub(super) fn is_loose(&self) -> bool {
        let is_firm = |feature: &Feature| {
            matches!(
                feature,
                Feature::AskedFor
                    | Feature::AskedAtEnd
                    | Feature::AskedNear
                    | Feature::WordAfter
                    | Feature::CopulaAfter
                    | Feature::Presented
                    | Feature::EndOfSubject
            )
        };
        !self.is_bound && !self.is_beside && !self.stands_out() && !self.found.iter().any(is_firm)
    }

    /// Reports whether a word or a colon joins it to its code word.
    pub(super) fn is_bound(&self) -> bool {
        self.has_word && self.is_bound
    }

    /// Reports whether it stands out: alone in its line or emphasised.
    pub(super) fn stands_out(&self) -> bool {
        self.is_alone || self.found.contains(&Feature::Emphasised)
    }

    /// Reports whether nothing says that the number is something else.
    pub(super) fn is_unlabelled(&self) -> bool {
        !self.found.iter().any(|feature| feature.is_of_another())
    }

    /// Reports whether the number can be the code that a mail announces, if it is the only one: the subject says what it is for, and it
    /// is asked for, or alone beside an expiry.
    pub(super) fn can_be_sole(&self) -> bool {
        let has = |feature: Feature| self.found.contains(&feature);
        (has(Feature::SubjectWord) || has(Feature::SubjectTopic) || self.is_parcel)
            && (has(Feature::CallToAction) || self.is_alone && has(Feature::Expiry))
            && self.is_unlabelled()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Feature> {
        self.found.iter().copied()
    }
}

/// Reads the numbers of a text in order.
pub(super) struct Context<'m> {
    marked: &'m Marked,
    text: &'m str,
    hits: &'m [Hit],
    about: About,
    tokens: &'m [Token],
    lines: Vec<Range<usize>>,
    line: usize,
    /// Keywords that already belong to a number, and to which.
    claimed: HashMap<usize, usize>,
    /// Numbers of 6 digits that are alone.
    lonely: usize,
    /// The last number that a label in a line above names.
    below_label: Option<usize>,
    /// Numbers that a label names.
    labelled: Vec<usize>,
}

impl<'m> Context<'m> {
    pub(super) fn new(marked: &'m Marked, about: About) -> Self {
        let mut context = Self {
            marked,
            text: marked.text(),
            hits: marked.hits(),
            about,
            tokens: &marked.tokens,
            lines: marked.lines(),
            line: 0,
            claimed: HashMap::new(),
            lonely: 0,
            below_label: None,
            labelled: Vec::new(),
        };
        for token in marked.tokens.iter().filter(|token| token.shape == Shape::Digits) {
            context.go_to(token);
            context.lonely += usize::from(is_alone(context.text, &token.at, &context.reached_line(token)));
        }
        context.line = 0;
        context
    }

    /// Moves to the line of a token.
    fn go_to(&mut self, token: &Token) {
        while self.lines[self.line].end < token.at.start && self.line + 1 < self.lines.len() {
            self.line += 1;
        }
    }

    /// Returns the examined part of the line of a token.
    fn reached_line(&self, token: &Token) -> Range<usize> {
        let line = &self.lines[self.line];
        let start = line.start.max(token.at.start.saturating_sub(REACH_BYTES));
        // A code in boxes can go on below its first line.
        let end = line.end.max(token.at.end).min(token.at.end + REACH_BYTES);
        self.text.ceil_char_boundary(start)..self.text.floor_char_boundary(end)
    }

    /// Returns the features of a token. `None` when it has not the shape of a code.
    pub(super) fn features(&mut self, index: usize) -> Option<Features> {
        let token = &self.tokens[index];
        self.go_to(token);
        let line = self.reached_line(token);
        let mut features = Features {
            is_parcel: self.about.is_parcel,
            ..Features::default()
        };
        self.before(index, &line, &mut features);
        if token.shape == Shape::Number {
            return None;
        }
        features.is_alone = self.place(token, &line, &mut features);
        if features.is_alone && self.is_addressee(token, &line) {
            return None;
        }
        if !features.is_alone && (self.is_among_figures(index, &line) || self.is_among_columns(index)) {
            return None;
        }
        if is_of_log(&self.text[line.clone()]) {
            features.add(Feature::LogLine);
        }
        self.after(index, &line, &mut features);
        if is_of_program(&self.text[line.clone()], token.at.start - line.start) {
            features.add(Feature::LogLine);
        }
        if !features.has_word
            && matches!(token.shape, Shape::Digits | Shape::Mixed)
            && (self.is_means(token, &line) || self.is_for_a_purpose(token, &line))
        {
            features.add(Feature::AskedFor);
            features.found.retain(|feature| *feature != Feature::LabelBefore);
        }
        // `Here it is: 775104`
        if self.is_presented(token, &line) {
            features.add(Feature::Presented);
        }
        // `Foo: 775104 is your code`
        else if !features.has_word
            && !features.is_alone
            && !features.found.contains(&Feature::AskedFor)
            && !self.about.has_body_word
            && self.is_called(token, &line)
        {
            features.add(Feature::OtherRow);
        }
        let stands_out = features.is_alone || features.found.contains(&Feature::Emphasised);
        if stands_out || is_blank(&self.text[line.start..token.at.start]) {
            self.other_lines(index, &mut features);
        }
        self.around(token, &line, &mut features);
        self.amount(token, &mut features);
        self.offer(token, &line, &mut features);
        if self.is_quoted(token, &line, features.has_word) {
            features.add(Feature::Quoted);
        }
        self.shape(token, &mut features);
        if features.is_alone && !features.has_word {
            self.only_number(token, &mut features);
        }
        self.fits(token, &features).then_some(features)
    }

    /// Reports whether the line of the last token is of the mail that this one answers: `> Your code is 482913`.
    pub(super) fn is_in_answer(&self) -> bool {
        self.text[self.lines[self.line].clone()].starts_with('>')
    }

    /// Reports whether a token is the name of the reader, and a comma ends its line: `pnair87,`.
    fn is_addressee(&self, token: &Token, line: &Range<usize>) -> bool {
        let after = self.text[token.at.end..line.end].trim_end();
        matches!(
            token.shape,
            Shape::Mixed | Shape::MixedCase | Shape::Letters | Shape::Words
        ) && after == ","
            && is_blank(&self.text[..token.at.start])
    }

    /// Returns the numbers that a label names, of those that were read.
    pub(super) fn labelled(&self) -> impl Iterator<Item = &'m Token> {
        self.labelled.iter().map(|index| &self.tokens[*index])
    }

    /// Returns the keywords that end before an offset, the nearest first, with their indices.
    fn hits_before(&self, at: usize) -> impl Iterator<Item = (usize, &'m Hit)> + use<'m> {
        let end = self.hits.partition_point(|hit| hit.at.start < at);
        let from = end.saturating_sub(MAX_HITS);
        let hits = &self.hits[from..end];
        (from..end)
            .zip(hits)
            .rev()
            .filter(move |(_, hit)| hit.at.end <= at)
    }

    /// Returns the keywords that start after an offset.
    fn hits_after(&self, at: usize) -> impl Iterator<Item = (usize, &'m Hit)> + use<'m> {
        let start = self.hits.partition_point(|hit| hit.at.start < at);
        (start..).zip(self.hits[start..].iter().take(MAX_HITS))
    }

    /// Reports whether the words after a number say what it is: `customer, 775104 is your code`.
    fn is_followed_by_copula(&self, token: &Token) -> bool {
        let next = self.text[token.at.end..]
            .split_whitespace()
            .next()
            .unwrap_or_default();
        next.len() <= 16 && keywords::is_word(&next.to_lowercase(), Word::Copula)
    }

    /// Reports whether the line before a number says what it is.
    fn is_called(&self, token: &Token, line: &Range<usize>) -> bool {
        let before = self.text[line.start..token.at.start].trim_end();
        before.ends_with([':', '\u{ff1a}', '='])
    }

    /// Reports whether a number says what the next one is: `password for transfer 88213390: 775104`.
    fn names_next(&self, index: usize) -> bool {
        let Some(next) = self
            .tokens
            .get(index + 1)
            .filter(|next| next.shape != Shape::Number)
        else {
            return false;
        };
        let between = self.text[self.tokens[index].at.end..next.at.start].trim_end();
        let word = between.strip_suffix([':', '\u{ff1a}', '=']).map(str::trim);
        word.is_some_and(|word| word.is_empty() || keywords::is_word(&word.to_lowercase(), Word::Copula))
    }
}

fn is_blank(text: &str) -> bool {
    !text.contains(char::is_alphanumeric)
}
