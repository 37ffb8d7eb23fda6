//! Deletes a webhook.

use mayfly_database::{DatabaseTransaction, DbErr};
use mayfly_types::{OwnerAccess, UserId, WebhookId};

use super::Webhooks;
use crate::{error::Error, store::webhooks};

impl Webhooks {
    /// Deletes a webhook. Its pending events are not delivered; the sweeper removes them.
    ///
    /// # Errors
    /// `NotFound` when the Pro user has no such webhook.
    #[tracing::instrument(name = "webhooks.delete_webhook", level = "debug", skip_all)]
    pub async fn delete_webhook(&self, owner: OwnerAccess, webhook: WebhookId) -> Result<(), Error> {
        let is_removed = self.store.write("delete_webhook", move |tx| {
            let owner = owner.clone();
            Box::pin(async move { Ok(webhooks::remove(tx, &owner, webhook).await?) })
        });
        if is_removed.await? {
            Ok(())
        } else {
            Err(Error::NotFound)
        }
    }
}

/// Deletes every webhook of a Pro user, in a transaction of the caller.
///
/// # Errors
/// When the database fails.
pub async fn delete_webhooks_of(tx: &DatabaseTransaction, owner: UserId) -> Result<(), DbErr> {
    let owner = OwnerAccess::from(owner);
    for webhook in webhooks::list(tx, &owner).await? {
        webhooks::remove(tx, &owner, webhook.id).await?;
    }
    Ok(())
}
