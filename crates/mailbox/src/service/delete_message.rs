//! Deleting a message.

use super::{Scope, Service};
use crate::{
    error::Error,
    store::{mailboxes, messages},
};

impl Service {
    /// Removes a message and gives its bytes back to the quota.
    #[tracing::instrument(name = "mailbox.delete_message", level = "debug", skip_all)]
    pub(crate) async fn delete_message(&self, scope: Scope, message_id: &str) -> Result<(), Error> {
        let (_, message) = self.message(scope, message_id).await?;
        let (account, id) = (message.account_id, message.id);
        self.store
            .write("delete_message", Some(account), move |tx| {
                Box::pin(async move {
                    // Looked up again: of two deletions at once only one may give the quota back.
                    let found = messages::lock(tx, account, id).await?.ok_or(Error::NotFound)?;
                    messages::remove(tx, account, id).await?;
                    messages::remove_unnamed_raw(tx, &[found.raw_id]).await?;
                    Ok(mailboxes::change_used(tx, &[(account, -found.size_bytes)]).await?)
                })
            })
            .await
    }
}
