//! Marks a message as read.

use super::{MessageScope, Service};
use crate::{error::Error, store::messages};

impl Service {
    /// Marks a message as read. Repeating it changes nothing.
    #[tracing::instrument(name = "mailbox.mark_message_read", level = "debug", skip_all)]
    pub(crate) async fn mark_message_read(&self, scope: MessageScope, message_id: &str) -> Result<(), Error> {
        let (_, message) = self.message(scope, message_id).await?;
        if message.is_read {
            return Ok(());
        }
        let (account, id) = (message.account_id, message.id);
        let is_marked = self
            .store
            .write("mark_message_read", Some(account), move |tx| {
                Box::pin(async move { Ok(messages::mark_read(tx, account, id).await?) })
            })
            .await?;
        if is_marked { Ok(()) } else { Err(Error::NotFound) }
    }
}
