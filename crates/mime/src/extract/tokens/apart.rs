//! Codes whose characters stand apart: one box each, or groups of digits between spaces.

use std::ops::Range;

use super::{Atom, KEPT_LENGTHS, MAX_COMMON_DIGITS, Shape, Token, atom, connector};

/// Groups of capitals and digits that spaces separate.
const MAX_SPACED_GROUPS: usize = 3;
/// Digits of an area code.
const AREA_DIGITS: std::ops::RangeInclusive<usize> = 2..=5;
/// Digits of so many groups are an id.
const MIN_ID_DIGITS: usize = 16;
/// Starts of telephone numbers that companies have, before a space and four digits.
const TOLL_FREE: [&str; 20] = [
    "0800", "0900", "0850", "0771", "0300", "0844", "0845", "0870", "1800", "1900", "1300", "1588", "1577",
    "1544", "1566", "1599", "1600", "1644", "1661", "1688",
];
/// Characters of a code that stand alone, one box each.
const BOXES: Range<usize> = 4..10;
/// Boxes of a part of it.
const PART: std::ops::RangeInclusive<usize> = 2..=4;
/// Characters of groups of which one has letters only.
const UNEVEN_CHARS: std::ops::RangeInclusive<usize> = 5..=10;

/// Returns a code whose characters stand apart, one box each, and where it ends.
pub(super) fn boxes(text: &str, first: Atom) -> Option<(Token, usize)> {
    let mut before = text[..first.start].chars().rev();
    let is_part = match (before.next(), before.next(), before.next()) {
        (Some('-' | '_' | '|' | '.' | '/' | '$'), ..) => true,
        // It goes on longer than a code.
        (Some(' ' | '\t' | '\u{b7}'), Some(single), further) => {
            single.is_ascii_alphanumeric() && further.is_none_or(|char| !char.is_alphanumeric())
        }
        _ => false,
    };
    if is_part {
        return None;
    }
    let (mut last, mut count, mut digits, mut capitals) = (first, 1, first.digits, first.capitals);
    let (mut counts_up, mut separator) = (true, None);
    // The boxes of a part before a dash: `4 8 2 - 9 1 3`, `4 8 - 2 9 - 1 3`.
    let mut part = None;
    while let Some(right) = atom(text, last.end)
        && right.chars == 1
        && count <= BOXES.end
    {
        let between = &text[last.end..right.start];
        let mut marks = between.trim().chars();
        // Words in a script without capitals: the boxes end before them.
        let (mark, None) = (marks.next().unwrap_or(' '), marks.next()) else {
            break;
        };
        // Boxes stand beside or below each other; rows of a table do both.
        let mark = (mark, between.contains('\n'));
        let is_between_parts = matches!(mark.0, '-' | '\u{2013}')
            && separator == Some((' ', mark.1))
            && part.map_or(PART.contains(&count), |part| count % part == 0);
        if is_between_parts {
            part = part.or(Some(count));
        } else if !matches!(mark.0, ' ' | '\u{b7}' | '\u{2022}' | '\u{2219}' | '-' | '|' | '_')
            || *separator.get_or_insert(mark) != mark
            || between.len() > 5
        {
            break;
        }
        let at = |atom: Atom| text[atom.start..].chars().next().map_or(0, u32::from);
        counts_up &= at(right) == at(last) + 1;
        (count, digits, capitals) = (count + 1, digits + right.digits, capitals + right.capitals);
        last = right;
    }
    // Cells of a row, or a word with spaces.
    let min_letters = if text[first.end..].starts_with('\t') { 4 } else { 6 };
    let is_code = digits > 0 && (digits == count || digits + capitals == count || capitals == 0)
        || digits == 0 && capitals == count && count >= min_letters;
    if !BOXES.contains(&count)
        || part.is_some_and(|part| count % part != 0)
        || counts_up
        || !is_code
        || atom(text, last.end).is_some_and(|next| next.start == last.end)
    {
        return None;
    }
    let shape = if digits == count && count <= MAX_COMMON_DIGITS {
        Shape::Digits
    } else if digits == count {
        Shape::LongDigits
    } else if capitals == 0 {
        Shape::MixedCase
    } else if digits == 0 {
        Shape::Letters
    } else {
        Shape::Mixed
    };
    let token = Token {
        at: first.start..last.end,
        shape,
        has_hash: false,
    };
    Some((token, last.end))
}

/// Reads groups of capitals and digits that spaces separate: `7Q2 9ZB`, `A7 41 09`. Returns where they end and their shape.
pub(super) fn spaced_groups(text: &str, first: Atom, mut next: Option<Atom>) -> Option<(usize, Shape)> {
    let (mut count, mut last, mut capitals) = (1, first, first.capitals);
    while let Some(right) = next
        && count <= MAX_SPACED_GROUPS
        && last.is_group()
        && right.is_group()
        && &text[last.end..right.start] == " "
    {
        (count, capitals, last) = (count + 1, capitals + right.capitals, right);
        next = atom(text, right.end);
    }
    let is_code = (2..=MAX_SPACED_GROUPS).contains(&count)
        && capitals > 0
        && !text[last.end..].starts_with(|char: char| char.is_alphanumeric())
        && !has_decimals(&text[last.end..]);
    is_code.then_some((last.end, Shape::Mixed))
}

