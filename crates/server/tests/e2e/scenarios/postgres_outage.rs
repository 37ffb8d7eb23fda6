//! PostgreSQL is killed, hangs or becomes read-only. No mail answered `250` is lost, requests fail only with 503 or a
//! transient SMTP error, and service recovers without a restart. A start with unsafe settings or an unknown schema fails.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use mayfly_testkit::{Postgres, eventually_within};
use mayfly_types::SecretKey;
use sha2::{Digest, Sha256};
use tokio::task::JoinSet;

use super::startup::{refuses, run};
use crate::{
    client::{Answer, Client, Mailbox},
    delivery_log::DeliveryLog,
    operations::{OPERATIONS, Operation},
    world::{Kind, World},
};

/// Bound of a recovery. The measured time is printed.
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(15);
/// Bound of the detection: a call in progress ends at its deadline, ten seconds for a sign-in, and each client calls
/// sequentially.
const DETECTION_TIMEOUT: Duration = Duration::from_secs(60);
const SESSIONS: usize = 4;

/// Per operation, how many calls succeeded and how many failed with 503.
#[derive(Debug, Clone, Default)]
struct Count(Arc<Mutex<[(usize, usize); OPERATIONS.len()]>>);

impl Count {
    fn get(&self, operation: Operation) -> (usize, usize) {
        self.0.lock().unwrap()[operation as usize]
    }

    /// Counts an answer: success, or 503 with `Retry-After`. Panics at any other.
    fn note(&self, operation: Operation, answer: &Answer) {
        let (answered, unavailable) = &mut self.0.lock().unwrap()[operation as usize];
        match answer.status {
            200 | 201 => *answered += 1,
            503 => {
                let retry_after = answer.headers["retry-after"].to_str().unwrap();
                assert!(
                    retry_after.parse::<u32>().unwrap() > 0,
                    "{operation:?}: {answer:?}"
                );
                assert_eq!(answer.error(), "unavailable", "{operation:?}: {answer:?}");
                *unavailable += 1;
            }
            _ => panic!("{operation:?}: {answer:?}"),
        }
    }

    /// Calls until `end` is set.
    async fn keep_calling(
        self,
        operation: Operation,
        client: Client,
        mailbox: Mailbox,
        name: String,
        end: Arc<AtomicUsize>,
    ) {
        for n in 0.. {
            if end.load(Ordering::Relaxed) > 0 {
                return;
            }
            let answer = operation.call(&client, &mailbox, &format!("{name}-{n}")).await;
            self.note(operation, &answer);
            tokio::time::sleep(Duration::from_millis(4)).await;
        }
    }
}

/// Mail and requests that continue through the outage.
pub(super) struct Load {
    pub(super) deliveries: DeliveryLog,
    count: Count,
    mailbox: Mailbox,
    end: Arc<AtomicUsize>,
    tasks: JoinSet<()>,
}

impl Load {
    pub(super) async fn start(world: &World, name: &str) -> Self {
        let client = world.client();
        let mailbox = client.create_mailbox(&format!("{name}@mayfly.test"), None).await;
        let (deliveries, count, end) = (DeliveryLog::default(), Count::default(), Arc::default());
        let mut tasks = JoinSet::new();
        for n in 0..SESSIONS {
            let (deliveries, address, end) = (deliveries.clone(), mailbox.address.clone(), Arc::clone(&end));
            tasks.spawn(deliveries.keep_sending(world.smtp(), address, format!("{name}-{n}"), end));
        }
        for operation in OPERATIONS {
            let (count, client, mailbox) = (count.clone(), world.client(), mailbox.clone());
            let name = format!("{name}-{}", format!("{operation:?}").to_lowercase());
            tasks.spawn(count.keep_calling(operation, client, mailbox, name, Arc::clone(&end)));
        }
        Self {
            deliveries,
            count,
            mailbox,
            end,
            tasks,
        }
    }

    /// Panics if a task has failed.
    async fn check(&mut self) {
        while let Some(ended) = self.tasks.try_join_next() {
            ended.expect("no call fails");
        }
    }

    /// Waits until that many more mails are accepted and each operation succeeds once more.
    pub(super) async fn until_served(&mut self, mails: usize) -> Duration {
        let mails = self.deliveries.accepted() + mails;
        let before = OPERATIONS.map(|operation| self.count.get(operation).0);
        let started = Instant::now();
        eventually_within("every operation succeeds", RECOVERY_TIMEOUT, async || {
            self.check().await;
            let is_called = OPERATIONS.into_iter().zip(before);
            let is_called = is_called
                .into_iter()
                .all(|(operation, before)| self.count.get(operation).0 > before);
            is_called && self.deliveries.accepted() >= mails
        })
        .await;
        started.elapsed()
    }

    /// Waits until mails and these operations fail with a transient error.
    pub(super) async fn until_unavailable(&mut self, operations: &[Operation]) -> Duration {
        let mails = self.deliveries.deferred();
        let before = OPERATIONS.map(|operation| self.count.get(operation).1);
        let started = Instant::now();
        eventually_within("every operation fails with 503", DETECTION_TIMEOUT, async || {
            self.check().await;
            let mut operations = operations.iter();
            let is_called =
                operations.all(|operation| self.count.get(*operation).1 > before[*operation as usize]);
            is_called && self.deliveries.deferred() > mails
        })
        .await;
        started.elapsed()
    }

    /// Ends the load and compares the sent with the stored mail.
    pub(super) async fn finish(mut self, world: &World) {
        self.end.store(1, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("no call fails");
        }
        self.deliveries.check(&world.client(), &self.mailbox).await;
    }
}

fn server(world: &mut World) -> &mut Postgres {
    &mut world.servers.as_mut().unwrap().postgres
}

