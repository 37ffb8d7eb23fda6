//! A Postfix that relays all its mail.

use std::{
    fs,
    io::Write,
    net::{SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use tempfile::TempDir;

const TIMEOUT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);

/// A Postfix in a temporary directory. Its master must run as root.
pub(crate) struct Postfix {
    dir: TempDir,
    pub(crate) address: SocketAddr,
}

impl Postfix {
    /// Starts it with lines of `main.cf` that say where mail goes.
    pub(crate) fn start(settings: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        // Postfix cannot inherit a socket, so the port is free for a moment before it binds it.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let path = |name: &str| -> PathBuf { dir.path().join(name) };
        for name in ["etc", "queue", "data"] {
            fs::create_dir(path(name)).unwrap();
        }
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {queue}\ndata_directory = {data}\nmail_owner = postfix\n\
             setgid_group = postdrop\nmyhostname = relay.example.com\ninet_interfaces = 127.0.0.1\ninet_protocols = ipv4\n\
             mydestination =\nlocal_recipient_maps =\ndisable_dns_lookups = yes\nsmtp_host_lookup = native\n\
             message_size_limit = 40000000\nmailbox_size_limit = 0\nalias_maps =\nalias_database =\n\
             maillog_file = {log}\nmaillog_file_prefixes = {base}\nsmtpd_peername_lookup = no\nbiff = no\n{settings}",
            queue = path("queue").display(),
            data = path("data").display(),
            log = path("log").display(),
            base = dir.path().display(),
        );
        fs::write(path("etc/main.cf"), main).unwrap();
        let mut master = format!("{} inet n - n - - smtpd\n", address.port());
        for line in [
            "postlog unix-dgram n - n - 1 postlogd",
            "pickup unix n - n 60 1 pickup",
            "cleanup unix n - n - 0 cleanup",
            "qmgr unix n - n 300 1 qmgr",
            "rewrite unix - - n - - trivial-rewrite",
            "bounce unix - - n - 0 bounce",
            "defer unix - - n - 0 bounce",
            "trace unix - - n - 0 bounce",
            "verify unix - - n - 1 verify",
            "smtp unix - - n - - smtp",
            "relay unix - - n - - smtp",
            "error unix - - n - - error",
            "retry unix - - n - - error",
            "anvil unix - - n - 1 anvil",
            "scache unix - - n - 1 scache",
            "tlsmgr unix - - n 1000? 1 tlsmgr",
            "proxymap unix - - n - - proxymap",
        ] {
            master.push_str(line);
            master.push('\n');
        }
        fs::write(path("etc/master.cf"), master).unwrap();
        let chown = as_root("chown")
            .arg("postfix")
            .arg(path("data"))
            .status()
            .unwrap();
        assert!(chown.success());
        let postfix = Self { dir, address };
        postfix.control("start");
        postfix.until("listens", |_| std::net::TcpStream::connect(address).is_ok());
        postfix
    }

    /// Gives it a mail as a local program does. Returns when another server has it.
    pub(crate) fn send_mail(&self, sender: &str, recipients: &[&str], mail: &str) {
        let mut sendmail = as_root("sendmail");
        let config = self.dir.path().join("etc");
        sendmail.args(["-C", config.to_str().unwrap(), "-i", "-f", sender, "--"]);
        let mut sendmail = sendmail.args(recipients).stdin(Stdio::piped()).spawn().unwrap();
        sendmail.stdin.take().unwrap().write_all(mail.as_bytes()).unwrap();
        assert!(sendmail.wait().unwrap().success(), "{}", self.log());
        self.until("has sent", |log| {
            let refused = ["status=deferred", "status=bounced", "fatal:"];
            assert!(!refused.iter().any(|status| log.contains(status)), "{log}");
            log.contains("qmgr") && log.contains(": removed")
        });
    }

    fn until(&self, what: &str, is_done: impl Fn(&str) -> bool) {
        let started = Instant::now();
        while !is_done(&self.log()) {
            assert!(
                started.elapsed() < TIMEOUT,
                "until Postfix {what}: {}",
                self.log()
            );
            sleep(POLL);
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    fn control(&self, action: &str) {
        let output = as_root("postfix")
            .arg("-c")
            .arg(self.dir.path().join("etc"))
            .arg(action)
            .output()
            .unwrap();
        assert!(
            output.status.success() || action == "stop",
            "{}{}",
            String::from_utf8_lossy(&output.stderr),
            self.log()
        );
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        self.control("stop");
        let _ = as_root("rm")
            .arg("-rf")
            .arg(self.dir.path().join("queue"))
            .arg(self.dir.path().join("data"))
            .output();
    }
}

fn as_root(program: &str) -> Command {
    let is_root = fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
    let mut command = if is_root {
        Command::new(program)
    } else {
        Command::new("sudo")
    };
    if !is_root {
        command.args(["-n", program]);
    }
    command.env(
        "PATH",
        "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin",
    );
    command
}
