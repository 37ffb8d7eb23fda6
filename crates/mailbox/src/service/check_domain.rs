//! Checks again that a verified domain still has its proof: domains change hands.

use time::Duration;

use super::{Service, custom_domains as rules};
use crate::{
    dns::Purpose,
    error::Error,
    store::{custom_domains, entities::custom_domain, millis},
};

/// How long a domain stays verified without its proof.
const GRACE: Duration = Duration::days(3);

impl Service {
    /// Checks a verified domain. If its proof is missing for longer than [`GRACE`], the domain is pending again, with a new
    /// token: a record that a former owner left in the DNS proves nothing. Without an answer of the DNS nothing changes.
    #[tracing::instrument(name = "mailbox.check_domain", level = "debug", skip_all)]
    pub(crate) async fn check_domain(&self, domain: custom_domain::Model) -> Result<(), Error> {
        let report = self
            .dns
            .check(&domain.name, &domain.verify_token, Purpose::Check)
            .await;
        let now = self.clock.now();
        let now_ms = millis(now);
        let missing_since_ms = match report.proof {
            proof if proof.is_found() => None,
            proof if proof.is_refuted() => Some(domain.missing_since_ms.unwrap_or(now_ms)),
            _ => domain.missing_since_ms,
        };
        let is_over = missing_since_ms.is_some_and(|since_ms| since_ms <= millis(now - GRACE));
        let is_lost = report.proof.is_refuted() && is_over;
        let token = rules::new_token();
        let id = domain.id;
        self.store
            .write("check_domain", None, move |tx| {
                let (domain, token) = (domain.clone(), token.clone());
                Box::pin(async move {
                    if let Some(mx) = report.mx {
                        custom_domains::set_mx(tx, domain.id, mx.is_first).await?;
                    }
                    if is_lost {
                        custom_domains::lose(tx, &domain, &token, now_ms).await?;
                    } else {
                        custom_domains::note_check(tx, &domain, now_ms, missing_since_ms).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        if is_lost {
            tracing::info!(domain_id = %id, "a domain has lost its proof; its mail is rejected");
        }
        Ok(())
    }
}
