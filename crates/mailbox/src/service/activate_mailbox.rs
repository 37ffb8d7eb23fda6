//! Activates a reserved mailbox, once its credential exists.

use mayfly_types::AccountId;

use super::Service;
use crate::{
    error::Error,
    store::{mailboxes, millis},
};

impl Service {
    /// Activates a reservation within its lease. An active mailbox stays unchanged.
    #[tracing::instrument(name = "mailbox.activate_mailbox", level = "debug", skip_all)]
    pub(crate) async fn activate_mailbox(&self, id: AccountId) -> Result<(), Error> {
        let now_ms = millis(self.clock.now());
        self.store
            .write("activate_mailbox", None, move |tx| {
                Box::pin(async move {
                    let is_active = mailboxes::activate(tx, id, now_ms).await?
                        || mailboxes::find_active(tx, id).await?.is_some();
                    if is_active {
                        Ok(())
                    } else {
                        Err(Error::ReservationExpired)
                    }
                })
            })
            .await
    }
}
