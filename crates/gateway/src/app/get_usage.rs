//! What a Pro user's mailboxes received, and what they hold.

use mayfly_proto::mailbox::{GetUsageRequest, GetUsageResponse, ListUsageDaysRequest, ListUsageDaysResponse};
use mayfly_rpc::Failure;

use super::App;

const DAY_SECS: i64 = 86_400;
/// In days.
const LONGEST_MONTH: u32 = 31;

/// The usage of a Pro user.
pub(crate) struct Usage {
    pub(crate) days: ListUsageDaysResponse,
    pub(crate) now: GetUsageResponse,
}

impl App {
    /// Returns the usage of the last days and of this moment.
    ///
    /// # Errors
    /// `InvalidRequest` when the number of days is out of bounds.
    pub(crate) async fn get_usage(&self, owner_user_id: String, days: u32) -> Result<Usage, Failure> {
        let (mut listing, mut counting) = (self.mailbox(), self.mailbox());
        let days = listing.list_usage_days(ListUsageDaysRequest {
            owner_user_id: owner_user_id.clone(),
            days,
        });
        let now = counting.get_usage(GetUsageRequest { owner_user_id });
        let (days, now) = tokio::try_join!(days, now)?;
        Ok(Usage {
            days: days.into_inner(),
            now: now.into_inner(),
        })
    }

    /// Counts the mails that a Pro user's mailboxes have received in this calendar month, in UTC.
    ///
    /// # Errors
    /// When the service cannot answer.
    pub(crate) async fn count_received_this_month(&self, owner_user_id: String) -> Result<i64, Failure> {
        let now = self.clock.now();
        let today = now.unix_timestamp().div_euclid(DAY_SECS);
        let first = today + 1 - i64::from(now.day());
        let request = ListUsageDaysRequest {
            owner_user_id,
            days: LONGEST_MONTH,
        };
        let days = self.mailbox().list_usage_days(request).await?.into_inner().days;
        let of_month = days.iter().filter(|day| day.day >= first);
        Ok(of_month.map(|day| day.messages).sum())
    }
}
