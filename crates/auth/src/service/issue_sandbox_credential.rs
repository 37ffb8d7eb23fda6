//! Issues the password of a sandbox.

use std::sync::Arc;

use mayfly_types::{SandboxCredentialId, SandboxId, UserId};
use zeroize::Zeroizing;

use super::{Service, run_to_completion};
use crate::{
    error::Error,
    model::pro_token::{NewToken, SANDBOX_PREFIX},
    store::NewSandboxCredential,
};

impl Service {
    /// Issues a password and revokes the earlier ones of the sandbox. Returns it with its value.
    #[tracing::instrument(name = "auth.issue_sandbox_credential", skip_all)]
    pub(crate) async fn issue_sandbox_credential(
        self: &Arc<Self>,
        user_id: UserId,
        sandbox_id: SandboxId,
    ) -> Result<(SandboxCredentialId, Zeroizing<String>), Error> {
        let (this, now) = (Arc::clone(self), self.clock.now());
        let change = async move {
            let new = NewToken::random(SANDBOX_PREFIX);
            let credential = NewSandboxCredential {
                id: SandboxCredentialId::new(now),
                user_id,
                sandbox_id,
                hash: new.hash,
            };
            let issued = this.store.issue_sandbox_credential(credential, now);
            this.revoke_of_sandbox(sandbox_id, issued).await?;
            Ok((credential.id, new.value))
        };
        run_to_completion(&self.tasks, change).await
    }
}
