//! Giving a webhook another secret.

use super::Service;
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
    ) -> Result<String, Error> {
        let webhook = self.webhook(owner_user_id, webhook_id).await?;
        let (owner, id, secret) = (webhook.owner_user_id, webhook.id, new_secret());
        let sealed = self.secrets.seal(id, &secret)?;
        let until_ms = millis(self.clock.now() + OLD_SECRET_FOR);
        let is_rotated = self.store.write("rotate_webhook_secret", None, move |tx| {
            let sealed = sealed.clone();
            Box::pin(async move { Ok(webhooks::rotate(tx, owner, id, sealed, until_ms).await?) })
        });
        if !is_rotated.await? {
            return Err(Error::NotFound);
        }
        self.webhooks.notify_one();
        Ok(secret)
    }
}
