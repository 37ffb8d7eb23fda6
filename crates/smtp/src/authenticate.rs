//! The client of `auth`, which checks logins. The mailbox service then finds the sandbox. No other file calls `auth`.

use std::time::Duration;

use mayfly_proto::{
    auth::{LimitedOwner, ValidateSubmissionRequest, ValidateSubmissionResponse, auth_client::AuthClient},
    mailbox::{OpenSandboxRequest, OpenSandboxResponse, mailbox_client::MailboxClient},
};
use mayfly_rpc::{Failure, Transport};
use mayfly_types::{ErrorCode, LOCAL_USER};
use tonic::Request;

use crate::session::{Authentication, Credentials, Login, Submitter};

/// Validation reads a cache or one row.
const VALIDATE_TIMEOUT: Duration = Duration::from_secs(1);
/// The first login with an API token creates a sandbox.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);

/// A session's way to check logins.
#[derive(Debug, Clone)]
pub(crate) struct Logins {
    /// `None` where no client can log in with a password.
    auth: Option<AuthClient<Transport>>,
    mailbox: MailboxClient<Transport>,
}

impl Logins {
    pub(crate) fn new(auth: Option<Transport>, mailbox: Transport) -> Self {
        Self {
            auth: auth.map(AuthClient::new),
            mailbox: MailboxClient::new(mailbox),
        }
    }

    /// Checks a login with both services. Only a refusal of theirs rejects it: that one of them cannot be reached proves nothing.
    pub(crate) async fn check(&mut self, login: &Login) -> Authentication {
        let checked = match login {
            Login::Password(credentials) => self.check_password(credentials).await,
            Login::Open => self.open((LOCAL_USER.to_string(), None), None, None, "").await,
        };
        match checked {
            Ok(submitter) => Authentication::Accepted(submitter),
            Err(failure) => refused(&failure),
        }
    }

    async fn check_password(&mut self, credentials: &Credentials) -> Result<Submitter, Failure> {
        let Some(auth) = &mut self.auth else {
            return Err(defect("a login without the auth service"));
        };
        let mut request = Request::new(ValidateSubmissionRequest {
            password: credentials.password.to_string(),
        });
        request.set_timeout(VALIDATE_TIMEOUT);
        let ValidateSubmissionResponse {
            user_id,
            credential_id,
            sandbox_id,
            limited_owner,
        } = auth.validate_submission(request).await?.into_inner();
        let owner = (user_id, limited_owner);
        self.open(owner, Some(credential_id), sandbox_id, &credentials.username)
            .await
    }

    async fn open(
        &mut self,
        (user_id, limited_owner): (String, Option<LimitedOwner>),
        credential: Option<String>,
        sandbox_id: Option<String>,
        username: &str,
    ) -> Result<Submitter, Failure> {
        let owner = limited_owner
            .as_ref()
            .map_or(&user_id, |limited| &limited.user_id);
        let owner = owner
            .parse()
            .map_err(|_| defect("auth returned an invalid user id"))?;
        let mut request = Request::new(OpenSandboxRequest {
            owner_user_id: user_id,
            limited_owner,
            sandbox_id,
            username: username.to_owned(),
        });
        request.set_timeout(OPEN_TIMEOUT);
        let OpenSandboxResponse { sandbox } = self.mailbox.open_sandbox(request).await?.into_inner();
        let id = sandbox.and_then(|sandbox| sandbox.sandbox_id.parse().ok());
        Ok(Submitter {
            owner,
            sandbox: id.ok_or_else(|| defect("mailbox returned an invalid sandbox id"))?,
            credential,
        })
    }
}

fn defect(what: &'static str) -> Failure {
    Failure::new(ErrorCode::Internal, mayfly_types::Reason::Internal, what)
}

fn refused(failure: &Failure) -> Authentication {
    match failure.code {
        ErrorCode::Unauthenticated | ErrorCode::PermissionDenied | ErrorCode::NotFound => {
            Authentication::Rejected
        }
        code => {
            let (code, reason) = (code.as_str(), failure.reason.as_str());
            tracing::warn!(code, reason, "cannot check a login");
            Authentication::Unavailable
        }
    }
}
