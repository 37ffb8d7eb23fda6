//! A database on a real PostgreSQL: rejected configurations, retries, and recovery.

#![expect(clippy::unwrap_used, reason = "a test fails where its setup fails")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use mayfly_database::{Database, DatabaseConfig, OpenError, cause, error_code};
use mayfly_runtime::task::Tasks;
use mayfly_testkit::{PgBouncer, Postgres, eventually};
use mayfly_types::ErrorCode;
use sea_orm::{ConnectionTrait, DbErr, Statement};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait};
use tokio_util::sync::CancellationToken;

struct Step(&'static str);

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.0
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = format!("CREATE TABLE {} (id INTEGER PRIMARY KEY, n INTEGER)", self.0);
        manager.get_connection().execute_unprepared(&sql).await.map(drop)
    }
}

struct One;

impl MigratorTrait for One {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Step("first"))]
    }
}

struct Two;

impl MigratorTrait for Two {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Step("first")), Box::new(Step("second"))]
    }
}

fn config(server: &Postgres) -> DatabaseConfig {
    toml::from_str(&format!("url = \"{}\"\nmax_connections = 8", server.url())).unwrap()
}

async fn open(server: &Postgres) -> Database {
    Database::open_postgres(&config(server), "test").await.unwrap()
}

async fn number(db: &Database) -> Result<i32, DbErr> {
    db.read("number", |c| {
        Box::pin(async move {
            let sql = Statement::from_string(c.get_database_backend(), "SELECT n FROM first WHERE id = 1");
            let row = c.query_one_raw(sql).await?;
            row.ok_or_else(|| DbErr::RecordNotFound("1".to_owned()))?
                .try_get_by_index(0)
        })
    })
    .await
}

async fn write(db: &Database, sql: &'static str) -> Result<(), DbErr> {
    db.tx("write", |tx| {
        Box::pin(async move { tx.execute_unprepared(sql).await.map(drop) })
    })
    .await
}

