//! Verifies a domain in the DNS.

use mayfly_types::{DomainId, OwnerAccess, UserId};

use super::{Service, custom_domains as rules};
use crate::{
    dns::{DnsReport, Purpose},
    error::Error,
    store::{custom_domains, entities::custom_domain, millis},
};

impl Service {
    /// Checks a Pro user's domain, and verifies it if the DNS has its token. The first user to prove a name gets it, and loses it
    /// to another whose token has replaced theirs in the DNS.
    #[tracing::instrument(name = "mailbox.verify_domain", level = "debug", skip_all)]
    pub(crate) async fn verify_domain(
        &self,
        owner: OwnerAccess,
        id: DomainId,
    ) -> Result<(custom_domain::Model, DnsReport), Error> {
        let user = owner.user;
        let domain = self
            .store
            .read("find_custom_domain", |c| {
                Box::pin(async move { Ok(custom_domains::find(c, user, id).await?) })
            })
            .await?
            .filter(|domain| owner.allows_domain(&domain.name))
            .ok_or(Error::NotFound)?;
        if rules::is_expired(&domain, millis(self.clock.now())) {
            return Err(Error::DomainExpired);
        }
        if self.is_open_domain(&domain.name) {
            // Added before the domain was open: everybody reads its mail.
            return Err(Error::DomainAlreadyExists);
        }
        let report = self
            .dns
            .check(&domain.name, &domain.verify_token, Purpose::Verification)
            .await;
        let former = match report.proof.is_found() {
            true => self.refuted_holder(&domain).await?,
            false => None,
        };
        let former = former.map(|former| (former, rules::new_token()));
        let now_ms = millis(self.clock.now());
        let domain = self
            .store
            .write("verify_domain", None, move |tx| {
                let (domain, former) = (domain.clone(), former.clone());
                Box::pin(async move {
                    if let Some(mx) = report.mx {
                        custom_domains::set_mx(tx, id, mx.is_first).await?;
                    }
                    if let Some((former, token)) = &former {
                        custom_domains::lose(tx, former, token, now_ms).await?;
                    }
                    if report.proof.is_found() {
                        custom_domains::verify(tx, &domain, now_ms)
                            .await
                            .map_err(rules::taken)?;
                        custom_domains::note_check(tx, &domain, now_ms, None).await?;
                    }
                    // The domain can be deleted during the DNS check.
                    custom_domains::find(tx, user, id).await?.ok_or(Error::NotFound)
                })
            })
            .await;
        // Also after an error: a commit that failed can have happened.
        self.store.cache().clear_unserved();
        Ok((domain?, report))
    }

    /// Returns the domain of another user who has verified the name, if its proof is not in the DNS any more: the name has
    /// changed hands. The mailboxes of that user keep their mail, and receive no more.
    async fn refuted_holder(
        &self,
        domain: &custom_domain::Model,
    ) -> Result<Option<custom_domain::Model>, Error> {
        let Some(holder) = self.find_other_holder(domain.user_id, &domain.name).await? else {
            return Ok(None);
        };
        let report = self
            .dns
            .check(&holder.name, &holder.verify_token, Purpose::Check)
            .await;
        Ok(report.proof.is_refuted().then_some(holder))
    }

    /// Returns the domain of another user who has verified a name.
    pub(super) async fn find_other_holder(
        &self,
        user: UserId,
        name: &str,
    ) -> Result<Option<custom_domain::Model>, Error> {
        let name = name.to_owned();
        let found = self.store.read("find_holder_of_domain", |c| {
            Box::pin(async move { Ok(custom_domains::find_verified(c, &name).await?) })
        });
        Ok(found.await?.filter(|holder| holder.user_id != user))
    }
}
