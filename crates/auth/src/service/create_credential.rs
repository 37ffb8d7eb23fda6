//! Stores the password of a new mailbox.

use std::sync::Arc;

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
    /// Stores a mailbox's password and returns a JWT. Repeated, it replaces the password, and the JWT of before is void.
    #[tracing::instrument(name = "auth.create_credential", skip_all)]
    pub(crate) async fn create_credential(
        self: &Arc<Self>,
        id: AccountId,
        password: &[u8],
    ) -> Result<String, Error> {
        let password = Password::new(password, Owner::Mailbox)?;
        let password = self.hash_pool.hash(password).await?;
        let (this, now) = (Arc::clone(self), self.clock.now());
        let change = async move {
            let change = this.store.put_credential(id, password, now);
            Ok(this.generations.change(Subject::Account(id), change).await?)
        };
        let generation = to_the_end(&self.tasks, change).await?;
        self.keys.issue(Subject::Account(id), generation, now)
    }
}
