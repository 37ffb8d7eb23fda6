//! What the replicas of a fleet share through `mailbox`: account, certificate, and the challenges of the order in progress.

use std::{fmt, time::Duration};

use mayfly_proto::mailbox::{
    AcmeChallenges, AcmeState, AcquireAcmeLeaseRequest, GetAcmeStateRequest, PutAcmeStateRequest,
    mailbox_acme_client::MailboxAcmeClient,
};
use mayfly_rpc::{Failure, Transport};
use mayfly_types::HolderId;
use parking_lot::Mutex;
use tonic::Status;

/// The period in which a replica reads what the others have stored.
pub(crate) const REFRESH_EVERY: Duration = Duration::from_secs(5);
/// How long a published challenge waits until every replica has read it. One that has not makes the validation fail, and the
/// order is repeated.
const PROPAGATION: Duration = Duration::from_secs(12);
/// The period in which the holder of the lease, which lasts a minute, renews it.
const RENEW_LEASE_EVERY: Duration = Duration::from_secs(15);

/// The client of the shared state.
pub(crate) struct Fleet {
    client: MailboxAcmeClient<Transport>,
    holder: HolderId,
    /// What was read or written last.
    state: Mutex<AcmeState>,
}

/// Shows no state: it has private keys.
impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet")
            .field("holder", &self.holder)
            .finish_non_exhaustive()
    }
}

impl Fleet {
    pub(crate) fn new(mailbox: Transport, holder: HolderId) -> Self {
        Self {
            client: MailboxAcmeClient::new(mailbox),
            holder,
            state: Mutex::default(),
        }
    }

    /// Returns what was read or written last.
    pub(crate) fn state(&self) -> AcmeState {
        self.state.lock().clone()
    }

    /// Reads what is stored now.
    pub(crate) async fn read(&self) -> Result<AcmeState, String> {
        let answer = self.client.clone().get_acme_state(GetAcmeStateRequest {}).await;
        let state = answer.map_err(cause)?.into_inner().state.unwrap_or_default();
        *self.state.lock() = state.clone();
        Ok(state)
    }

    /// Acquires or renews the lease. Returns false while another replica holds it.
    pub(crate) async fn acquire_lease(&self) -> Result<bool, String> {
        let request = AcquireAcmeLeaseRequest {
            holder: self.holder.to_string(),
        };
        let answer = self.client.clone().acquire_acme_lease(request).await;
        Ok(answer.map_err(cause)?.into_inner().is_held)
    }

    /// Renews the lease until it is lost; returns why.
    pub(crate) async fn keep_lease(&self) -> String {
        loop {
            tokio::time::sleep(RENEW_LEASE_EVERY).await;
            match self.acquire_lease().await {
                Ok(true) => {}
                Ok(false) => return TAKEN_OVER.to_owned(),
                // It lasts longer than a few of these.
                Err(error) => tracing::warn!(%error, "cannot renew the lease of the certificate's order"),
            }
        }
    }

    /// Changes what is stored, as the holder of the lease.
    pub(crate) async fn update(&self, change: impl FnOnce(&mut AcmeState)) -> Result<(), String> {
        let mut state = self.state();
        change(&mut state);
        let request = PutAcmeStateRequest {
            holder: self.holder.to_string(),
            state: Some(state.clone()),
        };
        let answer = self.client.clone().put_acme_state(request).await;
        if !answer.map_err(cause)?.into_inner().is_stored {
            return Err(TAKEN_OVER.to_owned());
        }
        *self.state.lock() = state;
        Ok(())
    }

    /// Stores challenges, and waits until the other replicas have read them.
    pub(crate) async fn publish(&self, challenges: AcmeChallenges) -> Result<(), String> {
        self.update(|state| state.challenges = Some(challenges)).await?;
        tokio::time::sleep(PROPAGATION).await;
        Ok(())
    }
}

const TAKEN_OVER: &str = "another replica has taken the order over";

fn cause(status: Status) -> String {
    let failure = Failure::from(status);
    format!(
        "the mailbox service answers {}: {}",
        failure.code.as_str(),
        failure.message
    )
}
