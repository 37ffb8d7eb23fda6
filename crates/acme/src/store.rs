//! Where the account and the certificate are kept: files of one process, or what the replicas of a fleet share.

use instant_acme::AccountCredentials;
use mayfly_proto::mailbox::AcmeChallenges;

use crate::{account::account_at, files::Files, fleet::Fleet};

/// The store of this process.
#[derive(Debug)]
pub(crate) enum Store {
    Files(Files),
    Fleet(Box<Fleet>),
}

impl Store {
    /// Returns the account at the directory of an authority; `None` if there is none, or only one at another authority.
    pub(crate) fn account(&self, directory: &str) -> Result<Option<AccountCredentials>, String> {
        match self {
            Self::Files(files) => files.account(directory),
            Self::Fleet(fleet) => match fleet.state().account.as_deref() {
                Some(text) => account_at(directory, text),
                None => Ok(None),
            },
        }
    }

    /// Stores the credentials of an account, as JSON.
    pub(crate) async fn save_account(&self, account: String) -> Result<(), String> {
        match self {
            Self::Files(files) => files.save_account(&account),
            Self::Fleet(fleet) => fleet.update(|state| state.account = Some(account)).await,
        }
    }

    /// Removes an account that the authority does not know any more.
    pub(crate) async fn remove_account(&self) -> Result<(), String> {
        match self {
            Self::Files(files) => files.remove_account(),
            Self::Fleet(fleet) => fleet.update(|state| state.account = None).await,
        }
    }

    /// Gives the answers to challenges to the other replicas; returns when they have them.
    pub(crate) async fn publish(&self, challenges: AcmeChallenges) -> Result<(), String> {
        match self {
            Self::Files(_) => Ok(()),
            Self::Fleet(fleet) => fleet.publish(challenges).await,
        }
    }

    /// Stores a key and its certificate chain. Challenges and failures before it are past.
    pub(crate) async fn save_certificate(&self, pem: String) -> Result<(), String> {
        match self {
            Self::Files(files) => files.save_certificate(&pem),
            Self::Fleet(fleet) => {
                let saved = fleet.update(|state| {
                    state.certificate = Some(pem);
                    state.challenges = None;
                    (state.failures, state.retry_at_ms) = (0, 0);
                });
                saved.await
            }
        }
    }
}
