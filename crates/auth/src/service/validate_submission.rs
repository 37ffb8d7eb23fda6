//! Authenticates the password with which a client logs in over SMTP.

use std::sync::Arc;

use mayfly_types::{SandboxId, TokenScope, UserId};
use uuid::Uuid;

use super::Service;
use crate::{
    error::{Error, Refusal},
    model::{
        pro_token::{PREFIX, Restrictions, SANDBOX_PREFIX, TokenHash},
        sandbox_status::SandboxStatus,
    },
    token_cache::Lookup,
};

/// Whose mail a client may send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Submitter {
    pub(crate) user_id: UserId,
    /// Of the password of a sandbox, or of a Pro API token.
    pub(crate) credential_id: Uuid,
    /// `None` for a Pro API token, which is for every sandbox of its user within its limits.
    pub(crate) sandbox_id: Option<SandboxId>,
    pub(crate) restrictions: Option<Arc<Restrictions>>,
}

impl Service {
    /// Returns the submitter that a password authenticates.
    #[tracing::instrument(name = "auth.validate_submission", level = "debug", skip_all)]
    pub(crate) async fn validate_submission(&self, password: &str) -> Result<Submitter, Error> {
        if password.starts_with(PREFIX) {
            let validated = self.validate_pro_token(password, None).await;
            let validated = validated.and_then(|token| match token.allows(TokenScope::SandboxSend) {
                true => Ok(token),
                false => Err(self.refuse(&token, "smtp.login", TokenScope::SandboxSend)),
            });
            self.count_validation("pro_token", &validated);
            let token = validated?;
            return Ok(Submitter {
                user_id: token.user_id,
                credential_id: token.id.as_uuid(),
                sandbox_id: None,
                restrictions: token.restrictions,
            });
        }
        let validated = self.validate_sandbox_credential(password).await;
        self.count_validation("sandbox_credential", &validated);
        validated
    }

    async fn validate_sandbox_credential(&self, password: &str) -> Result<Submitter, Error> {
        let hash = TokenHash::of_well_formed(password, SANDBOX_PREFIX)
            .ok_or(Error::InvalidToken(Refusal::Malformed))?;
        let status = match self.sandbox_credentials.get(&hash).await {
            Lookup::Hit(status) => status,
            Lookup::Miss(permit) => {
                // Unknown passwords are not cached: anyone can make well-formed ones without end.
                let found = self.store.find_sandbox_credential(hash).await?;
                let status = found.ok_or(Error::InvalidToken(Refusal::UnknownToken))?;
                self.sandbox_credentials
                    .insert_if_current(permit, hash, status)
                    .await
            }
        };
        match status {
            SandboxStatus::Valid {
                id,
                user_id,
                sandbox_id,
            } => Ok(Submitter {
                user_id,
                credential_id: id.as_uuid(),
                sandbox_id: Some(sandbox_id),
                restrictions: None,
            }),
            SandboxStatus::Suspended => Err(Error::AccountSuspended),
            SandboxStatus::Revoked => Err(Error::InvalidToken(Refusal::Revoked)),
        }
    }
}
