//! What services tell each other: who may call, how they are, and what edges make of it.

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

// Two threads: the connections here answer while one waits for a process to end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_tell_their_health_to_each_other_and_drain_with_notice() {
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
        let told = Instant::now();
        while health(&channel, service, Some(&secret)).await == Ok(ServingStatus::Serving) {
            assert!(
                told.elapsed() < Duration::from_secs(10),
                "{role} does not say that it drains"
            );
        }
        // It still answers, and takes new connections: whoever has not heard yet is served.
        let again = Channel::from_shared(format!("http://{}", process.banner[&format!("gRPC {role}")]));
        let again = again.unwrap().connect().await.unwrap();
        assert_eq!(
            health(&again, service, Some(&secret)).await,
            Ok(ServingStatus::NotServing)
        );
        assert_eq!(process.wait(), Some(0));
    }
}

#[tokio::test]
async fn an_edge_tells_which_service_it_cannot_reach() {
    let mut world = World::start(Kind::Split);
    let admin = Client::new(&world.process("gateway").banner["admin"].clone());
    let ready = async || {
        let answer = admin.call("GET", "/readyz", None, None).await;
        (answer.status, String::from_utf8(answer.body).unwrap())
    };
    let until = async |wanted: (u16, &str)| {
        let started = Instant::now();
        loop {
            let (status, text) = ready().await;
            if (status, text.as_str()) == wanted {
                break;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "{status}: {text}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    until((200, "serving ok\nauth service ok\nmailbox service ok\n")).await;
    world.process("auth").kill();
    // Reported, and no reason to send the gateway's users away: there is no better gateway to send them to.
    until((200, "serving ok\nauth service unreachable\nmailbox service ok\n")).await;

    // A gateway that was told the wrong secret has never reached anything, and gets no users.
    let wrong = SecretKey::random().to_hex();
    let mut world = World::start(Kind::Split);
    world.set("MAYFLY_GRPC__SECRET", &wrong);
    let stranger = world.another("gateway");
    let admin = Client::new(&stranger.banner["admin"]);
    let answer = admin.call("GET", "/readyz", None, None).await;
    let text = String::from_utf8(answer.body).unwrap();
    assert_eq!(
        (answer.status, text.as_str()),
        (
            503,
            "serving ok\nauth service unreachable\nmailbox service unreachable\n"
        )
    );
    let answer = Client::new(&stranger.banner["HTTP"]).get("/api/me", "x").await;
    assert_eq!(answer.verdict(), (503, "unavailable".to_owned()));
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
async fn certificates_stand_in_for_the_secret() {
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

    // Without a certificate nothing is heard, over TLS or not.
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
