//! The configurations of `docs/PROXY.md`, run with the proxies of Debian.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::{io::AsyncReadExt, net::TcpSocket};

use crate::world::{Kind, World};

const NAME: &str = "mail.example.com";
/// Far longer than an event takes, and shorter than a proxy buffers.
const EVENT_TIMEOUT: Duration = Duration::from_secs(10);

/// A proxy in front of one process, with a certificate of its own.
struct Site {
    world: World,
    proxy: Child,
    port: u16,
    dir: TempDir,
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.proxy.kill();
        let _ = self.proxy.wait();
    }
}

/// The code block of the page in a language.
fn documented(language: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/PROXY.md")).expect("the page");
    let (_, rest) = page.split_once(&format!("```{language}\n")).expect("the block");
    rest.split_once("```").expect("its end").0.to_owned()
}

/// Replaces what an operator adapts. Each text must be in the configuration.
fn adapt(mut config: String, changes: &[(&str, String)]) -> String {
    for (from, to) in changes {
        assert!(config.contains(from), "{from} is missing: {config}");
        config = config.replace(from, to);
    }
    config
}

impl Site {
    /// Starts Mayfly, then a proxy: `write` gets the directory with `fullchain.pem`, `privkey.pem` and `both.pem`, the
    /// addresses of gateway and admin listener and the port to listen on, and returns the command.
    fn start(write: impl Fn(&Path, &str, &str, u16) -> Vec<String>) -> Self {
        Self::start_with(&[], |_, dir, gateway, admin, port| {
            write(dir, gateway, admin, port)
        })
    }

