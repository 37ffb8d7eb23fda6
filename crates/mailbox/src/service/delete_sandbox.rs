//! Deletes a sandbox.

use mayfly_types::{OwnerAccess, SandboxId};

use super::{Scope, Service};
use crate::error::Error;

impl Service {
    /// Deletes a sandbox with its mailbox. From the commit on no login finds it and no mail is stored in it.
    #[tracing::instrument(name = "mailbox.delete_sandbox", level = "debug", skip_all)]
    pub(crate) async fn delete_sandbox(&self, owner: OwnerAccess, id: SandboxId) -> Result<(), Error> {
        let account = self.sandbox(&owner, id).await?.mailbox.id;
        self.delete_mailbox(Scope::Owned { account, owner }).await
    }
}
