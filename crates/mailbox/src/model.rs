//! Pure rules about time and addresses: no I/O, and the time is passed in.

use mayfly_types::{AccountId, Address, MessageId};
use time::{Duration, OffsetDateTime};

use crate::{
    error::Error,
    store::{Hold, Mailbox, millis},
};

/// How long a reservation holds an address.
pub(crate) const LEASE: Duration = Duration::seconds(60);
/// The period at which the use of a mailbox is recorded.
const TOUCH_EVERY: Duration = Duration::days(1);

/// How many days of usage are kept.
pub(crate) const USAGE_DAYS: i64 = 90;

/// Returns the UTC day of a time, in days since 1970.
pub(crate) fn day_of(at: OffsetDateTime) -> i64 {
    at.unix_timestamp().div_euclid(86_400)
}

/// Returns whether the mailbox that has an address still blocks it for others.
pub(crate) fn is_held(mailbox: &Mailbox, tombstone: Duration, now: OffsetDateTime) -> bool {
    let now_ms = millis(now);
    match mailbox.state.hold() {
        Hold::Always => true,
        Hold::WhileLeased => mailbox.lease_expires_at_ms.is_some_and(|lease| lease > now_ms),
        Hold::AsTombstone => {
            let deleted_at_ms = mailbox.deleted_at_ms.unwrap_or(now_ms);
            let kept_ms = i64::try_from(tombstone.whole_milliseconds()).unwrap_or(i64::MAX);
            deleted_at_ms.saturating_add(kept_ms) > now_ms
        }
    }
}

/// Returns `user@` of `user+tag@`.
pub(crate) fn untagged(address: &Address) -> Option<Address> {
    let (user, _) = address.local_part().split_once('+')?;
    format!("{user}@{}", address.domain()).parse().ok()
}

/// Returns the address that a mailbox keeps when another user has proved its domain. No server receives mail below `.invalid`
/// (RFC 2606).
pub(crate) fn detached(address: &str, id: AccountId) -> String {
    let id = id.as_uuid().simple();
    let whole = format!("{address}.{id}.invalid");
    match whole.parse::<Address>() {
        Ok(_) => whole,
        // The name would be too long.
        Err(_) => format!("mailbox@{id}.invalid"),
    }
}

/// Returns whether the use of a mailbox must be recorded again.
pub(crate) fn is_touch_due(last_active_at_ms: i64, now: OffsetDateTime) -> bool {
    last_active_at_ms <= millis(now - TOUCH_EVERY)
}

/// Returns whether a mailbox has room for a message. A message of unknown size needs at least one byte.
pub(crate) fn has_room(mailbox: &Mailbox, size_bytes: i64) -> bool {
    mailbox.used_bytes.saturating_add(size_bytes.max(1)) <= mailbox.quota_bytes
}

/// Returns how many bytes a mailbox has received on a day.
pub(crate) fn received_on(mailbox: &Mailbox, day: i64) -> i64 {
    if mailbox.received_day == day {
        mailbox.received_bytes
    } else {
        0
    }
}

/// Parses the id of a message within the retention.
///
/// # Errors
/// `Expired` for an id made before `oldest`, whether or not the message existed; `NotFound` for a malformed id.
pub(crate) fn live_message_id(text: &str, oldest: OffsetDateTime) -> Result<MessageId, Error> {
    let id: MessageId = text.parse().map_err(|_| Error::NotFound)?;
    match id.created_at() {
        None => Err(Error::NotFound),
        Some(_) if id < MessageId::floor(oldest) => Err(Error::Expired),
        Some(_) => Ok(id),
    }
}
