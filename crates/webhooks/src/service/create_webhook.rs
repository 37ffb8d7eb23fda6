//! Creates a webhook.

use mayfly_types::{OwnerAccess, WebhookId, unix_millis};
use serde::{Deserialize, Serialize};

use super::{Webhooks, call, list_webhooks::Webhook, update_webhook::checked_filter};
use crate::{
    error::Error,
    event::EVENT_TYPE,
    secret::new_secret,
    store::{
        entities::webhook::{Model, State},
        webhooks,
    },
};

/// A new webhook.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CreatedWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// Its secret. No later call returns it, except a repeated one with the same idempotency key.
    pub secret: String,
}

impl Webhooks {
    /// Creates a webhook.
    ///
    /// # Errors
    /// When the URL, an event, the filter or the number of webhooks is not allowed.
    #[tracing::instrument(name = "webhooks.create_webhook", level = "debug", skip_all)]
    pub async fn create_webhook(
        &self,
        owner: OwnerAccess,
        url: String,
        events: &[String],
        filter: String,
        idempotency_key: Option<&str>,
    ) -> Result<CreatedWebhook, Error> {
        if events.iter().any(|event| event != EVENT_TYPE) {
            return Err(Error::InvalidEvents);
        }
        let filter = checked_filter(filter)?;
        let call = idempotency_key.map(|key| {
            // No event has such a name.
            let filter = filter.as_ref().map(|filter| format!("filter:{filter}"));
            let fields = [&url]
                .into_iter()
                .chain(events)
                .chain(&filter)
                .map(String::as_str);
            call(&owner, "create_webhook", key, &fields.collect::<Vec<_>>())
        });
        // Returned from the effect only: a repeated call succeeds even if the name resolves elsewhere now.
        let checked = self.client.check(&url).await;
        let limits = owner.limits.as_deref().map(serde_json::to_string).transpose();
        let now = self.clock.now();
        let (id, secret) = (WebhookId::new(now), new_secret());
        let row = Model {
            id,
            owner_user_id: owner.user,
            url,
            state: State::Active,
            sealed_secret: self.secrets.seal(id, &secret)?,
            sealed_old_secret: None,
            old_secret_until_ms: None,
            failure_count: 0,
            answered_in_ms: None,
            last_triggered_at_ms: None,
            created_at_ms: unix_millis(now),
            paused_at_ms: None,
            suspended_at_ms: None,
            filter,
            created_by_token_id: owner.creator(),
            limits: limits.map_err(|_| Error::Defect("limits are no JSON"))?,
        };
        let owner = owner.user;
        let (max, lock_owner) = (u64::from(self.limits.max_webhooks), self.lock_owner);
        self.store
            .write_once("create_webhook", call, now, move |tx| {
                let (row, secret, checked) = (row.clone(), secret.clone(), checked.clone());
                Box::pin(async move {
                    checked.map_err(Error::InvalidUrl)?;
                    if !lock_owner(tx, owner).await? {
                        return Err(Error::NotFound);
                    }
                    if webhooks::count(tx, owner).await? >= max {
                        return Err(Error::LimitReached);
                    }
                    webhooks::insert(tx, row.clone()).await?;
                    let webhook = Webhook::new(row, None);
                    Ok(CreatedWebhook { webhook, secret })
                })
            })
            .await
    }
}
