//! Whose address it is, for signing in.

use mayfly_types::{AccountId, Address};

use super::Service;
use crate::error::Error;

impl Service {
    /// Finds the active mailbox with an address. What is no address belongs to nobody. It is read each time: were it
    /// remembered, an address that somebody has would be told faster from one that nobody has.
    #[tracing::instrument(name = "mailbox.find_mailbox", level = "debug", skip_all)]
    pub(crate) async fn find_mailbox(&self, address: &str) -> Result<Option<AccountId>, Error> {
        let Ok(address) = address.parse::<Address>() else {
            return Ok(None);
        };
        let found = self.read_mailbox_at(&address).await?;
        if let Some(mailbox) = &found {
            self.note_use(mailbox.id, mailbox.last_active_at_ms);
        }
        Ok(found.map(|mailbox| AccountId::from_uuid(mailbox.id)))
    }
}
