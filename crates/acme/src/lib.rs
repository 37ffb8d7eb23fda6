//! Automatic HTTPS: orders a certificate from an ACME authority, renews it before it expires, and gives it to every listener
//! of the process.

mod certificate;
mod config;
mod order;
mod resolver;
mod store;

use std::{path::Path, sync::Arc, time::Duration};

use mayfly_runtime::{config::ConfigError, task::Tasks, tls};
use mayfly_types::SharedClock;
use time::OffsetDateTime;
use tokio_rustls::TlsAcceptor;

pub use config::Config;

use self::{
    certificate::Certificate,
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
    /// Loads the stored certificate. Without one, listeners present a certificate that is signed by its own key until the
    /// authority has issued one: senders of mail encrypt with it, and browsers show why the page is not available yet.
    ///
    /// # Errors
    /// When the data directory cannot be used; names the key `data_dir`.
    pub fn open(config: &Config, data_dir: &Path, clock: SharedClock) -> Result<Self, ConfigError> {
        let problem = |error: String| ConfigError::new("data_dir", error);
        let store = Store::open(data_dir).map_err(problem)?;
        let stored = store.certificate().map_err(problem)?;
        let now = clock.now();
        let certificate = stored.filter(|found| found.covers(&config.domains.0) && found.not_after > now);
        let current = match &certificate {
            Some(certificate) => Arc::clone(&certificate.key),
            None => {
                let names = config.domains.0.iter().map(ToString::to_string).collect();
                certificate::self_signed(names, None)
                    .map_err(|error| ConfigError::new("gateway.acme.domains", error))?
            }
        };
        Ok(Self {
            config: config.clone(),
            store,
            resolver: Arc::new(Resolver::new(current)),
            clock,
            certificate,
        })
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
        let mut backoff = MIN_BACKOFF;
        loop {
            if let Some(certificate) = &self.certificate {
                sleep_until(&self.clock, certificate.renew_at()).await;
            }
            match self.renew().await {
                Ok(()) => backoff = MIN_BACKOFF,
                Err(error) => {
                    let expires_at = self.certificate.as_ref().map(|certificate| certificate.not_after);
                    let expires_at = expires_at.map(tracing::field::display);
                    tracing::warn!(%error, expires_at, retry_in = ?backoff, "cannot obtain a certificate");
                    tokio::time::sleep(backoff).await;
                    backoff = MAX_BACKOFF.min(backoff * 2);
                }
            }
        }
    }

    async fn renew(&mut self) -> Result<(), OrderError> {
        let order = order::place(&self.config, &self.store, &self.resolver);
        let outcome = tokio::time::timeout(ORDER_TIMEOUT, order).await;
        self.resolver.clear_challenges();
        let outcome = outcome.unwrap_or(Err(OrderError::TimedOut(ORDER_TIMEOUT)));
        if outcome.as_ref().is_err_and(OrderError::is_unknown_account) {
            self.store.remove_account().map_err(OrderError::Local)?;
        }
        let certificate = outcome?;
        self.resolver.replace(Arc::clone(&certificate.key));
        tracing::info!(expires_at = %certificate.not_after, "obtained a certificate");
        self.certificate = Some(certificate);
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
