//! Tokens that have the shape of a code, and the other numbers of a text.

use std::ops::Range;

/// Examined numbers of a text.
const MAX_TOKENS: usize = 400;
/// A longer group of letters and digits is an id.
const MAX_MIXED_CHARS: usize = 12;

/// A number, or a group of letters and digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) at: Range<usize>,
    pub(super) shape: Shape,
    /// The token as a user types it.
    pub(super) value: String,
}

/// The form of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// 4 to 8 digits.
    Digits,
    /// Letters and digits, the letters of one case.
    Mixed,
    /// Letters and digits, the letters in both cases or all lower case.
    MixedCase,
    /// Capital letters only.
    Letters,
    /// A number that is not a code: part of a date, a price, a telephone number, an address.
    Number,
}

/// Letters and digits without anything between them.
#[derive(Debug, Clone, Copy)]
struct Atom {
    start: usize,
    end: usize,
    chars: usize,
    digits: usize,
    capitals: usize,
}

impl Atom {
    fn is_number(&self) -> bool {
        self.digits == self.chars
    }
}

/// Returns the tokens of a text in order.
pub(super) fn find(text: &str) -> Vec<Token> {
    let atoms = atoms(text);
    let (mut tokens, mut index) = (Vec::new(), 0);
    while index < atoms.len() && tokens.len() < MAX_TOKENS {
        let (taken, shape) = shape(text, &atoms[index..]);
        let group = &atoms[index..index + taken];
        index += taken;
        if let (Some(shape), [first, ..], [.., last]) = (shape, group, group) {
            tokens.push(Token {
                at: first.start..last.end,
                shape,
                value: value(&text[first.start..last.end], shape),
            });
        }
    }
    tokens
}

fn atoms(text: &str) -> Vec<Atom> {
    let mut atoms: Vec<Atom> = Vec::new();
    let mut open: Option<Atom> = None;
    for (at, char) in text.char_indices() {
        let is_digit = digit(char).is_some();
        if !is_digit && !char.is_ascii_alphabetic() {
            atoms.extend(open.take());
            continue;
        }
        let atom = open.get_or_insert(Atom {
            start: at,
            end: at,
            chars: 0,
            digits: 0,
            capitals: 0,
        });
        atom.end = at + char.len_utf8();
        atom.chars += 1;
        atom.digits += usize::from(is_digit);
        atom.capitals += usize::from(char.is_ascii_uppercase());
    }
    atoms.extend(open);
    atoms
}

/// Returns the number of atoms of one token, and its shape if it is relevant.
fn shape(text: &str, atoms: &[Atom]) -> (usize, Option<Shape>) {
    let spread = spread_digits(text, atoms);
    if spread > 0 {
        return (spread, Some(Shape::Digits));
    }
    let mut joined = 1;
    let mut is_hyphened = true;
    while let Some([left, right]) = atoms.get(joined - 1..=joined)
        && let Some(connector) = connector(text, left, right)
    {
        is_hyphened &= matches!(connector, '-' | '\u{2010}' | '\u{2011}' | '\u{2013}');
        joined += 1;
    }
    let group = &atoms[..joined];
    let has_digits = group.iter().any(|atom| atom.digits > 0);
    if !is_hyphened || !stands_free(text, group) {
        return (joined, has_digits.then_some(Shape::Number));
    }
    if joined == 1 && group[0].is_number() {
        return spaced_digits(text, atoms);
    }
    let digits = group.iter().map(|atom| atom.digits).sum::<usize>();
    let chars = group.iter().map(|atom| atom.chars).sum::<usize>();
    let capitals = group.iter().map(|atom| atom.capitals).sum::<usize>();
    let shape = if digits == chars {
        let lengths: Vec<usize> = group.iter().map(|atom| atom.chars).collect();
        Some(match lengths[..] {
            [3, 3] | [4, 4] => Shape::Digits,
            _ => Shape::Number,
        })
    } else if !(4..=MAX_MIXED_CHARS).contains(&chars) || joined > 3 || group.iter().any(|atom| atom.chars > 8)
    {
        has_digits.then_some(Shape::Number)
    } else if digits == 0 {
        let is_one_word = joined == 1 && (5..=8).contains(&chars);
        let is_groups = joined > 1 && group.iter().all(|atom| matches!(atom.chars, 3 | 4));
        (capitals == chars && (is_one_word || is_groups)).then_some(Shape::Letters)
    } else if capitals + digits == chars {
        Some(Shape::Mixed)
    } else {
        Some(Shape::MixedCase)
    };
    (joined, shape)
}

