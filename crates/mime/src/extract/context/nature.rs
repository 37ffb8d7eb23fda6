//! What a number is by its form and by what surrounds it: a count, a price, a coupon, a year.

use std::ops::Range;

use super::{
    super::{
        keywords::{self, Hit},
        marked::{REACH_BYTES, distance, ends_sentence},
        tokens::{self, MAX_CHARS, MAX_COMMON_DIGITS, Shape, Token, is_pronounceable},
        vocabulary::{Keyword, Word},
        weights::{Feature, reach},
    },
    Context, Features, is_blank,
};

/// From this character on scripts are compared by block.
const FIRST_OTHER_SCRIPT: char = '\u{370}';

/// Scripts from here on attach particles to words.
const FIRST_JOINING: char = '\u{590}';
/// Characters of a call to action in such a script that has more than a verb.
const MIN_JOINED_CHARS: usize = 4;
/// Characters of a particle and the spaces around it.
const MAX_PARTICLE_CHARS: usize = 5;

/// The longest day and month before a year, in bytes.
const MAX_DATE_BYTES: usize = 40;
/// Digits of an Indian postal code.
const POSTAL_PIN_DIGITS: usize = 6;
/// Examined length of its name, in bytes: ` PIN code`.
const PIN_WORDS_BYTES: usize = 12;

