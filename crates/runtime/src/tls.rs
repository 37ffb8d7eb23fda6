//! Server certificates from PEM files, reloaded when the files change.

use std::{
    fmt::Display,
    future::ready,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use parking_lot::RwLock;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio_rustls::TlsAcceptor;

use crate::{config::ConfigError, task::Tasks};

const RELOAD_EVERY: Duration = if cfg!(test) {
    Duration::from_millis(100)
} else {
    Duration::from_secs(10)
};

/// A certificate and its key on disk.
#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read()))
    }
}

impl Files {
    /// Returns `None` when neither path is set.
    fn configured(
        config_key: &str,
        section: &str,
        certificate: Option<&PathBuf>,
        key: Option<&PathBuf>,
    ) -> Result<Option<Self>, ConfigError> {
        match (certificate, key) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Ok(Some(Self {
                certificate: certificate.clone(),
                key: key.clone(),
            })),
            _ => {
                let problem = format!("set it and {section}.tls_key together");
                Err(ConfigError::new(config_key, problem))
            }
        }
    }

    fn load(&self) -> Result<Arc<CertifiedKey>, String> {
        let (chain, key) = (read_certificates(&self.certificate)?, read_key(&self.key)?);
        let provider = aws_lc_rs::default_provider();
        let certified = CertifiedKey::from_der(chain, key, &provider).map_err(|e| problem(&self.key, &e))?;
        Ok(Arc::new(certified))
    }
}

fn problem(path: &Path, error: &dyn Display) -> String {
    format!("{}: {error}", path.display())
}

/// Reads the certificates of a PEM file.
///
/// # Errors
/// Names the file when it cannot be read or contains no certificate.
pub fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| problem(path, &e))?;
    if certificates.is_empty() {
        return Err(problem(path, &"holds no certificate"));
    }
    Ok(certificates)
}

/// Reads the private key of a PEM file.
///
/// # Errors
/// Names the file when it cannot be read or contains no key.
pub fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_file(path).map_err(|e| problem(path, &e))
}

/// Calls `load` within ten seconds after one of the files changed, until the tasks stop. After a failure, which is logged,
/// the previous certificate stays in use.
pub fn reload_on_change(
    files: Vec<PathBuf>,
    tasks: &Tasks,
    load: impl Fn() -> Result<(), String> + Send + 'static,
) {
    let modified = move || -> Vec<Option<SystemTime>> {
        let of = |path: &PathBuf| std::fs::metadata(path).and_then(|m| m.modified()).ok();
        files.iter().map(of).collect()
    };
    let mut seen = modified();
    tasks.every("certificate reload", RELOAD_EVERY, RELOAD_EVERY, move || {
        let now = modified();
        let is_changed = now != seen;
        seen = now;
        let outcome = if is_changed { load() } else { Ok(()) };
        ready(outcome.map_err(|error| format!("kept the old certificate: {error}")))
    });
}

/// Makes aws-lc-rs the provider for every use of TLS in the process. Later calls have no effect.
pub fn install_crypto_provider() {
    let _ = aws_lc_rs::default_provider().install_default();
}

/// Checks that a certificate and its key can be used, as [`acceptor`] does.
///
/// # Errors
/// As [`acceptor`].
pub fn validate(
    section: &str,
    certificate: Option<&PathBuf>,
    key: Option<&PathBuf>,
) -> Result<(), ConfigError> {
    let config_key = format!("{section}.tls_cert");
    match Files::configured(&config_key, section, certificate, key)? {
        Some(files) => files
            .load()
            .map(drop)
            .map_err(|e| ConfigError::new(&config_key, e)),
        None => Ok(()),
    }
}

/// Builds an acceptor for a certificate and reloads it: a changed file is loaded within ten seconds, and the old
/// certificate stays in use if that fails. Returns `None` when neither path is set.
///
/// # Errors
/// When only one path is set, or a file is invalid; names the key `<section>.tls_cert`.
pub fn acceptor(
    section: &str,
    certificate: Option<&PathBuf>,
    key: Option<&PathBuf>,
    alpn: &[&[u8]],
    tasks: &Tasks,
) -> Result<Option<TlsAcceptor>, ConfigError> {
    let config_key = format!("{section}.tls_cert");
    let Some(files) = Files::configured(&config_key, section, certificate, key)? else {
        return Ok(None);
    };
    let current = Arc::new(Current(RwLock::new(
        files.load().map_err(|e| ConfigError::new(&config_key, e))?,
    )));
    let resolver = Arc::clone(&current) as Arc<dyn ResolvesServerCert>;
    let acceptor = acceptor_with(resolver, alpn).map_err(|e| ConfigError::new(&config_key, e))?;
    let watched = vec![files.certificate.clone(), files.key.clone()];
    reload_on_change(watched, tasks, move || {
        let fresh = files.load()?;
        *current.0.write() = fresh;
        Ok(())
    });
    Ok(Some(acceptor))
}

/// Builds an acceptor that presents what the resolver returns.
///
/// # Errors
/// When the crypto provider lacks a protocol version.
pub fn acceptor_with(
    resolver: Arc<dyn ResolvesServerCert>,
    alpn: &[&[u8]],
) -> Result<TlsAcceptor, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Ok(TlsAcceptor::from(Arc::new(config)))
}
