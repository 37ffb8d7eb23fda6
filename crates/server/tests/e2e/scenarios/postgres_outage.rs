//! PostgreSQL dies, hangs, or takes no writes: nothing that was answered `250` is lost, nobody is told anything but "not
//! now", and it all comes back by itself. And a PostgreSQL that would lose commits, or whose schema is not ours, is not
//! served from.

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
    asks::{ASKS, Ask},
    client::{Answer, Client, Mailbox},
    ledger::Ledger,
    world::{Kind, World},
};

/// What must be noticed, or be over, by itself. A busy machine may be slow; what it took is printed.
const SOON: Duration = Duration::from_secs(15);
/// A call under way may wait for its deadline, ten seconds for a sign-in, and each asker waits for its calls one by one.
const PATIENCE: Duration = Duration::from_secs(60);
const SESSIONS: usize = 4;

/// How often an ask was answered, and how often it was put off.
#[derive(Debug, Clone, Default)]
struct Count(Arc<Mutex<[(usize, usize); ASKS.len()]>>);

impl Count {
    fn get(&self, ask: Ask) -> (usize, usize) {
        self.0.lock().unwrap()[ask as usize]
    }

    /// Takes what was asked for, or a 503 that says when to come back, and nothing else.
    fn note(&self, ask: Ask, answer: &Answer) {
        let (answered, put_off) = &mut self.0.lock().unwrap()[ask as usize];
        match answer.status {
            200 | 201 => *answered += 1,
            503 => {
                let retry_after = answer.headers["retry-after"].to_str().unwrap();
                assert!(retry_after.parse::<u32>().unwrap() > 0, "{ask:?}: {answer:?}");
                assert_eq!(answer.error(), "unavailable", "{ask:?}: {answer:?}");
                *put_off += 1;
            }
            _ => panic!("{ask:?}: {answer:?}"),
        }
    }

    /// Asks until told to end.
    async fn keep_asking(
        self,
        ask: Ask,
        client: Client,
        mailbox: Mailbox,
        name: String,
        end: Arc<AtomicUsize>,
    ) {
        for n in 0.. {
            if end.load(Ordering::Relaxed) > 0 {
                return;
            }
            let answer = ask.ask(&client, &mailbox, &format!("{name}-{n}")).await;
            self.note(ask, &answer);
            tokio::time::sleep(Duration::from_millis(4)).await;
        }
    }
}

/// Mail and requests that go on whatever happens.
struct Load {
    ledger: Ledger,
    count: Count,
    mailbox: Mailbox,
    end: Arc<AtomicUsize>,
    tasks: JoinSet<()>,
}

impl Load {
    async fn start(world: &World, name: &str) -> Self {
        let client = world.client();
        let mailbox = client.create_mailbox(&format!("{name}@mayfly.test"), None).await;
        let (ledger, count, end) = (Ledger::default(), Count::default(), Arc::default());
        let mut tasks = JoinSet::new();
        for n in 0..SESSIONS {
            let (ledger, address, end) = (ledger.clone(), mailbox.address.clone(), Arc::clone(&end));
            tasks.spawn(ledger.keep_sending(world.smtp(), address, format!("{name}-{n}"), end));
        }
        for ask in ASKS {
            let (count, client, mailbox) = (count.clone(), world.client(), mailbox.clone());
            let name = format!("{name}-{}", format!("{ask:?}").to_lowercase());
            tasks.spawn(count.keep_asking(ask, client, mailbox, name, Arc::clone(&end)));
        }
        Self {
            ledger,
            count,
            mailbox,
            end,
            tasks,
        }
    }

    /// Looks whether anything in it has failed.
    async fn check(&mut self) {
        while let Some(ended) = self.tasks.try_join_next() {
            ended.expect("no call fails");
        }
    }

    /// Waits until so many mails more were taken, and each ask was answered once more.
    async fn until_served(&mut self, mails: usize) -> Duration {
        let mails = self.ledger.accepted() + mails;
        let before = ASKS.map(|ask| self.count.get(ask).0);
        let started = Instant::now();
        eventually_within("everything is served", SOON, async || {
            self.check().await;
            let asked = ASKS.into_iter().zip(before);
            let asked = asked
                .into_iter()
                .all(|(ask, before)| self.count.get(ask).0 > before);
            asked && self.ledger.accepted() >= mails
        })
        .await;
        started.elapsed()
    }

