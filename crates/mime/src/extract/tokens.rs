//! Tokens that have the shape of a code, and the other numbers of a text, in one pass.

mod apart;
mod free;
mod other;
mod prefix;
mod value;

use std::ops::Range;

pub(super) use apart::is_boxed;
use free::stands_free;
pub(super) use other::is_token;
use other::{is_day, is_hexadecimal, is_hidden, is_record, is_time};
pub(super) use value::{digit, typed};

/// Fewer characters are no code.
const MIN_CHARS: usize = 4;
/// A longer group without a hyphen is an id, unless a word for one-time codes names it.
pub(super) const MAX_CHARS: usize = 12;
/// A longer group of small letters and digits is an id, whatever names it.
const MAX_NAMED_CHARS: usize = 16;
/// A longer group with capitals too.
const MAX_RANDOM_CHARS: usize = 24;
/// A longer code of several groups is an id.
const MAX_GROUPED_CHARS: usize = 25;
/// Groups of a code.
const MAX_GROUPS: usize = 5;
/// A longer number needs a code word beside it.
pub(super) const MAX_COMMON_DIGITS: usize = 8;
const MAX_DIGITS: usize = 10;
/// Scripts from here on have no spaces after punctuation.
const FIRST_IDEOGRAPH: char = '\u{2e80}';
/// Atoms of a group whose lengths are kept.
const KEPT_LENGTHS: usize = 6;

/// A number, or a group of letters and digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) at: Range<usize>,
    pub(super) shape: Shape,
    /// Whether `#` is before it.
    pub(super) has_hash: bool,
}

/// The form of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// 4 to 8 digits.
    Digits,
    /// 9 or 10 digits, or more than two groups of digits.
    LongDigits,
    /// Letters and digits, the letters of one case.
    Mixed,
    /// Letters and digits, the letters in both cases or all lower case.
    MixedCase,
    /// Capital letters only.
    Letters,
    /// Lower-case words with hyphens.
    Words,
    /// A number that is not a code: part of a date, a price, a telephone number, an address.
    Number,
}

/// Letters and digits without anything between them.
#[derive(Debug, Clone, Copy, Default)]
struct Atom {
    start: usize,
    end: usize,
    chars: usize,
    digits: usize,
    capitals: usize,
}

impl Atom {
    /// Reports whether it has 2 to 4 capitals and digits, as a group of a code has.
    fn is_group(&self) -> bool {
        (2..=4).contains(&self.chars) && self.digits > 0 && self.digits + self.capitals == self.chars
    }

    fn is_number(&self) -> bool {
        self.digits == self.chars
    }
}

/// Atoms that connectors join.
#[derive(Debug, Clone, Copy, Default)]
struct Group {
    start: usize,
    end: usize,
    count: usize,
    /// The characters of the first atoms.
    lengths: [usize; KEPT_LENGTHS],
    longest: usize,
    chars: usize,
    digits: usize,
    capitals: usize,
    /// Whether hyphens are the only connectors.
    is_hyphened: bool,
}

impl Group {
    fn add(&mut self, atom: Atom) {
        if let Some(length) = self.lengths.get_mut(self.count) {
            *length = atom.chars;
        }
        self.end = atom.end;
        self.count += 1;
        self.longest = self.longest.max(atom.chars);
        self.chars += atom.chars;
        self.digits += atom.digits;
        self.capitals += atom.capitals;
    }

    fn lengths(&self) -> &[usize] {
        &self.lengths[..self.count.min(KEPT_LENGTHS)]
    }
}

/// Returns the tokens of a text in order.
pub(super) fn find(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut from = 0;
    while let Some(run) = relevant_run(text.as_bytes(), from) {
        from = find_in_run(text, run, &mut tokens);
    }
    tokens
}

