//! Finds the sandbox that a client sends to, at its login and at each MAIL.

use mayfly_types::{OwnerAccess, SandboxId, UserId};

use super::{
    Service,
    sandboxes::{OpenedSandbox, default_id, is_login},
};
use crate::{error::Error, store::sandboxes};

impl Service {
    /// Returns the sandbox of a login. A password that is for one sandbox needs its user name. A Pro API token sends to the sandbox
    /// that the user name names, and with any other name to the default one, which is created when it is first needed.
    #[tracing::instrument(name = "mailbox.open_sandbox", level = "debug", skip_all)]
    pub(crate) async fn open_sandbox(
        &self,
        owner: OwnerAccess,
        only: Option<SandboxId>,
        username: &str,
    ) -> Result<OpenedSandbox, Error> {
        // User names are not case-sensitive.
        let username = username.to_ascii_lowercase();
        let login = is_login(&username).then_some(username);
        let found = match (only, login.clone()) {
            (Some(_), None) => return Err(Error::NotFound),
            (Some(only), Some(_)) => self.find_sandbox(&owner, only).await?,
            (None, None) => self.find_sandbox(&owner, default_id(owner.user)).await?,
            (None, Some(named)) => {
                let owner = owner.user;
                let found = self.store.read("find_sandbox_by_login", |c| {
                    Box::pin(async move { Ok(sandboxes::find_by_login(c, owner, &named).await?) })
                });
                found.await?.map(OpenedSandbox::from)
            }
        };
        let found = found.filter(|found| owner.allows_sandbox(found.sandbox.id));
        let opened = match (found, &login) {
            (Some(found), Some(login)) if found.sandbox.login == *login => found,
            (Some(found), None) => found,
            (None, None) if owner.allows_sandbox(default_id(owner.user)) => {
                self.create_default_sandbox(owner.user).await?
            }
            (None, None) => return Err(Error::NotFound),
            (_, Some(_)) => return Err(Error::NotFound),
        };
        // A sandbox that is written to and never read is in use.
        self.record_use(opened.mailbox.id, opened.mailbox.last_active_at_ms);
        Ok(opened)
    }

    async fn create_default_sandbox(&self, owner: UserId) -> Result<OpenedSandbox, Error> {
        let new = self.new_sandbox(owner, None, self.clock.now())?;
        self.store
            .write("create_default_sandbox", None, move |tx| {
                Box::pin(new.clone().insert(tx))
            })
            .await
    }
}
