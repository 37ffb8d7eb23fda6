//! The tonic adapter: decodes a request, calls the use case of the same name, encodes the response.

mod admin;
mod tokens;

use std::{str::FromStr, sync::Arc};

use mayfly_proto::auth::{
    ChangeUserPasswordRequest, ChangeUserPasswordResponse, CheckUserPasswordRequest,
    CheckUserPasswordResponse, CreateCredentialRequest, CreateCredentialResponse, CreateProTokenRequest,
    CreateProTokenResponse, DeleteCredentialRequest, DeleteCredentialResponse, DeleteUserRequest,
    DeleteUserResponse, GetProTokenRequest, GetProTokenResponse, GetUserRequest, GetUserResponse,
    IssueAnonymousTokenRequest, IssueAnonymousTokenResponse, IssueSandboxCredentialRequest,
    IssueSandboxCredentialResponse, ListAuditEventsRequest, ListAuditEventsResponse, ListProTokensRequest,
    ListProTokensResponse, RecordAuditEventRequest, RecordAuditEventResponse, RegisterUserRequest,
    RegisterUserResponse, ResetPasswordRequest, ResetPasswordResponse, RevokeSandboxCredentialsRequest,
    RevokeSandboxCredentialsResponse, RevokeTokenRequest, RevokeTokenResponse, RotateProTokenRequest,
    SignInLocalUserRequest, SignInLocalUserResponse, SignInRequest, SignInResponse, SignInUserRequest,
    SignInUserResponse, SignOutUserRequest, SignOutUserResponse, UserRole, ValidateAnonymousTokenRequest,
    ValidateAnonymousTokenResponse, ValidateSubmissionRequest, ValidateSubmissionResponse,
    ValidateTokenRequest, ValidateTokenResponse, auth_server,
};
use mayfly_rpc::Failure;
use mayfly_types::ErrorCode;
use tonic::{Request, Response, Status};

use crate::{
    error::Error,
    model::{
        mailbox_secret::{AuthKey, KeySalt, MailboxSecret},
        password::{Owner, Password},
    },
    service::Service,
    store::Role,
};

pub use self::admin::AdminRpc;

/// The tonic service.
pub struct Rpc(pub(crate) Arc<Service>);

impl std::fmt::Debug for Rpc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rpc")
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let code = error.code();
        if matches!(code, ErrorCode::Internal | ErrorCode::Unavailable) {
            // The cause of a database failure is logged and not returned.
            if code == ErrorCode::Internal {
                tracing::error!(%error, "a call failed");
            } else {
                tracing::info!(%error, "a call failed for now");
            }
        }
        let mut failure = Failure::new(code, error.reason(), error.public_message());
        if let Error::Overloaded { retry_after } = error {
            failure.retry_after = Some(retry_after);
        }
        failure.into()
    }
}

/// Parses an id. A malformed one names no object, so it is not found, like any other unknown id.
fn id<T: FromStr>(text: &str) -> Result<T, Error> {
    text.parse().map_err(|_| Error::NotFound)
}

fn role(role: Role) -> UserRole {
    match role {
        Role::User => UserRole::User,
        Role::Admin => UserRole::Admin,
    }
}

/// Decodes the secret that a mailbox is to have.
fn new_secret(password: &[u8], key: Option<&[u8]>, address: &str) -> Result<MailboxSecret, Error> {
    secret(key, address, || Password::new(password, Owner::Mailbox))
}

/// Decodes a secret to verify.
fn guess(password: &[u8], key: Option<&[u8]>, address: &str) -> Result<MailboxSecret, Error> {
    secret(key, address, || Password::guess(password))
}

fn secret(
    key: Option<&[u8]>,
    address: &str,
    password: impl FnOnce() -> Result<Password, Error>,
) -> Result<MailboxSecret, Error> {
    Ok(match key {
        Some(key) => MailboxSecret::Key(AuthKey::new(key)?),
        None => MailboxSecret::Password {
            password: password()?,
            salt: KeySalt::of(address),
        },
    })
}

#[tonic::async_trait]
impl auth_server::Auth for Rpc {
    async fn create_credential(
        &self,
        request: Request<CreateCredentialRequest>,
    ) -> Result<Response<CreateCredentialResponse>, Status> {
        let request = request.into_inner();
        let account_id = id(&request.account_id)?;
        let secret = new_secret(&request.password, request.auth_key.as_deref(), &request.address)?;
        let token = self.0.create_credential(account_id, secret).await?;
        Ok(Response::new(CreateCredentialResponse { token }))
    }

    async fn sign_in(&self, request: Request<SignInRequest>) -> Result<Response<SignInResponse>, Status> {
        let request = request.into_inner();
        let account_id = request.account_id.map(|text| id(&text)).transpose()?;
        let guess = guess(&request.password, request.auth_key.as_deref(), &request.address)?;
        let token = self.0.sign_in(account_id, guess).await?;
        Ok(Response::new(SignInResponse { token }))
    }

