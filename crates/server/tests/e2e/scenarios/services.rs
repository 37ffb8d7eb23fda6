//! gRPC between edges and services: authentication, health, and readiness of edges.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use mayfly_types::SecretKey;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tonic::{Code, Request, transport::Channel};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::{
    client::Client,
    world::{Kind, World},
};

async fn health(channel: &Channel, service: &str, secret: Option<&SecretKey>) -> Result<ServingStatus, Code> {
    let mut request = Request::new(HealthCheckRequest {
        service: service.to_owned(),
    });
    if let Some(secret) = secret {
        let bearer = format!("Bearer {}", secret.to_hex()).parse().unwrap();
        request.metadata_mut().insert("authorization", bearer);
    }
    match HealthClient::new(channel.clone()).check(request).await {
        Ok(answer) => Ok(answer.into_inner().status()),
        Err(status) => Err(status.code()),
    }
}

// Two threads: the client connections are served while the test waits for a process to exit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grpc_health_of_draining_service_is_not_serving() {
    let secret = SecretKey::random();
    let hex = secret.to_hex();
    let more = [
        ("MAYFLY_GRPC__SECRET", hex.as_str()),
        ("MAYFLY_DRAIN_DELAY", "3s"),
    ];
    let mut world = World::start_with(Kind::Split, &more);
    for (role, service) in [
        ("auth", "mayfly.auth.v1.Auth"),
        ("mailbox", "mayfly.mailbox.v1.Mailbox"),
    ] {
        let process = world.process(role);
        let url = format!("http://{}", process.banner[&format!("gRPC {role}")]);
        let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
        for service in [service, ""] {
            assert_eq!(
                health(&channel, service, Some(&secret)).await,
                Ok(ServingStatus::Serving)
            );
        }
        for wrong in [None, Some(&SecretKey::random())] {
            assert_eq!(health(&channel, service, wrong).await, Err(Code::Unauthenticated));
        }

        process.signal("TERM");
        let signalled = Instant::now();
        while health(&channel, service, Some(&secret)).await == Ok(ServingStatus::Serving) {
            assert!(
                signalled.elapsed() < Duration::from_secs(10),
                "{role} does not report that it drains"
            );
        }
        // A draining service accepts connections: clients that have not noticed yet are served.
        let again = Channel::from_shared(format!("http://{}", process.banner[&format!("gRPC {role}")]));
        let again = again.unwrap().connect().await.unwrap();
        assert_eq!(
            health(&again, service, Some(&secret)).await,
            Ok(ServingStatus::NotServing)
        );
        assert_eq!(process.wait(), Some(0));
    }
}

/// The report of readiness without the line of Redis, which can be connecting.
fn services_of(report: Vec<u8>) -> String {
    let report = String::from_utf8(report).unwrap();
    let lines = report.lines().filter(|line| !line.starts_with("redis "));
    lines.map(|line| format!("{line}\n")).collect()
}

#[tokio::test]
async fn readyz_names_the_unreachable_service() {
    let mut world = World::start(Kind::Split);
    let admin = Client::new(&world.process("gateway").banner["admin"].clone());
    let ready = async || {
        let answer = admin.call("GET", "/readyz", None, None).await;
        (answer.status, services_of(answer.body))
    };
    let until = async |expected: (u16, &str)| {
        let started = Instant::now();
        loop {
            let (status, text) = ready().await;
            if (status, text.as_str()) == expected {
                break;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "{status}: {text}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    until((200, "serving ok\nauth service ok\nmailbox service ok\n")).await;
    world.process("auth").kill();
    // The outage is reported, but readiness stays: all gateways would fail at once.
    until((200, "serving ok\nauth service unreachable\nmailbox service ok\n")).await;

    // A gateway with a wrong secret has never reached a service, so it is not ready.
    let wrong = SecretKey::random().to_hex();
    let mut world = World::start(Kind::Split);
    world.set("MAYFLY_GRPC__SECRET", &wrong);
    let misconfigured = world.start_process("gateway");
    let admin = Client::new(&misconfigured.banner["admin"]);
    let answer = admin.call("GET", "/readyz", None, None).await;
    let text = services_of(answer.body);
    assert_eq!(
        (answer.status, text.as_str()),
        (
            503,
            "serving ok\nauth service unreachable\nmailbox service unreachable\n"
        )
    );
    let answer = Client::new(&misconfigured.banner["HTTP"])
        .get("/api/me", "x")
        .await;
    assert_eq!(answer.outcome(), (503, "unavailable".to_owned()));
}

/// Writes an authority and one certificate for the loopback address.
fn write_certificates(dir: &Path) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    fs::write(dir.join("ca.pem"), authority.pem()).unwrap();
    fs::write(dir.join("cert.pem"), certificate.pem()).unwrap();
    fs::write(dir.join("key.pem"), key.serialize_pem()).unwrap();
}

#[tokio::test]
async fn grpc_with_mutual_tls_needs_no_secret() {
    let dir = tempfile::tempdir().unwrap();
    write_certificates(dir.path());
    let path = |name: &str| dir.path().join(name).display().to_string();
    let mut world = World::start_with(
        Kind::Split,
        &[
            ("MAYFLY_GRPC__SECRET", ""),
            ("MAYFLY_GRPC__TLS_CERT", &path("cert.pem")),
            ("MAYFLY_GRPC__TLS_KEY", &path("key.pem")),
            ("MAYFLY_GRPC__TLS_CA", &path("ca.pem")),
        ],
    );
    let client = world.client();
    let mailbox = client.create_mailbox("mtls@mayfly.test", None).await;
    let mut sender = mayfly_testkit::MailSender::ready(world.smtp()).await.unwrap();
    let mail = b"Subject: over mutual TLS\r\n\r\nx\r\n";
    let reply = sender.send("a@example.com", &["mtls@mayfly.test"], mail).await;
    assert_eq!(reply.unwrap().code, 250);
    assert_eq!(client.messages(&mailbox.token).await.len(), 1);

    // Without a client certificate every call is rejected, with TLS or without.
    let address = world.process("auth").banner["gRPC auth"].clone();
    let channel = Channel::from_shared(format!("http://{address}"))
        .unwrap()
        .connect_lazy();
    let refused = health(&channel, "mayfly.auth.v1.Auth", None).await;
    assert!(refused.is_err(), "{refused:?}");
    let https = format!("https://{address}/mayfly.auth.v1.Auth/ValidateToken");
    let output = std::process::Command::new("curl")
        .args(["-sS", "--http2", "--cacert", &path("ca.pem"), "-d", "x", &https])
        .output()
        .unwrap();
    assert!(!output.status.success(), "{output:?}");
}
