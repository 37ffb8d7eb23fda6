//! What stands in the lines before and after a number, and in the cell above it.

use std::ops::Range;

use super::{
    super::{
        keywords::{self, Hit},
        marked::{REACH_BYTES, distance, ends_sentence},
        vocabulary::{Keyword, Word},
        weights::{Feature, reach},
    },
    Context, Features, is_blank,
};

impl Context<'_> {
    /// Reports whether the cell above, in a column, has a code word.
    pub(super) fn is_below_word(&self, column: usize) -> bool {
        let Some(above) = self.line.checked_sub(1).and_then(|line| self.lines.get(line)) else {
            return false;
        };
        let end = self
            .text
            .floor_char_boundary(above.end.min(above.start + REACH_BYTES));
        let mut start = above.start;
        for (index, cell) in self.text[above.start..end].split('\t').enumerate() {
            if index == column {
                let cell = start..start + cell.len();
                return self
                    .hits_after(cell.start)
                    .take_while(|(_, hit)| hit.at.end <= cell.end)
                    .any(|(_, hit)| matches!(hit.keyword, Keyword::Code | Keyword::OneTimeCode));
            }
            start += cell.len() + 1;
        }
        false
    }

    /// Reads the lines before and after a number that stands out, or begins its line.
    pub(super) fn other_lines(&mut self, index: usize, features: &mut Features) {
        let token = &self.tokens[index];
        let line = self.lines[self.line].clone();
        // `100204: 482913 blocks`
        let rest = self.text[token.at.end..].strip_prefix(": ").unwrap_or_default();
        if rest.starts_with(|char: char| char.is_ascii_digit()) {
            return;
        }
        let is_first = is_blank(&self.text[self.reached_line(token).start..token.at.start]);
        if !features.has_word && self.is_of_labelled_list(index) {
            features.add(Feature::LabelAbove);
        } else if !features.has_word {
            self.lines_before(index, &line, is_first, features);
        }
        if features.found.contains(&Feature::LabelAbove) {
            self.below_label = Some(index);
        }
        if !features.has_word {
            self.line_after(index, &line, features);
        }
    }

    fn lines_before(&mut self, index: usize, line: &Range<usize>, is_first: bool, features: &mut Features) {
        let stands_out = features.is_alone || features.found.contains(&Feature::Emphasised);
        let mut above = self.line;
        let (mut label, mut is_asked_for) = (None, false);
        for (hit_index, hit) in self.hits_before(line.start) {
            if distance(self.text, hit.at.end, line.start, reach::LINES_BEFORE).is_none() {
                break;
            }
            while above > 0 && self.lines[above].start > hit.at.start {
                above -= 1;
            }
            let is_next = above + 1 == self.line;
            let rest = &self.text[hit.at.end..self.lines[above].end];
            let is_claimed = self.claimed.get(&hit_index);
            if label.is_some_and(|label| label != above) {
                features.add(Feature::LabelAbove);
                return;
            }
            match hit.keyword {
                Keyword::Code | Keyword::OneTimeCode if is_in_url(self.text, hit.at.start) => {}
                Keyword::Code | Keyword::OneTimeCode => {
                    let is_own = is_claimed.is_none_or(|claimed| self.is_like(*claimed, index));
                    if !is_own {
                        continue;
                    }
                    let is_wrapped = is_next
                        && is_first
                        && !ends_sentence(rest)
                        && !rest.contains("://")
                        && !rest.ends_with(['.', '!', '?'])
                        && (features.is_alone || rest.chars().count() <= reach::BESIDE);
                    if is_wrapped {
                        features.add(Feature::WordWrapped);
                    } else if stands_out {
                        features.add(Feature::WordAbove);
                    } else {
                        return;
                    }
                    features.has_word = true;
                    self.note_one_time(hit, features);
                    self.claimed.insert(hit_index, index);
                    return;
                }
                // `Password:` above it
                Keyword::Password
                    if is_next && is_first && features.is_alone && is_blank(rest) && is_claimed.is_none() =>
                {
                    features.add(Feature::WordWrapped);
                    features.has_word = true;
                    self.claimed.insert(hit_index, index);
                    return;
                }
                Keyword::Label
                    if is_next
                        && !is_asked_for
                        && is_claimed.is_none()
                        && features.is_alone
                        && rest.chars().count() <= reach::BESIDE
                        && !is_end_of_sentence(rest)
                        && self.is_bare_label(&self.lines[above], hit) =>
                {
                    label = Some(above);
                }
                // "Enter this on the terminal:" and "At locker 12, key in"
                Keyword::CallToAction if is_next && !ends_sentence(rest) => {
                    (label, is_asked_for) = (None, true);
                }
                _ => {}
            }
        }
        if label.is_some() {
            features.add(Feature::LabelAbove);
        }
    }

    /// Reports whether a line is a label for what stands below it: `Order number`, `Your order no.`, `For your order:`. A heading
    /// such as `Verify your account` or `Your parcel is ready` is none, nor is a label that has its own number.
    fn is_bare_label(&self, line: &Range<usize>, label: &Hit) -> bool {
        let after = self.text[label.at.end..line.end].trim_end();
        let mut asked = self
            .hits_before(line.end)
            .take_while(|(_, hit)| hit.at.start >= line.start);
        let asks = |keyword| matches!(keyword, Keyword::Verify | Keyword::Reset | Keyword::CallToAction);
        if asked.any(|(_, hit)| asks(hit.keyword)) || after.contains(char::is_numeric) || after.ends_with(',')
        {
            return false;
        }
        let is_part = |word: &str| {
            let word = word.to_lowercase();
            keywords::is_word(&word, Word::Number) || keywords::is_word(&word, Word::Copula)
        };
        // `Your order no. is`, but not `Ihr Paket ist da`
        let words = after
            .split(|char: char| !char.is_alphanumeric())
            .filter(|word| !word.is_empty());
        let is_bare = words.clone().take(2).count() < 2 && words.clone().all(is_part);
        let before = self.text[line.start..label.at.start].split_whitespace();
        after.ends_with([':', '\u{ff1a}']) || before.take(2).count() < 2 && is_bare
    }

    /// Reports whether a number goes on a list below a label: `Order numbers:`.
    fn is_of_labelled_list(&self, index: usize) -> bool {
        index.checked_sub(1).is_some_and(|previous| {
            self.below_label == Some(previous)
                && self.is_like(previous, index)
                && is_blank(&self.text[self.tokens[previous].at.end..self.tokens[index].at.start])
        })
    }

    /// Reports whether two numbers look alike, as in a list of recovery codes.
    fn is_like(&self, one: usize, other: usize) -> bool {
        let (one, other) = (&self.tokens[one], &self.tokens[other]);
        one.shape == other.shape && one.at.len() == other.at.len()
    }

    fn line_after(&mut self, index: usize, line: &Range<usize>, features: &mut Features) {
        let token = &self.tokens[index];
        let rest = &self.text[token.at.end..line.end.max(token.at.end)];
        let is_last = rest.len() <= REACH_BYTES && is_blank(rest) && !rest.contains(['.', '!', '?']);
        if !is_last || self.line + 1 >= self.lines.len() {
            return;
        }
        let next = self
            .tokens
            .get(index + 1)
            .map_or(usize::MAX, |next| next.at.start);
        let below = &self.lines[self.line + 1];
        let first_word = self.text[below.clone()]
            .split_whitespace()
            .next()
            .unwrap_or_default();
        let goes_on = first_word.len() <= 16 && keywords::is_word(&first_word.to_lowercase(), Word::Copula);
        for (_, hit) in self.hits_after(line.end) {
            let is_near = hit.at.start < next
                && distance(self.text, line.end, hit.at.start, reach::LINE_AFTER).is_some();
            if !is_near {
                return;
            }
            if matches!(hit.keyword, Keyword::Code | Keyword::OneTimeCode) {
                if goes_on {
                    features.add(Feature::WordAfter);
                } else if features.is_alone {
                    features.add(Feature::WordBelow);
                } else {
                    return;
                }
                features.has_word = true;
                self.note_one_time(hit, features);
                return;
            }
        }
    }
}

/// Reports whether an offset is within a URL, whose words say nothing of the numbers below it.
fn is_in_url(text: &str, at: usize) -> bool {
    let from = text.ceil_char_boundary(at.saturating_sub(REACH_BYTES));
    let word = text[from..at]
        .rsplit(char::is_whitespace)
        .next()
        .unwrap_or_default();
    word.contains("://")
}

/// Reports whether the rest of a line ends a sentence, and not with an abbreviation: `Booking no.`
fn is_end_of_sentence(rest: &str) -> bool {
    let last = rest.split_whitespace().next_back().unwrap_or_default();
    last.ends_with(['.', '!', '?', '\u{3002}']) && !keywords::is_word(&last.to_lowercase(), Word::Number)
}
