//! Revokes the passwords of a sandbox.

use std::{collections::HashSet, future::Future, sync::Arc};

use mayfly_types::SandboxId;

use super::{Service, run_to_completion};
use crate::{error::Error, model::pro_token::TokenHash, revocation_metrics::RevocationCause};

impl Service {
    /// Revokes the passwords of a sandbox. No validation that begins after the answer accepts them. None is no error.
    #[tracing::instrument(name = "auth.revoke_sandbox_credentials", skip_all)]
    pub(crate) async fn revoke_sandbox_credentials(self: &Arc<Self>, id: SandboxId) -> Result<(), Error> {
        let (this, now) = (Arc::clone(self), self.clock.now());
        let change = async move {
            let revoked = this.store.revoke_sandbox_credentials(id, now);
            this.revoke_of_sandbox(id, revoked).await
        };
        run_to_completion(&self.tasks, change).await
    }

    /// Runs a change that returns the passwords that it revokes, and invalidates what is cached of them, whatever the outcome of
    /// the commit.
    pub(super) async fn revoke_of_sandbox(
        &self,
        id: SandboxId,
        change: impl Future<Output = Result<Vec<TokenHash>, Error>>,
    ) -> Result<(), Error> {
        // A change that failed can have been committed, and does not say what it revoked.
        let listed = self.store.list_sandbox_hashes(id).await?;
        let mut hashes: HashSet<TokenHash> = listed.into_iter().collect();
        let measured = self
            .revocation_metrics
            .measure(RevocationCause::SandboxCredential, change)
            .await;
        if let Ok(revoked) = &measured {
            hashes.extend(revoked.iter().copied());
        }
        for hash in hashes {
            self.sandbox_credentials
                .change(hash, std::future::ready(()))
                .await;
        }
        measured.map(drop)
    }
}
