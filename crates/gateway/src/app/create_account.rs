//! Creating a mailbox: reserve the address, store the credential, activate the mailbox. A crash in between leaves nothing
//! that lasts: the reservation lapses.

use mayfly_proto::{
    auth::CreateCredentialRequest,
    mailbox::{ActivateMailboxRequest, ReserveMailboxRequest},
};
use mayfly_rpc::Failure;
use mayfly_types::{
    Address, ErrorCode, InvalidAddress, Reason,
    password::{self, LengthError},
};

use super::{App, hash_request, sign_in::SignedIn};

/// The mailbox to create.
pub(crate) struct NewAccount {
    /// Trimmed and lower-cased here.
    pub(crate) address: String,
    pub(crate) password: String,
    /// The Pro user that owns it.
    pub(crate) owner_user_id: Option<String>,
    /// Ignored without an owner: an address can be taken only once.
    pub(crate) idempotency_key: Option<String>,
}

impl App {
    /// Creates a mailbox and a token for it.
    ///
    /// # Errors
    /// When the address or the password cannot be used, the address is taken, or the owner has enough mailboxes.
    pub(crate) async fn create_account(&self, new: NewAccount) -> Result<SignedIn, Failure> {
        let address: Address = new.address.parse().map_err(|error: InvalidAddress| {
            Failure::new(
                ErrorCode::InvalidArgument,
                Reason::InvalidAddress,
                error.to_string(),
            )
        })?;
        check_length(&new.password)?;
        let request = ReserveMailboxRequest {
            address: address.to_string(),
            owner_user_id: new.owner_user_id,
            idempotency_key: new.idempotency_key,
        };
        let reserved = self.mailbox().reserve_mailbox(request).await?;
        let account_id = reserved.into_inner().account_id;
        let request = CreateCredentialRequest {
            account_id: account_id.clone(),
            password: new.password.into(),
        };
        let created = self.auth().create_credential(hash_request(request)).await?;
        let request = ActivateMailboxRequest {
            account_id: account_id.clone(),
        };
        self.mailbox().activate_mailbox(request).await?;
        Ok(SignedIn {
            account_id,
            address: address.to_string(),
            token: created.into_inner().token,
        })
    }
}

/// Auth decides; this spares an address from being reserved for a password that auth refuses.
fn check_length(password: &str) -> Result<(), Failure> {
    password::check_length(password, password::MIN_MAILBOX_BYTES).map_err(|error| {
        let reason = match error {
            LengthError::TooShort { .. } => Reason::PasswordTooShort,
            LengthError::TooLong { .. } => Reason::PasswordTooLong,
        };
        Failure::new(ErrorCode::InvalidArgument, reason, format!("password: {error}"))
    })
}
