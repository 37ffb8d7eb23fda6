//! Returns how much of their limits a Pro user uses.

use mayfly_types::UserId;

use super::{Service, custom_domains as rules};
use crate::{
    error::Error,
    store::{custom_domains, mailboxes, millis},
};

/// Counts and limits of a Pro user.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) account_count: i64,
    pub(crate) max_accounts: i64,
    pub(crate) domain_count: i64,
    pub(crate) max_domains: i64,
    /// Of all mailboxes together.
    pub(crate) used_bytes: i64,
}

impl Service {
    /// Returns the counts and limits of a Pro user.
    #[tracing::instrument(name = "mailbox.get_usage", level = "debug", skip_all)]
    pub(crate) async fn get_usage(&self, owner: UserId) -> Result<Usage, Error> {
        let pending_since_ms = millis(self.clock.now() - rules::PENDING);
        let ((account_count, used_bytes), domain_count) = self
            .store
            .read("count_usage", |c| {
                Box::pin(async move {
                    Ok((
                        mailboxes::count_active(c, owner).await?,
                        custom_domains::count(c, owner, pending_since_ms).await?,
                    ))
                })
            })
            .await?;
        Ok(Usage {
            account_count,
            max_accounts: i64::from(self.config.max_accounts),
            domain_count: i64::try_from(domain_count).unwrap_or(i64::MAX),
            max_domains: i64::from(self.config.max_domains),
            used_bytes,
        })
    }
}
