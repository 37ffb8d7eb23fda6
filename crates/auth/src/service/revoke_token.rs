//! Revokes a Pro API token.

use std::sync::Arc;

use mayfly_types::{TokenId, UserId};

use super::{Service, to_the_end};
use crate::{error::Error, revocations::Kind};

impl Service {
    /// Revokes a user's own token; no validation begun after the answer accepts it.
    #[tracing::instrument(name = "auth.revoke_token", skip_all)]
    pub(crate) async fn revoke_token(self: &Arc<Self>, user_id: UserId, id: TokenId) -> Result<(), Error> {
        // A token's hash never changes, so it can be read before.
        let hash = self
            .store
            .find_pro_token_hash(user_id, id)
            .await?
            .ok_or(Error::NotFound)?;
        let (this, now) = (Arc::clone(self), self.clock.now());
        let change = async move {
            let change = this
                .tokens
                .change(hash, this.store.revoke_pro_token(user_id, id, now));
            this.revocations.measure(Kind::ProToken, change).await
        };
        to_the_end(&self.tasks, change).await
    }
}
