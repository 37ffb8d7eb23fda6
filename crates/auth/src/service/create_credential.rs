//! Stores the password of a new mailbox.

use std::sync::Arc;

use mayfly_database::idempotency::Refused;
use mayfly_types::AccountId;

use super::{Service, run_to_completion};
use crate::{
    error::Error,
    model::{
        jwt::Subject,
        password::{Owner, Password},
    },
};

impl Service {
    /// Stores a mailbox's password and returns a JWT. A repetition with the same password changes nothing and returns
    /// another JWT. A repetition with a different password is refused, so it cannot invalidate the first one's tokens.
    #[tracing::instrument(name = "auth.create_credential", skip_all)]
    pub(crate) async fn create_credential(
        self: &Arc<Self>,
        id: AccountId,
        password: &[u8],
    ) -> Result<String, Error> {
        let hash = self
            .hash_pool
            .hash(Password::new(password, Owner::Mailbox)?)
            .await?;
        let (this, added, now) = (Arc::clone(self), hash.clone(), self.clock.now());
        let change = async move {
            let change = this.store.add_credential(id, added, now);
            Ok(this.generations.change(Subject::Account(id), change).await?)
        };
        let stored = run_to_completion(&self.tasks, change).await?;
        // The salt is random, so only this call can have stored an equal hash.
        let is_repeated = stored.password != hash;
        if is_repeated
            && !self
                .hash_pool
                .verify(Password::guess(password)?, Some(stored.password))
                .await?
        {
            return Err(Refused::KeyReused.into());
        }
        self.keys.issue(Subject::Account(id), stored.generation, now)
    }
}
