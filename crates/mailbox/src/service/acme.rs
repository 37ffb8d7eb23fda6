//! Automatic HTTPS of a fleet: keeps what the edges share, sealed, and the lease of the one that orders.

use mayfly_database::lease;
use mayfly_runtime::seal::SealingKey;
use mayfly_types::{HolderId, SecretKey};
use secrecy::SecretSlice;
use time::Duration;

use super::Service;
use crate::{error::Error, store::acme_states};

/// The name of the lease.
const LEASE: &str = "acme";
/// How long the lease stays taken after the death of its holder, which renews it a few times within this time.
const LEASE_TTL: Duration = Duration::seconds(60);
/// The largest state: a certificate with a hundred names, and as many challenges, take a tenth of it.
const MAX_STATE_BYTES: usize = 512 << 10;
/// What the state is sealed for.
const OWNER: &[u8] = b"acme state";

/// The keys that seal the state: all open, the first seals.
#[derive(Debug)]
pub(crate) struct AcmeKeys(Vec<SealingKey>);

impl AcmeKeys {
    /// Derives them from the data keys.
    pub(crate) fn new(keys: &[SecretKey]) -> Self {
        let derived = |key| SealingKey::derived(key, b"mayfly acme state");
        Self(keys.iter().map(derived).collect())
    }

    /// Returns nothing if no key opens the state: it was sealed with a key that is gone. A new certificate can be ordered.
    fn open(&self, sealed: &[u8]) -> Option<SecretSlice<u8>> {
        let opened = self.0.iter().find_map(|key| key.open(OWNER, sealed).ok());
        if opened.is_none() {
            tracing::warn!("the certificate in the database was sealed with a key that is gone");
        }
        opened
    }
}

impl Service {
    /// Returns what the edges share, encoded; `None` before the first order.
    pub(crate) async fn get_acme_state(&self) -> Result<Option<SecretSlice<u8>>, Error> {
        let sealed = self.store.read("find_acme_state", |c| {
            Box::pin(async move { Ok(acme_states::find(c).await?) })
        });
        Ok(sealed.await?.and_then(|sealed| self.acme_keys.open(&sealed)))
    }

    /// Acquires or renews the lease. Returns false while another process holds it.
    pub(crate) async fn acquire_acme_lease(&self, holder: HolderId) -> Result<bool, Error> {
        let now = self.clock.now();
        self.store
            .write("acquire_acme_lease", None, move |tx| {
                Box::pin(async move { Ok(lease::acquire(tx, LEASE, holder, now, LEASE_TTL).await?) })
            })
            .await
    }

    /// Replaces what the edges share. Returns false, and replaces nothing, while another process holds the lease.
    pub(crate) async fn put_acme_state(&self, holder: HolderId, state: &[u8]) -> Result<bool, Error> {
        if state.len() > MAX_STATE_BYTES {
            return Err(Error::InvalidRequest("the state is too large"));
        }
        let key = self.acme_keys.0.first();
        let sealed = key
            .ok_or(Error::Defect("no key seals the state"))?
            .seal(OWNER, state);
        let now = self.clock.now();
        self.store
            .write("put_acme_state", None, move |tx| {
                let sealed = sealed.clone();
                Box::pin(async move {
                    let is_held = lease::acquire(tx, LEASE, holder, now, LEASE_TTL).await?;
                    if is_held {
                        acme_states::set(tx, sealed).await?;
                    }
                    Ok(is_held)
                })
            })
            .await
    }
}