async fn kill_repeatedly(kind: Kind) {
    let mut world = World::start(kind);
    for seed in 0..5_u8 {
        let mut load = Load::start(&world, &format!("seed{seed}")).await;
        let chance = Sha256::digest([seed]);
        load.until_served(1 + usize::from(chance[0]) / 4).await;
        tokio::time::sleep(Duration::from_micros(u64::from(chance[1]) * 20)).await;
        server(&mut world).kill();
        let detected = load.until_unavailable(&OPERATIONS).await;
        server(&mut world).restart();
        let recovered = load.until_served(20).await;
        println!(
            "seed {seed}: {} mails accepted, {} deferred; detected after {detected:?}, recovered {recovered:?} after the restart",
            load.deliveries.accepted(),
            load.deliveries.deferred()
        );
        load.finish(&world).await;
    }
}

// Two threads: the load continues while the test waits for PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_killed_loses_no_mail_split() {
    kill_repeatedly(Kind::Split).await;
}

// Two threads: the load continues while the test waits for PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_killed_loses_no_mail_replicas() {
    kill_repeatedly(Kind::Replicas).await;
}

// Two threads: the load continues while the test waits for PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_hang_times_out_with_503() {
    let mut world = World::start(Kind::Split);
    let mut load = Load::start(&world, "hang").await;
    load.until_served(20).await;
    server(&mut world).pause();
    let detected = load.until_unavailable(&OPERATIONS).await;
    server(&mut world).resume();
    let recovered = load.until_served(20).await;
    println!("detected after {detected:?}, recovered {recovered:?} after the hang");
    load.finish(&world).await;
}

// Two threads: the load continues while the test waits for PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_read_only_serves_reads() {
    let mut world = World::start(Kind::Split);
    let mut load = Load::start(&world, "read").await;
    load.until_served(20).await;
    let set = |world: &mut World, action: &str| {
        let alter = format!("ALTER SYSTEM {action}");
        let _ = server(world).query("postgres", &alter);
        let _ = server(world).query("postgres", "SELECT pg_reload_conf()");
    };
    set(&mut world, "SET default_transaction_read_only = on");
    let detected = load.until_unavailable(&[Operation::Create]).await;
    let before =
        [Operation::Me, Operation::List, Operation::SignIn].map(|operation| load.count.get(operation));
    eventually_within("reads succeed", RECOVERY_TIMEOUT, async || {
        load.check().await;
        let mut operations = [Operation::Me, Operation::List, Operation::SignIn]
            .into_iter()
            .zip(before);
        operations.all(|(operation, before)| load.count.get(operation).0 >= before.0 + 20)
    })
    .await;
    for (operation, before) in [Operation::Me, Operation::List, Operation::SignIn]
        .into_iter()
        .zip(before)
    {
        assert_eq!(load.count.get(operation).1, before.1, "{operation:?} is a read");
    }
    set(&mut world, "RESET default_transaction_read_only");
    let recovered = load.until_served(20).await;
    println!("detected after {detected:?}, recovered {recovered:?} after it became writable");
    load.finish(&world).await;
}

/// The environment of a role with its own database.
fn role<'a>(role: &'a str, url: &'a str, secret: &'a str) -> [(&'static str, &'a str); 10] {
    [
        ("MAYFLY_ROLES", role),
        ("MAYFLY_DATABASE__URL", url),
        ("MAYFLY_LOG__LEVEL", "off"),
        ("MAYFLY_REDIS__URL", "redis://127.0.0.1:1"),
        ("MAYFLY_GRPC__SECRET", secret),
        ("MAYFLY_AUTH__SIGNING_KEY", secret),
        ("MAYFLY_MAILBOX__DATA_KEY", secret),
        ("MAYFLY_AUTH__ENDPOINT", "http://127.0.0.1:1"),
        ("MAYFLY_AUTH__LISTEN", "127.0.0.1:0"),
        ("MAYFLY_MAILBOX__LISTEN", "127.0.0.1:0"),
    ]
}

#[test]
fn start_with_unsafe_postgres_fails() {
    let secret = SecretKey::random().to_hex();
    for (setting, named) in [
        ("synchronous_commit=off", "synchronous_commit=off"),
        ("fsync=off", "fsync=off"),
    ] {
        let postgres = Postgres::start_with(&[setting]);
        let url = postgres.create_database("mailbox");
        refuses(&[], &role("mailbox", &url, &secret), named);
        refuses(&["migrate"], &role("mailbox", &url, &secret), named);
    }
}

#[test]
fn start_with_unknown_schema_fails() {
    let secret = SecretKey::random().to_hex();
    let postgres = Postgres::start();
    for name in ["auth", "mailbox"] {
        let url = postgres.create_database(name);
        let env = role(name, &url, &secret);
        refuses(&[], &env, "the schema is not there; `mayfly migrate` makes it");
        assert_eq!(run(&["migrate"], &env).status.code(), Some(0));
        let table = format!("{name}.seaql_migrations");
        let last = postgres.query(name, &format!("SELECT max(version) FROM {table}"));
        let rename = |from: &str, to: &str| {
            let update = format!("UPDATE {table} SET version = '{to}' WHERE version = '{from}'");
            let _ = postgres.query(name, &update);
        };
        rename(&last, "m0_of_the_past");
        refuses(&[], &env, &format!("the schema lacks {last}"));
        rename("m0_of_the_past", &last);
        let insert = format!("INSERT INTO {table} VALUES ('m9999_contract_of_the_future', 0)");
        let _ = postgres.query(name, &insert);
        refuses(
            &[],
            &env,
            "the schema has seen m9999_contract_of_the_future, which this version does not know",
        );
    }
}