/// What a byte says of the word that it is in.
mod class {
    pub(super) const SPACE: u8 = 1;
    pub(super) const CAPITAL: u8 = 2;
    /// A digit of ASCII, or the first byte of one of another script.
    pub(super) const DIGIT: u8 = 4;
    pub(super) const HYPHEN: u8 = 8;
    /// Anything else but a small letter and a carriage return.
    pub(super) const OTHER: u8 = 16;
}

const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte {
            0x20 | 0x09 | 0x0a => class::SPACE,
            0x41..=0x5a => class::CAPITAL,
            0x30..=0x39 | 0xd9 | 0xdb | 0xe0 | 0xe1 | 0xef => class::DIGIT,
            0x2d => class::HYPHEN,
            0x0d | 0x61..=0x7a => 0,
            _ => class::OTHER,
        };
        byte += 1;
    }
    classes
};

/// Returns the next word between spaces that can contain a token: it has a digit, capitals, a hyphen, or one letter only. Letters
/// alone are no code when they are many.
fn relevant_run(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let mut start = from;
    while start < bytes.len() {
        let (mut end, mut found, mut capitals) = (start, 0, 0_usize);
        for byte in &bytes[start..] {
            let class = CLASSES[usize::from(*byte)];
            if class == class::SPACE {
                break;
            }
            found |= class;
            capitals += usize::from(class == class::CAPITAL);
            end += 1;
        }
        let is_long_word = found & class::OTHER == 0 && end - start > MAX_CHARS + 1;
        let has_capitals = capitals >= MIN_CHARS && !is_long_word;
        if found & (class::DIGIT | class::HYPHEN) != 0 || has_capitals || end == start + 1 {
            return Some(start..end);
        }
        start = end + 1;
    }
    None
}

/// Adds the tokens that begin in a word between spaces. Returns where to go on: a token can take in further words.
fn find_in_run(text: &str, run: Range<usize>, tokens: &mut Vec<Token>) -> usize {
    let mut end_of_last = run.end;
    let mut next = atom(text, run.start).filter(|atom| atom.start < run.end);
    while let Some(first) = next {
        let boxes = if first.chars == 1 {
            apart::boxes(text, first)
        } else {
            None
        };
        if let Some((token, end)) = boxes {
            tokens.push(token);
            return end;
        }
        let mut group = Group {
            start: first.start,
            is_hyphened: true,
            ..Group::default()
        };
        group.add(first);
        let mut last = first;
        let mut beyond = None;
        next = loop {
            let following = atom(text, last.end);
            let Some(right) = following else { break None };
            if right.start >= run.end {
                beyond = following;
                break None;
            }
            let Some(connector) = connector(text, last.end, right.start) else {
                break following;
            };
            group.is_hyphened &= matches!(
                connector,
                '-' | '\u{2010}' | '\u{2011}' | '\u{2013}' | '\u{b7}' | '\u{2022}'
            );
            group.add(right);
            last = right;
        };
        let Some(shape) = shape(text, &group) else {
            continue;
        };
        let mut token = Token {
            at: group.start..group.end,
            shape,
            has_hash: text[..group.start].ends_with('#'),
        };
        if let Some(number) = prefix::without_copula(text, &group, last) {
            (token.at, token.shape) = (number, Shape::Digits);
        } else if let Some(start) =
            prefix::start_of_letters(text, &group).or_else(|| prefix::start_of_capitals(text, &group))
        {
            (token.at.start, token.shape) = (start, Shape::Mixed);
        } else if let Some(around) = prefix::between_capitals(text, &group) {
            end_of_last = around.end.max(run.end);
            (token.at, token.shape) = (around, Shape::Mixed);
            next = None;
        } else if let Some((end, shape)) = prefix::behind_letter(text, &group, last, beyond) {
            (token.at, token.shape) = (last.start..end, shape);
            end_of_last = end.max(run.end);
            next = None;
        }
        let groups = || {
            apart::spaced_groups(text, first, beyond).or_else(|| apart::uneven_groups(text, first, beyond))
        };
        if let Some((end, shape)) = (group.count == 1).then(groups).flatten() {
            (token.at.end, token.shape) = (end, shape);
            end_of_last = end.max(run.end);
            next = None;
        } else if group.count == 1
            && group.digits == group.chars
            && let Some((end, shape)) = apart::spaced_digits(text, first, beyond)
        {
            (token.at.end, token.shape) = (end, shape);
            end_of_last = end.max(run.end);
            next = None;
        }
        tokens.push(token);
    }
    end_of_last
}

