//! Signing in with a password or a key, to a mailbox or as a Pro user. Failures count against the account and the client.

use std::net::IpAddr;

use mayfly_proto::{
    auth::{SignInRequest, SignInUserRequest, SignInUserResponse},
    mailbox::{FindMailboxRequest, GetMailboxRequest, Scope, scope::Caller},
};
use mayfly_rpc::Failure;
use mayfly_types::Address;

use super::{
    App, hash_request, mailbox_secret::MailboxSecret, principal::client_network, sign_in_limit::Attempt,
};

/// A mailbox and a token for it.
pub(crate) struct SignedIn {
    pub(crate) account_id: String,
    pub(crate) address: String,
    pub(crate) token: String,
}

impl App {
    /// Begins a check of the password of a Pro user who is signed in, which counts like a sign-in: a stolen token is no way to
    /// guess it.
    pub(super) async fn begin_password_check(
        &self,
        user_id: &str,
        client: IpAddr,
    ) -> Result<Attempt<'_>, Failure> {
        let account = format!("pro id {user_id}");
        self.sign_in_limit.begin(&account, client).await
    }
}

/// The name under which attempts of a Pro user are counted: an address can be a mailbox too.
pub(super) fn user_account(email: &str) -> String {
    format!("pro {}", email.trim())
}

impl App {
    /// Signs in to a mailbox. An unknown address costs as much time as a wrong secret, and fails alike.
    ///
    /// # Errors
    /// `InvalidCredentials`; `RateLimited` after too many failures.
    pub(crate) async fn sign_in(
        &self,
        address: &str,
        secret: MailboxSecret,
        client: IpAddr,
    ) -> Result<SignedIn, Failure> {
        let attempt = self.sign_in_limit.begin(address, client).await?;
        let address = address.parse::<Address>().ok().map(|address| address.to_string());
        let request = FindMailboxRequest {
            address: address.clone().unwrap_or_default(),
        };
        let found = self.mailbox().find_mailbox(request).await?;
        let account_id = found.into_inner().account_id;
        let (password, auth_key) = secret.into_fields();
        let request = SignInRequest {
            account_id: account_id.clone(),
            password,
            address: address.clone().unwrap_or_default(),
            auth_key,
        };
        let signed_in = self.auth().sign_in(hash_request(request)).await?;
        attempt.succeeded().await;
        let account_id = account_id.ok_or_else(|| Failure::internal("signed in to no account"))?;
        self.record_use(&account_id).await;
        Ok(SignedIn {
            account_id,
            address: address.unwrap_or_default(),
            token: signed_in.into_inner().token,
        })
    }

    /// Records that a mailbox is in use. A failure costs nothing: the first request with the token records it too.
    async fn record_use(&self, account_id: &str) {
        let scope = Scope {
            caller: Some(Caller::AccountId(account_id.to_owned())),
        };
        let request = GetMailboxRequest { scope: Some(scope) };
        let _ = self.mailbox().get_mailbox(request).await;
    }

    /// Signs in as a Pro user.
    ///
    /// # Errors
    /// `InvalidCredentials`; `RateLimited` after too many failures.
    pub(crate) async fn sign_in_user(
        &self,
        email: String,
        password: String,
        client: IpAddr,
    ) -> Result<SignInUserResponse, Failure> {
        let account = user_account(&email);
        let attempt = self.sign_in_limit.begin(&account, client).await?;
        let request = SignInUserRequest {
            email,
            password: password.into(),
            client: Some(client_network(client)),
        };
        let user = self.auth().sign_in_user(hash_request(request)).await?;
        attempt.succeeded().await;
        Ok(user.into_inner())
    }
}
