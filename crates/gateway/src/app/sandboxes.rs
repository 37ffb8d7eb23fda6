//! Sandboxes: mailboxes that capture what an application sends, and their passwords.

use mayfly_proto::{
    auth::IssueSandboxCredentialRequest,
    mailbox::{
        CreateSandboxRequest, DeleteMessagesRequest, DeleteSandboxRequest, GetSandboxRequest, Sandbox, Scope,
    },
};
use mayfly_rpc::Failure;
use mayfly_types::ErrorCode;

use super::{App, principal::Owner, validate_request};

/// A sandbox with its password, which nothing shows again.
pub(crate) struct SandboxWithPassword {
    pub(crate) sandbox: Sandbox,
    pub(crate) password: String,
}

fn required(sandbox: Option<Sandbox>) -> Result<Sandbox, Failure> {
    sandbox.ok_or_else(|| Failure::internal("a sandbox is missing"))
}

impl App {
    /// Creates a sandbox and its password.
    ///
    /// # Errors
    /// `SandboxLimitReached`, or `InvalidRequest` for a setting.
    pub(crate) async fn create_sandbox(
        &self,
        owner: Owner,
        request: CreateSandboxRequest,
    ) -> Result<SandboxWithPassword, Failure> {
        let (user_id, allowed) = (owner.user_id.clone(), owner.clone());
        let (owner_user_id, limited_owner) = owner.into_fields();
        let request = CreateSandboxRequest {
            owner_user_id,
            limited_owner,
            ..request
        };
        let created = self.mailbox().create_sandbox(request).await?.into_inner();
        let sandbox = required(created.sandbox)?;
        match self.issue_password(&user_id, &sandbox.sandbox_id).await {
            Ok(password) => Ok(SandboxWithPassword { sandbox, password }),
            Err(failure) => {
                // The caller does not learn its id. If this fails too, the user finds it in the list.
                let _ = self.delete_sandbox(allowed, sandbox.sandbox_id).await;
                Err(failure)
            }
        }
    }

    /// Replaces the password of a sandbox. No login that begins after the answer succeeds with an earlier one.
    ///
    /// # Errors
    /// `NotFound` when the sandbox is not the user's.
    pub(crate) async fn rotate_sandbox(
        &self,
        owner: Owner,
        sandbox_id: String,
    ) -> Result<SandboxWithPassword, Failure> {
        let user_id = owner.user_id.clone();
        let (owner_user_id, limited_owner) = owner.into_fields();
        let request = GetSandboxRequest {
            owner_user_id,
            sandbox_id: Some(sandbox_id),
            limited_owner,
        };
        let found = self.mailbox().get_sandbox(request).await?.into_inner();
        let sandbox = required(found.sandbox)?;
        let password = self.issue_password(&user_id, &sandbox.sandbox_id).await?;
        Ok(SandboxWithPassword { sandbox, password })
    }

    async fn issue_password(&self, user_id: &str, sandbox_id: &str) -> Result<String, Failure> {
        let request = IssueSandboxCredentialRequest {
            user_id: user_id.to_owned(),
            sandbox_id: sandbox_id.to_owned(),
        };
        let issued = self.auth().issue_sandbox_credential(request).await?;
        Ok(issued.into_inner().password)
    }

    /// Deletes a sandbox with its mail. No MAIL that begins after the answer is accepted: the mail edge looks the sandbox up each
    /// time. The outbox of the mailbox service revokes its password.
    ///
    /// # Errors
    /// `NotFound` when the sandbox is not the user's.
    pub(crate) async fn delete_sandbox(&self, owner: Owner, sandbox_id: String) -> Result<(), Failure> {
        let (owner_user_id, limited_owner) = owner.into_fields();
        let request = DeleteSandboxRequest {
            owner_user_id,
            sandbox_id,
            limited_owner,
        };
        Ok(self.mailbox().delete_sandbox(request).await.map(drop)?)
    }

    /// Returns the sandbox that a user's API tokens send to; `None` before the first login.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(crate) async fn default_sandbox(&self, owner: Owner) -> Result<Option<Sandbox>, Failure> {
        let (owner_user_id, limited_owner) = owner.into_fields();
        let request = validate_request(GetSandboxRequest {
            owner_user_id,
            sandbox_id: None,
            limited_owner,
        });
        match self.mailbox().get_sandbox(request).await.map_err(Failure::from) {
            Ok(found) => Ok(Some(required(found.into_inner().sandbox)?)),
            Err(failure) if failure.code == ErrorCode::NotFound => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Returns the scope of the messages in a user's default sandbox; `None` before the first login.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(crate) async fn default_sandbox_scope(&self, owner: Owner) -> Result<Option<Scope>, Failure> {
        let sandbox = self.default_sandbox(owner.clone()).await?;
        Ok(sandbox.map(|sandbox| owner.scope_of(sandbox.account_id)))
    }

    /// Deletes the messages that a mailbox has now. Returns how many.
    ///
    /// # Errors
    /// `NotFound` when the mailbox is not the caller's.
    pub(crate) async fn delete_messages(&self, scope: Scope) -> Result<i64, Failure> {
        let request = DeleteMessagesRequest { scope: Some(scope) };
        Ok(self
            .mailbox()
            .delete_messages(request)
            .await?
            .into_inner()
            .deleted)
    }
}
