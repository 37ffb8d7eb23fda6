//! Ids: UUIDv7, so they sort by creation time and contain it. Each kind of object has its own type. With the feature `sea-orm`
//! an id is also a column type, so that entities hold ids and not bare UUIDs.

use std::{fmt, str::FromStr, sync::LazyLock};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::{ContextV7, Timestamp, Uuid};

use crate::random_bytes;

/// Keeps ids of one process in order within a millisecond, and when the clock steps back.
static CONTEXT: LazyLock<Mutex<ContextV7>> = LazyLock::new(|| Mutex::new(ContextV7::new()));

fn new_v7(at: OffsetDateTime) -> Uuid {
    let context = CONTEXT.lock();
    let seconds = u64::try_from(at.unix_timestamp()).unwrap_or(0);
    Uuid::new_v7(Timestamp::from_unix(&*context, seconds, at.nanosecond()))
}

/// The longest id that a client gives an operation: room for 32 random bytes in hexadecimal.
pub const MAX_CLAIM_BYTES: usize = 64;

/// The text is not the canonical form of a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct InvalidId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "sea-orm", derive(sea_orm::DeriveValueType))]
        #[serde(transparent)]
        pub struct $name(Uuid);

        #[cfg(feature = "sea-orm")]
        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }

        impl $name {
            /// Creates an id at a time. Later ids of this process sort after it.
            #[must_use]
            pub fn new(at: OffsetDateTime) -> Self {
                Self(new_v7(at))
            }

            /// Returns the smallest possible id of a time: the bound of a time range.
            #[must_use]
            pub fn floor(at: OffsetDateTime) -> Self {
                let millis = u64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
                let mut bytes = [0; 16];
                bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
                Self(Uuid::from_bytes(bytes))
            }

            /// Returns the creation time, to the millisecond; `None` for an id that is not a UUIDv7.
            #[must_use]
            pub fn created_at(self) -> Option<OffsetDateTime> {
                if self.0.get_version_num() != 7 {
                    return None;
                }
                let (seconds, nanos) = self.0.get_timestamp()?.to_unix();
                let seconds = i128::from(seconds) * 1_000_000_000;
                OffsetDateTime::from_unix_timestamp_nanos(seconds + i128::from(nanos)).ok()
            }

            /// Wraps a UUID that a store returned.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Returns the UUID, for a store.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.hyphenated(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            /// Parses the hyphenated form only, in either case.
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                if text.len() != 36 {
                    return Err(InvalidId);
                }
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId)
            }
        }
    };
}

id!(
    /// A mailbox, which the API calls an account.
    AccountId
);
id!(
    /// A Pro user.
    UserId
);
/// The Pro user to whom the sandbox of an open server belongs. Its id is a constant, so that no service has to look it up.
pub const LOCAL_USER: UserId = UserId::from_uuid(Uuid::from_u128(0x0000_0000_0000_7000_8000_006c_6f63_616c));

id!(
    /// A stored message.
    MessageId
);
impl MessageId {
    /// Returns this id, or an id shortly after `other` if this does not sort after it. So the message that is stored later in
    /// a mailbox has the larger id, whatever the clocks of the processes.
    #[must_use]
    pub fn after(self, other: Option<Self>) -> Self {
        match other {
            // A random step, so that two ids after the same one do not collide.
            Some(other) if other >= self => {
                let step = u128::from(u32::from_ne_bytes(random_bytes())) + 1;
                Self(Uuid::from_u128(other.0.as_u128().wrapping_add(step)))
            }
            _ => self,
        }
    }

    /// Returns the largest id that sorts before this one: an exclusive bound that this id is not before.
    #[must_use]
    pub fn predecessor(self) -> Self {
        Self(Uuid::from_u128(self.0.as_u128().saturating_sub(1)))
    }
}

id!(
    /// The bytes of a delivery, which its recipients share.
    RawMessageId
);
id!(
    /// Bytes of a message that are stored apart from its row.
    BlobId
);
id!(
    /// An outbox entry: a call to another service that a committed change requires.
    OutboxEntryId
);

id!(
    /// A Pro API token (its public id, not its value).
    TokenId
);
id!(
    /// A sandbox: a mailbox that captures what an application sends.
    SandboxId
);
id!(
    /// The password of a sandbox (its public id, not its value).
    SandboxCredentialId
);
id!(
    /// A mail domain.
    DomainId
);
id!(
    /// A webhook: a URL that a Pro user's events are posted to.
    WebhookId
);
id!(
    /// An event for one webhook. Receivers know it as `evt_…`.
    WebhookEventId
);
id!(
    /// An attempt to deliver an event, which api.md calls a delivery.
    AttemptId
);
id!(
    /// A block of an operator.
    BlockId
);
id!(
    /// An entry of the audit log.
    AuditEntryId
);
id!(
    /// An entry of the audit log of a Pro user.
    AuditEventId
);
id!(
    /// The holder of a lease: one process.
    HolderId
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock, SystemClock};

    #[test]
    fn new_ids_of_one_process_are_ordered() {
        let now = SystemClock.now();
        let ids: Vec<MessageId> = (0..10_000).map(|_| MessageId::new(now)).collect();
        assert!(ids.is_sorted());
        let earlier = MessageId::new(now - time::Duration::hours(1));
        assert!(earlier > ids[9_999], "ids stay ordered when the clock steps back");
    }

    #[test]
    fn after_returns_a_larger_id_of_the_same_time() {
        let now = SystemClock.now();
        let (first, second) = (MessageId::new(now), MessageId::new(now));
        assert_eq!(second.after(None), second);
        assert_eq!(second.after(Some(first)), second);
        for id in [first, second] {
            let next = id.after(Some(second));
            assert!(next > second);
            assert_eq!(next.created_at(), second.created_at());
        }
    }

    #[test]
    fn created_at_returns_the_time_of_new() {
        let at = OffsetDateTime::from_unix_timestamp_nanos(4_000_000_000_123_000_000).unwrap();
        let id = MessageId::new(at);
        assert_eq!(id.created_at(), Some(at));
        assert!(MessageId::floor(at) <= id);
        assert!(MessageId::floor(at + time::Duration::milliseconds(1)) > id);
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn parse_id_accepts_only_the_hyphenated_form() {
        for text in [
            "",
            "x",
            "0190000000007000800000000000000a",
            "{01900000-0000-7000-8000-00000000000a}",
        ] {
            assert_eq!(text.parse::<MessageId>(), Err(InvalidId), "{text}");
        }
        let v4: MessageId = "f47ac10b-58cc-4372-a567-0e02b2c3d479".parse().unwrap();
        assert_eq!(v4.created_at(), None);
    }
}
