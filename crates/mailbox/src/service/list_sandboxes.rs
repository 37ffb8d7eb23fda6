//! Lists and finds the sandboxes of a Pro user.

use mayfly_types::{OwnerAccess, SandboxId};

use super::{
    Service,
    sandboxes::{OpenedSandbox, default_id},
};
use crate::{error::Error, store::sandboxes};

impl Service {
    /// Lists the sandboxes of a Pro user, oldest first; the default one too, once it exists.
    #[tracing::instrument(name = "mailbox.list_sandboxes", level = "debug", skip_all)]
    pub(crate) async fn list_sandboxes(&self, owner: OwnerAccess) -> Result<Vec<OpenedSandbox>, Error> {
        let allowed = owner.clone();
        let listed = self.store.read("list_sandboxes", |c| {
            Box::pin(async move { Ok(sandboxes::list_of_owner(c, owner.user).await?) })
        });
        let mut listed = listed.await?;
        listed.retain(|(sandbox, _)| allowed.allows_sandbox(sandbox.id));
        Ok(listed.into_iter().map(OpenedSandbox::from).collect())
    }

    /// Returns a sandbox of a Pro user, without an id the default one.
    #[tracing::instrument(name = "mailbox.get_sandbox", level = "debug", skip_all)]
    pub(crate) async fn get_sandbox(
        &self,
        owner: OwnerAccess,
        id: Option<SandboxId>,
    ) -> Result<OpenedSandbox, Error> {
        let id = id.unwrap_or_else(|| default_id(owner.user));
        self.sandbox(&owner, id).await
    }
}
