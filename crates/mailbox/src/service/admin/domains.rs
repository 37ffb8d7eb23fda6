//! System domains, and whether they accept new mailboxes.

use mayfly_database::audit;

use super::action;
use crate::{
    error::Error,
    service::Service,
    store::{domains, entities::domain, mailboxes},
};

impl Service {
    /// Lists every system domain with the number of its active mailboxes.
    #[tracing::instrument(name = "mailbox.list_system_domains", level = "debug", skip_all)]
    pub(crate) async fn list_system_domains(&self) -> Result<Vec<(domain::Model, u64)>, Error> {
        self.store
            .read("list_system_domains", |c| {
                Box::pin(async move {
                    let mut listed = Vec::new();
                    for domain in domains::list_all(c).await? {
                        let count = mailboxes::count_of_domain(c, &domain.name).await?;
                        listed.push((domain, count));
                    }
                    Ok(listed)
                })
            })
            .await
    }

    /// Sets whether a system domain accepts new mailboxes.
    #[tracing::instrument(name = "mailbox.set_domain_accepting", level = "debug", skip_all)]
    pub(crate) async fn set_domain_accepting(
        &self,
        name: &str,
        is_accepting: bool,
        operator: &str,
    ) -> Result<(), Error> {
        let (now, name) = (self.clock.now(), name.to_lowercase());
        let detail = if is_accepting {
            "accepting"
        } else {
            "not accepting"
        };
        let action = action(operator, "set_domain_accepting", name.clone(), detail);
        self.store
            .write("set_domain_accepting", None, move |tx| {
                let (name, action) = (name.clone(), action.clone());
                Box::pin(async move {
                    if !domains::set_accepting(tx, &name, is_accepting).await? {
                        return Err(Error::NotFound);
                    }
                    Ok(audit::record(tx, now, &action).await?)
                })
            })
            .await
    }
}
