//! Lists a Pro user's API tokens.

use mayfly_types::UserId;

use super::Service;
use crate::{
    error::Error,
    store::{ProToken, TokenUsage},
};

impl Service {
    /// Returns a user's tokens, revoked ones too, oldest first, without their values, each with its usage.
    #[tracing::instrument(name = "auth.list_pro_tokens", skip_all)]
    pub(crate) async fn list_pro_tokens(
        &self,
        user_id: UserId,
    ) -> Result<Vec<(ProToken, TokenUsage)>, Error> {
        let tokens = self.store.list_pro_tokens(user_id).await?;
        let ids = tokens.iter().map(|token| token.id).collect();
        let now_secs = self.clock.now().unix_timestamp();
        let usage = self.store.sum_token_usage(ids, now_secs).await?;
        let with_usage = |token: ProToken| {
            let usage = usage.get(&token.id).copied().unwrap_or_default();
            (token, usage)
        };
        Ok(tokens.into_iter().map(with_usage).collect())
    }
}
