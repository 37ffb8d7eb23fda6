//! Deleting a mailbox: decided here, told to `auth` through the outbox, swept later.

use super::{Scope, Service};
use crate::{
    error::Error,
    store::{custom_domains, mailboxes, millis, outbox},
};

impl Service {
    /// Makes a mailbox a tombstone. From the commit on nothing of it is seen, because every read checks its state.
    #[tracing::instrument(name = "mailbox.delete_mailbox", level = "debug", skip_all)]
    pub(crate) async fn delete_mailbox(&self, scope: Scope) -> Result<(), Error> {
        let id = self.mailbox(scope).await?.id;
        let now = self.clock.now();
        self.store
            .write("delete_mailbox", Some(id), move |tx| {
                Box::pin(async move {
                    // An owner never changes, so that only the state has to be checked again.
                    if mailboxes::bury(tx, &[id], millis(now)).await? == 0 {
                        return Err(scope.absent());
                    }
                    custom_domains::forget_catch_alls(tx, &[id]).await?;
                    Ok(outbox::delete_credentials(tx, &[id], now).await?)
                })
            })
            .await?;
        self.outbox.notify_one();
        Ok(())
    }
}
