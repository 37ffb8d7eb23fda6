//! Deletes a Pro user.

use std::sync::Arc;

use mayfly_types::UserId;

use super::{Service, run_to_completion};
use crate::{error::Error, revocation_metrics::RevocationCause};

impl Service {
    /// Deletes a user with every API token. No validation that begins after the answer accepts a credential of the user. An
    /// absent user is no error.
    #[tracing::instrument(name = "auth.delete_user", skip_all)]
    pub(crate) async fn delete_user(self: &Arc<Self>, id: UserId) -> Result<(), Error> {
        let this = Arc::clone(self);
        let change = async move {
            let change = this.revoke_of_user(id, this.store.delete_user(id));
            this.revocation_metrics
                .measure(RevocationCause::UserDeleted, change)
                .await
        };
        run_to_completion(&self.tasks, change).await.map(drop)
    }
}
