//! Counts for operators.

use mayfly_webhooks::WebhookCounts;

use crate::{
    error::Error,
    service::Service,
    store::{
        millis,
        statistics::{self, Statistics},
    },
};

/// What is stored, webhooks included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) stored: Statistics,
    pub(crate) webhooks: WebhookCounts,
}

impl Service {
    /// Counts what is stored. It reads whole indexes, so only operators can call it.
    #[tracing::instrument(name = "mailbox.get_statistics", level = "debug", skip_all)]
    pub(crate) async fn get_statistics(&self) -> Result<Counts, Error> {
        let now_ms = millis(self.clock.now());
        let stored = self.store.read("get_statistics", |c| {
            Box::pin(async move { Ok(statistics::count(c, now_ms).await?) })
        });
        Ok(Counts {
            stored: stored.await?,
            webhooks: self.webhooks.count_webhooks().await?,
        })
    }
}
