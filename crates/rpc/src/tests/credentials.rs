//! Authentication of callers and servers.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use mayfly_testkit::eventually;
use mayfly_types::SecretKey;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::ServerName, version::TLS13};
use tokio::{io::AsyncReadExt, net::TcpStream};
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, transport::Endpoint};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::{
    super::{Credential, MutualTls},
    replica::{Caller, Replica, SAFE, UNSAFE, secret},
};
use mayfly_runtime::task::Tasks;

/// Checks the health of a replica with a plain tonic client.
async fn check_health(replica: &Replica, bearer: Option<&str>) -> Result<ServingStatus, Code> {
    let url = format!("http://{}", replica.address);
    let channel = Endpoint::from_shared(url)
        .unwrap()
        .connect()
        .await
        .map_err(|_| Code::Unavailable)?;
    let mut request = Request::new(HealthCheckRequest {
        service: "test.v1.Test".to_owned(),
    });
    if let Some(bearer) = bearer {
        request
            .metadata_mut()
            .insert("authorization", bearer.parse().unwrap());
    }
    let answer = HealthClient::new(channel).check(request).await;
    answer
        .map(|answer| answer.into_inner().status())
        .map_err(|status| status.code())
}

#[tokio::test]
async fn health_check_requires_the_secret() {
    let key = SecretKey::random();
    let replica = Replica::start(&Credential::new(Some(key.clone()), None).unwrap());
    let right = format!("Bearer {}", key.to_hex());
    assert_eq!(
        check_health(&replica, Some(&right)).await,
        Ok(ServingStatus::Serving)
    );
    let wrong = format!("Bearer {}", SecretKey::random().to_hex());
    for presented in [None, Some(wrong.as_str()), Some("Bearer"), Some(&right[7..])] {
        assert_eq!(
            check_health(&replica, presented).await,
            Err(Code::Unauthenticated),
            "{presented:?}"
        );
    }
    replica.health.drain().await;
    assert_eq!(
        check_health(&replica, Some(&right)).await,
        Ok(ServingStatus::NotServing)
    );
}

#[tokio::test]
async fn call_with_another_secret_is_unavailable() {
    let replica = Replica::start(&secret());
    let caller = Caller::of(&[&replica], &secret());
    for path in [SAFE, UNSAFE] {
        assert_eq!(caller.call(path).await, Code::Unavailable);
    }
    assert!(caller.reach.check().is_err());
    assert_eq!(replica.calls(), 0);
}

/// A certificate authority, and the files of the certificates it signed.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    dir: tempfile::TempDir,
    tasks: Tasks,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self {
            issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap(),
            dir: tempfile::tempdir().unwrap(),
            tasks: Tasks::new(CancellationToken::new()),
        }
    }

    fn write(&self, name: &str, pem: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path
    }

    /// Signs a certificate for some names, and loads it as a process that trusts `trusted`.
    fn identity(&self, names: &[&str], trusted: &Self) -> MutualTls {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(names)
            .unwrap()
            .signed_by(&key, &self.issuer)
            .unwrap();
        let paths = [
            self.write("cert.pem", &certificate.pem()),
            self.write("key.pem", &key.serialize_pem()),
            self.write("ca.pem", &trusted.issuer.pem()),
        ];
        let [cert, key, ca] = paths.each_ref().map(Some);
        MutualTls::load("grpc", cert, key, ca, &self.tasks)
            .unwrap()
            .unwrap()
    }

    fn credential(&self, names: &[&str]) -> Credential {
        Credential::new(None, Some(self.identity(names, self))).unwrap()
    }
}

#[tokio::test]
async fn mutual_tls_with_one_authority_connects() {
    let authority = Authority::new();
    let credential = authority.credential(&["127.0.0.1"]);
    let (a, b) = (Replica::start(&credential), Replica::start(&credential));
    let caller = Caller::of(&[&a, &b], &credential);
    caller.reaches_all(&[&a, &b]).await;
    assert_eq!(caller.call(UNSAFE).await, Code::Ok);
    a.drain(std::time::Duration::ZERO).await;
    eventually("the other is used", async || {
        caller.call(UNSAFE).await == Code::Ok
    })
    .await;
}

