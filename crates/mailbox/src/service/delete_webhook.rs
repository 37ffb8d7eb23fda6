//! Deleting a webhook.

use super::Service;
use crate::{error::Error, store::webhooks};

impl Service {
    /// Deletes a webhook. What waits to be told to it is told no more, and swept later.
    #[tracing::instrument(name = "mailbox.delete_webhook", level = "debug", skip_all)]
    pub(crate) async fn delete_webhook(&self, owner_user_id: &str, webhook_id: &str) -> Result<(), Error> {
        let webhook = self.webhook(owner_user_id, webhook_id).await?;
        let (owner, id) = (webhook.owner_user_id, webhook.id);
        let is_removed = self.store.write("delete_webhook", None, move |tx| {
            Box::pin(async move { Ok(webhooks::remove(tx, owner, id).await?) })
        });
        if is_removed.await? {
            Ok(())
        } else {
            Err(Error::NotFound)
        }
    }
}
