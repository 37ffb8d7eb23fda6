//! Server certificates from PEM files, read again when they change.

use std::{
    fmt::Display,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

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
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Files {
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
/// Names the file when it cannot be read or holds no certificate.
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
/// Names the file when it cannot be read or holds no key.
pub fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_file(path).map_err(|e| problem(path, &e))
}

/// Calls `load` within ten seconds after one of the files changed, until the tasks stop. A failure is logged and leaves the
/// previous certificate in use.
pub fn keep_fresh(
    files: Vec<PathBuf>,
    tasks: &Tasks,
    load: impl Fn() -> Result<(), String> + Send + 'static,
) {
    let modified = move || -> Vec<Option<SystemTime>> {
        let of = |path: &PathBuf| std::fs::metadata(path).and_then(|m| m.modified()).ok();
        files.iter().map(of).collect()
    };
    let stopping = tasks.stopping();
    tasks.spawn(async move {
        let mut seen = modified();
        while stopping
            .run_until_cancelled(tokio::time::sleep(RELOAD_EVERY))
            .await
            .is_some()
        {
            let now = modified();
            if now == seen {
                continue;
            }
            seen = now;
            if let Err(error) = load() {
                tracing::error!(%error, "kept the old certificate");
            }
        }
    });
}

/// Builds an acceptor for a certificate, and keeps it fresh: a changed file is read within ten seconds, and one that
/// cannot be used leaves the old certificate in place. Returns `None` when neither path is set.
///
/// # Errors
/// When only one of the two is set, or they cannot be used; names the key `<section>.tls_cert`.
pub fn acceptor(
    section: &str,
    certificate: Option<&PathBuf>,
    key: Option<&PathBuf>,
    alpn: &[&[u8]],
    tasks: &Tasks,
) -> Result<Option<TlsAcceptor>, ConfigError> {
    let config_key = format!("{section}.tls_cert");
    let files = match (certificate, key) {
        (None, None) => return Ok(None),
        (Some(certificate), Some(key)) => Files {
            certificate: certificate.clone(),
            key: key.clone(),
        },
        _ => {
            return Err(ConfigError::new(
                &config_key,
                format!("set it and {section}.tls_key together"),
            ));
        }
    };
    let current = Arc::new(Current(RwLock::new(
        files.load().map_err(|e| ConfigError::new(&config_key, e))?,
    )));
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| ConfigError::new(&config_key, e))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    let watched = vec![files.certificate.clone(), files.key.clone()];
    keep_fresh(watched, tasks, move || {
        *current.0.write().unwrap_or_else(PoisonError::into_inner) = files.load()?;
        Ok(())
    });
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}
