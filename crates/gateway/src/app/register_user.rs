//! Registering a Pro user.

use std::net::IpAddr;

use mayfly_proto::auth::{RegisterUserRequest, RegisterUserResponse};
use mayfly_rpc::Failure;

use super::{App, hash_request};

impl App {
    /// Registers a Pro user and signs in.
    ///
    /// # Errors
    /// When the email or the password cannot be used, the email is taken, or registration is closed.
    pub(crate) async fn register_user(
        &self,
        email: String,
        password: String,
        client: IpAddr,
    ) -> Result<RegisterUserResponse, Failure> {
        let account = super::sign_in::user_account(&email);
        let request = RegisterUserRequest {
            email,
            password: password.into(),
        };
        let registered = self.auth().register_user(hash_request(request)).await?;
        self.sign_in_limit.know(&account, client).await;
        Ok(registered.into_inner())
    }
}
