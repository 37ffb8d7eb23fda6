//! Dates of header fields (RFC 5322 3.3 and 4.3), read as mail has them: parts in another order, names of zones, no zone.

use std::ops::RangeInclusive;

use time::{Date, Month, Time, UtcOffset};

use super::parameters::comment_len;

/// Examined length of a date.
const MAX_BYTES: usize = 200;

/// The years 1 to 9999 in UTC: what RFC 3339 can write and clients can represent.
const WRITABLE: RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// What was read of a date so far.
#[derive(Debug, Default)]
struct Draft {
    day: Option<u8>,
    month: Option<Month>,
    year: Option<i32>,
    time: Option<Time>,
    offset: Option<UtcOffset>,
}

/// Reads a date. Returns Unix seconds, `None` if a part is missing or out of range. Without a zone, the time is UTC.
pub(super) fn unix_secs(value: &[u8]) -> Option<i64> {
    let value = without_comments(&value[..value.len().min(MAX_BYTES)]);
    let mut draft = Draft::default();
    for token in value.split(|byte| byte.is_ascii_whitespace() || *byte == b',') {
        let token = std::str::from_utf8(token).ok()?;
        if !token.is_empty() {
            draft.add(token);
        }
    }
    draft.finish()
}

/// Replaces comments by blanks, such as the name of the zone at the end.
fn without_comments(value: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(value.len());
    let mut at = 0;
    while let Some(byte) = value.get(at) {
        let comment = if *byte == b'(' {
            comment_len(&value[at..])
        } else {
            None
        };
        plain.push(if comment.is_some() { b' ' } else { *byte });
        at += comment.unwrap_or(1);
    }
    plain
}

impl Draft {
    /// Adds a token. One that says nothing is skipped, such as the name of a day.
    fn add(&mut self, token: &str) {
        if token.contains(':') && self.time.is_none() {
            self.add_time(token);
        } else if let Some(number) = digits(token) {
            self.add_number(token.len(), number);
        } else if self.month.is_none()
            && let Some(month) = month(token)
        {
            self.month = Some(month);
        } else if let Some((time, is_afternoon)) = self.time.zip(afternoon(token)) {
            let hour = time.hour() % 12 + if is_afternoon { 12 } else { 0 };
            self.time = time.replace_hour(hour).ok();
        } else if self.time.is_some() {
            self.offset = self.offset.or_else(|| zone(token));
        } else {
            // `2-Jan-2026` and `2026-01-02`
            self.add_joined(token);
        }
    }

    fn add_number(&mut self, len: usize, number: u32) {
        // `029`, but `126` is a year.
        if self.day.is_none() && (len <= 2 || len == 3 && number <= 31) {
            self.day = u8::try_from(number).ok();
        } else if self.year.is_none() {
            self.year = year(len, number);
        }
    }

    /// Reads `3:04`, `03:04:05`, `03:04:05.678`, and a zone that follows without a blank.
    fn add_time(&mut self, token: &str) {
        if let Some((date, time)) = token.split_once(['T', 't'])
            && date.contains('-')
        {
            self.add_joined(date);
            return self.add_time(time);
        }
        let zone_at = token.find(|char: char| !char.is_ascii_digit() && char != ':' && char != '.');
        let (clock, zone_text) = token.split_at(zone_at.unwrap_or(token.len()));
        let mut parts = clock
            .split(':')
            .map(|part| part.split('.').next().and_then(digits));
        let hour_minute = parts.next().flatten().zip(parts.next().flatten());
        // A leap second is the last second of its minute.
        let second = parts
            .next()
            .map_or(Some(0), |second| second.map(|second| second.min(59)));
        self.time = hour_minute.zip(second).and_then(|((hour, minute), second)| {
            let [hour, minute, second] = [hour, minute, second].map(u8::try_from);
            Time::from_hms(hour.ok()?, minute.ok()?, second.ok()?).ok()
        });
        self.offset = self.offset.or_else(|| zone(zone_text));
    }

    fn add_joined(&mut self, token: &str) {
        let mut parts = token.split('-');
        let (Some(first), Some(second), Some(third)) = (parts.next(), parts.next(), parts.next()) else {
            return;
        };
        let is_year_first = first.len() == 4;
        let (day, year_text) = if is_year_first {
            (third, first)
        } else {
            (first, third)
        };
        let by_number = |text: &str| {
            let number = digits(text).filter(|_| is_year_first)?;
            Month::try_from(u8::try_from(number).ok()?).ok()
        };
        self.month = self.month.or_else(|| month(second)).or_else(|| by_number(second));
        self.day = self
            .day
            .or_else(|| digits(day).and_then(|day| u8::try_from(day).ok()));
        self.year = self
            .year
            .or_else(|| digits(year_text).and_then(|number| year(year_text.len(), number)));
    }

    fn finish(self) -> Option<i64> {
        let date = Date::from_calendar_date(self.year?, self.month?, self.day?).ok()?;
        let offset = self.offset.unwrap_or(UtcOffset::UTC);
        let secs = date.with_time(self.time?).assume_offset(offset).unix_timestamp();
        WRITABLE.contains(&secs).then_some(secs)
    }
}

/// Reads a number of at most four digits.
fn digits(text: &str) -> Option<u32> {
    let is_number = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// Completes a year of two or three digits (RFC 5322 4.3).
fn year(len: usize, number: u32) -> Option<i32> {
    let year = i32::try_from(number).ok()?;
    match len {
        2 if year < 50 => Some(2000 + year),
        2 | 3 => Some(1900 + year),
        4 => Some(year),
        _ => None,
    }
}

/// Reads `AM`, which is no afternoon, or `PM`.
fn afternoon(token: &str) -> Option<bool> {
    let is = |name: &str| token.eq_ignore_ascii_case(name);
    (is("AM") || is("PM")).then(|| is("PM"))
}

fn month(name: &str) -> Option<Month> {
    const NAMES: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let start = name.get(..3)?;
    let at = NAMES.iter().position(|known| known.eq_ignore_ascii_case(start))?;
    Month::try_from(u8::try_from(at + 1).ok()?).ok()
}

/// Reads `+0200`, `+02:00`, `+200` or the name of a zone. A name without a known meaning is UTC (RFC 5322 4.3).
fn zone(text: &str) -> Option<UtcOffset> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ if text.len() > 3 && has_prefix(text, "GMT") => return zone(&text[3..]),
        _ if text.len() > 3 && has_prefix(text, "UTC") => return zone(&text[3..]),
        _ => return named_zone(text),
    };
    let number: String = rest.chars().filter(|char| *char != ':').collect();
    let minutes = match (digits(&number)?, number.len()) {
        (number, 3 | 4) => number / 100 * 60 + number % 100,
        (hours, 1 | 2) => hours * 60,
        _ => return None,
    };
    let seconds = sign * 60 * i32::try_from(minutes).ok()?;
    UtcOffset::from_whole_seconds(seconds).ok()
}

fn named_zone(name: &str) -> Option<UtcOffset> {
    const ZONES: [(&str, i8); 8] = [
        ("EST", -5),
        ("EDT", -4),
        ("CST", -6),
        ("CDT", -5),
        ("MST", -7),
        ("MDT", -6),
        ("PST", -8),
        ("PDT", -7),
    ];
    if !name.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let known = ZONES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
    UtcOffset::from_hms(known.map_or(0, |(_, hours)| *hours), 0, 0).ok()
}

fn has_prefix(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
