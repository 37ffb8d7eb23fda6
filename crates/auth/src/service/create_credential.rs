//! Stores the secret of a new mailbox.

use std::sync::Arc;

use mayfly_database::idempotency::Refused;
use mayfly_types::AccountId;

use super::{Service, run_to_completion};
use crate::{
    error::Error,
    model::{
        jwt::Subject,
        mailbox_secret::{MailboxSecret, Verification},
    },
};

impl Service {
    /// Stores a mailbox's secret and returns a JWT. A repetition with the same secret changes nothing and returns another JWT. A
    /// repetition with a different one is refused, so it cannot invalidate the first one's tokens.
    #[tracing::instrument(name = "auth.create_credential", skip_all)]
    pub(crate) async fn create_credential(
        self: &Arc<Self>,
        id: AccountId,
        secret: MailboxSecret,
    ) -> Result<String, Error> {
        let hashed = self
            .hash_pool
            .hash_secret(secret.clone(), self.keeps_keys)
            .await?;
        let (this, added, now) = (Arc::clone(self), hashed.clone(), self.clock.now());
        let change = async move {
            let change = this.store.add_credential(id, added, now);
            Ok(this.generations.change(Subject::Account(id), change).await?)
        };
        let stored = run_to_completion(&self.tasks, change).await?;
        // The salt is random, so only this call can have stored an equal hash.
        let is_repeated = stored.secret.password != hashed.password;
        if is_repeated
            && self
                .hash_pool
                .verify_secret(secret, Some(stored.secret), self.keeps_keys)
                .await?
                == Verification::Failed
        {
            return Err(Refused::KeyReused.into());
        }
        self.keys.issue(Subject::Account(id), stored.generation, now)
    }
}
