//! Giving a domain up: its mailboxes keep their mail and receive none.

use mayfly_types::DomainId;

use super::{Service, custom_domains as rules};
use crate::{error::Error, store::custom_domains};

impl Service {
    /// Removes a Pro user's domain.
    #[tracing::instrument(name = "mailbox.delete_domain", level = "debug", skip_all)]
    pub(crate) async fn delete_domain(&self, user_id: &str, domain_id: &str) -> Result<(), Error> {
        let user = rules::user(user_id)?.as_uuid();
        let id: DomainId = domain_id.parse().map_err(|_| Error::NotFound)?;
        self.store
            .write("delete_domain", None, move |tx| {
                Box::pin(async move {
                    if custom_domains::remove(tx, user, id.as_uuid()).await? {
                        Ok(())
                    } else {
                        Err(Error::NotFound)
                    }
                })
            })
            .await
    }
}
