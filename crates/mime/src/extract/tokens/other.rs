//! Groups of letters and digits that are no code by their form.

use super::Group;

/// Reports whether a group is a time of day: `18h55`.
pub(super) fn is_time(text: &str) -> bool {
    let is_number =
        |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once(['h', 'H'])
        .is_some_and(|(hour, minute)| is_number(hour) && is_number(minute))
}

/// Hexadecimal digits of a token to type.
const TOKEN_CHARS: usize = 32;

/// Reports whether a text is a token of 32 hexadecimal digits, with letters of one case.
pub(in super::super) fn is_token(text: &str) -> bool {
    let all = |is: fn(&u8) -> bool| text.as_bytes().iter().all(is);
    let any = |is: fn(&u8) -> bool| text.as_bytes().iter().any(is);
    text.len() == TOKEN_CHARS
        && all(u8::is_ascii_hexdigit)
        && any(u8::is_ascii_digit)
        && any(u8::is_ascii_alphabetic)
        && !(any(u8::is_ascii_lowercase) && any(u8::is_ascii_uppercase))
}

/// Reports whether a group is a hexadecimal number: `0x80070643`.
pub(super) fn is_hexadecimal(text: &str) -> bool {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Reports whether a group counts records of one kind: `CHG0048291`, `INC1204417`, and by year: `CVE-2026-104821`.
pub(super) fn is_record(group: &Group, text: &str) -> bool {
    let capitals = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let is_counted = group.count == 1
        && (3..=4).contains(&capitals)
        && group.digits >= 7
        && capitals + group.digits == group.chars;
    is_counted || is_of_year(text)
}

/// Reports whether a group is letters, a year and a number.
fn is_of_year(text: &str) -> bool {
    let mut parts = text.split('-');
    let (Some(kind), Some(year), Some(number), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    kind.bytes().all(|byte| byte.is_ascii_alphabetic())
        && year.len() == 4
        && (year.starts_with("20") || year.starts_with("19"))
        && is_number(year)
        && is_number(number)
}

/// Reports whether a group is a day with the name of its month: `26-Nov-2026`.
pub(super) fn is_day(text: &str) -> bool {
    let mut parts = text.split('-');
    let (Some(day), Some(month), Some(year), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    (1..=2).contains(&day.len())
        && is_number(day)
        && month.len() >= 3
        && month.bytes().all(|byte| byte.is_ascii_alphabetic())
        && month.bytes().skip(1).any(|byte| byte.is_ascii_lowercase())
        && matches!(year.len(), 2 | 4)
        && is_number(year)
}

/// Reports whether a group is the visible end of a number behind letters that hide the rest: `XX4821`.
pub(super) fn is_hidden(text: &str) -> bool {
    let digits = text.trim_start_matches(['X', 'x']);
    text.len() >= digits.len() + 2 && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}