    async fn reset_password(
        &self,
        request: Request<ResetPasswordRequest>,
    ) -> Result<Response<ResetPasswordResponse>, Status> {
        let request = request.into_inner();
        let account_id = id(&request.account_id)?;
        let secret = new_secret(&request.password, request.auth_key.as_deref(), &request.address)?;
        self.0.reset_password(account_id, secret).await?;
        Ok(Response::new(ResetPasswordResponse {}))
    }

    async fn delete_credential(
        &self,
        request: Request<DeleteCredentialRequest>,
    ) -> Result<Response<DeleteCredentialResponse>, Status> {
        let account_id = id(&request.into_inner().account_id)?;
        self.0.delete_credential(account_id).await?;
        Ok(Response::new(DeleteCredentialResponse {}))
    }

    async fn validate_token(
        &self,
        request: Request<ValidateTokenRequest>,
    ) -> Result<Response<ValidateTokenResponse>, Status> {
        let request = request.into_inner();
        let client = tokens::client(request.client);
        let principal = self.0.validate_token(&request.token, client).await?;
        Ok(Response::new(ValidateTokenResponse {
            principal: Some(tokens::principal(principal)),
        }))
    }

    async fn issue_anonymous_token(
        &self,
        _: Request<IssueAnonymousTokenRequest>,
    ) -> Result<Response<IssueAnonymousTokenResponse>, Status> {
        let (token, expires_at) = self.0.issue_anonymous_token()?;
        Ok(Response::new(IssueAnonymousTokenResponse {
            token,
            expires_at: expires_at.unix_timestamp(),
        }))
    }

    async fn validate_anonymous_token(
        &self,
        request: Request<ValidateAnonymousTokenRequest>,
    ) -> Result<Response<ValidateAnonymousTokenResponse>, Status> {
        self.0.validate_anonymous_token(&request.get_ref().token)?;
        Ok(Response::new(ValidateAnonymousTokenResponse {}))
    }

    async fn register_user(
        &self,
        request: Request<RegisterUserRequest>,
    ) -> Result<Response<RegisterUserResponse>, Status> {
        let request = request.into_inner();
        let user = self.0.register_user(&request.email, &request.password).await?;
        let (user_id, email, token) = (user.id.to_string(), user.email, user.token);
        Ok(Response::new(RegisterUserResponse {
            user_id,
            email,
            token,
        }))
    }

    async fn sign_in_user(
        &self,
        request: Request<SignInUserRequest>,
    ) -> Result<Response<SignInUserResponse>, Status> {
        let request = request.into_inner();
        let client = tokens::client(request.client);
        let user = self.0.sign_in_user(&request.email, &request.password, client);
        let user = user.await?;
        let (user_id, email, token) = (user.id.to_string(), user.email, user.token);
        Ok(Response::new(SignInUserResponse {
            user_id,
            email,
            token,
        }))
    }

    async fn sign_in_local_user(
        &self,
        _: Request<SignInLocalUserRequest>,
    ) -> Result<Response<SignInLocalUserResponse>, Status> {
        let user = self.0.sign_in_local_user().await?;
        let (user_id, email, token) = (user.id.to_string(), user.email, user.token);
        Ok(Response::new(SignInLocalUserResponse {
            user_id,
            email,
            token,
        }))
    }

    async fn get_user(&self, request: Request<GetUserRequest>) -> Result<Response<GetUserResponse>, Status> {
        let user = self.0.get_user(id(&request.into_inner().user_id)?).await?;
        Ok(Response::new(GetUserResponse {
            user_id: user.id.to_string(),
            email: user.email,
            created_at: user.created_at_secs,
            role: role(user.role).into(),
        }))
    }

    async fn check_user_password(
        &self,
        request: Request<CheckUserPasswordRequest>,
    ) -> Result<Response<CheckUserPasswordResponse>, Status> {
        let request = request.into_inner();
        let user_id = id(&request.user_id)?;
        self.0.check_user_password(user_id, &request.password).await?;
        Ok(Response::new(CheckUserPasswordResponse {}))
    }

    async fn change_user_password(
        &self,
        request: Request<ChangeUserPasswordRequest>,
    ) -> Result<Response<ChangeUserPasswordResponse>, Status> {
        let request = request.into_inner();
        let user_id = id(&request.user_id)?;
        let (current, password) = (&request.current_password, &request.password);
        let user = self.0.change_user_password(user_id, current, password).await?;
        let (user_id, email, token) = (user.id.to_string(), user.email, user.token);
        Ok(Response::new(ChangeUserPasswordResponse {
            user_id,
            email,
            token,
        }))
    }

    async fn sign_out_user(
        &self,
        request: Request<SignOutUserRequest>,
    ) -> Result<Response<SignOutUserResponse>, Status> {
        let request = request.into_inner();
        let user_id = id(&request.user_id)?;
        self.0.sign_out_user(user_id, request.revoke_tokens).await?;
        Ok(Response::new(SignOutUserResponse {}))
    }