impl Context<'_> {
    /// Reports whether a token is a word of a sentence in capitals: the next word is one too.
    pub(super) fn is_shouted(&self, token: &Token) -> bool {
        let after = &self.text[token.at.end..];
        let next = after.strip_prefix(' ').and_then(|rest| rest.split(' ').next());
        is_pronounceable(&self.text[token.at.clone()])
            && next.is_some_and(|next| {
                let mut letters = next.chars().filter(|char| char.is_alphabetic());
                next.len() > 1 && letters.clone().next().is_some() && letters.all(char::is_uppercase)
            })
    }

    /// Reads calls to action and expiries near a number.
    pub(super) fn around(&self, token: &Token, line: &Range<usize>, features: &mut Features) {
        if self.about.has_subject_word {
            features.add(Feature::SubjectWord);
        } else if self.about.has_subject_topic
            || self.about.is_parcel && features.found.contains(&Feature::CallToAction)
        {
            features.add(Feature::SubjectTopic);
        }
        if self.about.is_subject && features.is_alone {
            features.add(Feature::WholeSubject);
        }
        let is_whole = !self.about.is_subject && features.is_alone && self.tokens.len() == 1;
        if is_whole && is_blank(&self.text[..token.at.start]) && is_blank(&self.text[token.at.end..]) {
            features.add(Feature::WholeBody);
        }
        let stands_out = token.at.start == 0 || token.at.end == self.text.len() && self.is_called(token, line)
            // `[Acme] 204817`
            || token.at.end == self.text.len() && self.text[..token.at.start].trim_end().ends_with(']');
        if self.about.has_body_word && stands_out && token.shape == Shape::Digits {
            features.add(Feature::EndOfSubject);
        }
        if self.about.is_bulk {
            features.add(Feature::Bulk);
        }
        if self.about.is_forge {
            features.add(Feature::Forge);
        }
        let reached = if features.is_alone { reach::LINE_AFTER } else { 0 };
        // `775104: type these digits`
        let begins_line = !self.about.is_subject && is_blank(&self.text[line.start..token.at.start]);
        // `775104 is what you enter`
        let has_subject = self.about.has_subject_word
            || self.about.has_subject_topic && token.shape == Shape::Digits && !features.has_word;
        if begins_line
            && has_subject
            && (self.is_followed_by_copula(token) || self.is_followed_by_dash(token))
            && !self.is_labelled_after(token)
        {
            features.add(Feature::CopulaAfter);
        }
        for (_, hit) in self.hits_after(token.at.end) {
            if hit.at.start >= line.end
                && distance(self.text, line.end, hit.at.start, reached.max(reach::LINE)).is_none()
            {
                break;
            }
            match hit.keyword {
                Keyword::Expiry => features.add(Feature::Expiry),
                // Languages whose verb is at the end: `482913 girin`
                Keyword::CallToAction
                    if hit.at.start < line.end
                        && !self.asks_for_a_code(hit)
                        && (is_particle(&self.text[token.at.end..hit.at.start])
                            || self.is_object_until(token, hit.at.start)) =>
                {
                    features.add(Feature::AskedFor);
                    features.found.retain(|feature| *feature != Feature::LabelBefore);
                }
                // `482913 - use this to verify your address`
                Keyword::CallToAction
                    if points_to_code(&self.text[hit.at.clone()])
                        && matches!(
                            &self.text[token.at.end..hit.at.start],
                            " - " | " \u{2013} " | " \u{2014} "
                        ) =>
                {
                    features.add(Feature::AskedFor);
                }
                Keyword::CallToAction
                    if features.is_alone
                        && self.is_in_line_below(hit.at.start)
                        && points_to_code(&self.text[hit.at.clone()]) =>
                {
                    features.is_asked_below = true;
                    features.add(Feature::CallToAction);
                }
                Keyword::CallToAction
                    if features.is_alone
                        || begins_line
                            && distance(self.text, token.at.end, hit.at.start, reach::BESIDE).is_some() =>
                {
                    features.add(Feature::CallToAction);
                }
                Keyword::Code | Keyword::OneTimeCode
                    if begins_line && !features.has_word && hit.at.start < line.end =>
                {
                    features.add(Feature::WordInLine);
                }
                _ => {}
            }
        }
        if features.is_alone {
            for (_, hit) in self.hits_before(line.start) {
                if distance(self.text, hit.at.end, line.start, reach::LINE_AFTER).is_none() {
                    break;
                }
                match hit.keyword {
                    Keyword::Expiry => features.add(Feature::Expiry),
                    Keyword::CallToAction => {
                        features.add(Feature::CallToAction);
                        features.is_asked_above |=
                            hit.at.start >= self.line_above() && points_to_code(&self.text[hit.at.clone()]);
                        // "To finish, type this one:"
                        let rest = self.text[hit.at.end..line.start].trim_end();
                        if rest.is_empty() {
                            features.add(Feature::AskedFor);
                        }
                        if rest.ends_with([':', '\u{ff1a}']) && !rest.contains('\n') {
                            features.add(Feature::AskedForAbove);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// Reports whether a particle makes a number the object of the verb that ends its sentence: `482913 \u{b97c} \u{bd59}\u{c5d0} \u{b123}`.
    fn is_object_until(&self, token: &Token, verb: usize) -> bool {
        let between = &self.text[token.at.end..verb];
        let after =
            between.trim_start_matches([' ', ']', ')', '\u{300d}', '\u{3011}', '"', '\'', '\u{2019}', '*']);
        let is_near = distance(self.text, token.at.end, verb, reach::AFTER).is_some();
        let first = after.split([' ', '\u{a0}']).next().unwrap_or_default();
        let is_object =
            |word: &str| word.len() <= MAX_CHARS && keywords::is_word(&word.to_lowercase(), Word::Object);
        // \u{3092} is followed by a word without a space.
        let char = after.chars().next().filter(|char| *char >= FIRST_JOINING);
        is_near
            && (is_object(first) || char.is_some_and(|char| is_object(&after[..char.len_utf8()])))
            && !ends_sentence(between)
            && !between.contains(char::is_numeric)
    }

    /// Reports whether a dash and words follow a number: `775104 \u{2013} that is all you need`.
    pub(super) fn is_followed_by_dash(&self, token: &Token) -> bool {
        let after = &self.text[token.at.end..];
        after.starts_with(" \u{2013} ") || after.starts_with(" \u{2014} ")
    }

    /// Reports whether the sentence after a number has a label: `775104 is the number of your order`.
    fn is_labelled_after(&self, token: &Token) -> bool {
        let mut hits = self.hits_after(token.at.end).take_while(|(_, hit)| {
            distance(self.text, token.at.end, hit.at.start, reach::AFTER).is_some()
                && !ends_sentence(&self.text[token.at.end..hit.at.start])
        });
        hits.any(|(_, hit)| matches!(hit.keyword, Keyword::Label | Keyword::Money | Keyword::Unit))
    }

    /// Reads whether a number is a count or a price.
    pub(super) fn amount(&self, token: &Token, features: &mut Features) {
        let is_joined = |between: &str| between.trim_matches([' ', '\u{a0}', '+', '-']).is_empty();
        for (_, hit) in self.hits_after(token.at.end).take(4) {
            if is_joined(&self.text[token.at.end..hit.at.start]) {
                match hit.keyword {
                    Keyword::Unit => features.add(Feature::Unit),
                    Keyword::Money => features.add(Feature::Money),
                    Keyword::Failed => features.add(Feature::Failed),
                    _ => {}
                }
            }
        }
        if let Some((_, hit)) = self.hits_before(token.at.start).next()
            && hit.keyword == Keyword::Money
            && is_joined(&self.text[hit.at.end..token.at.start])
        {
            features.add(Feature::Money);
        }
    }

    /// Reports whether a number is the postal code of an Indian address: `City: Pune`, `PIN code: 411001`.
    fn is_postal_pin(&self, token: &Token) -> bool {
        if token.shape != Shape::Digits || token.at.len() != POSTAL_PIN_DIGITS {
            return false;
        }
        let marks = [' ', '\t', '\n', ':', '-', '\u{2013}', '.', '*'];
        let before = self.text[..token.at.start].trim_end_matches(marks);
        let start = self
            .text
            .ceil_char_boundary(before.len().saturating_sub(PIN_WORDS_BYTES));
        let name = before[start..].to_ascii_lowercase();
        let name = name.trim_end_matches("code").trim_end_matches([' ', '-']);
        let is_pin = name
            .strip_suffix("pin")
            .is_some_and(|before| !before.trim_end_matches(' ').ends_with(char::is_alphanumeric));
        let mut near = self.hits_before(token.at.start).take_while(|(_, hit)| {
            distance(self.text, hit.at.end, token.at.start, reach::LINES_BEFORE).is_some()
        });
        is_pin && near.any(|(_, hit)| hit.keyword == Keyword::Address)
    }

    /// Reads the form of a number.
    pub(super) fn shape(&self, token: &Token, features: &mut Features) {
        if self.is_postal_pin(token) {
            features.add(Feature::LabelBeside);
        }
        let text = &self.text[token.at.clone()];
        let digits = text.chars().filter(|char| char.is_numeric()).count();
        match token.shape {
            Shape::Digits if digits == 6 => features.add(Feature::SixDigits),
            Shape::Digits if digits == 4 && is_year(text) => {
                // "Access codes 2025" is a title.
                let is_called = features.is_alone && self.is_below_colon()
                    || features.has_word
                        && (features.is_named
                            || features.is_alone
                            || self.is_followed_by_copula(token)
                            || self.is_followed_by_dash(token));
                let is_of_date = !features.is_named && is_after_month(&self.text[..token.at.start]);
                // "From 1 December 2026 a verification code has eight digits"
                if is_of_date || !is_called {
                    features.add(Feature::Year);
                    features.found.retain(|feature| *feature != Feature::WordAfter);
                }
            }
            Shape::LongDigits if digits > MAX_COMMON_DIGITS => features.add(Feature::Long),
            Shape::Letters => features.add(Feature::NoDigit),
            Shape::MixedCase => features.add(Feature::MixedCase),
            Shape::Mixed if features.is_alone && self.about.has_subject_word => {
                features.add(Feature::MixedAlone);
            }
            Shape::Words => features.add(Feature::LowerCase),
            _ => {}
        }
        if tokens::is_boxed(text) {
            features.add(Feature::Boxed);
        }
        if token.has_hash && !features.found.contains(&Feature::AskedFor) {
            features.add(Feature::Hash);
        }
        let has_letters = !matches!(token.shape, Shape::Digits | Shape::LongDigits);
        let has = |feature: Feature| features.found.contains(&feature);
        // "Verify your transfer", and the code is asked for or expires.
        let is_asked_for = self.about.has_subject_topic && (has(Feature::AskedFor) || has(Feature::Expiry));
        if self.about.is_purchase && has_letters && !features.is_one_time && !is_asked_for {
            features.add(Feature::Booking);
        }
    }

    /// Reports whether a verb has a code word and its number behind it, as in `opi\u{161}te k\u{f3}d 24 90 61`.
    fn asks_for_a_code(&self, verb: &Hit) -> bool {
        let mut after = self
            .hits_after(verb.at.end)
            .take_while(|(_, hit)| distance(self.text, verb.at.end, hit.at.start, reach::BESIDE).is_some());
        let code = after.find(|(_, hit)| matches!(hit.keyword, Keyword::Code | Keyword::OneTimeCode));
        code.is_some_and(|(_, hit)| {
            let next = self.tokens.partition_point(|token| token.at.start < hit.at.end);
            let next = self.tokens.get(next).filter(|next| next.shape != Shape::Number);
            next.is_some_and(|next| distance(self.text, hit.at.end, next.at.start, reach::BESIDE).is_some())
        })
    }

    /// Reports whether an offset is in the nearest line below that is not empty.
    fn is_in_line_below(&self, at: usize) -> bool {
        let mut below = self.lines[self.line + 1..].iter().take(3);
        let below = below.find(|line| !self.text[(*line).clone()].trim().is_empty());
        below.is_some_and(|line| line.contains(&at))
    }

    /// Returns where the nearest line above that is not empty begins.
    fn line_above(&self) -> usize {
        let mut above = self.lines[..self.line].iter().rev().take(3);
        let above = above.find(|line| !self.text[(*line).clone()].trim().is_empty());
        above.map_or(usize::MAX, |line| line.start)
    }

    /// Reports whether the line above ends with a colon.
    fn is_below_colon(&self) -> bool {
        let mut above = self.lines[..self.line]
            .iter()
            .rev()
            .take(3)
            .map(|line| self.text[line.clone()].trim_end());
        above
            .find(|above| !above.is_empty())
            .is_some_and(|above| above.ends_with([':', '\u{ff1a}']))
    }

    /// Reads whether a number is the only one in a mail whose language has no vocabulary.
    pub(super) fn only_number(&self, token: &Token, features: &mut Features) {
        if token.shape != Shape::Digits || self.lonely != 1 || self.about.is_bulk || self.about.is_subject {
            return;
        }
        let is_six = features.found.contains(&Feature::SixDigits);
        let near = [self.line.checked_sub(1), Some(self.line + 1)];
        let is_foreign = near.into_iter().flatten().all(|line| {
            let line = self.lines.get(line).cloned().unwrap_or(0..0);
            let end = self
                .text
                .floor_char_boundary(line.end.min(line.start + REACH_BYTES));
            !has_vocabulary(&self.text[line.start..end])
        });
        if is_six && is_foreign && !features.found.contains(&Feature::LabelAbove) {
            features.add(Feature::OnlyNumber);
        }
    }
}

/// Reports whether four digits can be a year that a mail names.
pub(super) fn is_year(text: &str) -> bool {
    text.starts_with("19") || matches!(text.get(..3), Some("200" | "201" | "202" | "203"))
}

/// Reports whether a text ends with a day and a month, so that a year follows: `1 December`, `December 1,`, `1 de dezembro de`.
fn is_after_month(before: &str) -> bool {
    let start = before.ceil_char_boundary(before.len().saturating_sub(MAX_DATE_BYTES));
    let mut words = before[start..]
        .split_whitespace()
        .rev()
        .filter(|word| !matches!(*word, "de" | "del" | "of"));
    let is_day = |word: &str| {
        let digits = word.trim_end_matches(|char: char| !char.is_ascii_digit());
        (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_month = |word: &str| word.trim_end_matches('.').chars().all(char::is_alphabetic);
    match (words.next(), words.next()) {
        (Some(last), Some(first)) => {
            is_month(last) && is_day(first) || last.ends_with(',') && is_day(last) && is_month(first)
        }
        _ => false,
    }
}

/// Reports whether what stands between a number and a verb is nothing, or a particle of a script that attaches it.
fn is_particle(between: &str) -> bool {
    let is_part = |char: char| char >= FIRST_JOINING && char.is_alphabetic();
    let is_mark = |char: char| {
        char.is_whitespace() || matches!(char, ']' | ')' | '\u{300d}' | '\u{3011}' | '"' | '\'' | '*')
    };
    between.len() <= 3 * MAX_PARTICLE_CHARS && between.chars().all(|char| is_part(char) || is_mark(char))
}

/// Reports whether a call to action says what to type: `these six characters` and `paste this`, but not `enter` your name.
pub(in super::super) fn points_to_code(asked: &str) -> bool {
    asked.contains(' ')
        || asked.chars().count() >= MIN_JOINED_CHARS && asked.chars().any(|char| char >= FIRST_JOINING)
}

/// Reports whether a text is in a language whose code words are known: it has a frequent word or a known script.
fn has_vocabulary(text: &str) -> bool {
    let is_known_script = |char: char| {
        matches!(char, FIRST_OTHER_SCRIPT..='\u{52f}' | '\u{590}'..='\u{6ff}' | '\u{900}'..='\u{97f}' | '\u{e00}'..='\u{e7f}'
            | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
            && char.is_alphabetic()
    };
    text.contains(is_known_script)
        || text
            .split(|char: char| !char.is_alphanumeric())
            .any(|word| !word.is_empty() && keywords::is_word(&word.to_lowercase(), Word::Common))
}
