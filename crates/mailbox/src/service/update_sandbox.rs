//! Changes the settings of a sandbox.

use std::sync::Arc;

use mayfly_types::{OwnerAccess, SandboxId};

use super::{
    Service,
    sandboxes::{OpenedSandbox, SandboxSettings},
};
use crate::{
    error::Error,
    store::{owners, sandboxes},
};

impl Service {
    /// Changes the settings of a sandbox. A smaller bound takes effect at the next delivery or sweep.
    #[tracing::instrument(name = "mailbox.update_sandbox", level = "debug", skip_all)]
    pub(crate) async fn update_sandbox(
        &self,
        owner: OwnerAccess,
        id: SandboxId,
        settings: SandboxSettings,
    ) -> Result<OpenedSandbox, Error> {
        let longest = self.longest_retention();
        let account = self.sandbox(&owner, id).await?.mailbox.id;
        let owner = owner.user;
        self.store
            .write("update_sandbox", Some(account), move |tx| {
                let settings = settings.clone();
                Box::pin(async move {
                    // Of concurrent changes of different settings, both are kept.
                    owners::lock(tx, owner).await?;
                    let found = sandboxes::find(tx, owner, id).await?;
                    let mut opened = OpenedSandbox::from(found.ok_or(Error::NotFound)?);
                    settings.apply(Arc::make_mut(&mut opened.sandbox), longest)?;
                    sandboxes::update(tx, &opened.sandbox).await?;
                    Ok(opened)
                })
            })
            .await
    }
}
