//! HTTPS and STARTTLS with a configured certificate, which is reloaded when it changes.

use std::{fs, path::Path, process::Command, time::Duration};

use rcgen::{CertifiedKey, generate_simple_self_signed};

use crate::world::{Kind, World};

fn write_certificate(dir: &Path) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    fs::write(dir.join("key.pem"), signing_key.serialize_pem()).unwrap();
    fs::write(dir.join("cert.pem"), cert.pem()).unwrap();
}

/// Calls with curl, which trusts only the current certificate in the directory.
fn curl(dir: &Path, args: &[&str]) -> (bool, String) {
    let output = Command::new("curl")
        .args(["-sS", "--cacert"])
        .arg(dir.join("cert.pem"))
        .args(args)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

#[tokio::test]
async fn changed_certificate_is_reloaded() {
    let dir = tempfile::tempdir().unwrap();
    write_certificate(dir.path());
    let path = |name: &str| dir.path().join(name).display().to_string();
    let (cert, key) = (path("cert.pem"), path("key.pem"));
    let world = World::start_with(
        Kind::AllInOne,
        &[
            ("MAYFLY_GATEWAY__TLS_CERT", &cert),
            ("MAYFLY_GATEWAY__TLS_KEY", &key),
            ("MAYFLY_SMTP__TLS_CERT", &cert),
            ("MAYFLY_SMTP__TLS_KEY", &key),
        ],
    );
    let https = world.http().replace("127.0.0.1", "localhost");
    assert!(https.starts_with("https://"), "{https}");
    let body = "{\"address\":\"tls@mayfly.test\",\"password\":\"correct horse\"}";
    let create = format!("{https}/api/accounts");
    let (ok, text) = curl(
        dir.path(),
        &[
            "--http2",
            "-H",
            "Content-Type: application/json",
            "-d",
            body,
            &create,
        ],
    );
    assert!(ok && text.contains("\"token\""), "{text}");

    let smtp = format!("smtp://localhost:{}", world.smtp().port());
    let mail = dir.path().join("mail");
    fs::write(&mail, "Subject: over TLS\r\n\r\nquiet\r\n").unwrap();
    let mail = mail.display().to_string();
    let send = [
        "--ssl-reqd",
        &smtp,
        "--mail-from",
        "a@example.com",
        "--mail-rcpt",
        "tls@mayfly.test",
        "-T",
        &mail,
    ];
    let (ok, text) = curl(dir.path(), &send);
    assert!(ok, "{text}");

    write_certificate(dir.path());
    let domains = format!("{https}/api/domains");
    let started = std::time::Instant::now();
    // A client that trusts only the new certificate fails until the edge has reloaded it. Each edge reloads separately.
    for of_edge in [&[&*domains][..], &send] {
        while !curl(dir.path(), of_edge).0 {
            assert!(
                started.elapsed() < Duration::from_secs(40),
                "the new certificate is not reloaded"
            );
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }
}