/// Returns the number of single digits that white space separates, one box each; 0 if they are not 4 to 8, or count up.
fn spread_digits(text: &str, atoms: &[Atom]) -> usize {
    let is_single = |atom: &&Atom| atom.chars == 1 && atom.digits == 1;
    let is_near = |pair: &[Atom]| text[pair[0].end..pair[1].start].chars().all(char::is_whitespace);
    let singles = atoms.iter().take(9).take_while(is_single).count();
    let near = atoms[..singles]
        .windows(2)
        .take_while(|pair| is_near(pair))
        .count();
    let digits: Vec<char> = atoms[..singles]
        .iter()
        .filter_map(|atom| text[atom.start..].chars().next())
        .collect();
    let counts_up = digits
        .windows(2)
        .all(|pair| u32::from(pair[1]) == u32::from(pair[0]) + 1);
    if singles == near + 1 && (4..=8).contains(&singles) && !counts_up {
        singles
    } else {
        0
    }
}

/// A single number, or groups of digits separated by spaces.
fn spaced_digits(text: &str, atoms: &[Atom]) -> (usize, Option<Shape>) {
    let mut count = 1;
    while let Some([left, right]) = atoms.get(count - 1..=count)
        && right.is_number()
        && matches!(&text[left.end..right.start], " " | ") " | ") (" | ")" | " (")
    {
        count += 1;
    }
    let group = &atoms[..count];
    let lengths: Vec<usize> = group.iter().map(|atom| atom.chars).collect();
    let before = text[..group[0].start].chars().next_back();
    let digits: usize = lengths.iter().sum();
    let is_telephone = digits >= 9
        && count > 1
        && (lengths.iter().all(|length| *length <= 4) || text[group[0].start..].starts_with('0'))
        || before == Some('+');
    if is_telephone || text[group[0].start..group[count - 1].end].contains(')') {
        return (count, Some(Shape::Number));
    }
    match lengths[..] {
        [3, 3] | [2, 2, 2] | [4, 4] => (count, Some(Shape::Digits)),
        // A telephone number.
        [2, 2, 2, 2] => (count, Some(Shape::Number)),
        [4..=8, ..] => (1, Some(Shape::Digits)),
        _ => (1, Some(Shape::Number)),
    }
}

/// Returns the character that joins two atoms into one token.
fn connector(text: &str, left: &Atom, right: &Atom) -> Option<char> {
    let mut between = text[left.end..right.start].chars();
    let (char, None) = (between.next()?, between.next()) else {
        // Protocols and paths.
        return text[left.end..right.start].starts_with("://").then_some('/');
    };
    let (left_digit, right_digit) = (
        text[..left.end].chars().next_back().and_then(digit).is_some(),
        text[right.start..].chars().next().and_then(digit).is_some(),
    );
    let joins = match char {
        '-' | '\u{2010}' | '\u{2011}' | '/' | '_' | '@' | '=' | '&' | '\\' | '~' | '+' => true,
        '.' => left_digit || right_digit || is_host(text, left.end),
        ',' | ':' | '\'' | '\u{2019}' | '\u{2013}' => left_digit && right_digit,
        _ => false,
    };
    joins.then_some(char)
}

/// Reports whether a dot is part of a host name and not the end of a sentence.
fn is_host(text: &str, dot: usize) -> bool {
    text[dot + 1..]
        .chars()
        .next()
        .is_some_and(|char| char.is_ascii_lowercase())
}

/// Reports whether the characters around a group do not make it part of something else.
fn stands_free(text: &str, group: &[Atom]) -> bool {
    let (start, end) = (group[0].start, group[group.len() - 1].end);
    let before = text[..start].chars().next_back();
    let after = text[end..].chars().next();
    let is_part = |char: char| {
        char.is_alphabetic() && char < '\u{590}'
            || matches!(char, '@' | '/' | '=' | '&' | '_' | '\\' | '%' | '\u{b0}')
    };
    let is_prefix = |char: char| {
        is_part(char)
            || matches!(
                char,
                '#' | '\u{2116}' | '$' | '\u{20ac}' | '\u{a3}' | '\u{a5}' | '\u{ffe5}' | '\u{3012}'
            )
    };
    !before.is_some_and(is_prefix) && !after.is_some_and(is_part) && !is_end_of_hidden(&text[..start])
}

/// Reports whether the next token is the visible end of a masked card or account number.
fn is_end_of_hidden(before: &str) -> bool {
    let before = before.trim_end_matches([' ', '\u{a0}', '-']);
    ["***", "\u{2022}\u{2022}"]
        .iter()
        .any(|hidden| before.ends_with(hidden))
}

/// Returns a token as a user types it.
fn value(text: &str, shape: Shape) -> String {
    let typed = text.chars().filter_map(|char| match digit(char) {
        Some(digit) => Some(digit),
        None if shape == Shape::Digits => None,
        None if char.is_ascii_alphanumeric() => Some(char),
        None => Some('-'),
    });
    typed.collect()
}

/// Returns a digit of any supported script as ASCII.
fn digit(char: char) -> Option<char> {
    const ZEROS: [char; 6] = ['\u{ff10}', '\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{e50}'];
    if char.is_ascii() {
        return char.is_ascii_digit().then_some(char);
    }
    let value = ZEROS.iter().find_map(|zero| {
        u32::from(char)
            .checked_sub(u32::from(*zero))
            .filter(|value| *value < 10)
    })?;
    char::from_digit(value, 10)
}
