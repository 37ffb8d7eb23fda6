//! Deletes a message.

use mayfly_types::MailboxEvent;

use super::{MessageScope, Service};
use crate::{
    error::Error,
    store::{UsedChange, mailboxes, messages, open_mailboxes},
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
                    let found = messages::lock(tx, account, id).await?.ok_or(Error::NotFound)?;
                    messages::remove(tx, account, id).await?;
                    messages::remove_unnamed_raw(tx, &[found.raw_id]).await?;
                    let change = UsedChange {
                        account,
                        bytes: -found.size_bytes,
                        messages: -1,
                    };
                    mailboxes::change_used(tx, &[change]).await?;
                    if account.is_open() {
                        open_mailboxes::forget_messages(tx, &[id]).await?;
                        open_mailboxes::remove_if_empty(tx, account).await?;
                    }
                    Ok(())
                })
            })
            .await;
        deleted.inspect(|()| self.publish(MailboxEvent::MessageDeleted(account, id)))
    }
}