/// Returns the next atom from an offset on.
fn atom(text: &str, from: usize) -> Option<Atom> {
    let bytes = text.as_bytes();
    let (mut at, mut atom) = (from, Atom::default());
    while let Some(byte) = bytes.get(at) {
        let (len, is_digit) = match byte {
            b'0'..=b'9' => (1, true),
            b'A'..=b'Z' => {
                atom.capitals += 1;
                (1, false)
            }
            b'a'..=b'z' => (1, false),
            0..=0x7f if atom.chars > 0 => break,
            0..=0x7f => {
                at += 1;
                continue;
            }
            // Digits of other scripts are in these blocks only.
            0xd9 | 0xdb | 0xe0 | 0xe1 | 0xef
                if let Some(char) = text[at..].chars().next().filter(|char| digit(*char).is_some()) =>
            {
                (char.len_utf8(), true)
            }
            _ if atom.chars > 0 => break,
            _ => {
                at += 1;
                while bytes.get(at).is_some_and(|byte| byte & 0xc0 == 0x80) {
                    at += 1;
                }
                continue;
            }
        };
        if atom.chars == 0 {
            atom.start = at;
        }
        atom.chars += 1;
        atom.digits += usize::from(is_digit);
        at += len;
        atom.end = at;
    }
    (atom.chars > 0).then_some(atom)
}

/// Returns the shape of a group if it is relevant.
fn shape(text: &str, group: &Group) -> Option<Shape> {
    let number = (group.digits > 0).then_some(Shape::Number);
    if group.digits == 0 && group.capitals == 0 {
        return is_words(text, group).then_some(Shape::Words);
    }
    if !group.is_hyphened || !stands_free(text, group) {
        return number;
    }
    if group.digits == group.chars {
        let before = &text[..group.start];
        if apart::is_behind_area(before)
            || group.count > 1 && apart::is_behind_trunk(before)
            || apart::is_of_sum(&text[group.end..])
        {
            return number;
        }
        return match group.lengths() {
            [length] if (MIN_CHARS..=MAX_COMMON_DIGITS).contains(length) => Some(Shape::Digits),
            [length] if (MIN_CHARS..=MAX_DIGITS).contains(length) => Some(Shape::LongDigits),
            [3, 3] | [4, 4] | [2, 2, 2] => Some(Shape::Digits),
            [3, 3, 3] | [4, 4, 4] | [4, 4, 4, 4] | [5, 5] | [2, 2] => Some(Shape::LongDigits),
            [2 | 4, 3] | [3 | 4, 2] | [2 | 3, 4] | [3, 3, 2] | [2, 3, 3] => Some(Shape::LongDigits),
            // A shelf and a number on it.
            [1 | 2, 1 | 2, 4] => Some(Shape::LongDigits),
            _ => number,
        };
    }
    let sent = &text[group.start..group.end];
    let is_single =
        group.count == 1 && ((MIN_CHARS..=max_chars(group)).contains(&group.chars) || is_token(sent));
    let is_grouped = (2..=MAX_GROUPS).contains(&group.count)
        && (MIN_CHARS..=MAX_GROUPED_CHARS).contains(&group.chars)
        && group.longest <= 8
        && (group.count <= 3
            || group.lengths().windows(2).all(|pair| pair[0] == pair[1])
            || is_words_with_number(text, group));
    if !is_single && !is_grouped {
        return number;
    }
    if is_time(sent) || is_hexadecimal(sent) || is_record(group, sent) || is_day(sent) || is_hidden(sent) {
        return number;
    }
    if group.digits > 0 {
        return Some(if group.capitals + group.digits == group.chars {
            Shape::Mixed
        } else {
            Shape::MixedCase
        });
    }
    let is_word = group.count == 1 && (5..=8).contains(&group.chars);
    let is_groups = group.count > 1 && group.lengths().iter().all(|length| matches!(length, 3..=5));
    (group.capitals == group.chars && (is_word || is_groups)).then_some(Shape::Letters)
}

