//! Verifies a domain in the DNS.

use mayfly_types::{DomainId, UserId};

use super::{Service, custom_domains as rules};
use crate::{
    dns::{DnsReport, Purpose},
    error::Error,
    store::{custom_domains, entities::custom_domain, millis},
};

impl Service {
    /// Checks a Pro user's domain, and verifies it if the DNS has its token. The first user to prove a name gets it.
    #[tracing::instrument(name = "mailbox.verify_domain", level = "debug", skip_all)]
    pub(crate) async fn verify_domain(
        &self,
        user: UserId,
        id: DomainId,
    ) -> Result<(custom_domain::Model, DnsReport), Error> {
        let domain = self
            .store
            .read("find_custom_domain", |c| {
                Box::pin(async move { Ok(custom_domains::find(c, user, id).await?) })
            })
            .await?
            .ok_or(Error::NotFound)?;
        if rules::is_expired(&domain, millis(self.clock.now())) {
            return Err(Error::DomainExpired);
        }
        let report = self
            .dns
            .check(&domain.name, &domain.verify_token, Purpose::Verification)
            .await;
        let now_ms = millis(self.clock.now());
        let domain = self
            .store
            .write("verify_domain", None, move |tx| {
                let domain = domain.clone();
                Box::pin(async move {
                    if let Some(mx) = report.mx {
                        custom_domains::set_mx(tx, id, mx.is_first).await?;
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
            .await?;
        Ok((domain, report))
    }
}
