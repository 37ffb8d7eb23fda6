//! Deletes a mailbox password.

use std::sync::Arc;

use mayfly_types::AccountId;

use super::{Service, run_to_completion};
use crate::{error::Error, model::jwt::Subject, revocation_metrics::RevocationCause};

impl Service {
    /// Deletes a mailbox's password. No validation that begins after the answer accepts its JWTs.
    #[tracing::instrument(name = "auth.delete_credential", skip_all)]
    pub(crate) async fn delete_credential(self: &Arc<Self>, id: AccountId) -> Result<(), Error> {
        let this = Arc::clone(self);
        let change = async move {
            let change = this
                .generations
                .change(Subject::Account(id), this.store.delete_credential(id));
            this.revocation_metrics
                .measure(RevocationCause::MailboxDeleted, change)
                .await
        };
        run_to_completion(&self.tasks, change).await
    }
}
