//! Deletes a domain. Its mailboxes keep their mail and receive no more.

use mayfly_types::{DomainId, OwnerAccess};

use super::Service;
use crate::{error::Error, store::custom_domains};

impl Service {
    /// Removes a Pro user's domain.
    #[tracing::instrument(name = "mailbox.delete_domain", level = "debug", skip_all)]
    pub(crate) async fn delete_domain(&self, owner: OwnerAccess, id: DomainId) -> Result<(), Error> {
        self.store
            .write("delete_domain", None, move |tx| {
                let owner = owner.clone();
                Box::pin(async move {
                    let found = custom_domains::find(tx, owner.user, id).await?;
                    let is_allowed = found.is_some_and(|domain| owner.allows_domain(&domain.name));
                    match is_allowed && custom_domains::remove(tx, owner.user, id).await? {
                        true => Ok(()),
                        false => Err(Error::NotFound),
                    }
                })
            })
            .await
    }
}