#[tokio::test]
async fn prepare_requires_a_known_schema() {
    let server = Postgres::start();
    let db = open(&server).await;
    let problem = |outcome: Result<(), OpenError>| match outcome {
        Err(OpenError::Schema { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    assert!(problem(db.prepare::<One>().await).contains("mayfly migrate"));
    // Several at once, like the pods of a retried job.
    let others = [open(&server).await, open(&server).await];
    let (a, b, c) = tokio::join!(
        db.migrate::<One>(),
        others[0].migrate::<One>(),
        others[1].migrate::<One>()
    );
    for outcome in [a, b, c] {
        outcome.unwrap();
    }
    db.prepare::<One>().await.unwrap();
    assert!(problem(db.prepare::<Two>().await).contains("lacks second"));
    db.migrate::<Two>().await.unwrap();
    db.prepare::<Two>().await.unwrap();
    // The previous version still serves, and its migration job changes nothing.
    db.migrate::<One>().await.unwrap();
    db.prepare::<One>().await.unwrap();
    db.prepare::<Two>().await.unwrap();
    // Until a migration contracts the schema.
    write(
        &db,
        "INSERT INTO seaql_migrations VALUES ('m3_contract_first', 0)",
    )
    .await
    .unwrap();
    assert!(problem(db.prepare::<Two>().await).contains("does not know"));
}

#[tokio::test]
async fn open_postgres_with_lossy_settings_fails() {
    for setting in ["synchronous_commit", "fsync"] {
        let server = Postgres::start_with(&[&format!("{setting}=off")]);
        let error = Database::open_postgres(&config(&server), "test")
            .await
            .unwrap_err();
        assert!(error.to_string().ends_with(&format!("{setting}=off")), "{error}");
    }
}

#[tokio::test]
async fn open_postgres_unreachable_hides_the_password() {
    let config: DatabaseConfig =
        toml::from_str("url = \"postgres://ann:hunter2@127.0.0.1:1/nowhere\"").unwrap();
    let error = Database::open_postgres(&config, "test")
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("postgres://127.0.0.1:1/nowhere") && !error.contains("hunter2"),
        "{error}"
    );
}

/// Two transactions lock two rows crosswise: PostgreSQL rolls one back, and it is retried.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tx_retries_a_deadlock_and_applies_once() {
    let server = Postgres::start();
    let db = Arc::new(open(&server).await);
    db.migrate::<One>().await.unwrap();
    write(&db, "INSERT INTO first VALUES (1, 0), (2, 0)")
        .await
        .unwrap();
    let tries = Arc::new(AtomicU32::new(0));
    let work = |first: i32, second: i32| {
        let (db, tries) = (Arc::clone(&db), Arc::clone(&tries));
        async move {
            for _ in 0..5 {
                db.tx::<(), DbErr, _>("cross", |tx| {
                    tries.fetch_add(1, Ordering::Relaxed);
                    Box::pin(async move {
                        for id in [first, second] {
                            let sql = format!("UPDATE first SET n = n + 1 WHERE id = {id}");
                            tx.execute_unprepared(&sql).await?;
                            tx.execute_unprepared("SELECT pg_sleep(0.05)").await?;
                        }
                        Ok(())
                    })
                })
                .await
                .unwrap();
            }
        }
    };
    tokio::join!(work(1, 2), work(2, 1));
    assert_eq!(number(&db).await.unwrap(), 10);
    assert!(tries.load(Ordering::Relaxed) > 10, "a deadlock happened");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn database_recovers_from_restart_and_read_only() {
    let mut server = Postgres::start();
    let db = open(&server).await;
    db.migrate::<One>().await.unwrap();
    write(&db, "INSERT INTO first VALUES (1, 7)").await.unwrap();

    server.kill();
    let asked = Instant::now();
    let error = number(&db).await.unwrap_err();
    assert_eq!(error_code(&error), ErrorCode::Unavailable, "{error}");
    assert!(asked.elapsed() < Duration::from_secs(4));
    assert!(db.ping().await.is_err());
    server.restart();
    assert_eq!(eventually("reads succeed", async || number(&db).await).await, 7);
    eventually("writes succeed", async || {
        write(&db, "UPDATE first SET n = 8 WHERE id = 1").await
    })
    .await;

    let set = |server: &Postgres, value: &str| {
        let _ = server.query(
            "postgres",
            &format!("ALTER SYSTEM SET default_transaction_read_only = {value}"),
        );
        let _ = server.query("postgres", "SELECT pg_reload_conf()");
    };
    set(&server, "on");
    let error = eventually("writes fail", async || {
        match write(&db, "UPDATE first SET n = 9 WHERE id = 1").await {
            Err(error) => Ok(error),
            Ok(()) => Err("still writes"),
        }
    })
    .await;
    assert_eq!(error_code(&error), ErrorCode::Unavailable, "{error}");
    number(&db).await.unwrap();
    let _ = server.query("postgres", "ALTER SYSTEM RESET default_transaction_read_only");
    let _ = server.query("postgres", "SELECT pg_reload_conf()");
    eventually("writes succeed", async || {
        write(&db, "UPDATE first SET n = 10 WHERE id = 1").await
    })
    .await;
    assert_eq!(number(&db).await.unwrap(), 10);
}

/// Idle connections of the pool die with the server. The next transaction succeeds on a new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tx_on_a_dead_connection_uses_another() {
    let mut server = Postgres::start();
    let db = open(&server).await;
    db.migrate::<One>().await.unwrap();
    for _ in 0..3 {
        server.kill();
        server.restart();
        write(
            &db,
            "INSERT INTO first VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET n = first.n + 1",
        )
        .await
        .unwrap();
    }
    assert_eq!(number(&db).await.unwrap(), 3);
}

#[tokio::test]
async fn clock_is_the_servers() {
    let server = Postgres::start();
    let db = open(&server).await;
    let tasks = Tasks::new(CancellationToken::new());
    let clock = db.clock(&tasks).await.unwrap();
    let shown = clock.now();
    let servers: f64 = server
        .query("postgres", "SELECT extract(epoch FROM clock_timestamp())")
        .parse()
        .unwrap();
    #[expect(clippy::cast_precision_loss, reason = "seconds of this century")]
    let differ = servers - shown.unix_timestamp_nanos() as f64 / 1e9;
    assert!((0.0..5.0).contains(&differ), "{differ}");
    assert!(clock.now() > shown, "it advances");
}

/// After a failover behind one address the pool holds sessions that may only read. The first that says so empties it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tx_on_read_only_sessions_fails_once() {
    let server = Postgres::start();
    let db = open(&server).await;
    db.migrate::<One>().await.unwrap();
    write(&db, "INSERT INTO first VALUES (1, 0)").await.unwrap();
    let poison = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY; SELECT pg_sleep(0.3)";
    let poisoned = [(); 6].map(|()| write(&db, poison));
    let [a, b, c, d, e, f] = poisoned;
    let outcomes = tokio::join!(a, b, c, d, e, f);
    outcomes.0.unwrap();
    let mut failures = Vec::new();
    for _ in 0..30 {
        if let Err(error) = write(&db, "UPDATE first SET n = n + 1 WHERE id = 1").await {
            assert_eq!(error_code(&error), ErrorCode::Unavailable, "{error}");
            failures.push(cause(&error).to_string());
        }
    }
    assert!(failures.len() <= 1, "{failures:?}");
    for cause in failures {
        assert!(cause.starts_with("SQLSTATE 25006: "), "{cause}");
    }
    assert_eq!(db.refused_write(), None, "a write succeeded since");
}

