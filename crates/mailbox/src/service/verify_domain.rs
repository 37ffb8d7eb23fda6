//! Asking the DNS whether a domain is its user's.

use mayfly_types::DomainId;

use super::{Service, custom_domains as rules};
use crate::{
    dns::{Findings, Purpose},
    error::Error,
    store::{custom_domains, entities::custom_domain, millis},
};

impl Service {
    /// Looks a Pro user's domain up, and verifies it when it holds its token. Who is first to prove a name has it.
    #[tracing::instrument(name = "mailbox.verify_domain", level = "debug", skip_all)]
    pub(crate) async fn verify_domain(
        &self,
        user_id: &str,
        domain_id: &str,
    ) -> Result<(custom_domain::Model, Findings), Error> {
        let user = rules::user(user_id)?.as_uuid();
        let id = domain_id
            .parse::<DomainId>()
            .map_err(|_| Error::NotFound)?
            .as_uuid();
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
        let findings = self
            .dns
            .check(&domain.name, &domain.verify_token, Purpose::Verification)
            .await;
        let now_ms = millis(self.clock.now());
        let domain = self
            .store
            .write("verify_domain", None, move |tx| {
                let domain = domain.clone();
                Box::pin(async move {
                    if let Some(mx) = findings.mx {
                        custom_domains::set_mx(tx, id, mx.is_first).await?;
                    }
                    if findings.proof.is_found() {
                        custom_domains::verify(tx, &domain, now_ms)
                            .await
                            .map_err(rules::taken)?;
                        custom_domains::note_check(tx, &domain, now_ms, None).await?;
                    }
                    // It may have been deleted while the DNS was asked.
                    custom_domains::find(tx, user, id).await?.ok_or(Error::NotFound)
                })
            })
            .await?;
        Ok((domain, findings))
    }
}
