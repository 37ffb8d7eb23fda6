//! Changing the password of a Pro user.

use std::net::IpAddr;

use mayfly_proto::auth::{ChangeUserPasswordRequest, ChangeUserPasswordResponse};
use mayfly_rpc::Failure;

use super::{App, hash_request};

impl App {
    /// Changes the password of a Pro user who knows the current one, and returns a new JWT; every older one stops working.
    ///
    /// # Errors
    /// `InvalidCredentials`; `RateLimited` after too many failures; `PasswordTooShort` or `PasswordTooLong`.
    pub(crate) async fn change_user_password(
        &self,
        user_id: String,
        current_password: String,
        password: String,
        client: IpAddr,
    ) -> Result<ChangeUserPasswordResponse, Failure> {
        let attempt = self.begin_password_check(&user_id, client).await?;
        let request = ChangeUserPasswordRequest {
            user_id,
            current_password: current_password.into(),
            password: password.into(),
        };
        let changed = self.auth().change_user_password(hash_request(request)).await?;
        attempt.succeeded().await;
        Ok(changed.into_inner())
    }
}
