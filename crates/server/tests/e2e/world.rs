//! Processes of the binary under test, on free ports, in a directory of their own.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    net::SocketAddr,
    ops::Range,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mayfly_testkit::{DnsServer, Postgres, RedisServer};
use mayfly_types::SecretKey;
use tempfile::TempDir;

use crate::client::Client;

/// How the roles are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Every role in one process, on SQLite.
    AllInOne,
    /// Each role in a process of its own, over PostgreSQL and Redis.
    Split,
    /// The same with two processes of each role.
    Replicas,
}

/// The order in which roles start: those that are called come first.
const ROLES: [&str; 4] = ["auth", "mailbox", "gateway", "smtp"];

/// What a fleet stands on.
#[derive(Debug)]
pub(crate) struct Servers {
    pub(crate) postgres: Postgres,
    pub(crate) redis: RedisServer,
}

/// One running process of Mayfly. It is killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// What the banner says, by name: `HTTP`, `SMTP`, `gRPC auth`, `admin`, `domain`.
    pub(crate) banner: BTreeMap<String, String>,
    stderr: Arc<Mutex<Vec<u8>>>,
}

impl Process {
    /// Starts the binary with nothing of this environment but `PATH`, and waits until it says that it is ready.
    pub(crate) fn start(env: &BTreeMap<String, String>) -> Self {
        Self::start_under(&[], env)
    }

    /// The same, as the last argument of another command.
    pub(crate) fn start_under(wrapper: &[&str], env: &BTreeMap<String, String>) -> Self {
        let mut words = wrapper.iter().copied().chain([env!("CARGO_BIN_EXE_mayfly")]);
        let mut child = Command::new(words.next().expect("a program"))
            .args(words)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(env)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stderr = Arc::new(Mutex::new(Vec::new()));
        let (log, mut pipe) = (Arc::clone(&stderr), child.stderr.take().expect("piped"));
        std::thread::spawn(move || {
            let mut chunk = [0; 8192];
            while let Ok(n @ 1..) = std::io::Read::read(&mut pipe, &mut chunk) {
                log.lock().expect("the log").extend_from_slice(&chunk[..n]);
            }
        });
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut banner = BTreeMap::new();
        while let Some(Ok(line)) = lines.next() {
            if let Some((name, value)) = line.trim().split_once("  ") {
                banner.insert(name.to_owned(), value.trim().to_owned());
            }
            if line.contains("  domain ") {
                break;
            }
        }
        std::thread::spawn(move || lines.for_each(drop));
        let process = Self {
            child,
            banner,
            stderr,
        };
        assert!(
            process.banner.contains_key("domain"),
            "it did not start: {}",
            process.log()
        );
        process
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&self.stderr.lock().expect("the log")).into_owned()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The memory that it holds now.
    pub(crate) fn rss_bytes(&self) -> u64 {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.pid())).expect("it runs");
        statm
            .split(' ')
            .nth(1)
            .and_then(|pages| pages.parse::<u64>().ok())
            .expect("pages")
            * 4096
    }

    /// What it has computed so far, in all its threads.
    pub(crate) fn cpu_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).expect("it runs");
        // After the name: the 12th and 13th fields, in hundredths of a second.
        let (_, fields) = stat.rsplit_once(") ").expect("a name");
        let ticks = fields.split(' ').skip(11).take(2);
        let ticks: u64 = ticks.map(|ticks| ticks.parse::<u64>().expect("ticks")).sum();
        Duration::from_millis(ticks * 10)
    }

    /// Waits for its end; returns the exit code.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        self.child.wait().expect("it ends").code()
    }

    /// SIGKILL: nothing is flushed, nothing is closed.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM; returns the exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        self.signal("TERM");
        self.child.wait().expect("it ends").code()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        let kill = kill.args(["-s", name]).arg(self.child.id().to_string());
        assert!(kill.status().expect("kill runs").success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A whole Mayfly.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) kind: Kind,
    pub(crate) processes: Vec<Process>,
    /// Of a fleet. They outlive its processes.
    pub(crate) servers: Option<Servers>,
    /// What its processes ask, so that no test depends on the world's DNS.
    pub(crate) dns: DnsServer,
    env: BTreeMap<String, String>,
    turn: AtomicUsize,
    dir: TempDir,
    pub(crate) signing_key: SecretKey,
}

impl World {
    /// Starts with limits on rates off.
    pub(crate) fn start(kind: Kind) -> Self {
        Self::start_with(kind, &[])
    }

    /// Starts with more variables of the environment.
    pub(crate) fn start_with(kind: Kind, more: &[(&str, &str)]) -> Self {
        let mut world = Self::prepare(kind, more);
        if kind != Kind::AllInOne {
            world.start_servers();
        }
        world.start_processes();
        world
    }

