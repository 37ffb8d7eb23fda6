//! Finds mailboxes for an operator.

use super::rows;
use crate::{
    error::Error,
    service::Service,
    store::{Mailbox, mailboxes},
};

pub(crate) use crate::store::mailboxes::FindBy;

impl Service {
    /// Finds mailboxes in any state but reserved.
    #[tracing::instrument(name = "mailbox.find_mailboxes", level = "debug", skip_all)]
    pub(crate) async fn find_mailboxes(&self, by: FindBy, limit: u32) -> Result<Vec<Mailbox>, Error> {
        self.store
            .read("find_mailboxes", |c| {
                Box::pin(async move { Ok(mailboxes::find_by(c, by, rows(limit)).await?) })
            })
            .await
    }
}
