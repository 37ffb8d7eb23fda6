//! Giving a webhook another secret.

use mayfly_database::idempotency::Call;

use super::{Service, list_webhooks::webhook_ids};
use crate::{
    error::Error,
    store::{millis, webhooks},
    webhooks::{OLD_SECRET_FOR, new_secret},
};

impl Service {
    /// Gives a webhook another secret and makes it active; the old one signs beside it for a day.
    #[tracing::instrument(name = "mailbox.rotate_webhook_secret", level = "debug", skip_all)]
    pub(crate) async fn rotate_webhook_secret(
        &self,
        owner_user_id: &str,
        webhook_id: &str,
        idempotency_key: Option<&str>,
    ) -> Result<String, Error> {
        let (owner, id) = webhook_ids(owner_user_id, webhook_id)?;
        let call = idempotency_key.map(|key| Call::new("rotate_webhook_secret", owner, key, &[webhook_id]));
        let (now, secret) = (self.clock.now(), new_secret());
        let sealed = self.secrets.seal(id, &secret)?;
        let until_ms = millis(now + OLD_SECRET_FOR);
        let rotated = self
            .store
            .write_once("rotate_webhook_secret", call, now, move |tx| {
                let (sealed, secret) = (sealed.clone(), secret.clone());
                Box::pin(async move {
                    if webhooks::rotate(tx, owner.as_uuid(), id, sealed, until_ms).await? {
                        Ok(secret)
                    } else {
                        Err(Error::NotFound)
                    }
                })
            });
        let secret = rotated.await?;
        self.webhooks.notify_one();
        Ok(secret)
    }
}
