//! Marks a message as read.

use super::{MessageScope, Service};
use crate::{error::Error, store::messages};

impl Service {
    /// Marks a message as read. Returns whether it was unread: of concurrent calls, one gets true.
    #[tracing::instrument(name = "mailbox.mark_message_read", level = "debug", skip_all)]
    pub(crate) async fn mark_message_read(
        &self,
        scope: MessageScope,
        message_id: &str,
    ) -> Result<bool, Error> {
        let (_, message) = self.message(scope, message_id).await?;
        if message.is_read {
            return Ok(false);
        }
        let (account, id) = (message.account_id, message.id);
        self.store
            .write("mark_message_read", Some(account), move |tx| {
                Box::pin(async move {
                    if messages::mark_read(tx, account, id).await? {
                        return Ok(true);
                    }
                    // Another call marked it first, or deleted it.
                    let found = messages::find(tx, account, id).await?;
                    found.map(|_| false).ok_or(Error::NotFound)
                })
            })
            .await
    }
}
