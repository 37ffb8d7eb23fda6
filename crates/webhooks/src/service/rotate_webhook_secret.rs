//! Rotates the secret of a webhook.

use mayfly_types::{OwnerAccess, WebhookId, unix_millis};

use super::{Webhooks, call};
use crate::{
    error::Error,
    secret::{OLD_SECRET_VALIDITY, new_secret},
    store::webhooks,
};

impl Webhooks {
    /// Sets a new secret and makes the webhook active. The old secret signs as well for a day. Returns the new secret.
    ///
    /// # Errors
    /// `NotFound` when the Pro user has no such webhook.
    #[tracing::instrument(name = "webhooks.rotate_webhook_secret", level = "debug", skip_all)]
    pub async fn rotate_webhook_secret(
        &self,
        owner: OwnerAccess,
        webhook: WebhookId,
        idempotency_key: Option<&str>,
    ) -> Result<String, Error> {
        let call =
            idempotency_key.map(|key| call(&owner, "rotate_webhook_secret", key, &[&webhook.to_string()]));
        let (now, secret) = (self.clock.now(), new_secret());
        let sealed = self.secrets.seal(webhook, &secret)?;
        let until_ms = unix_millis(now + OLD_SECRET_VALIDITY);
        let rotated = self
            .store
            .write_once("rotate_webhook_secret", call, now, move |tx| {
                let (owner, sealed, secret) = (owner.clone(), sealed.clone(), secret.clone());
                Box::pin(async move {
                    if webhooks::rotate(tx, &owner, webhook, sealed, until_ms).await? {
                        Ok(secret)
                    } else {
                        Err(Error::NotFound)
                    }
                })
            });
        let secret = rotated.await?;
        self.wake();
        Ok(secret)
    }
}
