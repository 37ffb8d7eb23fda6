//! The two forms in which times leave the process: milliseconds for tables, RFC 3339 for JSON.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Returns a time as tables store it: milliseconds since the Unix epoch.
#[must_use]
pub fn unix_millis(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// Formats seconds since the Unix epoch as RFC 3339 in UTC, with a `Z`. A time out of range becomes the epoch.
#[must_use]
pub fn rfc3339(unix_secs: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(unix_secs).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    time.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_is_whole_seconds_with_z() {
        assert_eq!(rfc3339(1_767_323_045), "2026-01-02T03:04:05Z");
        assert_eq!(rfc3339(i64::MAX), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn unix_millis_drops_the_fraction() {
        let at = OffsetDateTime::from_unix_timestamp_nanos(1_767_323_045_678_999_999).unwrap();
        assert_eq!(unix_millis(at), 1_767_323_045_678);
    }
}