/// Reads a group of capitals and digits, and one of capitals only that ends the row: `PK93 WX`. Returns where they end and their shape.
pub(super) fn uneven_groups(text: &str, first: Atom, next: Option<Atom>) -> Option<(usize, Shape)> {
    let last = next?;
    let before = text[..first.start].trim_end_matches([' ', '*']);
    let begins_row = before.is_empty() || before.ends_with(['\n', '\t', ':', '\u{ff1a}']);
    let after = text[last.end..].trim_start_matches([' ', '*', '.']);
    let ends_row = after.is_empty() || after.starts_with(['\n', '\t']);
    let is_code = first.is_group()
        && first.capitals > 0
        && last.capitals == last.chars
        && last.chars <= 4
        && UNEVEN_CHARS.contains(&(first.chars + last.chars))
        && &text[first.end..last.start] == " ";
    (is_code && begins_row && ends_row).then_some((last.end, Shape::Mixed))
}

/// Reports whether a decimal mark and a digit follow: `R1 204,00`.
fn has_decimals(after: &str) -> bool {
    after
        .strip_prefix([',', '.'])
        .is_some_and(|rest| rest.starts_with(|char: char| char.is_ascii_digit()))
}

/// Reports whether a number is part of a sum: `999999 + 1`.
pub(super) fn is_of_sum(after: &str) -> bool {
    let mark = after
        .strip_prefix(' ')
        .and_then(|rest| rest.strip_prefix(['+', '\u{d7}', '\u{f7}', '\u{2212}', '=']));
    mark.and_then(|rest| rest.strip_prefix(' '))
        .is_some_and(|rest| rest.starts_with(|char: char| char.is_ascii_digit()))
}

/// Reports whether every character of a code stands apart: `6 0 2 9`, `5-8-1-3`.
pub(in super::super) fn is_boxed(text: &str) -> bool {
    let mut was_part = false;
    let mut parts = 0;
    for char in text.chars() {
        let is_part = char.is_alphanumeric();
        if is_part && was_part {
            return false;
        }
        parts += usize::from(is_part);
        was_part = is_part;
    }
    BOXES.contains(&parts)
}

/// Reports whether the area code of a telephone number is before a number: `(11) 4020-0418`.
pub(super) fn is_behind_area(before: &str) -> bool {
    let area = before.strip_suffix(") ").or_else(|| before.strip_suffix(')'));
    area.and_then(without_area)
        .is_some_and(|rest| rest.ends_with('('))
}

/// Reports whether an area code that begins with 0 is before a number: `040 4288-1170`.
pub(super) fn is_behind_trunk(before: &str) -> bool {
    let area = before.strip_suffix(' ');
    area.is_some_and(|area| {
        without_area(area).is_some_and(|rest| {
            area[rest.len()..].starts_with('0')
                && !rest.ends_with(|char: char| {
                    char.is_alphanumeric() || matches!(char, '.' | ',' | ':' | '-' | '+')
                })
        })
    })
}

/// Returns what is before the digits of an area code that end a text.
fn without_area(text: &str) -> Option<&str> {
    let ends = text.bytes().rev().take(AREA_DIGITS.end() + 1);
    let digits = ends.take_while(u8::is_ascii_digit).count();
    AREA_DIGITS
        .contains(&digits)
        .then(|| &text[..text.len() - digits])
}

/// Reads groups of digits that spaces separate. Returns where they end and their shape. A bracket around one of them is of a
/// telephone number; `482 917 (10 min)` goes on with a sentence.
pub(super) fn spaced_digits(text: &str, first: Atom, mut next: Option<Atom>) -> Option<(usize, Shape)> {
    let (mut lengths, mut count, mut last) = ([0; KEPT_LENGTHS], 1, first);
    let mut has_bracket = text[..first.start].ends_with('(') && text[first.end..].starts_with(')');
    lengths[0] = first.chars;
    while let Some(right) = next
        && right.is_number()
        && count < KEPT_LENGTHS
        && matches!(
            &text[last.end..right.start],
            " " | ") " | ") (" | ")" | " (" | " - "
        )
        && connector(text, right.end, right.end + 1).is_none()
        && (!text[last.end..right.start].ends_with('(') || text[right.end..].starts_with(')'))
    {
        has_bracket |= text[last.end..right.start].contains(')');
        lengths[count] = right.chars;
        count += 1;
        last = right;
        next = atom(text, right.end);
    }
    let lengths = &lengths[..count];
    let before = text[..first.start].chars().next_back();
    let digits: usize = lengths.iter().sum();
    let is_telephone = digits >= 9
        && count > 1
        && lengths != [3, 3, 3]
        && (lengths.iter().all(|length| *length <= 4) || text[first.start..].starts_with('0'))
        || digits >= 9 && count > 1 && text[first.start..].starts_with('0')
        || before == Some('+')
        || has_bracket && count > 1;
    let is_id = digits >= MIN_ID_DIGITS && count > 2;
    // `1 000 000`, and a personal number: `2 87 05 75`.
    let is_counted = matches!(lengths, [1, 3, 3, ..] | [1, 2, 2, 2, ..]);
    if is_telephone || is_id || is_counted {
        return Some((last.end, Shape::Number));
    }
    if lengths == [4, 4] && TOLL_FREE.contains(&&text[first.start..first.end]) {
        return Some((last.end, Shape::Number));
    }
    match lengths {
        [3, 3] | [2, 2, 2] | [4, 4] => Some((last.end, Shape::Digits)),
        [3, 3, 3 | 2] | [2, 3, 3] | [2, 2, 2, 2] | [3, 2 | 4] | [4 | 2, 2 | 3] => {
            Some((last.end, Shape::LongDigits))
        }
        // `417 88 2`
        [1..=3, 1..=3, 1..=3] if (6..=7).contains(&digits) => Some((last.end, Shape::LongDigits)),
        // Not a day and a year.
        [2, 4] if !matches!(text.get(last.start..last.start + 2), Some("19" | "20")) => {
            Some((last.end, Shape::LongDigits))
        }
        _ => None,
    }
}
