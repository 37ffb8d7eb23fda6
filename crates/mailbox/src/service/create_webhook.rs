//! Making a webhook.

use mayfly_types::{UserId, WebhookId};

use super::Service;
use crate::{
    error::Error,
    store::{
        entities::webhook::{Model as Webhook, State},
        millis, owners, webhooks,
    },
    webhooks::{EVENT_TYPE, new_secret},
};

impl Service {
    /// Makes a webhook and returns it with its secret, which is told here and never again.
    #[tracing::instrument(name = "mailbox.create_webhook", level = "debug", skip_all)]
    pub(crate) async fn create_webhook(
        &self,
        owner_user_id: &str,
        url: String,
        events: &[String],
    ) -> Result<(Webhook, String), Error> {
        let owner: UserId = owner_user_id
            .parse()
            .map_err(|_| Error::InvalidRequest("owner_user_id is not a UUID"))?;
        if events.iter().any(|event| event != EVENT_TYPE) {
            return Err(Error::InvalidEvents);
        }
        self.guarded.check(&url).await.map_err(Error::InvalidUrl)?;
        let now = self.clock.now();
        let (id, secret) = (WebhookId::new(now).as_uuid(), new_secret());
        let webhook = Webhook {
            id,
            owner_user_id: owner.as_uuid(),
            url,
            state: State::Active,
            sealed_secret: self.secrets.seal(id, &secret)?,
            sealed_old_secret: None,
            old_secret_until_ms: None,
            failure_count: 0,
            answered_in_ms: None,
            last_triggered_at_ms: None,
            created_at_ms: millis(now),
        };
        let (row, max) = (webhook.clone(), u64::from(self.config.max_webhooks));
        self.store
            .write("create_webhook", None, move |tx| {
                let row = row.clone();
                Box::pin(async move {
                    owners::lock(tx, row.owner_user_id).await?;
                    if webhooks::count(tx, row.owner_user_id).await? >= max {
                        return Err(Error::WebhookLimitReached);
                    }
                    Ok(webhooks::insert(tx, row).await?)
                })
            })
            .await?;
        Ok((webhook, secret))
    }
}
