//! Lists how much mail a Pro user received, by day.

use mayfly_types::UserId;

use super::Service;
use crate::{
    error::Error,
    model,
    store::{entities::usage_day::Model as UsageDay, usage_days},
};

impl Service {
    /// Lists how much mail a Pro user's mailboxes received on each of the last days, oldest first.
    ///
    /// # Errors
    /// `InvalidRequest` for zero days, or more than are kept.
    #[tracing::instrument(name = "mailbox.list_usage_days", level = "debug", skip_all)]
    pub(crate) async fn list_usage_days(&self, owner: UserId, days: u32) -> Result<Vec<UsageDay>, Error> {
        let days = i64::from(days);
        if !(1..=model::USAGE_DAYS).contains(&days) {
            return Err(Error::InvalidRequest("days: must be between 1 and 90"));
        }
        let today = model::day_of(self.clock.now());
        let first = today - days + 1;
        let listed = self.store.read("list_usage_days", |c| {
            Box::pin(async move { Ok(usage_days::list_since(c, owner, first).await?) })
        });
        let mut listed = listed.await?.into_iter().peekable();
        let day = |day| {
            let found = listed.next_if(|listed| listed.day == day);
            found.unwrap_or(UsageDay {
                owner_user_id: owner,
                day,
                messages: 0,
                bytes: 0,
            })
        };
        Ok((first..=today).map(day).collect())
    }
}
