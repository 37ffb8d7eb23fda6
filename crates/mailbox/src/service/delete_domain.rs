//! Deletes a domain. Its mailboxes keep their mail and receive no more.

use mayfly_types::{DomainId, UserId};

use super::Service;
use crate::{error::Error, store::custom_domains};

impl Service {
    /// Removes a Pro user's domain.
    #[tracing::instrument(name = "mailbox.delete_domain", level = "debug", skip_all)]
    pub(crate) async fn delete_domain(&self, user: UserId, id: DomainId) -> Result<(), Error> {
        self.store
            .write("delete_domain", None, move |tx| {
                Box::pin(async move {
                    if custom_domains::remove(tx, user, id).await? {
                        Ok(())
                    } else {
                        Err(Error::NotFound)
                    }
                })
            })
            .await
    }
}
