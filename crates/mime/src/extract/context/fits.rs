//! Whether a token of its form can be a code where it stands.

use super::{
    super::{
        tokens::{MAX_CHARS, Shape, Token, is_pronounceable, is_token},
        vocabulary::Keyword,
        weights::Feature,
    },
    Context, Features,
    nature::is_year,
};

/// Two pairs of digits with a hyphen, which can be a day or a range too.
const SHORT_PAIR_CHARS: usize = 5;

impl Context<'_> {
    /// Reports whether a token is a word of the vocabulary: `VERIFY`.
    fn is_keyword(&self, token: &Token) -> bool {
        let mut hits = self
            .hits_after(token.at.start)
            .take_while(|(_, hit)| hit.at.start == token.at.start);
        hits.any(|(_, hit)| hit.at.end == token.at.end)
    }

    /// Reports whether a token is longer than codes are, with capitals and without a break.
    fn is_random_run(&self, token: &Token) -> bool {
        let text = &self.text[token.at.clone()];
        text.len() > MAX_CHARS
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && text.bytes().any(|byte| byte.is_ascii_uppercase())
    }

    /// Reports whether a token of its form can be a code here.
    pub(super) fn fits(&self, token: &Token, features: &Features) -> bool {
        let is_called = features.has_word && (features.is_beside || features.is_bound);
        let has = |feature: Feature| features.found.contains(&feature);
        // "Type the digits below" and "Valid for ten minutes", in a mail about signing in
        let is_typed = features.is_alone
            && self.about.has_subject_topic
            && has(Feature::CallToAction)
            && has(Feature::Expiry);
        match token.shape {
            Shape::Digits => true,
            // "Enter the verification code: 0c7e\u{2026}", and a call to action in the mail
            Shape::Mixed | Shape::MixedCase if is_token(&self.text[token.at.clone()]) => {
                let mut hits = self.hits.iter();
                features.has_word
                    && (features.is_one_time || self.about.has_subject_topic || self.about.has_subject_word)
                    && (features.is_named || features.is_alone)
                    && hits.any(|hit| hit.keyword == Keyword::CallToAction)
            }
            // "Enter the following code: V9kTq3LmXw7ZrK2"
            Shape::Mixed | Shape::MixedCase if self.is_random_run(token) => {
                let is_announced = self.about.has_subject_word || self.about.has_subject_topic;
                features.has_word
                    && (features.is_one_time || is_announced)
                    && (features.is_named || features.is_alone)
            }
            Shape::Mixed => {
                let is_asked_for = features.found.contains(&Feature::AskedFor);
                // "Copy this into the window" above it
                let is_copied = features.is_asked_above
                    && features.is_alone
                    && (self.about.has_subject_topic || has(Feature::Expiry));
                features.has_word
                    || is_asked_for
                    || is_copied
                    || features.found.contains(&Feature::AskedForAbove)
                    || features.found.contains(&Feature::MixedAlone)
                    || is_typed
                    || features.is_asked_below && has(Feature::Emphasised)
                    || has(Feature::Presented)
                    || features.is_alone && has(Feature::Boxed) && has(Feature::CallToAction)
            }
            Shape::LongDigits if features.found.contains(&Feature::AskedFor) => true,
            Shape::LongDigits
                if features.is_alone
                    && (self.about.has_subject_word
                        || is_typed
                        || self.about.has_subject_topic && has(Feature::AskedForAbove)) =>
            {
                true
            }
            Shape::LongDigits if self.text[token.at.clone()].chars().count() <= SHORT_PAIR_CHARS => {
                features.has_word && features.is_bound
            }
            Shape::MixedCase if token.at.len() > MAX_CHARS && !self.text[token.at.clone()].contains('-') => {
                features.is_one_time && features.is_named
            }
            // `deploy-2026`
            Shape::MixedCase if is_name_with_year(&self.text[token.at.clone()]) => false,
            // "Copy this string: vq7m-4xkd", and the subject speaks of a code
            Shape::MixedCase if has(Feature::AskedFor) && self.about.has_subject_word => true,
            // "Type these characters on the page:" above it
            Shape::MixedCase
                if features.is_alone
                    && has(Feature::Emphasised)
                    && has(Feature::AskedForAbove)
                    && self.about.has_subject_topic =>
            {
                true
            }
            Shape::MixedCase if is_name(&self.text[token.at.clone()]) => {
                features.has_word && (features.is_bound || features.is_alone && !self.about.is_subject)
            }
            Shape::LongDigits | Shape::MixedCase => is_called || features.has_word && features.is_alone,
            Shape::Letters if self.is_keyword(token) || self.is_shouted(token) => false,
            Shape::Letters => {
                let is_odd = !is_pronounceable(&self.text[token.at.clone()]);
                let is_asked_for = features.found.contains(&Feature::AskedForAbove)
                    || features.found.contains(&Feature::AskedFor)
                    || is_typed;
                is_odd && is_asked_for
                    || features.has_word
                        && features.is_alone
                        && (is_odd || !features.found.contains(&Feature::WordAbove))
                    || is_called && (features.is_bound || is_odd)
            }
            Shape::Words => {
                let ends_line = || {
                    let after = self.text[token.at.end..].trim_start_matches([' ', '.']);
                    after.is_empty() || after.starts_with('\n')
                };
                features.has_word
                    && (features.is_alone
                        || features.is_one_time && features.is_named && features.is_beside && ends_line())
            }
            Shape::Number => false,
        }
    }
}

/// Reports whether a token can be the name of a thing: small letters and digits in parts of their own, as in `build-07`.
fn is_name(text: &str) -> bool {
    let is_part = |part: &str| {
        part.bytes().all(|byte| byte.is_ascii_digit()) || part.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    text.contains('-') && text.split('-').all(is_part)
}

/// Reports whether a token is a word and a year.
fn is_name_with_year(text: &str) -> bool {
    text.rsplit_once('-').is_some_and(|(name, year)| {
        year.len() == 4
            && is_year(year)
            && year.bytes().all(|byte| byte.is_ascii_digit())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
            && is_pronounceable(name)
    })
}
