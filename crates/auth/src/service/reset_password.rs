//! Replaces the secret of a mailbox.

use std::sync::Arc;

use mayfly_types::AccountId;

use super::{Service, run_to_completion};
use crate::{
    error::Error,
    model::{jwt::Subject, mailbox_secret::MailboxSecret},
    revocation_metrics::RevocationCause,
};

impl Service {
    /// Replaces a mailbox's password and key. No validation that begins after the answer accepts an earlier JWT.
    #[tracing::instrument(name = "auth.reset_password", skip_all)]
    pub(crate) async fn reset_password(
        self: &Arc<Self>,
        id: AccountId,
        secret: MailboxSecret,
    ) -> Result<(), Error> {
        let secret = self.hash_pool.hash_secret(secret, self.keeps_keys).await?;
        let this = Arc::clone(self);
        let change = async move {
            let change = this
                .generations
                .change(Subject::Account(id), this.store.reset_credential(id, secret));
            this.revocation_metrics
                .measure(RevocationCause::PasswordReset, change)
                .await
        };
        let is_replaced = run_to_completion(&self.tasks, change).await?;
        if is_replaced { Ok(()) } else { Err(Error::NotFound) }
    }
}
