//! Against Pebble on loopback.

use std::{fs, net::Ipv4Addr, path::Path};

use mayfly_runtime::config::List;
use mayfly_testkit::{AcmeServer, DnsServer, ValidationPorts, Zone, eventually};
use mayfly_types::{Clock as _, SystemClock};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::*;

const NAME: &str = "mx.mayfly.test";

fn config(authority: &AcmeServer) -> Config {
    Config {
        domains: List(vec![NAME.parse().unwrap()]),
        contact: Some("operator@mayfly.test".to_owned()),
        directory: authority.directory(),
        ca_file: Some(authority.ca_file()),
        http_listen: None,
    }
}

fn dns() -> DnsServer {
    let dns = DnsServer::start();
    dns.publish(Zone::default().a(NAME, Ipv4Addr::LOCALHOST));
    dns
}

/// A key and its certificate, valid from `since_days` ago for `for_days`.
fn pem(since_days: i64, for_days: i64) -> String {
    let mut params = CertificateParams::new([NAME.to_owned()]).unwrap();
    params.not_before = SystemClock.now() - time::Duration::days(since_days);
    params.not_after = params.not_before + time::Duration::days(for_days);
    let key = KeyPair::generate().unwrap();
    format!(
        "{}{}",
        key.serialize_pem(),
        params.self_signed(&key).unwrap().pem()
    )
}

fn leaf_of(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

fn store(dir: &Path, pem: &str) {
    Files::open(dir).unwrap().save_certificate(pem).unwrap();
}

fn current(resolver: &Resolver) -> CertificateDer<'static> {
    resolver.current().cert[0].clone()
}

/// Starts the renewal, and serves TLS for validations as the listener of the gateway does.
async fn start(acme: Acme, port: u16) -> (Arc<Resolver>, Tasks) {
    let (resolver, tasks) = (Arc::clone(&acme.resolver), Tasks::new(CancellationToken::new()));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let (acceptor, stopping) = (acme.acceptor(&[b"http/1.1"]).unwrap(), tasks.stopping());
    tasks.spawn(async move {
        while let Some(Ok((stream, _))) = stopping.run_until_cancelled(listener.accept()).await {
            let _ = acceptor.accept(stream).await;
        }
    });
    acme.start(&tasks);
    (resolver, tasks)
}

/// While the authority is down, the old certificate stays in use. The order is repeated until it succeeds, also with an
/// authority that has forgotten the account.
#[tokio::test]
async fn renewal_without_authority_keeps_certificate_and_retries() {
    tls::install_crypto_provider();
    let (dir, dns, ports) = (tempfile::tempdir().unwrap(), dns(), ValidationPorts::free());
    let mut authority = AcmeServer::stopped(ports, dns.address());
    let (old, config) = (pem(100, 101), config(&authority));
    store(dir.path(), &old);
    let open = || Acme::open(&config, dir.path(), Arc::new(SystemClock)).unwrap();
    let acme = open();
    let failure = order::place(&acme.config, &acme.store, &acme.resolver)
        .await
        .unwrap_err();
    assert!(failure.to_string().contains("Connection refused"), "{failure}");
    let (resolver, tasks) = start(acme, ports.tls).await;
    tokio::time::sleep(MIN_BACKOFF * 3).await;
    assert_eq!(current(&resolver), leaf_of(&old), "the old certificate is in use");
    authority.run();
    eventually("a new certificate", async || current(&resolver) != leaf_of(&old)).await;
    let stored = fs::read_to_string(dir.path().join("acme/certificate.pem")).unwrap();
    assert_eq!(current(&resolver), leaf_of(&stored));
    assert!(tasks.shutdown(Duration::from_secs(5)).await);

    let account = || fs::read_to_string(dir.path().join("acme/account.json")).unwrap_or_default();
    let first = account();
    assert!(!first.is_empty());
    authority.stop();
    authority.run();
    store(dir.path(), &old);
    let (resolver, tasks) = start(open(), ports.tls).await;
    eventually("a certificate of a new account", async || {
        current(&resolver) != leaf_of(&old)
    })
    .await;
    assert_ne!(account(), first, "the authority has forgotten the first account");
    assert!(tasks.shutdown(Duration::from_secs(5)).await);
}

#[tokio::test]
async fn order_that_cannot_be_validated_names_domain_and_cause() {
    tls::install_crypto_provider();
    let (dir, dns, ports) = (tempfile::tempdir().unwrap(), dns(), ValidationPorts::free());
    let authority = AcmeServer::start(ports, dns.address());
    let acme = Acme::open(&config(&authority), dir.path(), Arc::new(SystemClock)).unwrap();
    let failure = order::place(&acme.config, &acme.store, &acme.resolver)
        .await
        .unwrap_err();
    let text = failure.to_string();
    assert!(
        text.contains(NAME) && text.contains("Failed to connect to"),
        "{text}"
    );
}

#[tokio::test]
async fn stored_certificate_is_used_only_while_it_fits() {
    let (dir, dns) = (tempfile::tempdir().unwrap(), dns());
    let authority = AcmeServer::stopped(ValidationPorts::free(), dns.address());
    let mut config = config(&authority);
    let open = |config: &Config| Acme::open(config, dir.path(), Arc::new(SystemClock)).unwrap();
    let valid = pem(1, 90);
    store(dir.path(), &valid);
    let acme = open(&config);
    assert_eq!(current(&acme.resolver), leaf_of(&valid));
    assert!(acme.certificate.unwrap().renew_at() > SystemClock.now() + time::Duration::days(58));

    config.domains.0.push("other.mayfly.test".parse().unwrap());
    assert!(open(&config).certificate.is_none(), "a name is missing");
    config.domains.0.pop();
    store(dir.path(), &pem(100, 90));
    assert!(open(&config).certificate.is_none(), "it has expired");
}
