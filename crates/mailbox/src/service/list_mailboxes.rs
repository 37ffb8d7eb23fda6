//! Lists the mailboxes of a Pro user.

use mayfly_types::UserId;

use super::Service;
use crate::{
    error::Error,
    store::{Mailbox, mailboxes},
};

impl Service {
    /// Lists the active mailboxes of a Pro user, oldest first.
    #[tracing::instrument(name = "mailbox.list_mailboxes", level = "debug", skip_all)]
    pub(crate) async fn list_mailboxes(&self, owner: UserId) -> Result<Vec<Mailbox>, Error> {
        self.store
            .read("list_mailboxes", |c| {
                Box::pin(async move { Ok(mailboxes::list_of_owner(c, owner).await?) })
            })
            .await
    }
}
