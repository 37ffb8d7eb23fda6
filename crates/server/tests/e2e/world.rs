//! Deployments of the binary under test: their processes, stores and environment, on free ports, in a temporary directory.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    ops::Range,
    path::PathBuf,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
};

use mayfly_testkit::{DnsServer, Postgres, RedisServer};
use mayfly_types::SecretKey;
use tempfile::TempDir;

use crate::{client::Client, process::Process};

/// How roles are distributed over processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// All roles in one process, on SQLite.
    AllInOne,
    /// One process per role, over PostgreSQL and Redis.
    Split,
    /// Two processes per role, over PostgreSQL and Redis.
    Replicas,
    /// Two processes with all roles each, over PostgreSQL and Redis.
    Whole,
}

/// Stands for a role in a process that has all of them.
pub(crate) const ALL_ROLES: &str = "whole";

/// The order in which roles start: services before their callers.
const ROLES: [&str; 4] = ["auth", "mailbox", "gateway", "smtp"];

/// The stores of a fleet.
#[derive(Debug)]
pub(crate) struct Servers {
    pub(crate) postgres: Postgres,
    pub(crate) redis: RedisServer,
    /// A synchronous standby of `postgres`, if the world has one.
    pub(crate) standby: Option<Postgres>,
}

/// A running deployment.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) kind: Kind,
    pub(crate) processes: Vec<Process>,
    /// The stores of a fleet; dropped after its processes.
    pub(crate) servers: Option<Servers>,
    /// The DNS server of the processes. No test depends on public DNS.
    pub(crate) dns: DnsServer,
    env: BTreeMap<String, String>,
    round_robin: AtomicUsize,
    dir: TempDir,
    pub(crate) signing_key: SecretKey,
}

impl World {
    /// Starts a world without rate limits.
    pub(crate) fn start(kind: Kind) -> Self {
        Self::start_with(kind, &[])
    }

    /// Starts a world with additional variables.
    pub(crate) fn start_with(kind: Kind, more: &[(&str, &str)]) -> Self {
        let mut world = Self::prepare(kind, more);
        if kind != Kind::AllInOne {
            world.start_servers(Postgres::start());
        }
        world.start_processes();
        world
    }

    /// Starts a split world over a primary and a synchronous standby, which are both named in the URLs.
    pub(crate) fn start_with_standby() -> Self {
        let mut world = Self::prepare(Kind::Split, &[]);
        world.start_servers(Postgres::start());
        let servers = world.servers.as_mut().expect("servers");
        let (primary, standby) = (&servers.postgres, servers.postgres.start_standby());
        for sql in [
            "ALTER SYSTEM SET synchronous_standby_names = '*'",
            "SELECT pg_reload_conf()",
        ] {
            let _ = primary.query("postgres", sql);
        }
        for role in ["auth", "mailbox"] {
            let hosts = format!("127.0.0.1:{},127.0.0.1:{}", primary.port(), standby.port());
            let url = format!("postgres://{role}:pw-{role}@{hosts}/{role}?target_session_attrs=read-write");
            world.env.insert(database_key(role), url);
        }
        servers.standby = Some(standby);
        world.start_processes();
        world
    }

    /// Starts a split world whose PostgreSQL keeps its tables on a file system of the given size.
    pub(crate) fn start_on_small_postgres(size_mib: u32, more: &[(&str, &str)]) -> Self {
        let mut world = Self::prepare(Kind::Split, more);
        world.start_servers(Postgres::start_on_small_disk(size_mib));
        world.start_processes();
        world
    }

    /// Starts Redis, creates a database in PostgreSQL for each service, or one for both, and migrates it.
    fn start_servers(&mut self, postgres: Postgres) {
        let servers = Servers {
            postgres,
            redis: RedisServer::start(),
            standby: None,
        };
        self.env
            .entry("MAYFLY_REDIS__URL".to_owned())
            .or_insert_with(|| servers.redis.url());
        let services: &[&str] = match self.kind {
            Kind::Whole => &[ALL_ROLES],
            _ => &["auth", "mailbox"],
        };
        for &role in services {
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

    /// The environment of a process: each service has its own database, unless both are in one process.
    fn env_of(&self, role: &str) -> BTreeMap<String, String> {
        let mut env = self.env.clone();
        if let Some(url) = env.get(&database_key(role)).cloned() {
            env.insert("MAYFLY_DATABASE__URL".to_owned(), url);
        }
        for role in ["auth", "mailbox", ALL_ROLES] {
            env.remove(&database_key(role));
        }
        if role == ALL_ROLES {
            return env;
        }
        env.insert("MAYFLY_ROLES".to_owned(), role.to_owned());
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
                // Callers start later and a migration makes no call, so the address is not used.
                let key = format!("MAYFLY_{}__ENDPOINT", service.to_uppercase());
                env.entry(key).or_insert(format!("{scheme}://127.0.0.1:1"));
            }
        }
        env
    }

