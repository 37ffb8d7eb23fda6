//! Exchanges a Pro user's password for a JWT.

use super::{Service, SignedInUser};
use crate::{
    error::Error,
    model::{email::Email, jwt::Subject, password::Password},
};

impl Service {
    /// Verifies a Pro user's password and returns a JWT. An unknown address costs the same work and gets the same error.
    #[tracing::instrument(name = "auth.sign_in_user", skip_all)]
    pub(crate) async fn sign_in_user(&self, email: &str, password: &[u8]) -> Result<SignedInUser, Error> {
        let guess = Password::guess(password)?;
        // An invalid address gets the same work and the same error as an unknown one.
        let found = match email.parse::<Email>() {
            Ok(email) => self.store.find_user_by_email(email).await?,
            Err(_) => None,
        };
        let stored = found.as_ref().map(|user| user.credential.password.clone());
        let is_correct = self.hash_pool.verify(guess, stored).await?;
        let user = found.filter(|_| is_correct).ok_or(Error::InvalidCredentials)?;
        if user.suspended_at_secs.is_some() {
            return Err(Error::AccountSuspended);
        }
        if let Some(rehashed) = self.rehash_if_weak(password, &user.credential.password).await
            && let Err(error) = self
                .store
                .rehash_user(user.id, user.credential.password, rehashed)
                .await
        {
            tracing::warn!(%error, "cannot store a rehashed password");
        }
        let token = self.keys.issue(
            Subject::User(user.id),
            user.credential.generation,
            self.clock.now(),
        )?;
        Ok(SignedInUser {
            id: user.id,
            email: user.email,
            token,
        })
    }
}
