//! What the listeners present and answer: the current certificate, and the challenges of an order in progress.

use std::{collections::HashMap, sync::Arc};

use mayfly_proto::mailbox::AcmeChallenges;
use parking_lot::RwLock;
use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use crate::certificate::self_signed;

/// The protocol that an authority offers alone in a TLS-ALPN-01 validation (RFC 8737).
pub(crate) const ACME_TLS: &[u8] = b"acme-tls/1";

/// State that the renewal task writes and every listener reads.
#[derive(Debug)]
pub(crate) struct Resolver {
    current: RwLock<Arc<CertifiedKey>>,
    /// Certificates of TLS-ALPN-01 by domain.
    tls_challenges: RwLock<HashMap<String, Arc<CertifiedKey>>>,
    /// Key authorizations of HTTP-01 by token.
    http_challenges: RwLock<HashMap<String, String>>,
}

impl Resolver {
    pub(crate) fn new(current: Arc<CertifiedKey>) -> Self {
        Self {
            current: RwLock::new(current),
            tls_challenges: RwLock::default(),
            http_challenges: RwLock::default(),
        }
    }

    pub(crate) fn current(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.current.read())
    }

    pub(crate) fn replace(&self, current: Arc<CertifiedKey>) {
        *self.current.write() = current;
    }

    /// Answers these challenges and no others.
    pub(crate) fn set_challenges(&self, challenges: &AcmeChallenges) -> Result<(), String> {
        let tls = challenges.tls.iter().map(|answer| {
            let certificate = self_signed(vec![answer.domain.clone()], Some(&answer.digest))?;
            Ok((answer.domain.clone(), certificate))
        });
        let tls = tls.collect::<Result<_, String>>()?;
        let http = challenges.http.iter();
        let http = http.map(|answer| (answer.token.clone(), answer.key_authorization.clone()));
        *self.tls_challenges.write() = tls;
        *self.http_challenges.write() = http.collect();
        Ok(())
    }

    pub(crate) fn http_challenge(&self, token: &str) -> Option<String> {
        self.http_challenges.read().get(token).cloned()
    }

    pub(crate) fn clear_challenges(&self) {
        self.tls_challenges.write().clear();
        self.http_challenges.write().clear();
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let is_validation = hello
            .alpn()
            .is_some_and(|mut names| names.next() == Some(ACME_TLS) && names.next().is_none());
        if is_validation {
            let domain = hello.server_name()?.to_ascii_lowercase();
            return self.tls_challenges.read().get(&domain).cloned();
        }
        Some(self.current())
    }
}
