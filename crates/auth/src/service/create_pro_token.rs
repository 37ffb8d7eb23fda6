//! Creates a Pro API token.

use std::sync::Arc;

use mayfly_database::idempotency::Call;
use mayfly_types::{TokenId, UserId};

use super::{Service, run_to_completion};
use crate::{
    error::Error,
    model::pro_token::{NewToken, PREFIX},
    store::{CreatedToken, ProToken},
};

const MAX_NAME_CHARS: usize = 100;

impl Service {
    /// Creates a token and returns it with its value. Only a repetition with the same idempotency key returns it again.
    #[tracing::instrument(name = "auth.create_pro_token", skip_all)]
    pub(crate) async fn create_pro_token(
        self: &Arc<Self>,
        user_id: UserId,
        name: &str,
        idempotency_key: Option<&str>,
    ) -> Result<CreatedToken, Error> {
        if name.chars().count() > MAX_NAME_CHARS
            || name.trim().is_empty()
            || name.chars().any(char::is_control)
        {
            return Err(Error::InvalidRequest(
                "name: needs 1 to 100 characters, no control characters",
            ));
        }
        let call = idempotency_key.map(|key| Call::new("create_pro_token", user_id, key, &[name]));
        let now = self.clock.now();
        let token = ProToken {
            id: TokenId::new(now),
            user_id,
            name: name.to_owned(),
            created_at_secs: now.unix_timestamp(),
            last_used_at_secs: None,
            revoked_at_secs: None,
        };
        let this = Arc::clone(self);
        let change = async move {
            let new = NewToken::random(PREFIX);
            this.store
                .create_pro_token(token, new, this.max_tokens, call, now)
                .await
        };
        run_to_completion(&self.tasks, change).await
    }
}
