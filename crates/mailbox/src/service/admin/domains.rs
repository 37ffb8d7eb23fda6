//! System domains, and who can create mailboxes on them.

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

    /// Sets whether a system domain accepts new mailboxes, and whether only Pro users can create them.
    #[tracing::instrument(name = "mailbox.set_domain", level = "debug", skip_all)]
    pub(crate) async fn set_domain(
        &self,
        name: &str,
        change: domains::Change,
        operator: &str,
    ) -> Result<(), Error> {
        let (now, name) = (self.clock.now(), name.to_lowercase());
        let accepting = change.is_accepting.map(|is_accepting| match is_accepting {
            true => "accepting",
            false => "not accepting",
        });
        let pro_only = change.is_pro_only.map(|is_pro_only| match is_pro_only {
            true => "Pro users only",
            false => "everybody",
        });
        let detail: Vec<&str> = accepting.into_iter().chain(pro_only).collect();
        if detail.is_empty() {
            return Err(Error::InvalidRequest("name accepting or pro_only"));
        }
        let action = action(operator, "set_domain", name.clone(), detail.join(", "));
        self.store
            .write("set_domain", None, move |tx| {
                let (name, action) = (name.clone(), action.clone());
                Box::pin(async move {
                    if !domains::change(tx, &name, change).await? {
                        return Err(Error::NotFound);
                    }
                    Ok(audit::record(tx, now, &action).await?)
                })
            })
            .await
    }
}
