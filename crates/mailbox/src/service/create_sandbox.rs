//! Creates a sandbox.

use mayfly_types::OwnerAccess;

use super::{
    Service,
    sandboxes::{OpenedSandbox, SandboxSettings},
};
use crate::error::Error;

impl Service {
    /// Creates a sandbox with its mailbox. No client can log in to it before `auth` has issued its password.
    #[tracing::instrument(name = "mailbox.create_sandbox", level = "debug", skip_all)]
    pub(crate) async fn create_sandbox(
        &self,
        owner: OwnerAccess,
        settings: SandboxSettings,
    ) -> Result<OpenedSandbox, Error> {
        if owner.limits.is_some() {
            // No limits name a sandbox that is not there yet.
            return Err(Error::NotFound);
        }
        let new = self.new_sandbox(owner.user, Some(settings), self.clock.now())?;
        self.store
            .write("create_sandbox", None, move |tx| Box::pin(new.clone().insert(tx)))
            .await
    }
}
