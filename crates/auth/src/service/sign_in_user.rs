//! Exchanges a Pro user's password for a JWT.

use mayfly_types::{ClientPrefix, UserId};

use super::{Service, SignedInUser};
use crate::{
    error::Error,
    model::{
        audit_event::{Actor, NewAuditEvent, Outcome},
        email::Email,
        jwt::Subject,
        password::Password,
    },
};

impl Service {
    /// Verifies a Pro user's password and returns a JWT. An unknown address costs the same work and gets the same error.
    #[tracing::instrument(name = "auth.sign_in_user", skip_all)]
    pub(crate) async fn sign_in_user(
        &self,
        email: &str,
        password: &[u8],
        client: Option<ClientPrefix>,
    ) -> Result<SignedInUser, Error> {
        let guess = Password::guess(password)?;
        // An invalid address gets the same work and the same error as an unknown one.
        let found = match email.parse::<Email>() {
            Ok(email) => self.store.find_user_by_email(email).await?,
            Err(_) => None,
        };
        let stored = found.as_ref().map(|user| user.credential.password.clone());
        let is_correct = self.hash_pool.verify(guess, stored).await?;
        let Some(user) = found else {
            return Err(Error::InvalidCredentials);
        };
        if !is_correct {
            self.record_failed_sign_in(user.id, client);
            return Err(Error::InvalidCredentials);
        }
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

    /// In the background: the answer takes as long as for an unknown address.
    fn record_failed_sign_in(&self, id: UserId, client: Option<ClientPrefix>) {
        let actor = Actor { token: None, client };
        let event = NewAuditEvent::done(id, actor, "user.signed_in", id, self.clock.now());
        self.audit_log.record(NewAuditEvent {
            outcome: Outcome::Failed,
            ..event
        });
    }
}