    /// As [`Site::start`], with additional variables.
    fn start_with(
        env: &[(&str, &str)],
        write: impl Fn(&World, &Path, &str, &str, u16) -> Vec<String>,
    ) -> Self {
        let common = [
            ("MAYFLY_GATEWAY__TRUSTED_PROXIES", "127.0.0.1/32"),
            ("MAYFLY_GATEWAY__RATE_LIMIT", "8"),
        ];
        let world = World::start_with(Kind::AllInOne, &[&common, env].concat());
        let dir = tempfile::tempdir().expect("a directory");
        let pair = rcgen::generate_simple_self_signed([NAME.to_owned()]).expect("a certificate");
        let (chain, key) = (pair.cert.pem(), pair.signing_key.serialize_pem());
        for (name, text) in [
            ("fullchain.pem", chain.clone()),
            ("privkey.pem", key.clone()),
            ("both.pem", chain + &key),
        ] {
            fs::write(dir.path().join(name), text).expect("it is written");
        }
        let port = free_port();
        let bare = |url: &str| url.trim_start_matches("http://").to_owned();
        let words = write(
            &world,
            dir.path(),
            &bare(world.http()),
            &bare(world.admin()),
            port,
        );
        let path = std::env::var("PATH").unwrap_or_default();
        let proxy = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--"])
            .args(&words)
            .env("PATH", format!("{path}:/usr/sbin"))
            .env("HOME", dir.path())
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(dir.path().join("log")).expect("a file"))
            .spawn()
            .expect("setpriv runs");
        let site = Self {
            world,
            proxy,
            port,
            dir,
        };
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let log = || fs::read_to_string(site.dir.path().join("log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "{words:?} does not start: {}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
        site
    }

    /// curl through the proxy, from an address of loopback.
    fn curl(&self, from: &str, path: &str) -> Command {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--interface", from, "--cacert"])
            .arg(self.dir.path().join("fullchain.pem"))
            .args(["--resolve", &format!("{NAME}:{}:127.0.0.1", self.port)])
            .arg(format!("https://{NAME}:{}{path}", self.port));
        curl
    }

    fn create_mailbox(&self) -> String {
        let body = r#"{"address":"proxied@mayfly.test","password":"correct horse"}"#;
        let mut curl = self.curl("127.0.0.1", "/api/accounts");
        let output = curl
            .args(["-H", "Content-Type: application/json", "-d", body])
            .output();
        let text = String::from_utf8_lossy(&output.expect("curl runs").stdout).into_owned();
        let answer: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"));
        answer["token"].as_str().expect("a token").to_owned()
    }

    fn send_mail(&self) {
        let mail = self.dir.path().join("mail");
        fs::write(&mail, "Subject: through a proxy\r\n\r\nquiet\r\n").expect("it is written");
        let status = Command::new("curl")
            .args(["-sS", &format!("smtp://{}", self.world.smtp())])
            .args([
                "--mail-from",
                "a@example.com",
                "--mail-rcpt",
                "proxied@mayfly.test",
                "-T",
            ])
            .arg(mail)
            .status();
        assert!(status.expect("curl runs").success());
    }

    /// Connects to the WebSocket through TLS, and signs in.
    fn websocket(&self, token: &str) -> (Killed, Output) {
        let mut child = Command::new("openssl")
            .args([
                "s_client",
                "-quiet",
                "-alpn",
                "http/1.1",
                "-servername",
                NAME,
                "-connect",
            ])
            .arg(format!("127.0.0.1:{}", self.port))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl runs");
        let head = format!(
            "GET /api/ws HTTP/1.1\r\nHost: {NAME}\r\nOrigin: https://{NAME}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        let mut output = Output::of(child.stdout.take().expect("piped"));
        let stdin = child.stdin.as_mut().expect("piped");
        stdin.write_all(head.as_bytes()).expect("it reads");
        // Go's proxies lose frames that arrive before the upgrade.
        output.expect("101 Switching Protocols", EVENT_TIMEOUT);
        let auth = format!(r#"{{"type":"auth","token":"{token}"}}"#);
        let length = u16::try_from(auth.len()).expect("a short text").to_be_bytes();
        // One text frame with a mask of zeros.
        let frame = [&[0x81, 0xfe, length[0], length[1], 0, 0, 0, 0], auth.as_bytes()].concat();
        stdin.write_all(&frame).expect("it reads");
        output.expect("auth_ok", EVENT_TIMEOUT);
        (Killed(child), output)
    }
}

/// What a program prints, as it arrives.
struct Output {
    chunks: Receiver<Vec<u8>>,
    text: String,
}

impl Output {
    fn of(mut stdout: ChildStdout) -> Self {
        let (sender, chunks) = channel();
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(n @ 1..) = stdout.read(&mut chunk) {
                let _ = sender.send(chunk[..n].to_vec());
            }
        });
        Self {
            chunks,
            text: String::new(),
        }
    }

    /// Waits until the output contains a text.
    fn expect(&mut self, wanted: &str, within: Duration) {
        let deadline = Instant::now() + within;
        while !self.text.contains(wanted) {
            let left = deadline.saturating_duration_since(Instant::now());
            let chunk = self.chunks.recv_timeout(left);
            let chunk = chunk.unwrap_or_else(|error| panic!("{wanted}: {error}: {}", self.text));
            self.text.push_str(&String::from_utf8_lossy(&chunk));
        }
    }
}

/// Kills a child when the test ends.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the page promises of each configuration.
fn serves_everything(site: &Site) {
    let token = site.create_mailbox();
    let bearer = format!("Authorization: Bearer {token}");
    let mut stream = site.curl("127.0.0.1", "/api/events");
    let stream = stream.args(["-N", "-H", &bearer]).stdout(Stdio::piped()).spawn();
    let mut stream = Killed(stream.expect("curl runs"));
    let mut events = Output::of(stream.0.stdout.take().expect("piped"));
    events.expect("id:", EVENT_TIMEOUT);
    let (_socket, mut frames) = site.websocket(&token);

    // The longest wait: no proxy ends it, nor the idle streams beside it.
    let mut wait = site.curl("127.0.0.1", "/api/messages/wait?timeout=60");
    let waited = wait
        .args(["-H", &bearer, "-o", "/dev/null", "-w", "%{http_code}"])
        .output();
    assert_eq!(String::from_utf8_lossy(&waited.expect("curl runs").stdout), "204");
    site.send_mail();
    events.expect("event: new_email", EVENT_TIMEOUT);
    frames.expect("new_email", EVENT_TIMEOUT);

    // Limits count by the client's address, which a client cannot forge.
    let answers = |from: &str, path: &str, forged: &str| {
        let mut curl = site.curl(from, path);
        let header = format!("X-Forwarded-For: {forged}");
        let curl = curl.args(["-H", &header, "-o", "/dev/null", "-w", "%{http_code} "]);
        String::from_utf8(curl.output().expect("curl runs").stdout).expect("codes")
    };
    let many = answers("127.0.0.2", "/api/domains?[1-200]", "203.0.113.1");
    assert!(many.starts_with("200 ") && many.contains("429"), "{many}");
    let again = answers("127.0.0.2", "/api/domains?[1-50]", "203.0.113.2");
    assert!(
        again.contains("429"),
        "a forged address has its own limit: {again}"
    );
    assert_eq!(answers("127.0.0.3", "/api/domains", "203.0.113.1"), "200 ");
}

#[tokio::test]
async fn documented_nginx_serves_everything() {
    let site = Site::start(|dir, gateway, _, port| nginx(dir, gateway, port, &[]));
    serves_everything(&site);
}

#[tokio::test]
async fn documented_caddy_serves_everything() {
    let site = Site::start(|dir, gateway, _, port| {
        let own = format!("https://{NAME}:{port} {{\n\ttls fullchain.pem privkey.pem");
        let changes = [
            ("mail.example.com {", own),
            ("127.0.0.1:8080", gateway.to_owned()),
        ];
        let config = adapt(documented("caddyfile"), &changes);
        let global = "{\n\tadmin off\n\tauto_https disable_redirects\n\tdefault_bind 127.0.0.1\n}\n";
        write_config(
            dir,
            "Caddyfile",
            &(global.to_owned() + &config),
            &["caddy", "run", "--config"],
        )
    });
    serves_everything(&site);
}

#[tokio::test]
async fn documented_haproxy_serves_everything() {
    let site = Site::start(|dir, gateway, admin, port| {
        let (_, admin_port) = admin.rsplit_once(':').expect("a port");
        let config = adapt(
            documented("haproxy"),
            &[
                ("bind :443", format!("bind 127.0.0.1:{port}")),
                (
                    "/etc/haproxy/mail.example.com.pem",
                    dir.join("both.pem").display().to_string(),
                ),
                ("127.0.0.1:8080", gateway.to_owned()),
                ("port 9090", format!("port {admin_port}")),
            ],
        );
        write_config(dir, "haproxy.cfg", &config, &["haproxy", "-db", "-f"])
    });
    serves_everything(&site);
}

/// Two of a sender are admitted, and those of another sender still are: `smtp` sees the senders, not the proxy.
#[tokio::test]
async fn compose_haproxy_passes_senders_to_smtp() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/compose/haproxy.cfg");
    let smtp_port = free_port();
    let env = [
        ("MAYFLY_SMTP__TRUSTED_PROXIES", "127.0.0.9/32"),
        ("MAYFLY_SMTP__MAX_CONNECTIONS_PER_CLIENT", "2"),
    ];
    let _site = Site::start_with(&env, |world, dir, gateway, admin, port| {
        let (_, admin_port) = admin.rsplit_once(':').expect("a port");
        let config = adapt(
            fs::read_to_string(&file).expect("the configuration"),
            &[
                ("bind :8080", format!("bind 127.0.0.1:{port}")),
                ("bind :2525", format!("bind 127.0.0.1:{smtp_port}")),
                ("bind 127.0.0.1:8404", format!("bind 127.0.0.1:{}", free_port())),
                ("gateway 10 gateway:8080", format!("gateway 1 {gateway}")),
                (
                    "smtp 10 smtp:2525",
                    format!("smtp 1 {} source 127.0.0.9", world.smtp()),
                ),
                ("port 9090", format!("port {admin_port}")),
            ],
        );
        write_config(dir, "haproxy.cfg", &config, &["haproxy", "-db", "-f"])
    });
    let greeting = async |from: [u8; 4]| {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((from, 0).into()).expect("an address of loopback");
        let address = (Ipv4Addr::LOCALHOST, smtp_port).into();
        let mut stream = socket.connect(address).await.expect("the proxy accepts");
        let mut code = [0; 3];
        stream.read_exact(&mut code).await.expect("a greeting");
        (code, stream)
    };
    let mut open = Vec::new();
    for (from, expected) in [
        (2, b"220"),
        (2, b"220"),
        (2, b"421"),
        (3, b"220"),
        (3, b"220"),
        (3, b"421"),
    ] {
        let (code, stream) = greeting([127, 0, 0, from]).await;
        assert_eq!(&code, expected, "from 127.0.0.{from}");
        open.push(stream);
    }
}

