//! Automatic HTTPS: orders a certificate from an ACME authority, renews it before it expires, and gives it to every listener
//! of the process. The replicas of a fleet share one certificate, which one of them orders.

mod account;
mod certificate;
mod config;
mod files;
mod fleet;
mod order;
mod resolver;
mod store;

use std::{path::Path, sync::Arc, time::Duration};

use mayfly_proto::mailbox::AcmeState;
use mayfly_rpc::Transport;
use mayfly_runtime::{config::ConfigError, task::Tasks, tls};
use mayfly_types::{HolderId, SharedClock, unix_millis};
use time::OffsetDateTime;
use tokio_rustls::TlsAcceptor;

pub use config::Config;

use self::{
    certificate::Certificate,
    files::Files,
    fleet::{Fleet, REFRESH_EVERY},
    order::OrderError,
    resolver::{ACME_TLS, Resolver},
    store::Store,
};

/// The pause after the first failure. It doubles up to [`MAX_BACKOFF`]: within the five failed validations an hour that Let's
/// Encrypt allows for a name.
const MIN_BACKOFF: Duration = if cfg!(test) {
    Duration::from_millis(100)
} else {
    Duration::from_secs(120)
};
const MAX_BACKOFF: Duration = Duration::from_secs(3600);
/// How long one order may take.
const ORDER_TIMEOUT: Duration = Duration::from_secs(300);
/// How long the start of a replica waits for the certificate of its fleet.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// The pause between attempts to read it.
const READ_AGAIN_AFTER: Duration = Duration::from_millis(200);
/// The longest sleep before the clock is read again, because it can be set.
const MAX_SLEEP: Duration = Duration::from_secs(600);

/// The certificate of this process, and the task that renews it.
#[derive(Debug)]
pub struct Acme {
    config: Config,
    store: Store,
    resolver: Arc<Resolver>,
    clock: SharedClock,
    /// Absent until the authority has issued one for the configured domains.
    certificate: Option<Certificate>,
    /// Whether this process can order: it answers challenges.
    is_orderer: bool,
}

/// Answers to HTTP-01 challenges.
#[derive(Debug, Clone)]
pub struct HttpChallenges(Arc<Resolver>);

impl HttpChallenges {
    /// Returns what `/.well-known/acme-challenge/{token}` answers.
    #[must_use]
    pub fn answer(&self, token: &str) -> Option<String> {
        self.0.http_challenge(token)
    }
}

impl Acme {
    /// Loads the certificate of a single process from its data directory. Without one, listeners present a certificate that is
    /// signed by its own key until the authority has issued one: senders of mail encrypt with it, and browsers show why the page
    /// is not available yet.
    ///
    /// # Errors
    /// When the data directory cannot be used; names the key `data_dir`.
    pub fn open(config: &Config, data_dir: &Path, clock: SharedClock) -> Result<Self, ConfigError> {
        let problem = |error: String| ConfigError::new("data_dir", error);
        let files = Files::open(data_dir).map_err(problem)?;
        let stored = files.certificate().map_err(problem)?;
        let mut acme = Self::new(config, Store::Files(files), clock, true)?;
        if let Some(certificate) = stored {
            acme.present(certificate);
        }
        Ok(acme)
    }

    /// Loads the certificate that the replicas of a fleet share through `mailbox`. Waits for it a few seconds, so that a replica
    /// that starts while others serve presents it from the first connection on. `is_orderer` for a process whose listeners
    /// answer challenges.
    ///
    /// # Errors
    /// When no certificate can be made.
    pub async fn open_fleet(
        config: &Config,
        mailbox: Transport,
        clock: SharedClock,
        is_orderer: bool,
    ) -> Result<Self, ConfigError> {
        let fleet = Fleet::new(mailbox, HolderId::new(clock.now()));
        let reading = async {
            while let Err(error) = fleet.read().await {
                tracing::debug!(error, "cannot read the certificate of the fleet yet");
                tokio::time::sleep(READ_AGAIN_AFTER).await;
            }
        };
        if tokio::time::timeout(READ_TIMEOUT, reading).await.is_err() {
            tracing::warn!(
                "cannot read the certificate of the fleet: a self-signed one is presented until then"
            );
        }
        let state = fleet.state();
        let mut acme = Self::new(config, Store::Fleet(Box::new(fleet)), clock, is_orderer)?;
        acme.take_over(&AcmeState::default(), &state);
        Ok(acme)
    }

