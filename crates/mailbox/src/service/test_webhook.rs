//! Trying a webhook.

use mayfly_database::idempotency::Call;
use uuid::Uuid;

use super::{
    Service,
    list_webhooks::{must_be_active, webhook_ids},
};
use crate::{
    error::Error,
    store::{webhook_events, webhooks},
    webhooks::{NewEmail, new_event},
};

impl Service {
    /// Has a sample event told. Returns it.
    #[tracing::instrument(name = "mailbox.test_webhook", level = "debug", skip_all)]
    pub(crate) async fn test_webhook(
        &self,
        owner_user_id: &str,
        webhook_id: &str,
        idempotency_key: Option<&str>,
    ) -> Result<Uuid, Error> {
        let (owner, webhook) = webhook_ids(owner_user_id, webhook_id)?;
        let call = idempotency_key.map(|key| Call::new("test_webhook", owner, key, &[webhook_id]));
        let now = self.clock.now();
        let event = new_event(webhook, &NewEmail::sample(now), None, now);
        let tested = self.store.write_once("test_webhook", call, now, move |tx| {
            let event = event.clone();
            Box::pin(async move {
                must_be_active(webhooks::find(tx, owner.as_uuid(), webhook).await?)?;
                let id = event.id;
                webhook_events::insert(tx, vec![event]).await?;
                Ok(id)
            })
        });
        let event = tested.await?;
        self.webhooks.notify_one();
        Ok(event)
    }
}