    /// Waits until mails and these asks are put off.
    async fn until_put_off(&mut self, asks: &[Ask]) -> Duration {
        let mails = self.ledger.refused();
        let before = ASKS.map(|ask| self.count.get(ask).1);
        let started = Instant::now();
        eventually_within("everything is put off", PATIENCE, async || {
            self.check().await;
            let mut asks = asks.iter();
            let is_asked = asks.all(|ask| self.count.get(*ask).1 > before[*ask as usize]);
            is_asked && self.ledger.refused() > mails
        })
        .await;
        started.elapsed()
    }

    /// Ends it, and reads again what was sent.
    async fn finish(mut self, world: &World) {
        self.end.store(1, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("no call fails");
        }
        self.ledger.check(&world.client(), &self.mailbox).await;
    }
}

fn server(world: &mut World) -> &mut Postgres {
    &mut world.servers.as_mut().unwrap().postgres
}

async fn is_killed(kind: Kind) {
    let mut world = World::start(kind);
    for seed in 0..5_u8 {
        let mut load = Load::start(&world, &format!("seed{seed}")).await;
        let chance = Sha256::digest([seed]);
        load.until_served(1 + usize::from(chance[0]) / 4).await;
        tokio::time::sleep(Duration::from_micros(u64::from(chance[1]) * 20)).await;
        server(&mut world).kill();
        let noticed = load.until_put_off(&ASKS).await;
        server(&mut world).restart();
        let recovered = load.until_served(20).await;
        println!(
            "seed {seed}: {} mails taken, {} put off; noticed after {noticed:?}, served {recovered:?} after the restart",
            load.ledger.accepted(),
            load.ledger.refused()
        );
        load.finish(&world).await;
    }
}

// Two threads: the load goes on while one waits for PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_postgres_loses_nothing_and_is_found_again_when_roles_are_split() {
    is_killed(Kind::Split).await;
}

// Two threads: the load goes on while one waits for PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_postgres_loses_nothing_and_is_found_again_by_replicas() {
    is_killed(Kind::Replicas).await;
}

// Two threads: the load goes on while one waits for PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_hangs_is_waited_for_with_patience_that_ends() {
    let mut world = World::start(Kind::Split);
    let mut load = Load::start(&world, "hang").await;
    load.until_served(20).await;
    server(&mut world).pause();
    let noticed = load.until_put_off(&ASKS).await;
    server(&mut world).resume();
    let recovered = load.until_served(20).await;
    println!("noticed after {noticed:?}, served {recovered:?} after it went on");
    load.finish(&world).await;
}

// Two threads: the load goes on while one waits for PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_takes_no_writes_is_read_from() {
    let mut world = World::start(Kind::Split);
    let mut load = Load::start(&world, "read").await;
    load.until_served(20).await;
    let set = |world: &mut World, action: &str| {
        let alter = format!("ALTER SYSTEM {action}");
        let _ = server(world).query("postgres", &alter);
        let _ = server(world).query("postgres", "SELECT pg_reload_conf()");
    };
    set(&mut world, "SET default_transaction_read_only = on");
    let noticed = load.until_put_off(&[Ask::Create]).await;
    let before = [Ask::Me, Ask::List, Ask::SignIn].map(|ask| load.count.get(ask));
    eventually_within("reads go on", SOON, async || {
        load.check().await;
        let mut asks = [Ask::Me, Ask::List, Ask::SignIn].into_iter().zip(before);
        asks.all(|(ask, before)| load.count.get(ask).0 >= before.0 + 20)
    })
    .await;
    for (ask, before) in [Ask::Me, Ask::List, Ask::SignIn].into_iter().zip(before) {
        assert_eq!(load.count.get(ask).1, before.1, "{ask:?} is a read");
    }
    set(&mut world, "RESET default_transaction_read_only");
    let recovered = load.until_served(20).await;
    println!("noticed after {noticed:?}, served {recovered:?} after it took writes again");
    load.finish(&world).await;
}

/// What a role is started with over a database of its own.
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
fn a_postgres_that_would_lose_commits_is_refused() {
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
fn a_schema_that_is_not_ours_is_refused() {
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
