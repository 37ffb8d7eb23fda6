//! The credential between services.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use http::{HeaderMap, HeaderValue};
use mayfly_types::SecretKey;
use parking_lot::RwLock;
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, crypto::aws_lc_rs, server::WebPkiClientVerifier,
    version::TLS13,
};

use super::CREDENTIAL;
use mayfly_runtime::{
    config::ConfigError,
    task::Tasks,
    tls::{read_certificates, read_key, reload_on_change},
};

/// The credential between services: a shared secret, mutual TLS, or both.
#[derive(Debug, Clone)]
pub struct Credential {
    secret: Option<SecretKey>,
    tls: Option<MutualTls>,
}

impl Credential {
    /// Creates a credential from what is configured, or `None` if nothing is.
    #[must_use]
    pub fn new(secret: Option<SecretKey>, tls: Option<MutualTls>) -> Option<Self> {
        (secret.is_some() || tls.is_some()).then_some(Self { secret, tls })
    }

    pub(super) fn tls(&self) -> Option<&MutualTls> {
        self.tls.as_ref()
    }

    /// The metadata value of a call.
    pub(super) fn bearer(&self) -> Option<HeaderValue> {
        let text = format!("Bearer {}", self.secret.as_ref()?.to_hex());
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Returns whether a call carries the secret, if one is configured. The handshake has verified the certificate.
    pub(super) fn is_in(&self, headers: &HeaderMap) -> bool {
        let Some(expected) = &self.secret else {
            return self.tls.is_some();
        };
        let presented = headers
            .get(CREDENTIAL)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        presented
            .and_then(|hex| SecretKey::from_hex(hex).ok())
            .is_some_and(|presented| presented == *expected)
    }
}

/// Mutual TLS: each side presents a certificate signed by the same authority. Changed files are reloaded.
#[derive(Clone)]
pub struct MutualTls(Arc<RwLock<Arc<Configs>>>);

struct Configs {
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

impl fmt::Debug for MutualTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MutualTls").finish_non_exhaustive()
    }
}

impl MutualTls {
    /// Loads a certificate, its key and the certificate of the authority, and reloads changed files while the group runs.
    /// Returns `None` when no path is set.
    ///
    /// # Errors
    /// When only some paths are set, or a file cannot be used; names the key `<section>.tls_cert`.
    pub fn load(
        section: &str,
        certificate: Option<&PathBuf>,
        key: Option<&PathBuf>,
        authority: Option<&PathBuf>,
        tasks: &Tasks,
    ) -> Result<Option<Self>, ConfigError> {
        let Some((files, configs)) = Configs::configured(section, certificate, key, authority)? else {
            return Ok(None);
        };
        let load = {
            let [certificate, key, authority] = files.clone();
            move || Configs::load(&certificate, &key, &authority)
        };
        let this = Self(Arc::new(RwLock::new(Arc::new(configs))));
        let current = Arc::clone(&this.0);
        reload_on_change(files.to_vec(), tasks, move || {
            let fresh = Arc::new(load()?);
            *current.write() = fresh;
            Ok(())
        });
        Ok(Some(this))
    }

    /// Checks that the files can be used, as [`MutualTls::load`] does.
    ///
    /// # Errors
    /// As [`MutualTls::load`].
    pub fn validate(
        section: &str,
        certificate: Option<&PathBuf>,
        key: Option<&PathBuf>,
        authority: Option<&PathBuf>,
    ) -> Result<(), ConfigError> {
        Configs::configured(section, certificate, key, authority).map(drop)
    }

    /// The TLS configuration for a connection accepted now.
    pub(super) fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current().server)
    }

    /// The TLS configuration for a connection opened now.
    pub(super) fn client(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.current().client)
    }

    fn current(&self) -> Arc<Configs> {
        Arc::clone(&self.0.read())
    }
}

impl Configs {
    /// Reads the files of a section; `None` when no path is set.
    fn configured(
        section: &str,
        certificate: Option<&PathBuf>,
        key: Option<&PathBuf>,
        authority: Option<&PathBuf>,
    ) -> Result<Option<([PathBuf; 3], Self)>, ConfigError> {
        let config_key = format!("{section}.tls_cert");
        match (certificate, key, authority) {
            (None, None, None) => Ok(None),
            (Some(certificate), Some(key), Some(authority)) => {
                let configs =
                    Self::load(certificate, key, authority).map_err(|e| ConfigError::new(&config_key, e))?;
                Ok(Some(([certificate, key, authority].map(Clone::clone), configs)))
            }
            _ => {
                let problem = format!("set it, {section}.tls_key and {section}.tls_ca together");
                Err(ConfigError::new(&config_key, problem))
            }
        }
    }

    fn load(certificate: &Path, key: &Path, authority: &Path) -> Result<Self, String> {
        let problem = |path: &Path, error: &dyn fmt::Display| format!("{}: {error}", path.display());
        let mut roots = RootCertStore::empty();
        for root in read_certificates(authority)? {
            roots.add(root).map_err(|e| problem(authority, &e))?;
        }
        let (roots, provider) = (Arc::new(roots), Arc::new(aws_lc_rs::default_provider()));
        let client_verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider))
                .build()
                .map_err(|e| problem(authority, &e))?;
        let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13])
            .map_err(|e| e.to_string())?
            .with_client_cert_verifier(client_verifier)
            .with_single_cert(read_certificates(certificate)?, read_key(key)?)
            .map_err(|e| problem(key, &e))?;
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map_err(|e| e.to_string())?
            .with_root_certificates(roots)
            .with_client_auth_cert(read_certificates(certificate)?, read_key(key)?)
            .map_err(|e| problem(key, &e))?;
        server.alpn_protocols = vec![b"h2".to_vec()];
        client.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self {
            server: Arc::new(server),
            client: Arc::new(client),
        })
    }
}