/// Under a path, with a proxy that passes it on and one that removes it.
#[tokio::test]
async fn documented_nginx_serves_under_a_path() {
    for pass in ["http://mayfly;", "http://mayfly/;"] {
        let env = [("MAYFLY_GATEWAY__BASE_PATH", "/mail")];
        let site = Site::start_with(&env, |_, dir, gateway, _, port| {
            let changes = [
                ("location / {", "location /mail/ {".to_owned()),
                ("http://mayfly;", pass.to_owned()),
            ];
            nginx(dir, gateway, port, &changes)
        });
        let get = |path: &str| {
            let output = site
                .curl("127.0.0.1", path)
                .arg("-i")
                .output()
                .expect("curl runs");
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        for page in ["/mail/", "/mail/pro", "/mail/api/docs"] {
            let found = get(page);
            assert!(found.contains("src=\"/mail/web/"), "{page}: {found}");
        }
        let script = get("/mail/web/api.js");
        assert!(script.contains("import.meta.url"), "{script}");
        let document = get("/mail/api/openapi.json");
        assert!(
            document.contains("\"servers\":[{\"url\":\"/mail\"}]"),
            "{document}"
        );
        let domains = get("/mail/api/domains");
        assert!(domains.contains("mayfly.test"), "{domains}");
    }
}

/// Writes the documented configuration of nginx with changes.
fn nginx(dir: &Path, gateway: &str, port: u16, more: &[(&str, String)]) -> Vec<String> {
    let changes = [
        ("listen 443", format!("listen 127.0.0.1:{port}")),
        ("/etc/ssl/mayfly", dir.display().to_string()),
        ("127.0.0.1:8080", gateway.to_owned()),
    ];
    let config = adapt(documented("nginx"), &[&changes, more].concat());
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {}/{kind};", dir.display()));
    let whole = format!(
        "daemon off; pid {0}/pid; error_log stderr; events {{}} http {{ access_log off; {1} {config} }}",
        dir.display(),
        temporary.concat()
    );
    write_config(dir, "nginx.conf", &whole, &["nginx", "-c"])
}

fn free_port() -> u16 {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    free.local_addr().expect("an address").port()
}

/// Writes a configuration; returns the command with its path.
fn write_config(dir: &Path, name: &str, text: &str, command: &[&str]) -> Vec<String> {
    let file: PathBuf = dir.join(name);
    fs::write(&file, text).expect("it is written");
    let words = command.iter().map(|word| (*word).to_owned());
    words.chain([file.display().to_string()]).collect()
}
