//! Creates a Pro user.

use std::sync::Arc;

use mayfly_types::UserId;

use super::{Service, SignedInUser, run_to_completion};
use crate::{
    config::Registration,
    error::Error,
    model::{
        email::Email,
        jwt::Subject,
        password::{Owner, Password},
    },
};

impl Service {
    /// Creates a Pro user and returns a JWT. The password is hashed before the look-up, so the time of the answer does not
    /// reveal whether the e-mail address is taken.
    #[tracing::instrument(name = "auth.register_user", skip_all)]
    pub(crate) async fn register_user(
        self: &Arc<Self>,
        email: &str,
        password: &[u8],
    ) -> Result<SignedInUser, Error> {
        if self.registration == Registration::Closed {
            return Err(Error::RegistrationClosed);
        }
        let email: Email = email.parse()?;
        let password = Password::new(password, Owner::ProUser)?;
        let password = self.hash_pool.hash(password).await?;
        let (this, now) = (Arc::clone(self), self.clock.now());
        let (id, shown) = (UserId::new(now), email.as_str().to_owned());
        let change = async move {
            let change = this.store.create_user(id, email, password, now);
            this.generations.change(Subject::User(id), change).await
        };
        let generation = run_to_completion(&self.tasks, change).await?;
        let token = self.keys.issue(Subject::User(id), generation, now)?;
        Ok(SignedInUser {
            id,
            email: shown,
            token,
        })
    }
}
