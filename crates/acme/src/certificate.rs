//! A certificate with its key: parsed from PEM, or signed by itself.

use std::sync::Arc;

use mayfly_types::DomainName;
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::{
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use time::OffsetDateTime;
use x509_parser::{extensions::GeneralName, parse_x509_certificate};

/// A certificate that an authority has issued.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    pub(crate) key: Arc<CertifiedKey>,
    names: Vec<String>,
    not_before: OffsetDateTime,
    pub(crate) not_after: OffsetDateTime,
}

impl Certificate {
    /// Reads a key and its certificate chain.
    pub(crate) fn from_pem(pem: &str) -> Result<Self, String> {
        let chain = CertificateDer::pem_slice_iter(pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| error.to_string())?;
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| error.to_string())?;
        let leaf = chain.first().ok_or("holds no certificate")?;
        let (_, parsed) = parse_x509_certificate(leaf).map_err(|error| error.to_string())?;
        let alternatives = parsed
            .subject_alternative_name()
            .map_err(|error| error.to_string())?;
        let names = alternatives.map(|found| found.value.general_names.iter());
        let names = names.into_iter().flatten().filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        });
        let names = names.collect();
        let validity = parsed.validity();
        let (not_before, not_after) = (
            validity.not_before.to_datetime(),
            validity.not_after.to_datetime(),
        );
        let key = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider());
        Ok(Self {
            key: Arc::new(key.map_err(|error| error.to_string())?),
            names,
            not_before,
            not_after,
        })
    }

    /// Tells whether the certificate is valid for every domain.
    pub(crate) fn covers(&self, domains: &[DomainName]) -> bool {
        domains
            .iter()
            .all(|domain| self.names.iter().any(|name| name == domain.as_str()))
    }

    /// Returns when to renew: after two thirds of the lifetime, which leaves weeks for retries, and suits certificates that
    /// live for days as well.
    pub(crate) fn renew_at(&self) -> OffsetDateTime {
        self.not_after - (self.not_after - self.not_before) / 3
    }
}

/// Makes a certificate that is signed by its own key. With a digest, it answers a TLS-ALPN-01 challenge (RFC 8737).
pub(crate) fn self_signed(
    names: Vec<String>,
    challenge_digest: Option<&[u8]>,
) -> Result<Arc<CertifiedKey>, String> {
    let mut params = CertificateParams::new(names).map_err(|error| error.to_string())?;
    params
        .custom_extensions
        .extend(challenge_digest.map(CustomExtension::new_acme_identifier));
    let key = KeyPair::generate().map_err(|error| error.to_string())?;
    let certificate = params.self_signed(&key).map_err(|error| error.to_string())?;
    let key = PrivateKeyDer::try_from(key.serialize_der())?;
    let key = aws_lc_rs::default_provider().key_provider.load_private_key(key);
    let key = key.map_err(|error| error.to_string())?;
    // `CertifiedKey::from_der` rejects the critical extension of a challenge.
    let chain = vec![certificate.der().clone()];
    Ok(Arc::new(CertifiedKey::new(chain, key)))
}
