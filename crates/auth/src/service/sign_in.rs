//! Exchanges a mailbox password for a JWT.

use mayfly_types::AccountId;

use super::Service;
use crate::{
    error::Error,
    model::{jwt::Subject, password::Password},
};

impl Service {
    /// Verifies a mailbox's password and returns a JWT. A missing account costs the same work and gets the same error.
    #[tracing::instrument(name = "auth.sign_in", skip_all)]
    pub(crate) async fn sign_in(&self, id: Option<AccountId>, password: &[u8]) -> Result<String, Error> {
        let guess = Password::guess(password)?;
        // No account has the nil id. Looking it up makes a missing account take the same path.
        let id = id.unwrap_or(AccountId::from_uuid(uuid::Uuid::nil()));
        let found = self.store.find_credential(id).await?;
        let stored = found.as_ref().map(|credential| credential.password.clone());
        let is_correct = self.hash_pool.verify(guess, stored).await?;
        let credential = found.filter(|_| is_correct).ok_or(Error::InvalidCredentials)?;
        if let Some(rehashed) = self.rehash_if_weak(password, &credential.password).await
            && let Err(error) = self
                .store
                .rehash_credential(id, credential.password, rehashed)
                .await
        {
            tracing::warn!(%error, "cannot store a rehashed password");
        }
        self.keys
            .issue(Subject::Account(id), credential.generation, self.clock.now())
    }
}
