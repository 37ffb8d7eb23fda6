//! The tables, as sea-orm sees them.
#![expect(unreachable_pub, reason = "the derives make their companions public")]

pub(crate) mod acme_state;
pub(crate) mod address_lock;
pub(crate) mod blob_owner;
pub(crate) mod blob_part;
pub(crate) mod block;
pub(crate) mod clock_mark;
pub(crate) mod custom_domain;
pub(crate) mod domain;
pub(crate) mod mailbox;
pub(crate) mod message;
pub(crate) mod open_mailbox;
pub(crate) mod open_message;
pub(crate) mod outbox_entry;
pub(crate) mod owner;
pub(crate) mod raw_message;
pub(crate) mod sandbox;
pub(crate) mod usage_day;
