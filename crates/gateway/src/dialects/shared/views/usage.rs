//! How much mail a Pro user receives.

use mayfly_proto::mailbox::{GetUsageResponse, ListUsageDaysResponse, UsageDay};
use serde::Serialize;
use utoipa::ToSchema;

use super::timestamp;

const SECS_PER_DAY: i64 = 24 * 60 * 60;

/// What the user's mailboxes received lately, and their present size.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Usage {
    /// Oldest first, today last; days without mail are included.
    days: Vec<DayOfUsage>,
    account_count: i64,
    /// Bytes of all present messages.
    used: i64,
}

/// What was received on a day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DayOfUsage {
    /// In UTC.
    #[schema(format = Date)]
    day: String,
    /// One for each mailbox that received it, deleted messages included.
    messages: i64,
    bytes: i64,
}

impl Usage {
    pub(crate) fn new(days: ListUsageDaysResponse, now: GetUsageResponse) -> Self {
        Self {
            days: days.days.into_iter().map(Into::into).collect(),
            account_count: now.account_count,
            used: now.used_bytes,
        }
    }
}

impl From<UsageDay> for DayOfUsage {
    fn from(day: UsageDay) -> Self {
        let mut date = timestamp(day.day.saturating_mul(SECS_PER_DAY));
        date.truncate("2026-01-02".len());
        Self {
            day: date,
            messages: day.messages,
            bytes: day.bytes,
        }
    }
}
