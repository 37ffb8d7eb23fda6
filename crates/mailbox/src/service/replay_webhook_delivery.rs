//! Telling an event again.

use mayfly_database::idempotency::Call;
use mayfly_types::DeliveryId;
use uuid::Uuid;

use super::{
    Service,
    list_webhooks::{must_be_active, webhook_ids},
};
use crate::{
    error::Error,
    store::{millis, webhook_events, webhooks},
};

impl Service {
    /// Has the event of an attempt told again, with the same id and body. Returns the event.
    #[tracing::instrument(name = "mailbox.replay_webhook_delivery", level = "debug", skip_all)]
    pub(crate) async fn replay_webhook_delivery(
        &self,
        owner_user_id: &str,
        webhook_id: &str,
        delivery_id: &str,
        idempotency_key: Option<&str>,
    ) -> Result<Uuid, Error> {
        let (owner, webhook) = webhook_ids(owner_user_id, webhook_id)?;
        let id: DeliveryId = delivery_id.parse().map_err(|_| Error::NotFound)?;
        let fields = [webhook_id, delivery_id];
        let call = idempotency_key.map(|key| Call::new("replay_webhook_delivery", owner, key, &fields));
        let now = self.clock.now();
        let replayed = self
            .store
            .write_once("replay_webhook_delivery", call, now, move |tx| {
                Box::pin(async move {
                    must_be_active(webhooks::find(tx, owner.as_uuid(), webhook).await?)?;
                    let attempt = webhook_events::find_attempt(tx, webhook, id.as_uuid()).await?;
                    let event = attempt.ok_or(Error::NotFound)?.event_id;
                    if webhook_events::replay(tx, event, millis(now)).await? {
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
