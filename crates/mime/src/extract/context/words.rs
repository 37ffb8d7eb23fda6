//! The words before a number in its line.

use std::ops::Range;

use super::{
    super::{
        keywords::{self, Hit},
        marked::{distance, sentence_start},
        tokens::{Shape, Token, is_pronounceable},
        vocabulary::{Keyword, Word},
        weights::{Feature, reach},
    },
    Context, Features, MAX_POLITE_BYTES,
    asked::is_presenting,
    is_blank,
    nature::points_to_code,
};

/// Letters of an abbreviation.
const ABBREVIATION: std::ops::RangeInclusive<usize> = 2..=4;

impl Context<'_> {
    /// Reads the words before a number in its line.
    pub(super) fn before(&mut self, index: usize, line: &Range<usize>, features: &mut Features) {
        let token = &self.tokens[index];
        let at = token.at.start;
        let sentence = sentence_start(self.text, line.start, at);
        let says = &self.text[sentence..at];
        let says_copula = sentence > line.start && (has_copula(says) || is_presenting(says));
        let before_short = self.before_short_sentence(line, sentence, token, says_copula);
        let in_sentence = |hit: &Hit, has_label: bool| {
            hit.at.start >= before_short.filter(|_| !has_label).unwrap_or(sentence)
        };
        let (mut label, mut code, mut asked) = (None, None, None);
        for (hit_index, hit) in self.hits_before(at) {
            let Some(distance) = distance(self.text, hit.at.end, at, reach::LINE) else {
                break;
            };
            if hit.at.start < line.start {
                break;
            }
            let is_claimed = self.claimed.contains_key(&hit_index);
            match hit.keyword {
                Keyword::Label | Keyword::Code | Keyword::OneTimeCode if self.is_other_code(hit_index) => {
                    label = label.or(Some((hit_index, hit)));
                }
                Keyword::Label
                    if hit.at.start >= sentence
                        && !is_claimed
                        && distance <= reach::LABEL
                        && !self.has_meaning(&hit.at, Keyword::OneTimeCode) =>
                {
                    label = label.or(Some((hit_index, hit)));
                }
                // "It fails with error 604218"
                Keyword::OtherCode if self.is_label_beside(hit, at, true) => {
                    label = label.or(Some((hit_index, hit)));
                }
                Keyword::CallToAction if hit.at.start >= sentence => asked = asked.or(Some(hit)),
                // "It asks for four digits. They are 1 9 0 6."
                Keyword::CallToAction if in_sentence(hit, label.is_some()) => {
                    features.add(Feature::AskedFor);
                }
                Keyword::Code | Keyword::OneTimeCode | Keyword::Password
                    if hit.keyword != Keyword::Password || self.is_of_password(token, hit) =>
                {
                    if !is_claimed || self.goes_on(hit_index, index) {
                        code = Some((hit_index, hit, distance, in_sentence(hit, label.is_some())));
                    }
                    break;
                }
                _ => {}
            }
        }
        let has_code = code.is_some_and(|(.., in_sentence)| in_sentence);
        if self.is_abbreviated_label(token)
            || !has_code_beside(code) && self.is_behind_abbreviation(token, line)
        {
            features.add(Feature::LabelBeside);
        }
        if let Some(asked) = asked {
            self.asked(index, asked, label.is_some(), features);
        }
        if let Some((label_index, label)) = label {
            self.claimed.insert(label_index, index);
            if self.is_label_beside(label, at, has_code) {
                features.add(Feature::LabelBeside);
                self.labelled.push(index);
            } else if !has_code && !features.found.contains(&Feature::AskedFor) {
                features.add(Feature::LabelBefore);
            }
        }
        if let Some((hit_index, hit, distance, in_sentence)) = code {
            self.word_before(index, hit_index, hit, (distance, in_sentence), features);
        }
    }

    /// Reports whether a word for one-time codes is a label in the mail of a purchase, where nothing is done with the number:
    /// `Código de autorización`.
    fn is_other_code(&self, hit_index: usize) -> bool {
        let at = &self.hits[hit_index].at;
        let is_used = || {
            let near = self.hits_after(at.end).take_while(|(_, hit)| {
                distance(self.text, at.end, hit.at.start, reach::LINE_AFTER).is_some()
            });
            let mut near = near.map(|(_, hit)| hit.keyword);
            let is_asked_for = || {
                // "Enter the authorisation code"
                let before = self.hits_before(at.start).next();
                before.is_some_and(|(_, hit)| {
                    hit.keyword == Keyword::CallToAction
                        && distance(self.text, hit.at.end, at.start, reach::BESIDE).is_some()
                        && !self.text[hit.at.end..at.start].contains('\n')
                })
            };
            near.any(|keyword| matches!(keyword, Keyword::CallToAction | Keyword::Expiry)) || is_asked_for()
        };
        !self.about.has_subject_topic
            && (self.about.is_purchase || !self.about.has_subject_word)
            && self.has_meaning(at, Keyword::Label)
            && self.has_meaning(at, Keyword::OneTimeCode)
            && (self.about.is_purchase || self.is_between_rows())
            && !is_used()
    }

    /// Reports whether the line of a number is a row of a receipt: the lines beside it have a label or a price.
    fn is_between_rows(&self) -> bool {
        let is_row = |line: Option<&Range<usize>>| {
            line.is_some_and(|line| {
                let mut hits = self
                    .hits_after(line.start)
                    .take_while(|(_, hit)| hit.at.end <= line.end);
                hits.any(|(_, hit)| matches!(hit.keyword, Keyword::Label | Keyword::Money))
            })
        };
        let above = self.line.checked_sub(1).and_then(|line| self.lines.get(line));
        is_row(above) && is_row(self.lines.get(self.line + 1))
    }

    /// Reports whether a password is right before its value, and it has the form of a code: `Password: brook7241` is one for a network.
    fn is_of_password(&self, token: &Token, hit: &Hit) -> bool {
        let fits = self.about.has_subject_word || !matches!(token.shape, Shape::MixedCase | Shape::Words);
        fits && is_bound(&self.text[hit.at.end..token.at.start])
    }

    /// Reports whether a keyword means something else too.
    fn has_meaning(&self, at: &Range<usize>, keyword: Keyword) -> bool {
        let mut same = self.hits_after(at.start).take_while(|(_, hit)| hit.at == *at);
        same.any(|(_, hit)| hit.keyword == keyword)
    }

    /// Reports whether an abbreviation in brackets says what a number is: `(VS 118204)`, but not `(OTP 118204)`.
    fn is_abbreviated_label(&self, token: &Token) -> bool {
        let from = token.at.start.saturating_sub(ABBREVIATION.end() + "( ".len());
        let before = self.text.get(from..token.at.start);
        let before = before.and_then(|before| before.strip_suffix(' '));
        let word = before
            .and_then(|before| before.rsplit_once('('))
            .map(|(_, word)| word);
        word.is_some_and(|word| {
            ABBREVIATION.contains(&word.len())
                && word.bytes().all(|byte| byte.is_ascii_uppercase())
                && self.text[token.at.end..].starts_with(')')
                && self
                    .hits_before(token.at.start)
                    .next()
                    .is_none_or(|(_, hit)| hit.at.end + 1 != token.at.start || hit.keyword == Keyword::Label)
        })
    }

    /// Reports whether an abbreviation right before a number says what it is: `ATM 00482139`, but not `PIN 4821` or in capitals.
    fn is_behind_abbreviation(&self, token: &Token, line: &Range<usize>) -> bool {
        let before = self.text[line.start..token.at.start].strip_suffix(' ');
        let Some(before) = before.filter(|before| before.ends_with(|char: char| char.is_ascii_uppercase()))
        else {
            return false;
        };
        let (rest, word) = before.rsplit_once([' ', '\t']).unwrap_or(("", before));
        let is_known = || {
            let mut hits = self
                .hits_before(token.at.start)
                .take_while(|(_, hit)| hit.at.end + word.len() + 1 >= token.at.start);
            hits.next().is_some() || keywords::is_word(&word.to_lowercase(), Word::Copula)
        };
        ABBREVIATION.contains(&word.len())
            && word.bytes().all(|byte| byte.is_ascii_uppercase())
            && rest.ends_with(|char: char| char.is_lowercase())
            && !is_known()
    }

    /// Reads how a call to action in the sentence before a number asks for it.
    fn asked(&self, index: usize, asked: &Hit, has_label: bool, features: &mut Features) {
        let token = &self.tokens[index];
        let between = self.text[asked.at.end..token.at.start].trim_matches([
            ' ', '*', '"', '\'', '<', '[', '(', '#', ':', '\u{ff1a}', '\u{201e}', ',',
        ]);
        // "Tell the clerk the digits 4471"
        let last = between.trim_end().rsplit(' ').next().unwrap_or_default();
        let names_digits = !has_label && keywords::is_word(&last.to_lowercase(), Word::Digits);
        // "Enter, please, 775104"
        let is_polite =
            || between.len() <= MAX_POLITE_BYTES && keywords::is_word(&between.to_lowercase(), Word::Polite);
        if between.is_empty() || names_digits || is_polite() {
            features.add(Feature::AskedFor);
            return;
        }
        // "Type the following into the field on the page: 96BD41"
        let is_short = between.len() <= MAX_POLITE_BYTES
            && !between.contains(|char: char| char.is_numeric() || char == '\n');
        let is_led_to = (is_short || points_to_code(&self.text[asked.at.clone()]))
            && self.text[..token.at.start]
                .trim_end()
                .ends_with([':', '\u{ff1a}']);
        if is_led_to && !has_label {
            features.add(Feature::AskedFor);
            return;
        }
        // "Geben Sie dort 775104 ein"
        if !has_label && self.is_before_particle(token) && !between.contains(char::is_numeric) {
            features.add(Feature::AskedFor);
            return;
        }
        // "The locker opens when you key in 2284"
        if is_short && !has_label && self.is_about_opening(asked) {
            features.add(Feature::AskedFor);
            return;
        }
        features.add(Feature::CallToAction);
        // "Noem aan de balie 58203"
        if !has_label && is_short && !between.contains([',', ';', '.']) {
            features.add(Feature::AskedNear);
        }
        let after = self.text[token.at.end..].chars().next();
        if !has_label && after.is_none_or(|char| matches!(char, '.' | '\n' | '!' | '\u{3002}' | '\u{964}')) {
            features.add(Feature::AskedAtEnd);
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
        features.is_bound = is_bound(between) || self.is_apposition(between, token);
        features.is_named = features.is_bound && !between.trim().is_empty();
        // "Codes: of 1 000 000 numbers 204817 were enough"
        let is_behind_count = !features.is_bound
            && index > 0
            && self.tokens[index - 1].at.start > hit.at.end
            && self.tokens[index - 1].shape == Shape::Number
            && self.text[self.tokens[index - 1].at.clone()].contains(' ');
        let is_behind_comma =
            is_behind_count || between.contains([',', ';', '(', '\u{3001}', '\u{60c}']) && !features.is_bound;
        let is_near = distance <= reach::BESIDE;
        if self.names_next(index) || !features.is_bound && self.is_item_of_facts(index, hit) {
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
        // "Your code for MEDIA HANDEL is 775104"
        // "This code confirms your address and gives 15% off with HELLO15"
        let is_of_offer = !features.is_bound && between.contains('%');
        let is_name = is_of_offer
            || token.shape == Shape::Letters
                && !features.is_bound
                && is_pronounceable(&self.text[token.at.clone()]);
        // `PIN for booking 48213907 is 5519`: the first number belongs to the booking.
        if !is_name && token.shape != Shape::Number && !features.found.contains(&Feature::LabelBeside) {
            self.claimed.insert(hit_index, index);
        }
    }

    /// Reports whether a code of an unknown kind is one of several facts: `Customer 48213, codice di migrazione 4821, total 12`.
    fn is_item_of_facts(&self, index: usize, hit: &Hit) -> bool {
        let is_announced =
            self.about.has_subject_word || self.about.has_subject_topic || self.about.is_parcel;
        if hit.keyword != Keyword::Code
            || is_announced
            || self.tokens[index].at.start > hit.at.end + MAX_POLITE_BYTES
        {
            return false;
        }
        let line = &self.lines[self.line];
        let commas = [',', '\u{60c}', '\u{ff0c}', '\u{3001}', ';', '\u{b7}', '('];
        let before = self.text[line.start..hit.at.start].trim_end();
        let rest = self.text[self.tokens[index].at.end..line.end].trim_start();
        let begins_item = before.is_empty() || before.ends_with(commas);
        let ends_item = rest.is_empty() || rest.starts_with(commas) || rest.starts_with(['.', ')']);
        let near = [index.checked_sub(1), Some(index + 1)];
        let is_in_line = |token: &Token| token.at.start >= line.start && token.at.end <= line.end;
        let mut near = near
            .into_iter()
            .flatten()
            .filter_map(|near| self.tokens.get(near));
        begins_item && ends_item && near.any(is_in_line)
    }

    /// Reports whether a number explains the word before it: `the handover PIN, 2907.`
    fn is_apposition(&self, between: &str, token: &Token) -> bool {
        let after = self.text[token.at.end..].chars().next();
        matches!(between, ", " | "\u{60c} " | "\u{3001}" | "\u{ff0c}")
            && after.is_none_or(|char| matches!(char, '.' | '\u{3002}' | ')' | '\n' | ',' | '!' | '\u{964}'))
    }

    /// Returns where the sentence before begins, if its own says nothing but a number: `You need a code. It is 775104.`
    fn before_short_sentence(
        &self,
        line: &Range<usize>,
        sentence: usize,
        token: &Token,
        has_copula: bool,
    ) -> Option<usize> {
        let says = &self.text[sentence..token.at.start];
        let is_short = has_copula
            && says.len() <= 4 * reach::BESIDE
            && sentence > line.start
            && !is_blank(says)
            && says.chars().count() <= reach::BESIDE
            && !says
                .trim_end_matches([' ', ':'])
                .contains(|char: char| char.is_numeric() || matches!(char, ':' | ',' | ';'));
        let ends = |char: char| char.is_whitespace() || matches!(char, '.' | '!' | '?' | '\u{3002}');
        let end = self.text[line.start..sentence].trim_end_matches(ends).len();
        is_short.then(|| sentence_start(self.text, line.start, line.start + end))
    }

    pub(super) fn note_one_time(&self, hit: &Hit, features: &mut Features) {
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
}

/// Reports whether the code word before a number is a word or two away.
fn has_code_beside(code: Option<(usize, &Hit, usize, bool)>) -> bool {
    code.is_some_and(|(_, _, distance, _)| distance <= reach::BESIDE)
}

/// Reports whether a word or a colon joins what follows to what precedes.
pub(in super::super) fn is_bound(between: &str) -> bool {
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

/// Reports whether a short text joins a name with its value: `It's`, `Son`, `C'est le`.
fn has_copula(says: &str) -> bool {
    let ends = ["'s", "\u{2019}s"];
    let starts = ["c'est", "c\u{2019}est"];
    let joins = |word: &str| {
        keywords::is_word(word, Word::Copula)
            || ends.iter().any(|end| word.ends_with(end))
            || starts.iter().any(|start| word.starts_with(start))
    };
    says.len() <= 4 * reach::BESIDE && says.split_whitespace().any(|word| joins(&word.to_lowercase()))
}
