//! Lists the system domains.

use super::Service;
use crate::{
    error::Error,
    store::{domains, entities::domain},
};

impl Service {
    /// Returns how long mail is kept in mailboxes.
    pub(crate) fn retention_secs(&self) -> i64 {
        i64::try_from(self.config.retention.0.as_secs()).unwrap_or(i64::MAX)
    }

    /// Lists the system domains in order; the first is the default.
    #[tracing::instrument(name = "mailbox.list_domains", level = "debug", skip_all)]
    pub(crate) async fn list_domains(&self) -> Result<Vec<domain::Model>, Error> {
        self.store
            .read("list_domains", |c| {
                Box::pin(async move { Ok(domains::list(c).await?) })
            })
            .await
    }
}
