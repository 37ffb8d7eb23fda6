//! What a Pro user's mailboxes received, and what they hold.

use mayfly_proto::mailbox::{GetUsageRequest, GetUsageResponse, ListUsageDaysRequest, ListUsageDaysResponse};
use mayfly_rpc::Failure;

use super::App;

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
}
