//! An ACME authority for one test: Pebble, which validates names on ports of the test's choice.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tempfile::TempDir;

use crate::server::{command, free_port};

const START_DEADLINE: Duration = Duration::from_secs(30);

/// A running authority. It forgets accounts and changes its root certificate when it restarts.
#[derive(Debug)]
pub struct AcmeServer {
    /// `None` while it is stopped.
    child: Option<Child>,
    port: u16,
    management_port: u16,
    dns: SocketAddr,
    dir: TempDir,
}

/// The ports of the server under validation.
#[derive(Debug, Clone, Copy)]
pub struct ValidationPorts {
    /// In place of port 80, for HTTP-01.
    pub http: u16,
    /// In place of port 443, for TLS-ALPN-01.
    pub tls: u16,
}

impl ValidationPorts {
    /// Chooses free ports.
    #[must_use]
    pub fn free() -> Self {
        Self {
            http: free_port(),
            tls: free_port(),
        }
    }
}

impl AcmeServer {
    /// Prepares an authority without starting it.
    #[must_use]
    pub fn stopped(ports: ValidationPorts, dns: SocketAddr) -> Self {
        Self::stopped_issuing_for(ports, dns, Duration::from_secs(90 * 24 * 60 * 60))
    }

    fn stopped_issuing_for(ports: ValidationPorts, dns: SocketAddr, validity: Duration) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let (port, management_port) = (free_port(), free_port());
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let config = format!(
            r#"{{"pebble": {{
                "listenAddress": "127.0.0.1:{port}", "managementListenAddress": "127.0.0.1:{management_port}",
                "certificate": "ca.pem", "privateKey": "key.pem", "httpPort": {}, "tlsPort": {},
                "certificateValidityPeriod": {}
            }}}}"#,
            ports.http,
            ports.tls,
            validity.as_secs()
        );
        for (name, text) in [
            ("ca.pem", cert.pem()),
            ("key.pem", signing_key.serialize_pem()),
            ("pebble.json", config),
        ] {
            fs::write(dir.path().join(name), text).expect("it is written");
        }
        Self {
            child: None,
            port,
            management_port,
            dns,
            dir,
        }
    }

    /// Starts an authority.
    #[must_use]
    pub fn start(ports: ValidationPorts, dns: SocketAddr) -> Self {
        let mut server = Self::stopped(ports, dns);
        server.run();
        server
    }

    /// Starts an authority whose certificates are valid for a time.
    #[must_use]
    pub fn start_issuing_for(ports: ValidationPorts, dns: SocketAddr, validity: Duration) -> Self {
        let mut server = Self::stopped_issuing_for(ports, dns, validity);
        server.run();
        server
    }

    /// Starts it, after [`AcmeServer::stopped`] or [`AcmeServer::stop`].
    pub fn run(&mut self) {
        let child = command("pebble", "KILL", None)
            .args(["-config", "pebble.json", "-dnsserver", &self.dns.to_string()])
            .env("PEBBLE_VA_NOSLEEP", "1")
            .env("PEBBLE_AUTHZREUSE", "0")
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.child = Some(child.expect("setpriv runs"));
        let deadline = Instant::now() + START_DEADLINE;
        for port in [self.port, self.management_port] {
            while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
                assert!(Instant::now() < deadline, "Pebble does not start");
                thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// Kills it.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Returns the URL of its directory.
    #[must_use]
    pub fn directory(&self) -> String {
        format!("https://localhost:{}/dir", self.port)
    }

    /// Returns the file of the authority that signed the certificate of its API.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// Writes the root of the certificates that it issues to a file, and returns its path.
    #[must_use]
    pub fn root_file(&self) -> PathBuf {
        let file = self.dir.path().join("root.pem");
        let url = format!("https://localhost:{}/roots/0", self.management_port);
        let mut curl = Command::new("curl");
        let curl = curl.args(["-sSf", &url, "--cacert"]).arg(self.ca_file());
        let status = curl.arg("-o").arg(&file).status();
        assert!(status.expect("curl runs").success(), "the root is served");
        file
    }
}

impl Drop for AcmeServer {
    fn drop(&mut self) {
        self.stop();
    }
}
