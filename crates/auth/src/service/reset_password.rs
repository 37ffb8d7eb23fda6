//! Replaces a mailbox password.

use std::sync::Arc;

use mayfly_types::AccountId;

use super::{Service, to_the_end};
use crate::{
    error::Error,
    model::{
        jwt::Subject,
        password::{Owner, Password},
    },
    revocations::Kind,
};

impl Service {
    /// Replaces a mailbox's password; no validation begun after the answer accepts a JWT of before.
    #[tracing::instrument(name = "auth.reset_password", skip_all)]
    pub(crate) async fn reset_password(
        self: &Arc<Self>,
        id: AccountId,
        password: &[u8],
    ) -> Result<(), Error> {
        let password = Password::new(password, Owner::Mailbox)?;
        let password = self.hash_pool.hash(password).await?;
        let this = Arc::clone(self);
        let change = async move {
            let change = this
                .generations
                .change(Subject::Account(id), this.store.reset_credential(id, password));
            this.revocations.measure(Kind::PasswordReset, change).await
        };
        let was_there = to_the_end(&self.tasks, change).await?;
        if was_there { Ok(()) } else { Err(Error::NotFound) }
    }
}
