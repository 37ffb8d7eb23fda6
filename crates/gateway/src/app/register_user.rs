//! Registering a Pro user.

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
    ) -> Result<RegisterUserResponse, Failure> {
        let request = RegisterUserRequest {
            email,
            password: password.into(),
        };
        let registered = self.auth().register_user(hash_request(request)).await?;
        Ok(registered.into_inner())
    }
}