    async fn delete_user(
        &self,
        request: Request<DeleteUserRequest>,
    ) -> Result<Response<DeleteUserResponse>, Status> {
        self.0.delete_user(id(&request.into_inner().user_id)?).await?;
        Ok(Response::new(DeleteUserResponse {}))
    }

    async fn create_pro_token(
        &self,
        request: Request<CreateProTokenRequest>,
    ) -> Result<Response<CreateProTokenResponse>, Status> {
        let mut request = request.into_inner();
        let (user_id, key) = (id(&request.user_id)?, request.idempotency_key.take());
        let (name, actor) = (request.name.clone(), tokens::actor(request.actor.take())?);
        let wanted = tokens::wanted(request)?;
        let (scopes, limits) = (wanted.scopes, wanted.limits.clone());
        let created = self.0.create_pro_token(user_id, wanted, actor, key.as_deref());
        let created = created.await?;
        Ok(Response::new(tokens::created(
            created,
            name,
            scopes,
            limits.as_ref(),
        )))
    }

    async fn rotate_pro_token(
        &self,
        request: Request<RotateProTokenRequest>,
    ) -> Result<Response<CreateProTokenResponse>, Status> {
        let mut request = request.into_inner();
        let (user_id, actor) = (id(&request.user_id)?, tokens::actor(request.actor.take())?);
        let (wanted, key) = (tokens::rotation(&request)?, request.idempotency_key.as_deref());
        let (created, old) = self.0.rotate_pro_token(user_id, wanted, actor, key).await?;
        let created = tokens::created(created, old.name, old.scopes, old.limits.as_ref());
        Ok(Response::new(created))
    }

    async fn get_pro_token(
        &self,
        request: Request<GetProTokenRequest>,
    ) -> Result<Response<GetProTokenResponse>, Status> {
        let request = request.into_inner();
        let found = self
            .0
            .get_pro_token(id(&request.user_id)?, id(&request.token_id)?);
        Ok(Response::new(GetProTokenResponse {
            token: Some(tokens::token(found.await?)),
        }))
    }

    async fn list_pro_tokens(
        &self,
        request: Request<ListProTokensRequest>,
    ) -> Result<Response<ListProTokensResponse>, Status> {
        let user_id = id(&request.into_inner().user_id)?;
        let tokens = self.0.list_pro_tokens(user_id).await?;
        Ok(Response::new(ListProTokensResponse {
            tokens: tokens.into_iter().map(tokens::token).collect(),
        }))
    }

    async fn record_audit_event(
        &self,
        request: Request<RecordAuditEventRequest>,
    ) -> Result<Response<RecordAuditEventResponse>, Status> {
        let event = tokens::event(request.into_inner(), self.0.clock.now())?;
        self.0.record_audit_event(event).await?;
        Ok(Response::new(RecordAuditEventResponse {}))
    }

    async fn list_audit_events(
        &self,
        request: Request<ListAuditEventsRequest>,
    ) -> Result<Response<ListAuditEventsResponse>, Status> {
        let request = request.into_inner();
        let (user_id, (token, before)) = (id(&request.user_id)?, tokens::page(&request)?);
        let events = self.0.list_audit_events(user_id, token, before, request.limit);
        Ok(Response::new(ListAuditEventsResponse {
            events: events.await?.into_iter().map(tokens::audit_event).collect(),
        }))
    }

    async fn revoke_token(
        &self,
        request: Request<RevokeTokenRequest>,
    ) -> Result<Response<RevokeTokenResponse>, Status> {
        let request = request.into_inner();
        let user_id = id(&request.user_id)?;
        let actor = tokens::actor(request.actor)?;
        self.0
            .revoke_token(user_id, id(&request.token_id)?, actor)
            .await?;
        Ok(Response::new(RevokeTokenResponse {}))
    }

    async fn issue_sandbox_credential(
        &self,
        request: Request<IssueSandboxCredentialRequest>,
    ) -> Result<Response<IssueSandboxCredentialResponse>, Status> {
        let request = request.into_inner();
        let (user_id, sandbox_id) = (id(&request.user_id)?, id(&request.sandbox_id)?);
        let (credential_id, password) = self.0.issue_sandbox_credential(user_id, sandbox_id).await?;
        Ok(Response::new(IssueSandboxCredentialResponse {
            credential_id: credential_id.to_string(),
            password: password.to_string(),
        }))
    }

    async fn revoke_sandbox_credentials(
        &self,
        request: Request<RevokeSandboxCredentialsRequest>,
    ) -> Result<Response<RevokeSandboxCredentialsResponse>, Status> {
        let sandbox_id = id(&request.into_inner().sandbox_id)?;
        self.0.revoke_sandbox_credentials(sandbox_id).await?;
        Ok(Response::new(RevokeSandboxCredentialsResponse {}))
    }

    async fn validate_submission(
        &self,
        request: Request<ValidateSubmissionRequest>,
    ) -> Result<Response<ValidateSubmissionResponse>, Status> {
        let submitter = self.0.validate_submission(&request.into_inner().password).await?;
        Ok(Response::new(tokens::submitter(submitter)))
    }
}
