//! The newest attempts to tell a webhook something.

use super::Service;
use crate::{
    error::Error,
    store::{entities::webhook_attempt::Model as Attempt, webhook_events},
};

const SHOWN: u64 = 20;

impl Service {
    /// Lists a webhook's newest attempts, newest first.
    #[tracing::instrument(name = "mailbox.list_webhook_deliveries", level = "debug", skip_all)]
    pub(crate) async fn list_webhook_deliveries(
        &self,
        owner_user_id: &str,
        webhook_id: &str,
    ) -> Result<Vec<Attempt>, Error> {
        let id = self.webhook(owner_user_id, webhook_id).await?.id;
        self.store
            .read("list_webhook_deliveries", |c| {
                Box::pin(async move { Ok(webhook_events::list_attempts(c, id, SHOWN).await?) })
            })
            .await
    }
}
