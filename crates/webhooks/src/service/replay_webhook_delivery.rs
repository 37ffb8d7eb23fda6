//! Delivers an event again.

use mayfly_database::idempotency::Call;
use mayfly_types::{AttemptId, UserId, WebhookEventId, WebhookId};

use super::{Webhooks, ensure_active};
use crate::{
    error::Error,
    store::{attempts, events, millis, webhooks},
};

impl Webhooks {
    /// Schedules the event of an attempt again, with the same id and body. Returns the event.
    ///
    /// # Errors
    /// `NotFound` when the Pro user has no such webhook or attempt, `WebhookFailed` when the webhook is not active.
    #[tracing::instrument(name = "webhooks.replay_webhook_delivery", level = "debug", skip_all)]
    pub async fn replay_webhook_delivery(
        &self,
        owner: UserId,
        webhook: WebhookId,
        attempt: AttemptId,
        idempotency_key: Option<&str>,
    ) -> Result<WebhookEventId, Error> {
        let call = idempotency_key.map(|key| {
            let fields = [webhook.to_string(), attempt.to_string()];
            Call::new(
                "replay_webhook_delivery",
                owner,
                key,
                &fields.each_ref().map(String::as_str),
            )
        });
        let now = self.clock.now();
        let replayed = self
            .store
            .write_once("replay_webhook_delivery", call, now, move |tx| {
                Box::pin(async move {
                    ensure_active(webhooks::find(tx, owner, webhook).await?)?;
                    let attempt = attempts::find(tx, webhook, attempt).await?;
                    let event = attempt.ok_or(Error::NotFound)?.event_id;
                    if events::replay(tx, event, millis(now)).await? {
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
