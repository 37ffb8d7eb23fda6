//! Setting the password of a mailbox.

use mayfly_proto::{
    auth::ResetPasswordRequest,
    mailbox::{GetMailboxRequest, Scope},
};
use mayfly_rpc::Failure;

use super::{App, hash_request, mailbox_secret::MailboxSecret};

impl App {
    /// Sets the password of a mailbox; every older token of it stops working.
    ///
    /// # Errors
    /// `NotFound` when the mailbox is not the caller's; `PasswordTooShort` or `PasswordTooLong`.
    pub(crate) async fn reset_password(&self, scope: Scope, secret: MailboxSecret) -> Result<(), Failure> {
        let request = GetMailboxRequest { scope: Some(scope) };
        let mailbox = self.mailbox().get_mailbox(request).await?.into_inner().mailbox;
        let mailbox = mailbox.unwrap_or_default();
        let (password, auth_key) = secret.into_fields();
        let request = ResetPasswordRequest {
            account_id: mailbox.account_id,
            password,
            address: mailbox.address,
            auth_key,
        };
        self.auth().reset_password(hash_request(request)).await?;
        Ok(())
    }
}
