//! Making a webhook.

use mayfly_database::idempotency::Call;
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
    /// Makes a webhook and returns it with its secret, which is told here and never again, but to the same idempotency key.
    #[tracing::instrument(name = "mailbox.create_webhook", level = "debug", skip_all)]
    pub(crate) async fn create_webhook(
        &self,
        owner_user_id: &str,
        url: String,
        events: &[String],
        idempotency_key: Option<&str>,
    ) -> Result<(Webhook, String), Error> {
        let owner: UserId = owner_user_id
            .parse()
            .map_err(|_| Error::InvalidRequest("owner_user_id is not a UUID"))?;
        if events.iter().any(|event| event != EVENT_TYPE) {
            return Err(Error::InvalidEvents);
        }
        let call = idempotency_key.map(|key| {
            let fields = [&url].into_iter().chain(events).map(String::as_str);
            Call::new("create_webhook", owner, key, &fields.collect::<Vec<_>>())
        });
        // It refuses only what is yet to be made: names may lead elsewhere when a call comes again.
        let checked = self.guarded.check(&url).await;
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
        let max = u64::from(self.config.max_webhooks);
        self.store
            .write_once("create_webhook", call, now, move |tx| {
                let (webhook, secret) = (webhook.clone(), secret.clone());
                Box::pin(async move {
                    checked.map_err(Error::InvalidUrl)?;
                    owners::lock(tx, webhook.owner_user_id).await?;
                    if webhooks::count(tx, webhook.owner_user_id).await? >= max {
                        return Err(Error::WebhookLimitReached);
                    }
                    webhooks::insert(tx, webhook.clone()).await?;
                    Ok((webhook, secret))
                })
            })
            .await
    }
}
