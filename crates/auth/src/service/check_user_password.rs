//! Checks the password of a Pro user who is signed in.

use mayfly_types::UserId;

use super::Service;
use crate::{error::Error, model::password::Password, store::User};

impl Service {
    /// Returns a user whose password this is.
    #[tracing::instrument(name = "auth.check_user_password", skip_all)]
    pub(crate) async fn check_user_password(&self, id: UserId, password: &[u8]) -> Result<User, Error> {
        let guess = Password::guess(password)?;
        let found = self.store.find_user(id).await?;
        let stored = found.as_ref().map(|user| user.credential.password.clone());
        let is_correct = self.hash_pool.verify(guess, stored).await?;
        found.filter(|_| is_correct).ok_or(Error::InvalidCredentials)
    }
}
