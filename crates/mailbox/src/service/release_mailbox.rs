//! Releases a reservation whose credential could not be created, so that the address can be reserved again at once.

use mayfly_types::AccountId;

use super::Service;
use crate::{
    error::Error,
    store::{mailboxes, outbox},
};

impl Service {
    /// Removes a reservation without a tombstone, and its credential if there is one. An active mailbox stays unchanged.
    #[tracing::instrument(name = "mailbox.release_mailbox", level = "debug", skip_all)]
    pub(crate) async fn release_mailbox(&self, id: AccountId) -> Result<(), Error> {
        let now = self.clock.now();
        let is_released = self
            .store
            .write("release_mailbox", None, move |tx| {
                Box::pin(async move {
                    let is_released = mailboxes::remove_reserved(tx, id).await?;
                    if is_released {
                        outbox::delete_credentials(tx, &[id], now).await?;
                    }
                    Ok(is_released)
                })
            })
            .await?;
        if is_released {
            self.outbox.notify_one();
        }
        Ok(())
    }
}