/// A session that was idle is checked before use: no call fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tx_on_an_idle_read_only_session_uses_another() {
    let server = Postgres::start();
    let config = format!("url = \"{}?target_session_attrs=read-write\"", server.url());
    let db = Database::open_postgres(&toml::from_str(&config).unwrap(), "test")
        .await
        .unwrap();
    db.migrate::<One>().await.unwrap();
    write(&db, "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    write(&db, "INSERT INTO first VALUES (1, 0)").await.unwrap();
    db.ping().await.unwrap();
}

/// The standby comes first in the URL. The primary is used, and after its death the promoted standby.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn open_postgres_several_hosts_follows_the_primary() {
    let mut primary = Postgres::start();
    let standby = primary.start_standby();
    let url = format!(
        "url = \"postgres://postgres@127.0.0.1:{},127.0.0.1:{}/postgres\"",
        standby.port(),
        primary.port()
    );
    let db = Database::open_postgres(&toml::from_str(&url).unwrap(), "test")
        .await
        .unwrap();
    db.migrate::<One>().await.unwrap();
    write(&db, "INSERT INTO first VALUES (1, 7)").await.unwrap();
    eventually("the standby has it", async || {
        let count = "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_lsn()";
        let caught_up = primary.query("postgres", count);
        (caught_up == "1").then_some(()).ok_or(caught_up)
    })
    .await;
    primary.kill();
    standby.promote();
    let promoted = Instant::now();
    eventually("writes succeed", async || {
        write(&db, "UPDATE first SET n = n + 1 WHERE id = 1").await
    })
    .await;
    println!("writes succeed {:?} after the promotion", promoted.elapsed());
    assert_eq!(number(&db).await.unwrap(), 8);
    db.ping().await.unwrap();
}

#[tokio::test]
async fn cause_names_the_code_and_no_value() {
    let server = Postgres::start();
    let db = open(&server).await;
    db.migrate::<One>().await.unwrap();
    for (sql, expected) in [
        ("SELECT nothing FROM first", "SQLSTATE 42703: "),
        ("SELECT 'hunter2'::integer", "SQLSTATE 22P02"),
    ] {
        let cause = cause(&write(&db, sql).await.unwrap_err()).to_string();
        assert!(
            cause.starts_with(expected) && !cause.contains("hunter2"),
            "{cause}"
        );
    }
}

/// A pooler in session mode works. One that lends sessions for a transaction is refused with the reason.
#[tokio::test]
async fn open_postgres_behind_pgbouncer_requires_session_mode() {
    let server = Postgres::start();
    for mode in ["session", "transaction"] {
        let pooler = PgBouncer::start(&server, mode);
        let config = toml::from_str(&format!("url = \"{}\"\nmax_connections = 4", pooler.url())).unwrap();
        let opened = Database::open_postgres(&config, "test").await;
        if mode == "session" {
            let db = opened.unwrap();
            db.migrate::<One>().await.unwrap();
            write(&db, "INSERT INTO first VALUES (1, 7)").await.unwrap();
            assert_eq!(number(&db).await.unwrap(), 7);
            db.close().await;
        } else {
            let error = opened.unwrap_err().to_string();
            assert!(
                error.starts_with("database.url: ") && error.contains("pool_mode=session"),
                "{error}"
            );
        }
    }
}
