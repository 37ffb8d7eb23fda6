//! Whether mail for an address can be taken now: the question at RCPT.

use mayfly_types::{AccountId, Address};

use super::Service;
use crate::{error::Error, model};

impl Service {
    /// Returns the active mailbox that takes mail for an address, if it has room for the announced size.
    #[tracing::instrument(name = "mailbox.resolve_recipient", level = "debug", skip_all)]
    pub(crate) async fn resolve_recipient(&self, address: &str, size_bytes: i64) -> Result<AccountId, Error> {
        let address: Address = address.parse().map_err(|_| Error::NotFound)?;
        let mailbox = self.mailbox_at(&address).await?.ok_or(Error::NotFound)?;
        if !model::has_room(&mailbox, size_bytes) {
            return Err(Error::MailboxFull);
        }
        Ok(AccountId::from_uuid(mailbox.id))
    }
}