    /// Starts PostgreSQL and Redis, makes a database and a user for each service, and migrates them.
    fn start_servers(&mut self) {
        let servers = Servers {
            postgres: Postgres::start(),
            redis: RedisServer::start(),
        };
        self.env
            .entry("MAYFLY_REDIS__URL".to_owned())
            .or_insert_with(|| servers.redis.url());
        for role in ["auth", "mailbox"] {
            let url = servers.postgres.create_database(role);
            self.env.entry(database_key(role)).or_insert(url);
            let status = Command::new(env!("CARGO_BIN_EXE_mayfly"))
                .arg("migrate")
                .env_clear()
                .envs(self.env_of(role))
                .status();
            assert!(status.expect("the binary runs").success(), "{role} is migrated");
        }
        self.servers = Some(servers);
    }

    /// What a process of a role is started with: each service has a database of its own.
    fn env_of(&self, role: &str) -> BTreeMap<String, String> {
        let mut env = self.env.clone();
        env.insert("MAYFLY_ROLES".to_owned(), role.to_owned());
        if let Some(url) = env.get(&database_key(role)).cloned() {
            env.insert("MAYFLY_DATABASE__URL".to_owned(), url);
        }
        for role in ["auth", "mailbox"] {
            env.remove(&database_key(role));
        }
        let scheme = if env.contains_key("MAYFLY_GRPC__TLS_CERT") {
            "https"
        } else {
            "http"
        };
        for service in ["auth", "mailbox"] {
            let name = format!("gRPC {service}");
            let addresses = self.processes.iter().filter_map(|p| p.banner.get(&name));
            let urls: Vec<String> = addresses.map(|address| format!("{scheme}://{address}")).collect();
            if !urls.is_empty() {
                let key = format!("MAYFLY_{}__ENDPOINT", service.to_uppercase());
                env.entry(key).or_insert(urls.join(","));
            } else if service != role {
                // Whoever calls it is started after it; a migration calls nobody.
                let key = format!("MAYFLY_{}__ENDPOINT", service.to_uppercase());
                env.entry(key).or_insert(format!("{scheme}://127.0.0.1:1"));
            }
        }
        env
    }

    /// Starts one process whose data directory is a file system of its own, of a size in MiB.
    pub(crate) fn start_on_small_disk(size_mib: u32) -> Self {
        let mut world = Self::prepare(Kind::AllInOne, &[]);
        let data = world.data_dir().display().to_string();
        std::fs::create_dir(&data).expect("a directory");
        // A mount namespace of its own needs no privilege, and goes with the process.
        let script = format!("mount -t tmpfs -o size={size_mib}m tmpfs {data} && exec \"$0\"");
        world.processes.push(Process::start_under(
            &["unshare", "-rm", "sh", "-c", &script],
            &world.env,
        ));
        world
    }

    /// Starts one process that has a network of its own, with nothing but this machine in it: `enter` runs programs there.
    pub(crate) fn start_in_own_network(more: &[(&str, &str)]) -> Self {
        let mut world = Self::prepare(Kind::AllInOne, more);
        let script = "ip link set lo up && exec \"$0\"";
        let wrapper = ["unshare", "-rn", "sh", "-c", script];
        world.processes.push(Process::start_under(&wrapper, &world.env));
        world
    }

    /// A program in the network of the only process.
    pub(crate) fn enter(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--user", "--net", "--preserve-credentials", "--target"])
            .arg(self.processes[0].pid().to_string())
            .arg(program);
        command
    }

    fn prepare(kind: Kind, more: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let signing_key = SecretKey::random();
        let dns = DnsServer::start();
        let mut env = BTreeMap::new();
        let data = dir.path().join("data").display().to_string();
        for (name, value) in [
            ("MAYFLY_DATA_DIR", data.as_str()),
            ("MAYFLY_GATEWAY__LISTEN", "127.0.0.1:0"),
            ("MAYFLY_SMTP__LISTEN", "127.0.0.1:0"),
            ("MAYFLY_AUTH__LISTEN", "127.0.0.1:0"),
            ("MAYFLY_MAILBOX__LISTEN", "127.0.0.1:0"),
            ("MAYFLY_ADMIN__LISTEN", "127.0.0.1:0"),
            ("MAYFLY_GATEWAY__RATE_LIMIT", "0"),
            ("MAYFLY_GATEWAY__SIGN_IN_LIMIT", "0"),
            ("MAYFLY_AUTH__SIGNING_KEY", &signing_key.to_hex()),
            ("MAYFLY_GRPC__SECRET", &SecretKey::random().to_hex()),
            ("MAYFLY_MAILBOX__DNS_SERVERS", &dns.address().to_string()),
            ("MAYFLY_WEBHOOKS__ALLOWED_NETWORKS", "127.0.0.0/8"),
            ("MAYFLY_WEBHOOKS__ALLOW_HTTP", "true"),
            ("MAYFLY_MAILBOX__DATA_KEY", &SecretKey::random().to_hex()),
        ]
        .iter()
        .chain(more)
        {
            env.insert((*name).to_owned(), (*value).to_owned());
        }
        // An empty value takes a default away.
        env.retain(|_, value| !value.is_empty());
        Self {
            kind,
            processes: Vec::new(),
            servers: None,
            dns,
            env,
            turn: AtomicUsize::new(0),
            dir,
            signing_key,
        }
    }

