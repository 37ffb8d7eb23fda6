//! The place of a number in its line: alone, in a cell, in a row of figures, in a log.

use std::ops::Range;

use memchr::{memchr, memmem};

use super::{
    super::{
        tokens::{Shape, Token},
        weights::Feature,
    },
    Context, Features, is_blank,
};

/// Searched bytes before a number for an operator.
const OPERATOR_BYTES: usize = 32;
/// Searched bytes before a number for the name of an exception.
const EXCEPTION_BYTES: usize = 80;

impl Context<'_> {
    /// Reports whether a number is a cell of a row of figures: a name, and another number in a cell of its own.
    pub(super) fn is_among_figures(&self, index: usize, line: &Range<usize>) -> bool {
        let is_figure = |token: &Token| {
            let start = self.text[line.start..token.at.start].rfind('\t');
            let end = self.text[token.at.end..line.end].find('\t');
            let cell = start.map_or(line.start, |at| line.start + at + 1)
                ..end.map_or(line.end, |at| token.at.end + at);
            matches!(token.shape, Shape::Digits | Shape::LongDigits) && is_alone(self.text, &token.at, &cell)
        };
        if !self.text[line.clone()].contains('\t') || !is_figure(&self.tokens[index]) {
            return false;
        }
        let near = [index.checked_sub(1), Some(index + 1)];
        let mut others = near.into_iter().flatten().filter_map(|at| self.tokens.get(at));
        let is_other =
            |token: &Token| token.at.start >= line.start && token.at.end <= line.end && is_figure(token);
        others.any(is_other) && self.text[line.clone()].contains(char::is_alphabetic)
    }

    /// Reports whether a number is in a row of figures of a plain text: another one is beside it, and the next row has two as well.
    pub(super) fn is_among_columns(&self, index: usize) -> bool {
        let is_pair = |at: usize| {
            let (Some(one), Some(other)) = (self.tokens.get(at), self.tokens.get(at + 1)) else {
                return false;
            };
            let are_figures = [one, other]
                .iter()
                .all(|token| matches!(token.shape, Shape::Digits | Shape::LongDigits));
            are_figures && &self.text[one.at.end..other.at.start] == " "
        };
        let are_rows = |one: usize, other: usize| {
            is_pair(one)
                && is_pair(other)
                && self.text[self.tokens[one].at.start..self.tokens[other].at.start].contains('\n')
                && self.text[self.lines[self.line].clone()].contains(char::is_alphabetic)
        };
        // The name of a row can be a token too.
        [Some(index), index.checked_sub(1)]
            .into_iter()
            .flatten()
            .any(|at| {
                [2, 3].into_iter().any(|row| {
                    are_rows(at, at + row) || at.checked_sub(row).is_some_and(|above| are_rows(above, at))
                })
            })
    }

    /// Reads the place of a number in its line. Returns whether it is alone.
    pub(super) fn place(&self, token: &Token, line: &Range<usize>, features: &mut Features) -> bool {
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
}

/// Reports whether nothing else is in a range.
pub(super) fn is_alone(text: &str, at: &Range<usize>, within: &Range<usize>) -> bool {
    let before = &text[within.start..at.start];
    let after = &text[at.end..within.end];
    (is_blank(before) || is_item_number(before)) && (is_blank(after) || is_arrow(after))
}

/// Reports whether a line begins with the time of a log: `2026-11-18T03:00:01`, `[2026-11-18 03:00:01]`.
pub(super) fn is_of_log(line: &str) -> bool {
    let is_like = |form: &[u8]| {
        line.len() > form.len()
            && line.bytes().zip(form).all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                form => byte == *form,
            })
    };
    is_like(b"0000-00-00T00:00:00") || is_like(b"[0000-00-00 00:00:00") || is_like(b"[0000-00-00T00:00:00")
}

/// Reports whether a number is part of a program: `const code = "482913";`, `if (code == 482913)`.
pub(super) fn is_of_program(line: &str, at: usize) -> bool {
    let start = line.ceil_char_boundary(at.saturating_sub(OPERATOR_BYTES));
    let before = &line[start..at];
    let equals = memchr(b'=', before.as_bytes());
    let after = line[at..]
        .trim_start_matches(|char: char| char.is_ascii_alphanumeric() || matches!(char, '"' | '\''));
    // `AssertionError: expected 482913`
    let is_exception = || {
        let from = at.saturating_sub(EXCEPTION_BYTES);
        let error = memmem::find(&line.as_bytes()[from..at], b"Error: ");
        error.is_some_and(|error| {
            line.as_bytes()[..from + error]
                .last()
                .is_some_and(u8::is_ascii_lowercase)
        })
    };
    // `482913 != 482914`
    if after.starts_with(" != ") || after.starts_with(" == ") || is_exception() {
        return true;
    }
    equals.is_some() && (before.contains("==") || before.contains("!="))
        || line.ends_with(';') && (equals.is_some() || before.contains('('))
}

/// Reports whether a note points to what is before it: `<- this one`.
fn is_arrow(after: &str) -> bool {
    let after = after.trim_start();
    after.starts_with("<-") || after.starts_with(['\u{2190}', '\u{21d0}', '\u{2b05}', '\u{1f448}'])
}

/// Reports whether a text is the number of an item of a list: `1.`, `12)`, or a letter that the reader compares: `R-`.
fn is_item_number(text: &str) -> bool {
    let text = text.trim();
    let mark = text.trim_start_matches(|char: char| char.is_ascii_digit());
    let is_letter = matches!(text.as_bytes(), [b'A'..=b'Z', b'-']);
    is_letter || (1..=2).contains(&(text.len() - mark.len())) && matches!(mark, "." | ")" | ":" | ".:")
}
