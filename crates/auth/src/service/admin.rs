//! The use cases of operators. Each change records who made it.

use std::sync::Arc;

use mayfly_database::audit::{Action, AuditEntry};
use mayfly_types::{UserId, random_bytes};

use super::{Service, run_to_completion};
use crate::{
    error::Error,
    model::{
        email::Email,
        jwt::Subject,
        password::{Owner, Password},
    },
    revocation_metrics::RevocationCause,
    store::{Role, User, admin::Statistics},
};

/// The most rows of an answer.
const MAX_ROWS: u32 = 1000;
/// The longest reason of a suspension.
const MAX_REASON_BYTES: usize = 500;

/// A user whose password was generated.
pub(crate) struct Invited {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) password: String,
}

fn action(operator: &str, name: &'static str, user: UserId, detail: impl Into<String>) -> Action {
    Action {
        operator: operator.to_owned(),
        name,
        subject: user.to_string(),
        detail: detail.into(),
    }
}

/// Returns a password of 130 bits that survives a telephone: no letters or digits that look alike.
fn generated_password() -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    random_bytes::<26>()
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect()
}

impl Service {
    /// Lists the users whose e-mail address contains a text, oldest first.
    #[tracing::instrument(name = "auth.list_users", level = "debug", skip_all)]
    pub(crate) async fn list_users(
        &self,
        contains: &str,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, Error> {
        let contains = contains.trim().to_ascii_lowercase();
        let limit = u64::from(limit.clamp(1, MAX_ROWS));
        Ok(self.store.list_users(contains, after, limit).await?)
    }

    /// Creates a user with a generated password, also while registration is closed.
    #[tracing::instrument(name = "auth.invite_user", skip_all)]
    pub(crate) async fn invite_user(self: &Arc<Self>, email: &str, operator: &str) -> Result<Invited, Error> {
        let email: Email = email.parse()?;
        let password = generated_password();
        let hash = Password::new(password.as_bytes(), Owner::ProUser)?;
        let hash = self.hash_pool.hash(hash).await?;
        let (this, now) = (Arc::clone(self), self.clock.now());
        let (id, shown) = (UserId::new(now), email.as_str().to_owned());
        let action = action(operator, "invite_user", id, &shown);
        let change = async move {
            let change = this.store.create_user_by_operator(id, email, hash, now, action);
            this.generations.change(Subject::User(id), change).await
        };
        run_to_completion(&self.tasks, change).await?;
        Ok(Invited {
            id,
            email: shown,
            password,
        })
    }

    /// Replaces a user's password by a generated one. No validation that begins after the answer accepts an earlier JWT.
    #[tracing::instrument(name = "auth.reset_user_password", skip_all)]
    pub(crate) async fn reset_user_password(
        self: &Arc<Self>,
        id: UserId,
        operator: &str,
    ) -> Result<String, Error> {
        let password = generated_password();
        let hash = Password::new(password.as_bytes(), Owner::ProUser)?;
        let hash = self.hash_pool.hash(hash).await?;
        let (this, now) = (Arc::clone(self), self.clock.now());
        let action = action(operator, "reset_user_password", id, "");
        let change = async move {
            let change = this
                .generations
                .change(Subject::User(id), this.store.reset_user(id, hash, now, action));
            this.revocation_metrics
                .measure(RevocationCause::PasswordReset, change)
                .await
        };
        let is_replaced = run_to_completion(&self.tasks, change).await?;
        is_replaced.then_some(password).ok_or(Error::NotFound)
    }

    /// Suspends or resumes a user. No validation that begins after the answer accepts a token of a suspended user.
    #[tracing::instrument(name = "auth.set_user_suspended", skip_all)]
    pub(crate) async fn set_user_suspended(
        self: &Arc<Self>,
        id: UserId,
        is_suspended: bool,
        reason: &str,
        operator: &str,
    ) -> Result<(), Error> {
        if reason.len() > MAX_REASON_BYTES || reason.chars().any(char::is_control) {
            return Err(Error::InvalidRequest(
                "a reason has at most 500 bytes and no control characters",
            ));
        }
        let name = if is_suspended {
            "suspend_user"
        } else {
            "resume_user"
        };
        let action = action(operator, name, id, reason);
        let (this, now) = (Arc::clone(self), self.clock.now());
        let change = async move {
            let change = this.suspend_and_invalidate(id, is_suspended, now, action);
            this.revocation_metrics
                .measure(RevocationCause::UserSuspended, change)
                .await
        };
        let is_found = run_to_completion(&self.tasks, change).await?;
        if is_found { Ok(()) } else { Err(Error::NotFound) }
    }

    /// Invalidates every cached credential of the user, whatever the outcome of the commit. A token that is created concurrently
    /// is in the list, or its creation finds the user suspended: both lock the user's row.
    async fn suspend_and_invalidate(
        &self,
        id: UserId,
        is_suspended: bool,
        now: time::OffsetDateTime,
        action: Action,
    ) -> Result<bool, Error> {
        let change = self.store.set_user_suspended(id, is_suspended, now, action);
        let outcome = self.generations.change(Subject::User(id), change).await;
        for hash in self.store.list_secret_hashes(id).await? {
            self.invalidate(hash).await;
        }
        Ok(outcome?)
    }

    /// Replaces the role of a user. No authorization that begins after the answer accepts a session of a user without the role
    /// admin: the role is not cached.
    #[tracing::instrument(name = "auth.set_user_role", skip_all)]
    pub(crate) async fn set_user_role(
        self: &Arc<Self>,
        id: UserId,
        role: Role,
        operator: &str,
    ) -> Result<(), Error> {
        let detail = match role {
            Role::User => "user",
            Role::Admin => "admin",
        };
        let action = action(operator, "set_user_role", id, detail);
        let is_found = self.store.set_user_role(id, role, self.clock.now(), action);
        if is_found.await? {
            Ok(())
        } else {
            Err(Error::NotFound)
        }
    }

    /// Counts users and tokens.
    #[tracing::instrument(name = "auth.get_auth_statistics", level = "debug", skip_all)]
    pub(crate) async fn get_statistics(&self) -> Result<Statistics, Error> {
        Ok(self.store.count().await?)
    }

    /// Lists the newest entries of the audit log, newest first.
    #[tracing::instrument(name = "auth.list_auth_audit", level = "debug", skip_all)]
    pub(crate) async fn list_audit(&self, limit: u32) -> Result<Vec<AuditEntry>, Error> {
        Ok(self.store.list_audit(u64::from(limit.clamp(1, MAX_ROWS))).await?)
    }
}
