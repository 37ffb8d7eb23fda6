//! Signs in the built-in user of an open server.

use std::sync::Arc;

use mayfly_types::{LOCAL_USER, random_bytes};

use super::{Service, SignedInUser, run_to_completion};
use crate::{
    error::Error,
    model::{
        email::Email,
        jwt::Subject,
        password::{Owner, Password},
    },
};

/// RFC 2606: no mail and no person has an address there.
const EMAIL: &str = "local@mayfly.invalid";

impl Service {
    /// Returns a JWT of the built-in user, and creates the user first if it is absent. Whether a caller may have it is for the
    /// gateway to decide.
    #[tracing::instrument(name = "auth.sign_in_local_user", skip_all)]
    pub(crate) async fn sign_in_local_user(self: &Arc<Self>) -> Result<SignedInUser, Error> {
        let (email, now) = (EMAIL.parse::<Email>()?, self.clock.now());
        let generation = match self.store.find_user(LOCAL_USER).await? {
            Some(user) if user.suspended_at_secs.is_some() => return Err(Error::AccountSuspended),
            Some(user) => user.credential.generation,
            None => {
                let password = hex::encode(random_bytes::<32>());
                let password = Password::new(password.as_bytes(), Owner::ProUser)?;
                let password = self.hash_pool.hash(password).await?;
                let (this, email) = (Arc::clone(self), email.clone());
                let change = async move {
                    let change = this.store.create_user(LOCAL_USER, email, password, now);
                    this.generations.change(Subject::User(LOCAL_USER), change).await
                };
                run_to_completion(&self.tasks, change).await?
            }
        };
        Ok(SignedInUser {
            id: LOCAL_USER,
            email: email.into_string(),
            token: self.keys.issue(Subject::User(LOCAL_USER), generation, now)?,
        })
    }
}
