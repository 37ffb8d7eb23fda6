//! Groups of letters and digits that are no code by their form.

use super::Group;

/// Reports whether a group is a time of day: `18h55`.
pub(super) fn is_time(text: &str) -> bool {
    let is_number =
        |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once(['h', 'H'])
        .is_some_and(|(hour, minute)| is_number(hour) && is_number(minute))
}

/// Reports whether a group is a hexadecimal number: `0x80070643`.
pub(super) fn is_hexadecimal(text: &str) -> bool {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Reports whether a group counts records of one kind: `CHG0048291`, `INC1204417`.
pub(super) fn is_record(group: &Group, text: &str) -> bool {
    let capitals = text.bytes().take_while(u8::is_ascii_uppercase).count();
    group.count == 1
        && (3..=4).contains(&capitals)
        && group.digits >= 7
        && capitals + group.digits == group.chars
}
