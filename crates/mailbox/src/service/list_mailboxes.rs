//! Lists the mailboxes of a Pro user.

use mayfly_types::{AccountId, OwnerAccess};

use super::Service;
use crate::{
    error::Error,
    store::{Mailbox, mailboxes},
};

impl Service {
    /// Lists the active mailboxes of a Pro user, oldest first: those after a mailbox, at most `limit`; 0 is all.
    #[tracing::instrument(name = "mailbox.list_mailboxes", level = "debug", skip_all)]
    pub(crate) async fn list_mailboxes(
        &self,
        owner: OwnerAccess,
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<Vec<Mailbox>, Error> {
        self.store
            .read("list_mailboxes", |c| {
                Box::pin(async move { Ok(mailboxes::list_of_owner(c, &owner, after, limit).await?) })
            })
            .await
    }
}
