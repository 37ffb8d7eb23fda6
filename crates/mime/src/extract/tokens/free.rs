//! Whether a group stands for itself: the characters around it do not make it part of something else.

use super::Group;

/// Reports whether the characters around a group do not make it part of something else.
pub(super) fn stands_free(text: &str, group: &Group) -> bool {
    let before = text[..group.start].chars().next_back();
    let after = text[group.end..].chars().next();
    let is_part = |char: char| {
        char.is_alphabetic() && char < '\u{590}'
            || matches!(char, '@' | '/' | '=' | '&' | '_' | '\\' | '%' | '\u{b0}')
    };
    let is_prefix = |char: char| {
        is_part(char)
            || matches!(
                char,
                '\u{2116}' | '$' | '\u{20ac}' | '\u{a3}' | '\u{a5}' | '\u{ffe5}' | '\u{3012}'
            )
    };
    // `acme/rocket#4821`, and behind a title: `(#4821)`
    let is_reference = before == Some('#')
        && (text[..group.start - 1].ends_with(|char: char| char.is_alphanumeric())
            || text[..group.start - 1].ends_with(" (") && after == Some(')'));
    // `pQ2w` of `Xk7!pQ2w`
    let is_mark = |char: char| matches!(char, '!' | '?' | '$' | '^');
    let is_letter_or_digit = |char: char| char.is_ascii_alphanumeric();
    let is_of_password = group.digits < group.chars
        && (before.is_some_and(is_mark) && text[..group.start - 1].ends_with(is_letter_or_digit)
            || after.is_some_and(is_mark) && text[group.end + 1..].starts_with(is_letter_or_digit));
    // `BG80` and `4418` of `BG80*4418`, but not `*4418#` for a keypad
    let is_hidden = group.chars == 4
        && group.digits == 4
        && before == Some('*')
        && !matches!(after, Some('*' | '#'))
        && text[..group.start - 1].ends_with([' ', '('])
        && text[..group.start - 1].trim_end().ends_with(char::is_alphabetic);
    let is_masked = is_hidden
        || before == Some('*') && text[..group.start - 1].ends_with(is_letter_or_digit)
        || after == Some('*') && text[group.end + 1..].starts_with(is_letter_or_digit);
    !is_reference
        && !is_masked
        && !is_of_password
        && !before.is_some_and(is_prefix)
        && !after.is_some_and(is_part)
        && !is_end_of_hidden(&text[..group.start])
        && !is_end_of_card(text, group)
        && !is_start_of_hidden(&text[group.end..])
}

/// What hides the digits of a card or an account.
const HIDING: [&str; 8] = [
    "***",
    "\u{2022}\u{2022}",
    "\u{25cf}\u{25cf}",
    "\u{2217}\u{2217}",
    "\u{ff0a}\u{ff0a}",
    "\u{b7}\u{b7}",
    "xxx",
    "XXX",
];
/// Visible digits of a card.
const CARD_DIGITS: usize = 4;
/// Searched bytes of a line for the end of a bold text.
const BOLD_BYTES: usize = 120;

/// Reports whether the next token is the visible end of a masked card or account number.
fn is_end_of_hidden(before: &str) -> bool {
    let before = before.trim_end_matches([' ', '\u{a0}', '-']);
    HIDING.iter().any(|hidden| before.ends_with(hidden))
}

/// Reports whether two stars or dots hide the start of a card number: `card **2049`, `card ..2049`, but not `**2049**`, which is bold.
fn is_end_of_card(text: &str, group: &Group) -> bool {
    if group.chars != CARD_DIGITS || group.digits != CARD_DIGITS {
        return false;
    }
    let marks = ["**", "..", "\u{2026}"];
    let before = marks
        .iter()
        .find_map(|mark| text[..group.start].strip_suffix(mark));
    let line = &text[group.end..text.floor_char_boundary((group.end + BOLD_BYTES).min(text.len()))];
    let line = line.split('\n').next().unwrap_or_default();
    let is_closing = |(at, _): (usize, &str)| !line[..at].ends_with(' ');
    before.is_some_and(|before| {
        before
            .trim_end_matches(['*', '.'])
            .ends_with([' ', '\u{a0}', '('])
            && !line.match_indices("**").any(is_closing)
    })
}

/// Reports whether the token before is the visible start of a masked number: `2 87 05 75 *** ***`.
fn is_start_of_hidden(after: &str) -> bool {
    let after = after.trim_start_matches([' ', '\u{a0}', '-']);
    HIDING.iter().any(|hidden| after.starts_with(hidden))
}
