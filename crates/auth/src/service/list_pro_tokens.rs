//! Lists a Pro user's API tokens.

use mayfly_types::UserId;

use super::Service;
use crate::{error::Error, store::ProToken};

impl Service {
    /// Returns a user's tokens, revoked ones too, oldest first, without their values.
    #[tracing::instrument(name = "auth.list_pro_tokens", skip_all)]
    pub(crate) async fn list_pro_tokens(&self, user_id: UserId) -> Result<Vec<ProToken>, Error> {
        Ok(self.store.list_pro_tokens(user_id).await?)
    }
}
