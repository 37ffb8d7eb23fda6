//! The tables, as sea-orm sees them.
#![expect(unreachable_pub, reason = "the derives make their companions public")]

pub(crate) mod removed_webhook;
pub(crate) mod webhook;
pub(crate) mod webhook_attempt;
pub(crate) mod webhook_event;
