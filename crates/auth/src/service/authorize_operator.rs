//! Authorizes a session of a user with the role admin.

use mayfly_types::UserId;

use super::{Principal, Service};
use crate::error::Error;

impl Service {
    /// Returns the user of a JWT who has the role admin. The role is read from the database every time, so that it ends on all
    /// gateways at once.
    #[tracing::instrument(name = "auth.authorize_operator", level = "debug", skip_all)]
    pub(crate) async fn authorize_operator(&self, token: &str) -> Result<UserId, Error> {
        match self.validate_token(token, None).await? {
            Principal::User(user_id) if self.store.is_admin(user_id).await? => Ok(user_id),
            _ => Err(Error::NotFound),
        }
    }
}
