//! Changes the password of a Pro user.

use std::sync::Arc;

use mayfly_types::UserId;

use super::{Service, SignedInUser, run_to_completion};
use crate::{
    error::Error,
    model::{
        jwt::Subject,
        password::{Owner, Password},
    },
    revocation_metrics::RevocationCause,
};

impl Service {
    /// Replaces the password of a user who knows the current one, and returns a new JWT. No validation that begins after the
    /// answer accepts an earlier JWT; API tokens stay valid.
    #[tracing::instrument(name = "auth.change_user_password", skip_all)]
    pub(crate) async fn change_user_password(
        self: &Arc<Self>,
        id: UserId,
        current: &[u8],
        password: &[u8],
    ) -> Result<SignedInUser, Error> {
        let password = Password::new(password, Owner::ProUser)?;
        let user = self.check_user_password(id, current).await?;
        let (old, new) = (user.credential.password, self.hash_pool.hash(password).await?);
        let this = Arc::clone(self);
        let change = async move {
            let change = this
                .generations
                .change(Subject::User(id), this.store.change_user_password(id, old, new));
            this.revocation_metrics
                .measure(RevocationCause::PasswordReset, change)
                .await
        };
        // Without a generation the password was changed since it was checked.
        let generation = run_to_completion(&self.tasks, change).await?;
        let generation = generation.ok_or(Error::InvalidCredentials)?;
        let token = self.keys.issue(Subject::User(id), generation, self.clock.now())?;
        Ok(SignedInUser {
            id,
            email: user.email,
            token,
        })
    }
}
