//! Setting the password of one of a Pro user's mailboxes.

use mayfly_proto::{
    auth::ResetPasswordRequest,
    mailbox::{GetMailboxRequest, Scope},
};
use mayfly_rpc::Failure;

use super::{App, hash_request};

impl App {
    /// Sets the password of a mailbox; every older token of it stops working.
    ///
    /// # Errors
    /// `NotFound` when the mailbox is not the caller's; `PasswordTooShort` or `PasswordTooLong`.
    pub(crate) async fn reset_password(&self, scope: Scope, password: String) -> Result<(), Failure> {
        let request = GetMailboxRequest { scope: Some(scope) };
        let mailbox = self.mailbox().get_mailbox(request).await?.into_inner().mailbox;
        let request = ResetPasswordRequest {
            account_id: mailbox.unwrap_or_default().account_id,
            password: password.into(),
        };
        self.auth().reset_password(hash_request(request)).await?;
        Ok(())
    }
}
