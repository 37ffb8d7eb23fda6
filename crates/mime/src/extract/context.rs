//! What stands around the numbers of a text: code words, labels, offers. Each is a feature with a weight.

mod lines;
mod nature;

use std::{collections::HashMap, ops::Range};

use super::{
    keywords::{self, Hit},
    marked::{Marked, REACH_BYTES, distance, ends_sentence, sentence_start},
    tokens::{Shape, Token},
    vocabulary::{Keyword, Word},
    weights::{Feature, reach},
};

/// Examined keywords on each side of a number.
const MAX_HITS: usize = 24;

/// What is known of a mail beside one of its texts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct About {
    pub(super) has_subject_word: bool,
    pub(super) has_subject_topic: bool,
    pub(super) is_subject: bool,
    /// For a subject: whether the body has a word for one-time codes.
    pub(super) has_body_word: bool,
    pub(super) is_bulk: bool,
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
}

impl Features {
    fn add(&mut self, feature: Feature) {
        if !self.found.contains(&feature) {
            self.found.push(feature);
        }
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
        let mut features = Features::default();
        self.before(index, &line, &mut features);
        if token.shape == Shape::Number {
            return None;
        }
        features.is_alone = self.place(token, &line, &mut features);
        self.after(index, &line, &mut features);
        // `Foo: 775104 is your code`
        if !features.has_word
            && !features.is_alone
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
        self.shape(token, &mut features);
        if features.is_alone && !features.has_word {
            self.only_number(token, &mut features);
        }
        self.fits(token, &features).then_some(features)
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

    /// Reads the words before a number in its line.
    fn before(&mut self, index: usize, line: &Range<usize>, features: &mut Features) {
        let token = &self.tokens[index];
        let at = token.at.start;
        let sentence = sentence_start(self.text, line.start, at);
        let (mut label, mut code, mut asked) = (None, None, None);
        for (hit_index, hit) in self.hits_before(at) {
            let Some(distance) = distance(self.text, hit.at.end, at, reach::LINE) else {
                break;
            };
            if hit.at.start < line.start {
                break;
            }
            let is_claimed = self.claimed.contains_key(&hit_index);
            let in_sentence = hit.at.start >= sentence;
            match hit.keyword {
                Keyword::Label if in_sentence && !is_claimed && distance <= reach::LABEL => {
                    label = label.or(Some((hit_index, hit)));
                }
                // "It fails with error 604218"
                Keyword::OtherCode if self.is_label_beside(hit, at, true) => {
                    label = label.or(Some((hit_index, hit)));
                }
                Keyword::CallToAction if in_sentence => asked = asked.or(Some(hit)),
                Keyword::Code | Keyword::OneTimeCode => {
                    if !is_claimed || self.goes_on(hit_index, index) {
                        code = Some((hit_index, hit, distance, in_sentence));
                    }
                    break;
                }
                _ => {}
            }
        }
        let has_code = code.is_some_and(|(.., in_sentence)| in_sentence);
        if let Some((label_index, label)) = label {
            self.claimed.insert(label_index, index);
            if self.is_label_beside(label, at, has_code) {
                features.add(Feature::LabelBeside);
            } else if !has_code {
                features.add(Feature::LabelBefore);
            }
        }
        if let Some(asked) = asked {
            let between = self.text[asked.at.end..at]
                .trim_matches([' ', '*', '"', '\'', '<', '[', '(', '#', '\u{201e}']);
            features.add(if between.is_empty() {
                Feature::AskedFor
            } else {
                Feature::CallToAction
            });
        }
        if let Some((hit_index, hit, distance, in_sentence)) = code {
            self.word_before(index, hit_index, hit, (distance, in_sentence), features);
        }
    }

    fn word_before(
        &mut self,
        index: usize,
        hit_index: usize,
        hit: &Hit,
        (distance, in_sentence): (usize, bool),
        features: &mut Features,
    ) {
        let token = &self.tokens[index];
        let between = &self.text[hit.at.end..token.at.start];
        features.is_bound = is_bound(between);
        features.is_named = features.is_bound && !between.trim().is_empty();
        let is_behind_comma = between.contains([',', ';', '(', '\u{3001}', '\u{60c}']) && !features.is_bound;
        let is_near = distance <= reach::BESIDE;
        if self.names_next(index) {
            return;
        }
        if !in_sentence {
            features.add(Feature::WordInLine);
            return;
        }
        if is_behind_comma {
            features.add(Feature::WordBehindComma);
            return;
        }
        features.add(Feature::WordBefore);
        features.has_word = true;
        features.is_beside = is_near;
        if is_near {
            features.add(Feature::WordBeside);
        }
        self.note_one_time(hit, features);
        // `PIN for booking 48213907 is 5519`: the first number belongs to the booking.
        if token.shape != Shape::Number && !features.found.contains(&Feature::LabelBeside) {
            self.claimed.insert(hit_index, index);
        }
    }

    fn note_one_time(&self, hit: &Hit, features: &mut Features) {
        if hit.keyword == Keyword::OneTimeCode {
            features.is_one_time = true;
            features.add(Feature::OneTimeWord);
        }
    }

    /// Reports whether a number goes on a list of codes: only marks stand between it and the number before.
    fn goes_on(&self, hit_index: usize, index: usize) -> bool {
        let Some(previous) = index.checked_sub(1) else {
            return false;
        };
        let (before, token) = (&self.tokens[previous], &self.tokens[index]);
        self.claimed.get(&hit_index) == Some(&previous)
            && before.shape == token.shape
            && before.at.len() == token.at.len()
            && !self.text[before.at.end..token.at.start].contains(|char: char| char.is_alphanumeric())
    }

    /// Reports whether a number belongs to the label before it: nothing but a mark or a word for number is between.
    fn is_label_beside(&self, label: &Hit, at: usize, has_code: bool) -> bool {
        let between = &self.text[label.at.end..at];
        let has_colon = between.contains([':', '\u{ff1a}']);
        // The colon of `your code for this order: 775104` belongs to the code. "Dear customer, 775104 is your code."
        if has_code && has_colon || between.starts_with([',', '\u{60c}', '\u{ff0c}', '\u{3001}']) {
            return false;
        }
        between
            .split(|char: char| {
                char.is_whitespace() || matches!(char, ':' | '\u{ff1a}' | '(' | ')' | '-' | ',')
            })
            .filter(|word| word.contains(|char: char| char.is_alphanumeric()))
            .all(|word| keywords::is_word(&word.to_lowercase(), Word::Number))
    }

    /// Reads the words after a number in its line.
    fn after(&mut self, index: usize, line: &Range<usize>, features: &mut Features) {
        let end = self.tokens[index].at.end;
        let next = self.tokens[index + 1..]
            .iter()
            .take(MAX_HITS)
            .find(|next| next.shape != Shape::Number)
            .map(|next| next.at.start);
        for (hit_index, hit) in self.hits_after(end) {
            let is_near = hit.at.start < line.end.min(next.unwrap_or(usize::MAX))
                && distance(self.text, end, hit.at.start, reach::AFTER).is_some()
                && !ends_sentence(&self.text[end..hit.at.start]);
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
            });
            if !is_of_next {
                features.add(Feature::WordAfter);
                features.has_word = true;
                self.note_one_time(hit, features);
                self.claimed.insert(hit_index, index);
                if self.is_followed_by_copula(&self.tokens[index]) {
                    features.found.retain(|feature| *feature != Feature::LabelBefore);
                }
            }
            break;
        }
    }

    /// Reads the place of a number in its line. Returns whether it is alone.
    fn place(&self, token: &Token, line: &Range<usize>, features: &mut Features) -> bool {
        if self.marked.visible.is_emphasised(&token.at) {
            features.add(Feature::Emphasised);
        }
        if is_alone(self.text, &token.at, line) {
            features.add(Feature::Alone);
            return true;
        }
        if features.has_word {
            return false;
        }
        let before = &self.text[line.start..token.at.start];
        let cell_start = before.rfind('\t').map_or(line.start, |at| line.start + at + 1);
        let after = &self.text[token.at.end..line.end];
        let cell_end = token.at.end + after.find('\t').unwrap_or(after.len());
        let is_cell = (cell_start > line.start || cell_end < line.end)
            && is_alone(self.text, &token.at, &(cell_start..cell_end));
        if is_cell && self.is_below_word(before.matches('\t').count()) {
            features.add(Feature::WordAbove);
            features.has_word = true;
            features.is_one_time = true;
            return true;
        }
        if is_cell {
            features.add(Feature::OtherRow);
        }
        false
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

/// Reports whether a word or a colon joins what follows to what precedes.
fn is_bound(between: &str) -> bool {
    let between = between.trim_end_matches([
        ' ', '\t', '*', '"', '\'', '\u{201e}', '\u{300c}', '\u{3010}', '[', '<', '#',
    ]);
    let last = between.rsplit(char::is_whitespace).next().unwrap_or_default();
    between.is_empty()
        || between.ends_with([':', '\u{ff1a}', '=', '\u{2014}', '\u{ff1a}', '-', '\u{2013}'])
        || last.len() <= 16 && keywords::is_word(&last.to_lowercase(), Word::Copula)
        || last.ends_with([
            '\u{306f}', '\u{4e3a}', '\u{70ba}', '\u{662f}', '\u{b294}', '\u{c740}', '\u{e37}',
        ])
}

fn is_blank(text: &str) -> bool {
    !text.contains(char::is_alphanumeric)
}

fn is_alone(text: &str, at: &Range<usize>, within: &Range<usize>) -> bool {
    let before = &text[within.start..at.start];
    (is_blank(before) || is_item_number(before)) && is_blank(&text[at.end..within.end])
}

/// Reports whether a text is the number of an item of a list: `1.`, `12)`.
fn is_item_number(text: &str) -> bool {
    let text = text.trim();
    let mark = text.trim_start_matches(|char: char| char.is_ascii_digit());
    (1..=2).contains(&(text.len() - mark.len())) && matches!(mark, "." | ")" | ":" | ".:")
}
