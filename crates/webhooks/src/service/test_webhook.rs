//! Sends a sample event to a webhook.

use mayfly_types::{OwnerAccess, WebhookEventId, WebhookId};

use super::{Webhooks, call, ensure_active};
use crate::{
    error::Error,
    event::sample_event,
    store::{events, webhooks},
};

impl Webhooks {
    /// Inserts a sample event. Returns it.
    ///
    /// # Errors
    /// `NotFound` when the Pro user has no such webhook, `WebhookFailed` when it is not active.
    #[tracing::instrument(name = "webhooks.test_webhook", level = "debug", skip_all)]
    pub async fn test_webhook(
        &self,
        owner: OwnerAccess,
        webhook: WebhookId,
        idempotency_key: Option<&str>,
    ) -> Result<WebhookEventId, Error> {
        let call = idempotency_key.map(|key| call(&owner, "test_webhook", key, &[&webhook.to_string()]));
        let now = self.clock.now();
        let event = sample_event(webhook, owner.user, now);
        let tested = self.store.write_once("test_webhook", call, now, move |tx| {
            let (owner, event) = (owner.clone(), event.clone());
            Box::pin(async move {
                ensure_active(webhooks::find(tx, &owner, webhook).await?)?;
                let id = event.id;
                events::insert(tx, vec![event]).await?;
                Ok(id)
            })
        });
        let event = tested.await?;
        self.wake();
        Ok(event)
    }
}
