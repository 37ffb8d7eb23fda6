//! Forgets a mailbox password.

use std::sync::Arc;

use mayfly_types::AccountId;

use super::{Service, to_the_end};
use crate::{error::Error, model::jwt::Subject, revocations::Kind};

impl Service {
    /// Forgets a mailbox's password; no validation begun after the answer accepts a JWT of it.
    #[tracing::instrument(name = "auth.delete_credential", skip_all)]
    pub(crate) async fn delete_credential(self: &Arc<Self>, id: AccountId) -> Result<(), Error> {
        let this = Arc::clone(self);
        let change = async move {
            let change = this
                .generations
                .change(Subject::Account(id), this.store.delete_credential(id));
            this.revocations.measure(Kind::MailboxDeleted, change).await
        };
        to_the_end(&self.tasks, change).await
    }
}
