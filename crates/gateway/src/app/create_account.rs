//! Creating a mailbox: reserve the address, store the credential, activate the mailbox. A crash in between leaves nothing
//! that lasts: the reservation lapses. A failure in between releases it.

use std::net::IpAddr;

use mayfly_proto::{
    auth::CreateCredentialRequest,
    mailbox::{ActivateMailboxRequest, ReleaseMailboxRequest, ReserveMailboxRequest},
};
use mayfly_rpc::Failure;
use mayfly_types::{Address, ErrorCode, InvalidAddress, Reason};

use super::{
    App, hash_request,
    mailbox_secret::MailboxSecret,
    principal::Owner,
    proof_of_work::{Proof, Worth},
    sign_in::SignedIn,
};

/// The mailbox to create.
pub(crate) struct NewAccount {
    /// Trimmed and lower-cased here.
    pub(crate) address: String,
    pub(crate) secret: MailboxSecret,
    /// The Pro user that owns it.
    pub(crate) owner: Option<Owner>,
    /// Signs in from then on without regard to guesses of others.
    pub(crate) client: IpAddr,
    /// Ignored with an owner.
    pub(crate) proof: Option<Result<Proof, Failure>>,
    /// The solution of a captcha. Ignored with an owner.
    pub(crate) captcha: Option<String>,
    /// Ignored without an owner: an address can be taken only once.
    pub(crate) idempotency_key: Option<String>,
}

/// What became of a new mailbox.
pub(crate) enum Creation {
    Created {
        account: SignedIn,
        /// The bits that the next mailbox of the client needs, where this one needed a proof of work.
        next_bits: Option<u32>,
    },
    /// Nothing was created: the proof of work needs so many bits.
    NeedsBits(u32),
}

impl App {
    /// Creates a mailbox and a token for it.
    ///
    /// # Errors
    /// When the address or the secret cannot be used, the address is taken, or the owner has enough mailboxes.
    pub(crate) async fn create_account(&self, new: NewAccount) -> Result<Creation, Failure> {
        let address: Address = new.address.parse().map_err(|error: InvalidAddress| {
            Failure::new(
                ErrorCode::InvalidArgument,
                Reason::InvalidAddress,
                error.to_string(),
            )
        })?;
        new.secret.check_length()?;
        let mut worth = Worth::Free;
        if new.owner.is_none() {
            worth = self.proof_of_work.check(&address, new.client, new.proof).await?;
            if let Worth::TooEasy(bits) = worth {
                return Ok(Creation::NeedsBits(bits));
            }
            self.captcha.take(new.captcha.as_deref()).await?;
            self.create_limit.take(new.client).await?;
        }
        let has_key = new.owner.is_some() && new.idempotency_key.is_some();
        let (owner_user_id, limited_owner) = match new.owner.map(Owner::into_fields) {
            None => (None, None),
            Some((_, limited @ Some(_))) => (None, limited),
            Some((user_id, None)) => (Some(user_id), None),
        };
        let request = ReserveMailboxRequest {
            address: address.to_string(),
            owner_user_id,
            limited_owner,
            idempotency_key: new.idempotency_key,
            client: new.client.to_string(),
        };
        let reserved = self.mailbox().reserve_mailbox(request).await?;
        let account_id = reserved.into_inner().account_id;
        // A repetition with the same key continues the reservation, so only others release it.
        let mut reservation = Reservation {
            app: self.clone(),
            account_id: (!has_key).then(|| account_id.clone()),
        };
        let created = self.activate(&account_id, &address, new.secret).await;
        match created {
            Ok(token) => {
                reservation.account_id = None;
                self.sign_in_limit.know(address.as_str(), new.client).await;
                let next_bits = self.proof_of_work.spend(new.client, worth).await;
                let account = SignedIn {
                    account_id,
                    address: address.to_string(),
                    token,
                };
                Ok(Creation::Created { account, next_bits })
            }
            Err(failure) => {
                // Before the answer, so that a client that retries at once finds the address free.
                reservation.release().await;
                Err(failure)
            }
        }
    }

    /// Stores the credential of a reserved mailbox and activates it. Returns a token.
    async fn activate(
        &self,
        account_id: &str,
        address: &Address,
        secret: MailboxSecret,
    ) -> Result<String, Failure> {
        let (password, auth_key) = secret.into_fields();
        let request = CreateCredentialRequest {
            account_id: account_id.to_owned(),
            password,
            address: address.to_string(),
            auth_key,
        };
        let created = self.auth().create_credential(hash_request(request)).await?;
        let request = ActivateMailboxRequest {
            account_id: account_id.to_owned(),
        };
        self.mailbox().activate_mailbox(request).await?;
        Ok(created.into_inner().token)
    }
}

/// A reserved address. Dropped before the mailbox is active, because the client has disconnected, it is released too.
struct Reservation {
    app: App,
    /// `None` once it needs no release.
    account_id: Option<String>,
}

impl Reservation {
    async fn release(&mut self) {
        if let Some(account_id) = self.account_id.take() {
            release(&self.app, account_id).await;
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(account_id) = self.account_id.take() {
            let app = self.app.clone();
            self.app
                .tasks
                .spawn(async move { release(&app, account_id).await });
        }
    }
}

/// Releases a reservation. One that cannot be released lapses after a minute.
async fn release(app: &App, account_id: String) {
    let request = ReleaseMailboxRequest { account_id };
    if let Err(error) = app.mailbox().release_mailbox(request).await {
        tracing::debug!(%error, "cannot release a reservation");
    }
}
