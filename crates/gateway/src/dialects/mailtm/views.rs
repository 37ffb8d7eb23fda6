//! The JSON shapes of mail.tm, converted from the answers of services. Every key is always present; clients refuse others.

pub(crate) mod account;
pub(crate) mod domain;
pub(crate) mod message;
pub(crate) mod message_list;
pub(crate) mod node;
pub(crate) mod source;

use mayfly_types::rfc3339;

/// Formats seconds since the Unix epoch as clients parse times: with `+00:00`, never `Z`.
fn timestamp(unix_secs: i64) -> String {
    let mut time = rfc3339(unix_secs);
    time.truncate(time.len().saturating_sub("Z".len()));
    time.push_str("+00:00");
    time
}

#[cfg(test)]
mod tests {
    #[test]
    fn timestamp_has_offset_in_digits() {
        assert_eq!(super::timestamp(1_767_323_045), "2026-01-02T03:04:05+00:00");
    }
}
