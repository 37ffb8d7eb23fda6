//! Lists and finds the sandboxes of a Pro user.

use mayfly_types::{SandboxId, UserId};

use super::{
    Service,
    sandboxes::{OpenedSandbox, default_id},
};
use crate::{error::Error, store::sandboxes};

impl Service {
    /// Lists the sandboxes of a Pro user, oldest first; the default one too, once it exists.
    #[tracing::instrument(name = "mailbox.list_sandboxes", level = "debug", skip_all)]
    pub(crate) async fn list_sandboxes(&self, owner: UserId) -> Result<Vec<OpenedSandbox>, Error> {
        let listed = self.store.read("list_sandboxes", |c| {
            Box::pin(async move { Ok(sandboxes::list_of_owner(c, owner).await?) })
        });
        Ok(listed.await?.into_iter().map(OpenedSandbox::from).collect())
    }

    /// Returns a sandbox of a Pro user, without an id the default one.
    #[tracing::instrument(name = "mailbox.get_sandbox", level = "debug", skip_all)]
    pub(crate) async fn get_sandbox(
        &self,
        owner: UserId,
        id: Option<SandboxId>,
    ) -> Result<OpenedSandbox, Error> {
        self.sandbox(owner, id.unwrap_or_else(|| default_id(owner))).await
    }
}
