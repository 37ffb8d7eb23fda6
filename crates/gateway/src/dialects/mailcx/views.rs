//! The JSON shapes of the contract, and how they are made from what services answer. Every key is always there.

pub(crate) mod account;
pub(crate) mod domain;
pub(crate) mod message;
pub(crate) mod new_mail;
pub(crate) mod pro;
pub(crate) mod usage;
pub(crate) mod webhook;

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// RFC 3339 in UTC, whole seconds, `Z`.
pub(crate) fn timestamp(unix_secs: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(unix_secs).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    time.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn timestamps_are_whole_seconds_with_z() {
        assert_eq!(super::timestamp(1_767_323_045), "2026-01-02T03:04:05Z");
    }
}
