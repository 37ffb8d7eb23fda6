//! Returns a Pro API token.

use mayfly_types::{TokenId, UserId};

use super::Service;
use crate::{
    error::Error,
    store::{ProToken, TokenUsage},
};

impl Service {
    /// Returns a user's token, without its value, and its usage.
    #[tracing::instrument(name = "auth.get_pro_token", skip_all)]
    pub(crate) async fn get_pro_token(
        &self,
        user_id: UserId,
        id: TokenId,
    ) -> Result<(ProToken, TokenUsage), Error> {
        let found = self.store.find_own_pro_token(user_id, id).await?;
        let token = found.ok_or(Error::NotFound)?;
        let now_secs = self.clock.now().unix_timestamp();
        let usage = self.store.sum_token_usage(vec![id], now_secs).await?;
        Ok((token, usage.get(&id).copied().unwrap_or_default()))
    }
}
