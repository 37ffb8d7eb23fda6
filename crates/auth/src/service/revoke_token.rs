//! Revokes a Pro API token.

use std::sync::Arc;

use mayfly_types::{TokenId, UserId};

use super::{Service, run_to_completion};
use crate::{error::Error, model::audit_event::Actor, revocation_metrics::RevocationCause};

impl Service {
    /// Revokes a user's own token. No validation that begins after the answer accepts it.
    #[tracing::instrument(name = "auth.revoke_token", skip_all)]
    pub(crate) async fn revoke_token(
        self: &Arc<Self>,
        user_id: UserId,
        id: TokenId,
        actor: Actor,
    ) -> Result<(), Error> {
        // A token's hash never changes, so it can be read before the change.
        let hash = self
            .store
            .find_pro_token_hash(user_id, id)
            .await?
            .ok_or(Error::NotFound)?;
        let (this, now) = (Arc::clone(self), self.clock.now());
        let change = async move {
            let change = this
                .tokens
                .change(hash, this.store.revoke_pro_token(user_id, id, actor, now));
            this.revocation_metrics
                .measure(RevocationCause::ProToken, change)
                .await
        };
        run_to_completion(&self.tasks, change).await
    }
}