/// Returns the length up to which letters and digits can be a code.
fn max_chars(group: &Group) -> usize {
    match group.capitals {
        0 if group.digits * 3 >= group.chars => MAX_NAMED_CHARS,
        1.. if group.digits > 0 => MAX_RANDOM_CHARS,
        _ => MAX_CHARS,
    }
}

/// Reports whether a group is lower-case words with hyphens that can be a code.
fn is_words(text: &str, group: &Group) -> bool {
    let lengths = group.lengths();
    let is_even = lengths.windows(2).all(|pair| pair[0] == pair[1]);
    // `jyrq-mzvbd`
    let mut parts = text[group.start..group.end].split('-');
    let is_unpronounceable = parts.any(|part| !is_pronounceable(part));
    group.is_hyphened
        && (2..=MAX_GROUPS).contains(&group.count)
        && lengths.iter().all(|length| (3..=8).contains(length))
        && (group.count > 2 || is_even && lengths[0] >= 4 || is_unpronounceable)
        && stands_free(text, group)
}

/// Reports whether a group is lower-case words and one number: `marsh-tulip-4907-okra`.
fn is_words_with_number(text: &str, group: &Group) -> bool {
    let parts = || text[group.start..group.end].split('-');
    let numbers = parts().filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    numbers.count() == 1
        && parts().all(|part| {
            part.bytes().all(|byte| byte.is_ascii_digit())
                || part.len() >= 3 && part.bytes().all(|byte| byte.is_ascii_lowercase())
        })
}

/// Returns the character that joins two atoms into one token.
fn connector(text: &str, left_end: usize, right_start: usize) -> Option<char> {
    let between = text.get(left_end..right_start)?;
    let mut chars = between.chars();
    let (char, None) = (chars.next()?, chars.next()) else {
        // Protocols and paths.
        return between.starts_with("://").then_some('/');
    };
    let is_digit = |char: Option<char>| char.and_then(digit).is_some();
    let left_digit = is_digit(text[..left_end].chars().next_back());
    let right = text[right_start..].chars().next();
    let joins = match char {
        '-' | '\u{2010}' | '\u{2011}' | '/' | '_' | '@' | '=' | '&' | '\\' | '~' | '+' => true,
        // Between letters it is part of a host name or the end of a sentence.
        '.' => left_digit && is_digit(right) || right.is_some_and(|char| char.is_ascii_lowercase()),
        ',' if left_digit && is_digit(right) => !begins_clause(text, left_end, right_start),
        ':' | '\'' | '\u{2019}' | '\u{2013}' | '\u{b7}' | '\u{2022}' => left_digit && is_digit(right),
        _ => false,
    };
    joins.then_some(char)
}

/// Reports whether a comma between digits ends a clause, as in `562931,10分钟`: no number is written so.
fn begins_clause(text: &str, left_end: usize, right_start: usize) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let left = text[..left_end]
        .bytes()
        .rev()
        .take_while(u8::is_ascii_digit)
        .count();
    let right = digits(&text[right_start..]);
    let next = text[right_start + right..].chars().next();
    (left > 3 || right != 3) && next.is_some_and(|char| char >= FIRST_IDEOGRAPH)
}

/// Reports whether letters can be a word: vowels are among them, and no four consonants follow each other.
pub(super) fn is_pronounceable(word: &str) -> bool {
    let is_vowel = |char: char| "aeiouyAEIOUY".contains(char);
    let mut parts = word.split(is_vowel);
    word.contains(is_vowel) && parts.all(|consonants| consonants.len() < 4)
}
