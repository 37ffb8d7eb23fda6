//! Times and sizes in a query.

use time::{
    Date, Duration, OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description,
};

use crate::zone::Zone;

/// Parses a time: RFC 3339, a day in a time zone (its first moment), or an age such as `15m`.
pub(crate) fn parse_time(text: &str, now: OffsetDateTime, zone: &Zone) -> Option<OffsetDateTime> {
    if let Some(age) = parse_age(text) {
        return now.checked_sub(age);
    }
    if let Ok(day) = Date::parse(text, format_description!("[year]-[month]-[day]")) {
        return zone.start_of(day);
    }
    OffsetDateTime::parse(&text.to_ascii_uppercase(), &Rfc3339).ok()
}

/// Parses an age in seconds, minutes, hours or days.
fn parse_age(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let number = &text[..text.len() - unit.len_utf8()];
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = match unit.to_ascii_lowercase() {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return None,
    };
    let number: i64 = number.parse().ok()?;
    Some(Duration::seconds(number.checked_mul(seconds)?))
}

/// Parses a size: bytes, or a number with the unit `k` or `m` of 1,024 or 1,024² bytes.
pub(crate) fn parse_size(text: &str) -> Option<i64> {
    let text = text.to_ascii_lowercase();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "b" => 1,
        "k" | "kb" => 1 << 10,
        "m" | "mb" => 1 << 20,
        _ => return None,
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || fraction.len() > 6 || (unit == 1 && digits != whole) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let scale = 10_i64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let fraction: i64 = fraction.parse().ok()?;
    whole.checked_mul(unit)?.checked_add(fraction * unit / scale)
}
