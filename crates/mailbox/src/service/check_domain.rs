//! Asking the DNS again whether a verified domain still is its user's: names change hands.

use time::Duration;

use super::{Service, custom_domains as rules};
use crate::{
    dns::Purpose,
    error::Error,
    store::{custom_domains, entities::custom_domain, millis},
};

/// For how long a domain may be without its proof.
const GRACE: Duration = Duration::days(3);

impl Service {
    /// Looks a verified domain up. One whose proof is missing for longer than the grace waits again, for another token:
    /// what an owner of former days left in the DNS proves nothing. Where no answer comes, nothing is known, so nothing is
    /// lost.
    #[tracing::instrument(name = "mailbox.check_domain", level = "debug", skip_all)]
    pub(crate) async fn check_domain(&self, domain: custom_domain::Model) -> Result<(), Error> {
        let findings = self
            .dns
            .check(&domain.name, &domain.verify_token, Purpose::Check)
            .await;
        let now = self.clock.now();
        let now_ms = millis(now);
        let missing_since_ms = match findings.proof {
            proof if proof.is_found() => None,
            proof if proof.is_refuted() => Some(domain.missing_since_ms.unwrap_or(now_ms)),
            _ => domain.missing_since_ms,
        };
        let is_over = missing_since_ms.is_some_and(|since_ms| since_ms <= millis(now - GRACE));
        let is_lost = findings.proof.is_refuted() && is_over;
        let token = rules::new_token();
        let id = domain.id;
        self.store
            .write("check_domain", None, move |tx| {
                let (domain, token) = (domain.clone(), token.clone());
                Box::pin(async move {
                    if let Some(mx) = findings.mx {
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
            tracing::info!(domain_id = %id, "a domain has lost its proof: it takes no more mail");
        }
        Ok(())
    }
}
