//! Delivers an event again.

use mayfly_types::{AttemptId, OwnerAccess, WebhookEventId, WebhookId, unix_millis};

use super::{Webhooks, call, ensure_active};
use crate::{
    error::Error,
    store::{attempts, events, webhooks},
};

impl Webhooks {
    /// Schedules the event of an attempt again, with the same id and body. Returns the event.
    ///
    /// # Errors
    /// `NotFound` when the Pro user has no such webhook or attempt, `WebhookFailed` when the webhook is not active.
    #[tracing::instrument(name = "webhooks.replay_webhook_delivery", level = "debug", skip_all)]
    pub async fn replay_webhook_delivery(
        &self,
        owner: OwnerAccess,
        webhook: WebhookId,
        attempt: AttemptId,
        idempotency_key: Option<&str>,
    ) -> Result<WebhookEventId, Error> {
        let call = idempotency_key.map(|key| {
            let fields = [webhook.to_string(), attempt.to_string()];
            call(
                &owner,
                "replay_webhook_delivery",
                key,
                &fields.each_ref().map(String::as_str),
            )
        });
        let now = self.clock.now();
        let replayed = self
            .store
            .write_once("replay_webhook_delivery", call, now, move |tx| {
                let owner = owner.clone();
                Box::pin(async move {
                    ensure_active(webhooks::find(tx, &owner, webhook).await?)?;
                    let attempt = attempts::find(tx, webhook, attempt).await?;
                    let event = attempt.ok_or(Error::NotFound)?.event_id;
                    if events::replay(tx, event, unix_millis(now)).await? {
                        Ok(event)
                    } else {
                        Err(Error::NotFound)
                    }
                })
            });
        let event = replayed.await?;
        self.wake();
        Ok(event)
    }
}
