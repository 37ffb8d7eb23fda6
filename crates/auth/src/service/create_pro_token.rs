//! Creates a Pro API token.

use mayfly_types::{TokenId, UserId};
use zeroize::Zeroizing;

use super::{Service, to_the_end};
use crate::{
    error::Error,
    model::pro_token::NewToken,
    store::{Created, ProToken},
};

const MAX_NAME_CHARS: usize = 100;

impl Service {
    /// Creates a token and returns it with its value, which is told here and never again.
    #[tracing::instrument(name = "auth.create_pro_token", skip_all)]
    pub(crate) async fn create_pro_token(
        self: &std::sync::Arc<Self>,
        user_id: UserId,
        name: String,
    ) -> Result<(ProToken, Zeroizing<String>), Error> {
        if name.chars().count() > MAX_NAME_CHARS
            || name.trim().is_empty()
            || name.chars().any(char::is_control)
        {
            return Err(Error::InvalidRequest(
                "name: needs 1 to 100 characters, no control characters",
            ));
        }
        let now = self.clock.now();
        let token = ProToken {
            id: TokenId::new(now),
            user_id,
            name,
            created_at_secs: now.unix_timestamp(),
            last_used_at_secs: None,
            revoked_at_secs: None,
        };
        let NewToken { value, hash } = NewToken::random();
        let (this, row) = (std::sync::Arc::clone(self), token.clone());
        let change = async move { Ok(this.store.create_pro_token(row, hash, this.max_tokens).await?) };
        match to_the_end(&self.tasks, change).await? {
            Created::Stored => Ok((token, value)),
            Created::LimitReached => Err(Error::TokenLimitReached {
                limit: self.max_tokens,
            }),
            Created::NoSuchUser => Err(Error::NotFound),
        }
    }
}
