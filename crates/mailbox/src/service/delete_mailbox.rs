//! Deletes a mailbox. The outbox deletes its credential in `auth`; the sweeper removes its rows.

use mayfly_types::MailboxEvent;

use super::{Scope, Service};
use crate::{
    error::Error,
    store::{custom_domains, mailboxes, millis, outbox, sandboxes},
};

impl Service {
    /// Turns a mailbox into a tombstone. From the commit on it is invisible, because every read checks the state.
    #[tracing::instrument(name = "mailbox.delete_mailbox", level = "debug", skip_all)]
    pub(crate) async fn delete_mailbox(&self, scope: Scope) -> Result<(), Error> {
        let id = self.mailbox(&scope).await?.id;
        let now = self.clock.now();
        self.store
            .write("delete_mailbox", Some(id), move |tx| {
                let scope = scope.clone();
                Box::pin(async move {
                    // The owner never changes, so only the state is checked again.
                    if mailboxes::soft_delete(tx, &[id], millis(now)).await? == 0 {
                        return Err(scope.absent());
                    }
                    custom_domains::forget_catch_alls(tx, &[id]).await?;
                    sandboxes::remove_of(tx, &[id], now).await?;
                    Ok(outbox::delete_credentials(tx, &[id], now).await?)
                })
            })
            .await?;
        self.outbox.notify_one();
        self.publish(MailboxEvent::AccountDeleted(id));
        Ok(())
    }
}
