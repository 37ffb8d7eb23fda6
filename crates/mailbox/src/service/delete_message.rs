//! Deletes a message.

use mayfly_types::MailboxEvent;

use super::{MessageScope, Service};
use crate::{
    error::Error,
    store::{open_mailboxes, removals},
};

impl Service {
    /// Removes a message and returns its size to the quota.
    #[tracing::instrument(name = "mailbox.delete_message", level = "debug", skip_all)]
    pub(crate) async fn delete_message(&self, scope: MessageScope, message_id: &str) -> Result<(), Error> {
        let (_, message) = self.message(scope, message_id).await?;
        let (account, id) = (message.account_id, message.id);
        let deleted = self
            .store
            .write("delete_message", Some(account), move |tx| {
                Box::pin(async move {
                    if account.is_open() {
                        // Before the message, in the order of deliveries.
                        open_mailboxes::lock(tx, &[account]).await?;
                    }
                    // Read again under a lock: of two concurrent deletions, one returns the size.
                    let found = removals::lock(tx, account, vec![id]).await?;
                    if found.is_empty() {
                        return Err(Error::NotFound);
                    }
                    removals::remove(tx, account, &found).await?;
                    if account.is_open() {
                        open_mailboxes::remove_if_empty(tx, account).await?;
                    }
                    Ok(())
                })
            })
            .await;
        deleted.inspect(|()| self.publish(MailboxEvent::MessageDeleted(account, id)))
    }
}
