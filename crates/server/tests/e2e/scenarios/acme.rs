//! Automatic HTTPS with Pebble on loopback as the authority.

use std::{
    fs,
    net::Ipv4Addr,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

use mayfly_testkit::{AcmeServer, DnsServer, ValidationPorts, Zone, eventually};
use rcgen::{CertificateParams, KeyPair};
use time::{Duration, OffsetDateTime};

use crate::world::{Kind, World};

const NAME: &str = "mx.mayfly.test";

/// The authority, the server that orders from it, and their name.
struct Site {
    authority: AcmeServer,
    ports: ValidationPorts,
    world: World,
    _dns: DnsServer,
}

impl Site {
    fn start(is_http_01: bool) -> Self {
        let (dns, ports) = (DnsServer::start(), ValidationPorts::free());
        dns.publish(Zone::default().a(NAME, Ipv4Addr::LOCALHOST));
        let authority = AcmeServer::start(ports, dns.address());
        let (https, http) = (
            format!("127.0.0.1:{}", ports.tls),
            format!("127.0.0.1:{}", ports.http),
        );
        let ca_file = authority.ca_file().display().to_string();
        let directory = authority.directory();
        let mut env = vec![
            ("MAYFLY_GATEWAY__LISTEN", https.as_str()),
            ("MAYFLY_GATEWAY__ACME__DOMAINS", NAME),
            ("MAYFLY_GATEWAY__ACME__CONTACT", "operator@mayfly.test"),
            ("MAYFLY_GATEWAY__ACME__DIRECTORY", &directory),
            ("MAYFLY_GATEWAY__ACME__CA_FILE", &ca_file),
        ];
        if is_http_01 {
            env.push(("MAYFLY_GATEWAY__ACME__HTTP_LISTEN", &http));
        }
        let world = World::start_with(Kind::AllInOne, &env);
        Self {
            authority,
            ports,
            world,
            _dns: dns,
        }
    }

    /// Whether curl gets an answer over HTTPS and trusts the authority only.
    fn serves_https(&self, root: &Path) -> bool {
        let url = format!("https://{NAME}:{}/api/domains", self.ports.tls);
        let mut curl = Command::new("curl");
        let curl = curl.args(["-sSf", "-o", "/dev/null", "--cacert"]).arg(root);
        curl.args(["--resolve", &format!("{NAME}:{}:127.0.0.1", self.ports.tls), &url])
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    }

    /// The fingerprint of the certificate that a listener presents.
    fn fingerprint(&self, root: &Path, port: u16, starttls: &[&str]) -> Option<String> {
        let output = Command::new("openssl")
            .args([
                "s_client",
                "-verify_return_error",
                "-servername",
                NAME,
                "-connect",
            ])
            .arg(format!("127.0.0.1:{port}"))
            .args(starttls)
            .arg("-CAfile")
            .arg(root)
            .args(["-verify_hostname", NAME])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let begin = text.find("-----BEGIN CERTIFICATE-----")?;
        let end = text.find("-----END CERTIFICATE-----")?;
        output.status.success().then(|| text[begin..end].to_owned())
    }
}

#[tokio::test]
async fn certificate_is_ordered_for_https_and_starttls_and_renewed() {
    let mut site = Site::start(false);
    let root = site.authority.root_file();
    eventually("HTTPS with the authority's certificate", async || {
        site.serves_https(&root)
    })
    .await;
    let https = site.fingerprint(&root, site.ports.tls, &[]).unwrap();
    let smtp = site
        .fingerprint(&root, site.world.smtp().port(), &["-starttls", "smtp"])
        .unwrap();
    assert_eq!(https, smtp, "STARTTLS presents the same certificate");

    let directory = site.world.data_dir().join("acme");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    for name in ["account.json", "certificate.pem"] {
        assert_eq!(mode(&directory.join(name)), 0o600, "{name}");
    }

    // After a restart the stored certificate is in use at once.
    site.world.kill_and_restart();
    assert_eq!(site.fingerprint(&root, site.ports.tls, &[]), Some(https));

    // A certificate that ends soon is renewed.
    let mut params = CertificateParams::new([NAME.to_owned()]).unwrap();
    params.not_before = OffsetDateTime::now_utc() - Duration::days(80);
    params.not_after = OffsetDateTime::now_utc() + Duration::days(10);
    let key = KeyPair::generate().unwrap();
    let ending = format!(
        "{}{}",
        key.serialize_pem(),
        params.self_signed(&key).unwrap().pem()
    );
    fs::write(directory.join("certificate.pem"), &ending).unwrap();
    site.world.kill_and_restart();
    eventually("a renewed certificate", async || site.serves_https(&root)).await;
    let renewed = site.fingerprint(&root, site.ports.tls, &[]).unwrap();
    let smtp = site
        .fingerprint(&root, site.world.smtp().port(), &["-starttls", "smtp"])
        .unwrap();
    assert_eq!(renewed, smtp);
    assert!(
        site.world.log().contains("obtained a certificate"),
        "{}",
        site.world.log()
    );
}

#[tokio::test]
async fn http_01_is_answered_and_other_requests_redirected() {
    let site = Site::start(true);
    let root = site.authority.root_file();
    eventually("HTTPS with the authority's certificate", async || {
        site.serves_https(&root)
    })
    .await;
    let ask = |host: &str, path: &str| {
        let url = format!("http://127.0.0.1:{}{path}", site.ports.http);
        let output = Command::new("curl")
            .args([
                "-s",
                "-o",
                "/dev/null",
                "-w",
                "%{http_code} %{redirect_url}",
                "-H",
            ])
            .args([&format!("Host: {host}"), &url])
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(ask(NAME, "/docs?a=b"), format!("308 https://{NAME}/docs?a=b"));
    assert_eq!(ask("evil.example", "/"), "404 ");
    assert_eq!(ask(NAME, "/.well-known/acme-challenge/unknown"), "404 ");
}
