//! Telling an event again.

use mayfly_types::DeliveryId;
use uuid::Uuid;

use super::Service;
use crate::{
    error::Error,
    store::{millis, webhook_events},
};

impl Service {
    /// Has the event of an attempt told again, with the same id and body. Returns the event.
    #[tracing::instrument(name = "mailbox.replay_webhook_delivery", level = "debug", skip_all)]
    pub(crate) async fn replay_webhook_delivery(
        &self,
        owner_user_id: &str,
        webhook_id: &str,
        delivery_id: &str,
    ) -> Result<Uuid, Error> {
        let webhook = self.active_webhook(owner_user_id, webhook_id).await?.id;
        let id: DeliveryId = delivery_id.parse().map_err(|_| Error::NotFound)?;
        let now_ms = millis(self.clock.now());
        let replayed = self.store.write("replay_webhook_delivery", None, move |tx| {
            Box::pin(async move {
                let attempt = webhook_events::find_attempt(tx, webhook, id.as_uuid()).await?;
                let event = attempt.ok_or(Error::NotFound)?.event_id;
                if webhook_events::replay(tx, event, now_ms).await? {
                    Ok(event)
                } else {
                    Err(Error::NotFound)
                }
            })
        });
        let event = replayed.await?;
        self.webhooks.notify_one();
        Ok(event)
    }
}
