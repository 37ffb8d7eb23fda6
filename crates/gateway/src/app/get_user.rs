//! A Pro user's own data.

use mayfly_proto::{
    auth::{GetUserRequest, GetUserResponse},
    mailbox::{GetUsageRequest, GetUsageResponse},
};
use mayfly_rpc::Failure;

use super::App;

/// A Pro user, with counts and limits.
pub(crate) struct ProUser {
    pub(crate) user: GetUserResponse,
    pub(crate) usage: GetUsageResponse,
}

impl App {
    /// Returns a Pro user with the counts and limits of mailboxes and domains.
    ///
    /// # Errors
    /// When a service cannot answer.
    pub(crate) async fn get_user(&self, user_id: String) -> Result<ProUser, Failure> {
        let (mut auth, mut mailbox) = (self.auth(), self.mailbox());
        let user = auth.get_user(GetUserRequest {
            user_id: user_id.clone(),
        });
        let usage = mailbox.get_usage(GetUsageRequest {
            owner_user_id: user_id,
        });
        let (user, usage) = tokio::try_join!(user, usage)?;
        Ok(ProUser {
            user: user.into_inner(),
            usage: usage.into_inner(),
        })
    }
}
