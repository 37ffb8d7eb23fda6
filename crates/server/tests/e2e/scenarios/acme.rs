//! Automatic HTTPS with Pebble on loopback as the authority.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    time::Duration as StdDuration,
};

use mayfly_testkit::{AcmeServer, DnsServer, ValidationPorts, Zone, eventually, eventually_within};
use rcgen::{CertificateParams, KeyPair};
use time::{Duration, OffsetDateTime};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

use crate::world::{Kind, World};

const NAME: &str = "mx.mayfly.test";
/// What the log says of each certificate that was ordered.
const ORDERED: &str = "obtained a certificate";

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

    /// The certificate that a listener presents.
    fn certificate(&self, root: &Path, port: u16, starttls: &[&str]) -> Option<String> {
        certificate(root, port, starttls)
    }
}

/// The certificate that a listener presents, if the authority has issued it.
fn certificate(root: &Path, port: u16, starttls: &[&str]) -> Option<String> {
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

/// Balances the connections to the port of validations over the gateways that are there.
async fn balance(port: u16, gateways: Vec<u16>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    tokio::spawn(async move {
        let mut next = 0;
        while let Ok((mut client, _)) = listener.accept().await {
            for turn in 0..gateways.len() {
                let gateway = gateways[(next + turn) % gateways.len()];
                if let Ok(mut server) = TcpStream::connect((Ipv4Addr::LOCALHOST, gateway)).await {
                    tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
                    break;
                }
            }
            next += 1;
        }
    });
}

/// Every listener of a fleet presents one certificate, for which one order was placed, whichever gateway the authority reaches.
/// When the gateway that ordered it has died, the other one renews it.
#[tokio::test(flavor = "multi_thread")]
async fn replicas_share_a_certificate_and_renew_it() {
    const VALIDITY: StdDuration = StdDuration::from_secs(90);
    // An order begins after two thirds of the validity. One that the authority rejects is repeated after two minutes.
    const RENEWAL: StdDuration = StdDuration::from_secs(240);
    let (dns, ports) = (DnsServer::start(), ValidationPorts::free());
    dns.publish(Zone::default().a(NAME, Ipv4Addr::LOCALHOST));
    let authority = AcmeServer::start_issuing_for(ports, dns.address(), VALIDITY);
    let root = authority.root_file();
    // The ports of the gateways are known before the first of them can order.
    let mut world = World::start(Kind::Replicas);
    let (gateways, edges) = (world.replicas("gateway"), world.replicas("smtp"));
    let http = world.all("HTTP").into_iter().map(port_of).collect::<Vec<_>>();
    let smtp = world.all("SMTP").into_iter().map(port_of).collect::<Vec<_>>();
    balance(ports.tls, http.clone()).await;
    world.set("MAYFLY_GATEWAY__ACME__DOMAINS", NAME);
    world.set("MAYFLY_GATEWAY__ACME__DIRECTORY", &authority.directory());
    world.set(
        "MAYFLY_GATEWAY__ACME__CA_FILE",
        &authority.ca_file().display().to_string(),
    );
    for index in gateways.clone().chain(edges.clone()) {
        world.processes[index].kill();
    }
    for index in edges.chain(gateways.clone()) {
        world.restart_process(index);
    }
    let presented = |http: &[u16]| {
        let https = http.iter().map(|port| certificate(&root, *port, &[]));
        let starttls = ["-starttls", "smtp"];
        let smtp = smtp.iter().map(|port| certificate(&root, *port, &starttls));
        let mut presented: Vec<Option<String>> = https.chain(smtp).collect();
        presented.dedup();
        match <[_; 1]>::try_from(presented) {
            Ok([one]) => one,
            Err(_) => None,
        }
    };
    let first = eventually_within("a certificate on every listener", VALIDITY, async || {
        presented(&http)
    })
    .await;
    let orders = |world: &World, index: usize| world.processes[index].log().matches(ORDERED).count();
    let orderers: Vec<usize> = gateways
        .clone()
        .filter(|index| orders(&world, *index) > 0)
        .collect();
    assert_eq!(orderers.len(), 1, "{}", world.log());
    assert_eq!(orders(&world, orderers[0]), 1);

    world.processes[orderers[0]].kill();
    let left = gateways.clone().find(|index| *index != orderers[0]).unwrap();
    let left_port = http[left - gateways.start];
    eventually_within("a renewed certificate", RENEWAL, async || {
        presented(&[left_port]).filter(|renewed| *renewed != first)
    })
    .await;
    assert!(orders(&world, left) > 0, "{}", world.log());
}

fn port_of(banner: &str) -> u16 {
    let address = banner.strip_prefix("http://").unwrap_or(banner);
    address.parse::<SocketAddr>().unwrap().port()
}

#[tokio::test]
async fn certificate_is_ordered_for_https_and_starttls_and_renewed() {
    let mut site = Site::start(false);
    let root = site.authority.root_file();
    eventually("HTTPS with the authority's certificate", async || {
        site.serves_https(&root)
    })
    .await;
    let https = site.certificate(&root, site.ports.tls, &[]).unwrap();
    let smtp = site
        .certificate(&root, site.world.smtp().port(), &["-starttls", "smtp"])
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
    assert_eq!(site.certificate(&root, site.ports.tls, &[]), Some(https));

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
    let renewed = site.certificate(&root, site.ports.tls, &[]).unwrap();
    let smtp = site
        .certificate(&root, site.world.smtp().port(), &["-starttls", "smtp"])
        .unwrap();
    assert_eq!(renewed, smtp);
    assert!(site.world.log().contains(ORDERED), "{}", site.world.log());
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
