//! Stores the password of a new mailbox.

use std::sync::Arc;

use mayfly_database::idempotency::Refused;
use mayfly_types::AccountId;

use super::{Service, to_the_end};
use crate::{
    error::Error,
    model::{
        jwt::Subject,
        password::{Owner, Password},
    },
};

impl Service {
    /// Stores a mailbox's password and returns a JWT. Repeated with the same password it changes nothing and returns another;
    /// another password is refused, so that whoever repeats a creation voids nothing of it.
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
        let stored = to_the_end(&self.tasks, change).await?;
        // The salt is random: equal hashes are one.
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