    /// Starts one process with its data directory on a file system of the given size.
    pub(crate) fn start_on_small_disk(size_mib: u32, more: &[(&str, &str)]) -> Self {
        let mut world = Self::prepare(Kind::AllInOne, more);
        let data = world.data_dir().display().to_string();
        std::fs::create_dir(&data).expect("a directory");
        // A mount namespace needs no privilege and ends with the process.
        let script = format!("mount -t tmpfs -o size={size_mib}m,mode=700 tmpfs {data} && exec \"$0\"");
        world.processes.push(Process::start_under(
            &["unshare", "-rm", "sh", "-c", &script],
            &world.env,
        ));
        world
    }

    /// Starts one process as the last argument of another command.
    pub(crate) fn start_under(wrapper: &[&str]) -> Self {
        let mut world = Self::prepare(Kind::AllInOne, &[]);
        world.processes.push(Process::start_under(wrapper, &world.env));
        world
    }

    /// Starts one process in a network namespace with only a loopback interface; `enter` runs programs in it.
    pub(crate) fn start_in_own_network(more: &[(&str, &str)]) -> Self {
        let mut world = Self::prepare(Kind::AllInOne, more);
        let script = "ip link set lo up && exec \"$0\"";
        let wrapper = ["unshare", "-rn", "sh", "-c", script];
        world.processes.push(Process::start_under(&wrapper, &world.env));
        world
    }

    /// A command in the network namespace of the process.
    pub(crate) fn enter(&self, program: &str) -> Command {
        enter(self.processes[0].pid(), program)
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
        // An empty value removes a default.
        env.retain(|_, value| !value.is_empty());
        Self {
            kind,
            processes: Vec::new(),
            servers: None,
            dns,
            env,
            round_robin: AtomicUsize::new(0),
            dir,
            signing_key,
        }
    }

    /// Starts all processes over the existing data.
    fn start_processes(&mut self) {
        match self.kind {
            Kind::AllInOne => self.processes.push(Process::start(&self.env)),
            Kind::Whole => {
                let replicas = [(); 2].map(|()| self.start_process(ALL_ROLES));
                self.processes.extend(replicas);
            }
            Kind::Split | Kind::Replicas => {
                let count = if self.kind == Kind::Split { 1 } else { 2 };
                for role in ROLES {
                    let replicas: Vec<Process> = (0..count).map(|_| self.start_process(role)).collect();
                    self.processes.extend(replicas);
                }
            }
        }
    }

    /// Sets a variable for processes that start later.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.env.insert(name.to_owned(), value.to_owned());
    }

    /// Starts a process of a role that calls the running services.
    pub(crate) fn start_process(&self, role: &str) -> Process {
        Process::start(&self.env_of(role))
    }

    /// The indices of the processes of a role.
    pub(crate) fn replicas(&self, role: &str) -> Range<usize> {
        let place = ROLES.iter().position(|name| *name == role).expect("a role");
        let count = self.processes.len() / ROLES.len();
        place * count..(place + 1) * count
    }

    /// Starts an ended process of a fleet again on its old addresses, which its callers are configured with.
    pub(crate) fn restart_process(&mut self, index: usize) {
        self.restart_process_under(&[], index);
    }

    /// Starts the process again as the last argument of another command.
    pub(crate) fn restart_process_under(&mut self, wrapper: &[&str], index: usize) {
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

    /// Kills every process and starts new ones over the same data. Ports change.
    pub(crate) fn kill_and_restart(&mut self) {
        for process in &mut self.processes {
            process.kill();
        }
        self.processes.clear();
        self.start_processes();
    }

    /// The first process that runs a role.
    pub(crate) fn process(&mut self, role: &str) -> &mut Process {
        let place = ROLES.iter().position(|name| *name == role).expect("a role");
        let index = match self.kind {
            Kind::AllInOne | Kind::Whole => 0,
            Kind::Split => place,
            Kind::Replicas => place * 2,
        };
        &mut self.processes[index]
    }

    /// An address from the banners, round-robin over the processes that print it.
    fn banner(&self, name: &str) -> &str {
        let found = self.all(name);
        assert!(!found.is_empty(), "no process prints {name}");
        found[self.round_robin.fetch_add(1, Ordering::Relaxed) % found.len()]
    }

    /// The addresses under a name in all banners.
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

    /// The logs of all processes.
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

/// Defines a test of a scenario for each world: `all_in_one`, `split` and `replicas`; and `whole` for those that depend on
/// what replicas share.
#[macro_export]
macro_rules! scenario {
    ($name:ident $(, $whole:ident)?) => {
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
            $(
                #[tokio::test]
                async fn $whole() {
                    super::super::$name(World::start(Kind::Whole)).await;
                }
            )?
        }
    };
}

/// A command in the user and network namespaces of a process.
pub(crate) fn enter(pid: u32, program: &str) -> Command {
    let mut command = Command::new("nsenter");
    command
        .args(["--user", "--net", "--preserve-credentials", "--target"])
        .arg(pid.to_string())
        .arg(program);
    command
}
