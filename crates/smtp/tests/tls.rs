//! STARTTLS with a self-signed certificate.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use mayfly_smtp::Config;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::ServerName};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::world::{World, soon};

/// A certificate for `localhost`, its files, and a client that trusts it.
struct Certificate {
    _dir: TempDir,
    certificate: PathBuf,
    key: PathBuf,
    client: TlsConnector,
}

fn certificate() -> Certificate {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Certificate {
        _dir: dir,
        certificate,
        key,
        client: TlsConnector::from(Arc::new(client)),
    }
}

/// Writes, then reads until a complete reply with this code; returns all that was read.
async fn ask<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, text: &str, code: u16) -> String {
    stream.write_all(text.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    let mut answer = String::new();
    let is_complete = |answer: &str| {
        answer.ends_with("\r\n")
            && answer
                .lines()
                .last()
                .is_some_and(|line| line.starts_with(&format!("{code} ")))
    };
    while !is_complete(&answer) {
        let mut buffer = [0; 1024];
        let length = soon(text, stream.read(&mut buffer)).await.unwrap();
        assert!(length > 0, "{text:?} ended with {answer:?}");
        answer += std::str::from_utf8(&buffer[..length]).unwrap();
    }
    answer
}

async fn connect(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    ask(&mut stream, "", 220).await;
    stream
}

#[tokio::test]
async fn starttls_delivers_and_discards_injected_commands() {
    let certificate = certificate();
    let world = World::with_edge(Config {
        tls_cert: Some(certificate.certificate.clone()),
        tls_key: Some(certificate.key.clone()),
        ..Config::default()
    })
    .await;
    let account_id = world.create("a@mayfly.test").await;
    let mut stream = connect(world.smtp).await;
    let hello = ask(&mut stream, "EHLO client.example.com\r\n", 250).await;
    assert!(hello.contains("250-STARTTLS\r\n"), "{hello}");
    // CVE-2011-0411: the commands after STARTTLS are in the same packet.
    let injected = "STARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@x.test>\r\nRCPT TO:<a@mayfly.test>\r\n";
    ask(&mut stream, injected, 220).await;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = soon("the handshake", certificate.client.connect(name, stream))
        .await
        .unwrap();
    ask(&mut stream, "MAIL FROM:<a@x.test>\r\n", 503).await;
    let hello = ask(&mut stream, "EHLO client.example.com\r\n", 250).await;
    assert!(!hello.contains("STARTTLS"), "{hello}");
    ask(&mut stream, "STARTTLS\r\n", 503).await;
    ask(
        &mut stream,
        "MAIL FROM:<a@x.test>\r\nRCPT TO:<a@mayfly.test>\r\nDATA\r\n",
        354,
    )
    .await;
    ask(&mut stream, "Subject: secret\r\n\r\nbody\r\n.\r\n", 250).await;
    ask(&mut stream, "QUIT\r\n", 221).await;
    let mails = world.list(&account_id).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (mails[0].sender.as_str(), mails[0].subject.as_deref()),
        ("a@x.test", Some("secret"))
    );
}

#[tokio::test]
async fn implicit_tls_delivers_and_offers_no_starttls() {
    let certificate = certificate();
    let world = World::with_edge(Config {
        tls_listen: Some("127.0.0.1:0".parse().unwrap()),
        tls_cert: Some(certificate.certificate.clone()),
        tls_key: Some(certificate.key.clone()),
        ..Config::default()
    })
    .await;
    let account_id = world.create("a@mayfly.test").await;
    let stream = TcpStream::connect(world.smtps.unwrap()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = soon("the handshake", certificate.client.connect(name, stream))
        .await
        .unwrap();
    ask(&mut stream, "", 220).await;
    let hello = ask(&mut stream, "EHLO client.example.com\r\n", 250).await;
    assert!(!hello.contains("STARTTLS"), "{hello}");
    let transaction = "MAIL FROM:<a@x.test>\r\nRCPT TO:<a@mayfly.test>\r\nDATA\r\n";
    ask(&mut stream, transaction, 354).await;
    ask(&mut stream, "Subject: secret\r\n\r\nbody\r\n.\r\n", 250).await;
    ask(&mut stream, "QUIT\r\n", 221).await;
    assert_eq!(world.list(&account_id).await.len(), 1);
    // The other listener still begins in plain text.
    connect(world.smtp).await;
}

#[tokio::test]
async fn starttls_without_certificate_is_not_offered() {
    let world = World::new().await;
    let mut stream = connect(world.smtp).await;
    let hello = ask(&mut stream, "EHLO client.example.com\r\n", 250).await;
    assert!(!hello.contains("STARTTLS"), "{hello}");
    ask(&mut stream, "STARTTLS\r\n", 502).await;
    ask(&mut stream, "NOOP\r\n", 250).await;
}