    /// Starts what is not running, over what the data directory holds.
    fn start_processes(&mut self) {
        match self.kind {
            Kind::AllInOne => self.processes.push(Process::start(&self.env)),
            Kind::Split | Kind::Replicas => {
                let count = if self.kind == Kind::Split { 1 } else { 2 };
                for role in ROLES {
                    let replicas: Vec<Process> = (0..count).map(|_| self.another(role)).collect();
                    self.processes.extend(replicas);
                }
            }
        }
    }

    /// Sets a variable for the processes that start from now on.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.env.insert(name.to_owned(), value.to_owned());
    }

    /// Starts a process of a role, which calls the services that run already.
    pub(crate) fn another(&self, role: &str) -> Process {
        Process::start(&self.env_of(role))
    }

    /// Which of the processes run a role of a fleet.
    pub(crate) fn replicas(&self, role: &str) -> Range<usize> {
        let place = ROLES.iter().position(|name| *name == role).expect("a role");
        let count = self.processes.len() / ROLES.len();
        place * count..(place + 1) * count
    }

    /// Starts a process of a fleet again that has ended, where it was: those that call it know no other place.
    pub(crate) fn start_again(&mut self, index: usize) {
        self.start_again_under(&[], index);
    }

    /// The same, as the last argument of another command.
    pub(crate) fn start_again_under(&mut self, wrapper: &[&str], index: usize) {
        let role = ROLES[index * ROLES.len() / self.processes.len()];
        let mut env = self.env_of(role);
        for (name, key) in [
            ("HTTP", "MAYFLY_GATEWAY__LISTEN"),
            ("SMTP", "MAYFLY_SMTP__LISTEN"),
            ("gRPC auth", "MAYFLY_AUTH__LISTEN"),
            ("gRPC mailbox", "MAYFLY_MAILBOX__LISTEN"),
            ("admin", "MAYFLY_ADMIN__LISTEN"),
        ] {
            if let Some(place) = self.processes[index].banner.get(name) {
                let address = place.strip_prefix("http://").unwrap_or(place);
                env.insert(key.to_owned(), address.to_owned());
            }
        }
        self.processes[index] = Process::start_under(wrapper, &env);
    }

    /// Kills every process and starts anew over the same data. Ports change.
    pub(crate) fn kill_and_restart(&mut self) {
        for process in &mut self.processes {
            process.kill();
        }
        self.processes.clear();
        self.start_processes();
    }

    /// The process that runs a role: the only one there is, or the role's first.
    pub(crate) fn process(&mut self, role: &str) -> &mut Process {
        let place = ROLES.iter().position(|name| *name == role).expect("a role");
        let index = match self.kind {
            Kind::AllInOne => 0,
            Kind::Split => place,
            Kind::Replicas => place * 2,
        };
        &mut self.processes[index]
    }

    /// What the processes that have it say under a name: the next of them at each call.
    fn banner(&self, name: &str) -> &str {
        let found = self.all(name);
        assert!(!found.is_empty(), "no process says where {name} is");
        found[self.turn.fetch_add(1, Ordering::Relaxed) % found.len()]
    }

    /// What all processes that have it say under a name.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let found = self
            .processes
            .iter()
            .filter_map(|process| process.banner.get(name));
        found.map(String::as_str).collect()
    }

    pub(crate) fn http(&self) -> &str {
        self.banner("HTTP")
    }

    pub(crate) fn smtp(&self) -> SocketAddr {
        self.banner("SMTP").parse().expect("an address")
    }

    pub(crate) fn admin(&self) -> &str {
        self.banner("admin")
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Everything that all processes have logged.
    pub(crate) fn log(&self) -> String {
        self.processes.iter().map(Process::log).collect()
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.http())
    }
}

fn database_key(role: &str) -> String {
    format!("{}_DATABASE_URL", role.to_uppercase())
}

/// Makes a test of one scenario in each world: `all_in_one`, `split` and `replicas`.
#[macro_export]
macro_rules! scenario {
    ($name:ident) => {
        mod $name {
            use $crate::world::{Kind, World};

            #[tokio::test]
            async fn all_in_one() {
                super::super::$name(World::start(Kind::AllInOne)).await;
            }

            #[tokio::test]
            async fn split() {
                super::super::$name(World::start(Kind::Split)).await;
            }

            #[tokio::test]
            async fn replicas() {
                super::super::$name(World::start(Kind::Replicas)).await;
            }
        }
    };
}
