//! Marks a message as read or as unread.

use mayfly_types::MailboxEvent;

use mayfly_types::MAX_CLAIM_BYTES;

use super::{MessageScope, Service};
use crate::{
    error::Error,
    store::{Message, messages},
};

impl Service {
    /// Marks a message as read. Returns whether it was unread: of concurrent callers, one gets true. A repetition with the same
    /// claim gets the same answer.
    #[tracing::instrument(name = "mailbox.mark_message_read", level = "debug", skip_all)]
    pub(crate) async fn mark_message_read(
        &self,
        scope: MessageScope,
        message_id: &str,
        claim: String,
    ) -> Result<bool, Error> {
        if claim.len() > MAX_CLAIM_BYTES {
            return Err(Error::InvalidRequest("claim_id has more than 64 bytes"));
        }
        let claim = (!claim.is_empty()).then_some(claim);
        let (_, message) = self.message(scope, message_id).await?;
        if message.is_read {
            return Ok(claim.is_some() && message.read_claim == claim);
        }
        let (account, id) = (message.account_id, message.id);
        let marked = self.store.write("mark_message_read", Some(account), move |tx| {
            let claim = claim.clone();
            Box::pin(async move {
                if messages::mark_read(tx, account, id, claim.as_deref()).await? {
                    return Ok(true);
                }
                // Another call marked it first, or deleted it.
                let found = messages::find(tx, account, id).await?;
                let message = found.ok_or(Error::NotFound)?;
                Ok(claim.is_some() && message.read_claim == claim)
            })
        });
        let marked = marked.await;
        self.publish_mark(&message, marked)
    }

    /// Marks a message as unread. Returns whether it was read.
    #[tracing::instrument(name = "mailbox.mark_message_unread", level = "debug", skip_all)]
    pub(crate) async fn mark_message_unread(
        &self,
        scope: MessageScope,
        message_id: &str,
    ) -> Result<bool, Error> {
        let (_, message) = self.message(scope, message_id).await?;
        if !message.is_read {
            return Ok(false);
        }
        let (account, id) = (message.account_id, message.id);
        let marked = self.store.write("mark_message_unread", Some(account), move |tx| {
            Box::pin(async move { Ok(messages::mark_unread(tx, account, id).await?) })
        });
        let marked = marked.await;
        self.publish_mark(&message, marked)
    }

    fn publish_mark(&self, message: &Message, marked: Result<bool, Error>) -> Result<bool, Error> {
        if matches!(marked, Ok(true)) {
            self.publish(MailboxEvent::MessageChanged(message.account_id, message.id));
        }
        marked
    }
}
