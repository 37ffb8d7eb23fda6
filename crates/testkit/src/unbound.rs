//! Unbound as an authoritative server or validating resolver over a private root zone with real DNSSEC signatures.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::server::{command, free_port};

const START_DEADLINE: Duration = Duration::from_secs(30);
const UNSIGNED: &str = "unsigned.example.";

/// The DNSSEC keys of a private root zone.
#[derive(Debug)]
pub struct RootKeys {
    dir: TempDir,
    /// The files of the key-signing key and of the zone-signing key.
    names: [String; 2],
}

impl Default for RootKeys {
    fn default() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let names = [&["-k"][..], &[]].map(|kind| {
            let made = Command::new("ldns-keygen")
                .args(["-a", "ECDSAP256SHA256"])
                .args(kind)
                .arg(".")
                .current_dir(dir.path())
                .output()
                .expect("ldns-keygen runs");
            assert!(made.status.success(), "{made:?}");
            String::from_utf8_lossy(&made.stdout).trim().to_owned()
        });
        Self { dir, names }
    }
}

impl RootKeys {
    /// The first records of every root zone.
    pub const BEGINNING: &str = ". 60 SOA ns.test. hostmaster.test. 1 3600 600 86400 60
. 60 NS ns.test.
ns.test. 60 A 127.0.0.1
unsigned.example. 60 NS ns.test.
";

    /// Returns the trust anchor of the zone.
    #[must_use]
    pub fn anchor(&self) -> String {
        let file = self.dir.path().join(format!("{}.key", self.names[0]));
        let record = fs::read_to_string(file).expect("a key");
        record.split(';').next().unwrap_or_default().trim().to_owned()
    }

    /// Signs a root zone with these records. It delegates `unsigned.example`, which is not signed.
    #[must_use]
    pub fn sign(&self, records: &str) -> String {
        let dir = self.dir.path();
        fs::write(dir.join("zone"), format!("{}{records}\n", Self::BEGINNING)).expect("a file");
        let signed = Command::new("ldns-signzone")
            .args(["-o", ".", "-f", "signed", "zone"])
            .args(&self.names)
            .current_dir(dir)
            .output()
            .expect("ldns-signzone runs");
        assert!(signed.status.success(), "{signed:?}");
        fs::read_to_string(dir.join("signed")).expect("a zone")
    }
}

/// A running server.
#[derive(Debug)]
pub struct Unbound {
    child: Child,
    port: u16,
    _dir: TempDir,
}

impl Unbound {
    /// Starts an authoritative server of a root zone and of `unsigned.example`. It does not check their signatures.
    #[must_use]
    pub fn serving(root: &str, unsigned: &str) -> Self {
        Self::start(root, unsigned, "module-config: iterator", "yes")
    }

    /// Starts a validating resolver over the same zones.
    #[must_use]
    pub fn validating(anchor: &str, root: &str, unsigned: &str) -> Self {
        let settings = format!("module-config: \"validator iterator\"\n  trust-anchor: \"{anchor}\"");
        Self::start(root, unsigned, &settings, "no")
    }

    fn start(root: &str, unsigned: &str, settings: &str, is_served: &str) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let unsigned = format!(
            "{UNSIGNED} 60 SOA ns.test. h.test. 1 3600 600 86400 60\n{UNSIGNED} 60 NS ns.test.\n{unsigned}\n"
        );
        fs::write(dir.path().join("root"), root).expect("a file");
        fs::write(dir.path().join("unsigned"), unsigned).expect("a file");
        let zones = [(".", "root"), (UNSIGNED, "unsigned")].map(|(zone, file)| {
            format!(
                "auth-zone:\n  name: {zone}\n  zonefile: {file}\n  for-downstream: {is_served}\n  fallback-enabled: no\n"
            )
        });
        // AppArmor's profile of Debian's binary forbids it to read here; the profile goes by the path.
        fs::copy("/usr/sbin/unbound", dir.path().join("unbound")).expect("Unbound is installed");
        let (child, port) = run(dir.path(), settings, &zones.concat());
        Self {
            child,
            port,
            _dir: dir,
        }
    }

    /// Returns the address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }
}

impl Drop for Unbound {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(dir: &Path, settings: &str, zones: &str) -> (Child, u16) {
    let deadline = Instant::now() + START_DEADLINE;
    loop {
        let port = free_port();
        // A server of another test may hold the port: the identity tells them apart.
        let identity = dir.file_name().expect("a name").to_string_lossy();
        let config = format!(
            "server:
  interface: 127.0.0.1@{port}
  identity: {identity}
  directory: \"{}\"
  chroot: \"\"
  username: \"\"
  pidfile: \"\"
  use-syslog: no
  so-reuseport: no
  {settings}
{zones}remote-control:
  control-enable: no
",
            dir.display()
        );
        fs::write(dir.join("config"), config).expect("a file");
        let mut child = command("./unbound", "KILL", None)
            .args(["-d", "-c", "config"])
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("setpriv runs");
        while child.try_wait().expect("a process").is_none() {
            assert!(Instant::now() < deadline, "Unbound does not start");
            if identity_at(port).is_some_and(|answer| answer.ends_with(identity.as_bytes())) {
                return (child, port);
            }
            thread::sleep(Duration::from_millis(5));
        }
        assert!(Instant::now() < deadline, "Unbound does not start");
    }
}

/// Asks a server for its identity: `id.server`, TXT, class CHAOS.
fn identity_at(port: u16) -> Option<Vec<u8>> {
    let question = b"\x12\x34\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x02id\x06server\x00\x00\x10\x00\x03";
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).ok()?;
    socket.set_read_timeout(Some(Duration::from_millis(500))).ok()?;
    socket.connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    socket.send(question).ok()?;
    let mut answer = vec![0; 512];
    let length = socket.recv(&mut answer).ok()?;
    answer.truncate(length);
    Some(answer)
}
