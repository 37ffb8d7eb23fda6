//! Making a reserved mailbox usable, once its credential exists.

use mayfly_types::AccountId;

use super::Service;
use crate::{
    error::Error,
    store::{mailboxes, millis},
};

impl Service {
    /// Activates a reservation that still holds; an active mailbox stays as it is.
    #[tracing::instrument(name = "mailbox.activate_mailbox", level = "debug", skip_all)]
    pub(crate) async fn activate_mailbox(&self, account_id: &str) -> Result<(), Error> {
        let id = account_id
            .parse::<AccountId>()
            .map_err(|_| Error::ReservationExpired)?
            .as_uuid();
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
