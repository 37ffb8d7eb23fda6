//! Deletes a message.

use mayfly_types::MailboxEvent;

use super::{MessageScope, Service};
use crate::{
    error::Error,
    store::{UsedChange, mailboxes, messages},
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
                    // Read again under a lock: of two concurrent deletions, one returns the size.
                    let found = messages::lock(tx, account, id).await?.ok_or(Error::NotFound)?;
                    messages::remove(tx, account, id).await?;
                    messages::remove_unnamed_raw(tx, &[found.raw_id]).await?;
                    let change = UsedChange {
                        account,
                        bytes: -found.size_bytes,
                        messages: -1,
                    };
                    Ok(mailboxes::change_used(tx, &[change]).await?)
                })
            })
            .await;
        deleted.inspect(|()| self.publish(MailboxEvent::MessageDeleted(account, id)))
    }
}
