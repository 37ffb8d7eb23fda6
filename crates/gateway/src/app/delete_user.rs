//! Deleting a Pro user. `mailbox` decides, in one transaction, and tells `auth` through its outbox; the call here makes the
//! user's credentials void before the answer.

use std::net::IpAddr;

use mayfly_proto::{
    auth::{CheckUserPasswordRequest, DeleteUserRequest},
    mailbox::DeleteOwnerRequest,
};
use mayfly_rpc::Failure;

use super::{App, hash_request};

impl App {
    /// Deletes a Pro user who knows the password, with all mailboxes, domains, webhooks and tokens.
    ///
    /// # Errors
    /// `InvalidCredentials`; `RateLimited` after too many failures; `Unavailable` while a service does not answer.
    pub(crate) async fn delete_user(
        &self,
        user_id: String,
        password: String,
        client: IpAddr,
    ) -> Result<(), Failure> {
        let attempt = self.begin_password_check(&user_id, client).await?;
        let request = CheckUserPasswordRequest {
            user_id: user_id.clone(),
            password: password.into(),
        };
        self.auth().check_user_password(hash_request(request)).await?;
        attempt.succeeded().await;
        let request = DeleteOwnerRequest {
            owner_user_id: user_id.clone(),
        };
        self.mailbox().delete_owner(request).await?;
        self.auth().delete_user(DeleteUserRequest { user_id }).await?;
        Ok(())
    }
}
