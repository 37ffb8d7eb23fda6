//! Adds a custom domain, pending verification.

use mayfly_database::idempotency::Call;
use mayfly_types::{DomainId, OwnerAccess};

use super::{Service, custom_domains as rules};
use crate::{
    error::Error,
    store::{custom_domains, entities::custom_domain, millis, owners},
};

impl Service {
    /// Adds a domain of a Pro user. Returns a pending domain unchanged. A name that another user has verified can be added once
    /// that proof is gone from the DNS.
    #[tracing::instrument(name = "mailbox.add_domain", level = "debug", skip_all)]
    pub(crate) async fn add_domain(
        &self,
        owner: OwnerAccess,
        name: &str,
        idempotency_key: Option<&str>,
    ) -> Result<custom_domain::Model, Error> {
        let name = rules::canonical(name, self.domains.iter().chain(&self.open_domains))?;
        if !owner.allows_domain(&name) {
            return Err(Error::NotFound);
        }
        let user = owner.user;
        let call = idempotency_key.map(|key| Call::new("add_domain", user, key, &[&name]));
        if let Some(holder) = self.find_other_holder(user, &name).await? {
            // Notes whether its proof is still in the DNS.
            self.check_domain(holder).await?;
        }
        let now = self.clock.now();
        let max_domains = u64::from(self.config.max_domains);
        let domain = custom_domain::Model {
            id: DomainId::new(now),
            user_id: user,
            name,
            verified_name: None,
            verify_token: rules::new_token(),
            mx_configured: false,
            catch_all: None,
            created_at_ms: millis(now),
            verified_at_ms: None,
            checked_at_ms: None,
            missing_since_ms: None,
            lost_at_ms: None,
        };
        self.store
            .write_once("add_domain", call, now, move |tx| {
                let domain = domain.clone();
                Box::pin(async move {
                    if !owners::lock(tx, user).await? {
                        return Err(Error::NotFound);
                    }
                    let holder = custom_domains::find_verified(tx, &domain.name).await?;
                    if holder
                        .is_some_and(|holder| holder.user_id == user || holder.missing_since_ms.is_none())
                    {
                        return Err(Error::DomainAlreadyExists);
                    }
                    if let Some(pending) = custom_domains::find_named(tx, user, &domain.name).await? {
                        if !rules::is_expired(&pending, millis(now)) {
                            return Ok(pending);
                        }
                        custom_domains::remove(tx, user, pending.id).await?;
                    }
                    if custom_domains::count(tx, user, millis(now - rules::PENDING)).await? >= max_domains {
                        return Err(Error::DomainLimitReached);
                    }
                    custom_domains::insert(tx, domain.clone()).await?;
                    Ok(domain)
                })
            })
            .await
    }
}