#[tokio::test]
async fn mutual_tls_with_another_authority_is_rejected() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let replica = Replica::start(&ours.credential(&["127.0.0.1"]));
    // Without TLS, without a certificate that we signed, and with one that we signed but no trust in ours.
    assert!(check_health(&replica, None).await.is_err());
    for identity in [theirs.identity(&["x"], &ours), ours.identity(&["x"], &theirs)] {
        let credential = Credential::new(None, Some(identity)).unwrap();
        let caller = Caller::of(&[&replica], &credential);
        assert_eq!(caller.call(UNSAFE).await, Code::Unavailable);
    }
    assert_eq!(replica.calls(), 0);
}

#[tokio::test]
async fn mutual_tls_without_client_certificate_is_rejected() {
    let authority = Authority::new();
    let replica = Replica::start(&authority.credential(&["127.0.0.1"]));
    let mut roots = RootCertStore::empty();
    roots.add(authority.issuer.der().clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(replica.address).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    // With TLS 1.3 the handshake of the client ends before the server verifies its certificate.
    let mut stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .unwrap();
    let mut first = [0];
    let error = stream.read_exact(&mut first).await.unwrap_err();
    assert!(error.to_string().contains("CertificateRequired"), "{error}");
}

#[tokio::test]
async fn mutual_tls_server_with_another_name_is_rejected() {
    let authority = Authority::new();
    let replica = Replica::start(&authority.credential(&["elsewhere.internal"]));
    let caller = Caller::of(&[&replica], &authority.credential(&["127.0.0.1"]));
    assert_eq!(caller.call(UNSAFE).await, Code::Unavailable);
    assert_eq!(replica.calls(), 0);
}

#[tokio::test]
async fn mutual_tls_reloads_changed_certificates() {
    let authority = Authority::new();
    let ours = authority.credential(&["elsewhere.internal"]);
    let replica = Replica::start(&ours);
    let caller = Caller::of(&[&replica], &ours);
    assert_eq!(caller.call(UNSAFE).await, Code::Unavailable, "the name is wrong");
    // Into the same files: a certificate with the right name.
    authority.identity(&["127.0.0.1"], &authority);
    eventually("the new one is used", async || {
        caller.call(UNSAFE).await == Code::Ok
    })
    .await;
}

#[tokio::test]
async fn secret_and_mutual_tls_are_both_required() {
    let authority = Authority::new();
    let identity = authority.identity(&["127.0.0.1"], &authority);
    let both = |key: &SecretKey| Credential::new(Some(key.clone()), Some(identity.clone())).unwrap();
    let key = SecretKey::random();
    let replica = Replica::start(&both(&key));
    let callers = [
        (both(&key), Code::Ok),
        (both(&SecretKey::random()), Code::Unavailable),
        (
            Credential::new(None, Some(identity.clone())).unwrap(),
            Code::Unavailable,
        ),
    ];
    for (credential, code) in callers {
        assert_eq!(Caller::of(&[&replica], &credential).call(UNSAFE).await, code);
    }
}

#[tokio::test]
async fn load_mutual_tls_names_invalid_files() {
    let authority = Authority::new();
    authority.credential(&["127.0.0.1"]);
    let path = |name: &str| authority.dir.path().join(name);
    let (cert, key, ca) = (path("cert.pem"), path("key.pem"), path("ca.pem"));
    let load = |cert: Option<&PathBuf>, key: Option<&PathBuf>, ca: Option<&PathBuf>| {
        MutualTls::load("grpc", cert, key, ca, &authority.tasks)
            .map(|tls| tls.is_some())
            .map_err(|e| e.to_string())
    };
    assert_eq!(load(None, None, None), Ok(false));
    assert_eq!(load(Some(&cert), Some(&key), Some(&ca)), Ok(true));
    for (cert, key, ca) in [
        (Some(&cert), None, None),
        (Some(&cert), Some(&key), None),
        (None, None, Some(&ca)),
    ] {
        let error = load(cert, key, ca).unwrap_err();
        assert!(
            error.contains("grpc.tls_cert") && error.contains("grpc.tls_ca"),
            "{error}"
        );
    }
    let nowhere = Path::new("/nowhere.pem").to_owned();
    let error = load(Some(&cert), Some(&key), Some(&nowhere)).unwrap_err();
    assert!(
        error.contains("grpc.tls_cert") && error.contains("/nowhere.pem"),
        "{error}"
    );
}