    fn new(config: &Config, store: Store, clock: SharedClock, is_orderer: bool) -> Result<Self, ConfigError> {
        let names = config.domains.0.iter().map(ToString::to_string).collect();
        let own = certificate::self_signed(names, None)
            .map_err(|error| ConfigError::new("gateway.acme.domains", error))?;
        Ok(Self {
            config: config.clone(),
            store,
            resolver: Arc::new(Resolver::new(own)),
            clock,
            certificate: None,
            is_orderer,
        })
    }

    /// Presents a certificate from now on, if it fits.
    fn present(&mut self, certificate: Certificate) {
        if certificate.covers(&self.config.domains.0) && certificate.not_after > self.clock.now() {
            self.resolver.replace(Arc::clone(&certificate.key));
            self.certificate = Some(certificate);
        }
    }

    /// Builds an acceptor that presents the current certificate. With `h2` or `http/1.1` in `alpn` it also answers TLS-ALPN-01.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn acceptor(&self, alpn: &[&[u8]]) -> Result<TlsAcceptor, ConfigError> {
        let validation = (!alpn.is_empty()).then_some(ACME_TLS);
        let alpn: Vec<&[u8]> = alpn.iter().copied().chain(validation).collect();
        let resolver = Arc::clone(&self.resolver);
        tls::acceptor_with(resolver, &alpn).map_err(|e| ConfigError::new("gateway.acme.domains", e))
    }

    /// Returns the answers for the plain HTTP listener.
    #[must_use]
    pub fn http_challenges(&self) -> HttpChallenges {
        HttpChallenges(Arc::clone(&self.resolver))
    }

    /// Orders and renews until the tasks stop. Call it when the listeners accept connections.
    pub fn start(self, tasks: &Tasks) {
        let stopping = tasks.stopping();
        tasks.spawn_vital("certificate renewal", async move {
            stopping.run_until_cancelled(self.run()).await;
        });
    }

    async fn run(mut self) {
        match &self.store {
            Store::Files(_) => self.run_alone().await,
            Store::Fleet(_) => self.run_in_fleet().await,
        }
    }

    async fn run_alone(&mut self) {
        let mut backoff = MIN_BACKOFF;
        loop {
            if let Some(certificate) = &self.certificate {
                sleep_until(&self.clock, certificate.renew_at()).await;
            }
            match self.renew().await {
                Ok(()) => backoff = MIN_BACKOFF,
                Err(error) => {
                    self.report(&error, backoff);
                    tokio::time::sleep(backoff).await;
                    backoff = MAX_BACKOFF.min(backoff * 2);
                }
            }
        }
    }

    async fn run_in_fleet(&mut self) {
        let mut is_cut_off = false;
        loop {
            let turn = self.take_turn().await;
            match &turn {
                Ok(()) if is_cut_off => tracing::info!("the certificate of the fleet can be read again"),
                Err(error) if !is_cut_off => {
                    tracing::warn!(error, "cannot share the certificate of the fleet");
                }
                _ => {}
            }
            is_cut_off = turn.is_err();
            tokio::time::sleep(REFRESH_EVERY).await;
        }
    }

    /// Takes over what other replicas have stored, and orders when it is time and no other replica does.
    async fn take_turn(&mut self) -> Result<(), String> {
        self.refresh().await?;
        let Store::Fleet(fleet) = &self.store else {
            return Ok(());
        };
        if !self.is_orderer || !self.is_due(fleet) || !fleet.acquire_lease().await? {
            return Ok(());
        }
        // The former holder may have finished in between.
        self.refresh().await?;
        let Store::Fleet(fleet) = &self.store else {
            return Ok(());
        };
        if !self.is_due(fleet) {
            return Ok(());
        }
        match self.renew().await {
            Ok(()) => Ok(()),
            Err(error) => self.postpone(&error).await,
        }
    }

    /// Tells whether the certificate has to be ordered now.
    fn is_due(&self, fleet: &Fleet) -> bool {
        let now = self.clock.now();
        let certificate = self.certificate.as_ref();
        certificate.is_none_or(|certificate| certificate.renew_at() <= now)
            && fleet.state().retry_at_ms <= unix_millis(now)
    }

    /// Stores when the order is repeated, so that the replicas together keep within the limits of the authority.
    async fn postpone(&self, error: &OrderError) -> Result<(), String> {
        let Store::Fleet(fleet) = &self.store else {
            return Ok(());
        };
        let failures = fleet.state().failures;
        let backoff = MAX_BACKOFF.min(MIN_BACKOFF.saturating_mul(2_u32.saturating_pow(failures)));
        self.report(error, backoff);
        let retry_at_ms = unix_millis(self.clock.now() + backoff);
        let stored = fleet.update(|state| {
            state.challenges = None;
            state.failures = failures.saturating_add(1);
            state.retry_at_ms = retry_at_ms;
        });
        stored.await
    }

    /// Reads what the replicas share, and presents and answers it.
    async fn refresh(&mut self) -> Result<(), String> {
        let Store::Fleet(fleet) = &self.store else {
            return Ok(());
        };
        let (known, state) = (fleet.state(), fleet.read().await?);
        self.take_over(&known, &state);
        Ok(())
    }

    fn take_over(&mut self, known: &AcmeState, state: &AcmeState) {
        if known.challenges != state.challenges {
            let challenges = state.challenges.clone().unwrap_or_default();
            if let Err(error) = self.resolver.set_challenges(&challenges) {
                tracing::error!(error, "cannot answer the challenges of the fleet");
            }
        }
        if known.certificate != state.certificate
            && let Some(pem) = &state.certificate
        {
            match Certificate::from_pem(pem) {
                Ok(certificate) => self.present(certificate),
                Err(error) => tracing::error!(error, "cannot use the certificate of the fleet"),
            }
        }
    }

    fn report(&self, error: &OrderError, retry_in: Duration) {
        let expires_at = self.certificate.as_ref().map(|certificate| certificate.not_after);
        let expires_at = expires_at.map(tracing::field::display);
        tracing::warn!(%error, expires_at, ?retry_in, "cannot obtain a certificate");
    }

    async fn renew(&mut self) -> Result<(), OrderError> {
        let order = order::place(&self.config, &self.store, &self.resolver);
        let order = tokio::time::timeout(ORDER_TIMEOUT, order);
        let outcome = match &self.store {
            Store::Files(_) => order.await,
            Store::Fleet(fleet) => tokio::select! {
                outcome = order => outcome,
                lost = fleet.keep_lease() => Ok(Err(OrderError::Local(lost))),
            },
        };
        self.resolver.clear_challenges();
        let outcome = outcome.unwrap_or(Err(OrderError::TimedOut(ORDER_TIMEOUT)));
        if outcome.as_ref().is_err_and(OrderError::is_unknown_account) {
            self.store.remove_account().await.map_err(OrderError::Local)?;
        }
        let certificate = outcome?;
        tracing::info!(expires_at = %certificate.not_after, "obtained a certificate");
        self.present(certificate);
        Ok(())
    }
}

async fn sleep_until(clock: &SharedClock, at: OffsetDateTime) {
    while let Ok(left) = Duration::try_from(at - clock.now()) {
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(MAX_SLEEP)).await;
    }
}

#[cfg(test)]
mod tests;
