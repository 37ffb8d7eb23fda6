//! Exchanges the secret of a mailbox for a JWT.

use mayfly_types::AccountId;

use super::Service;
use crate::{
    error::Error,
    model::{
        jwt::Subject,
        mailbox_secret::{MailboxSecret, Verification},
    },
};

impl Service {
    /// Verifies a mailbox's secret and returns a JWT. A missing account costs the same work and gets the same error.
    #[tracing::instrument(name = "auth.sign_in", skip_all)]
    pub(crate) async fn sign_in(&self, id: Option<AccountId>, guess: MailboxSecret) -> Result<String, Error> {
        // No account has the nil id. Looking it up makes a missing account take the same path.
        let id = id.unwrap_or(AccountId::from_uuid(uuid::Uuid::nil()));
        let found = self.store.find_credential(id).await?;
        let stored = found.as_ref().map(|credential| credential.secret.clone());
        let verification = self
            .hash_pool
            .verify_secret(guess, stored, self.keeps_keys)
            .await?;
        let (Some(credential), Verification::Passed { refreshed }) = (found, verification) else {
            return Err(Error::InvalidCredentials);
        };
        if let Some(refreshed) = refreshed
            && let Err(error) = self
                .store
                .refresh_credential(id, credential.secret, refreshed)
                .await
        {
            tracing::warn!(%error, "cannot store a refreshed secret");
        }
        self.keys
            .issue(Subject::Account(id), credential.generation, self.clock.now())
    }
}
