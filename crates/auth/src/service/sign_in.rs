//! Exchanges a mailbox password for a JWT.

use mayfly_types::AccountId;

use super::Service;
use crate::{
    error::Error,
    model::{jwt::Subject, password::Password},
};

impl Service {
    /// Checks a mailbox's password and returns a JWT. Without an account the same work is done, and refused alike.
    #[tracing::instrument(name = "auth.sign_in", skip_all)]
    pub(crate) async fn sign_in(&self, id: Option<AccountId>, password: &[u8]) -> Result<String, Error> {
        let guess = Password::guess(password)?;
        // The nil id is nobody's; it is looked up too, so that a missing account takes the same way to its refusal.
        let id = id.unwrap_or(AccountId::from_uuid(uuid::Uuid::nil()));
        let found = self.store.find_credential(id).await?;
        let stored = found.as_ref().map(|credential| credential.password.clone());
        let is_right = self.hash_pool.verify(guess, stored).await?;
        let credential = found.filter(|_| is_right).ok_or(Error::InvalidCredentials)?;
        if let Some(stronger) = self.stronger_hash(password, &credential.password).await
            && let Err(error) = self
                .store
                .strengthen_credential(id, credential.password, stronger)
                .await
        {
            tracing::warn!(%error, "cannot store a stronger hash");
        }
        self.keys
            .issue(Subject::Account(id), credential.generation, self.clock.now())
    }
}
