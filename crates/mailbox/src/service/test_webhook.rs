//! Trying a webhook.

use uuid::Uuid;

use super::Service;
use crate::{
    error::Error,
    store::webhook_events,
    webhooks::{NewEmail, new_event},
};

impl Service {
    /// Has a sample event told. Returns it.
    #[tracing::instrument(name = "mailbox.test_webhook", level = "debug", skip_all)]
    pub(crate) async fn test_webhook(&self, owner_user_id: &str, webhook_id: &str) -> Result<Uuid, Error> {
        let webhook = self.active_webhook(owner_user_id, webhook_id).await?.id;
        let now = self.clock.now();
        let event = new_event(webhook, &NewEmail::sample(now), None, now);
        let id = event.id;
        self.store
            .write("test_webhook", None, move |tx| {
                let event = event.clone();
                Box::pin(async move { Ok(webhook_events::insert(tx, vec![event]).await?) })
            })
            .await?;
        self.webhooks.notify_one();
        Ok(id)
    }
}
