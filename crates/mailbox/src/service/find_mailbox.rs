//! Finds the mailbox of an address, to sign in.

use mayfly_types::{AccountId, Address};

use super::Service;
use crate::error::Error;

impl Service {
    /// Finds the active mailbox with an address. This is no use of the mailbox: the password may be wrong. It bypasses the cache: a cached answer for an existing address would be
    /// faster than the answer for an unknown one, and so reveal which addresses exist.
    #[tracing::instrument(name = "mailbox.find_mailbox", level = "debug", skip_all)]
    pub(crate) async fn find_mailbox(&self, address: &str) -> Result<Option<AccountId>, Error> {
        let Ok(address) = address.parse::<Address>() else {
            return Ok(None);
        };
        let found = self.read_mailbox_at(&address).await?;
        // No client signs in to an open mailbox.
        let found = found.filter(|mailbox| !mailbox.id.is_open());
        Ok(found.map(|mailbox| mailbox.id))
    }
}
