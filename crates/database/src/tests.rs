use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use futures_util::future::join_all;
use mayfly_runtime::fair;
use mayfly_testkit::ManualClock;
use mayfly_types::ErrorCode;
use sea_orm::{ConnectionTrait as _, Statement};
use sea_orm_migration::SchemaManager;
use tokio_util::sync::CancellationToken;

use super::{
    lease::{Lease, every_leased},
    *,
};

#[tokio::test]
async fn open_sqlite_twice_fails_and_rollback_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let db = Database::open_sqlite(&path).await.unwrap();
    assert!(matches!(
        Database::open_sqlite(&path).await,
        Err(OpenError::InUse(_))
    ));
    db.tx("create", |tx| {
        Box::pin(async { tx.execute_unprepared("CREATE TABLE t (x UNIQUE)").await.map(drop) })
    })
    .await
    .unwrap();
    let failed: Result<(), DbErr> = db
        .tx("fail", |tx| {
            Box::pin(async {
                tx.execute_unprepared("INSERT INTO t VALUES (1)").await?;
                Err(DbErr::Custom("on purpose".to_owned()))
            })
        })
        .await;
    assert!(failed.is_err());
    let rows = |db: &DatabaseConnection| Statement::from_string(db.get_database_backend(), "SELECT x FROM t");
    let found = db
        .read("count", |c| {
            Box::pin(async move { c.query_all_raw(rows(c)).await })
        })
        .await
        .unwrap();
    assert!(found.is_empty());
    let refused = db
        .read("write", |c| {
            Box::pin(async { c.execute_unprepared("INSERT INTO t VALUES (1)").await })
        })
        .await;
    assert!(refused.is_err(), "readers cannot write");
    let duplicate: Result<(), DbErr> = db
        .tx("twice", |tx| {
            Box::pin(async {
                tx.execute_unprepared("INSERT INTO t VALUES (1)").await?;
                tx.execute_unprepared("INSERT INTO t VALUES (1)").await.map(drop)
            })
        })
        .await;
    assert!(is_unique_violation(&duplicate.unwrap_err()));
}

/// A client with 200 transactions or reads at a time, and another one with one after them.
#[tokio::test]
async fn clients_take_turns_at_connections() {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open_sqlite(&dir.path().join("a.db")).await.unwrap();
    // Returns how many others ran while it waited.
    let run = async |last: u8, is_write: bool, runs: &Arc<AtomicU64>| -> u64 {
        let asked_after = runs.load(Ordering::Relaxed);
        let runs = Arc::clone(runs);
        let ran: Result<u64, DbErr> = match is_write {
            true => {
                let write = db.tx("write", move |tx| {
                    let before = runs.fetch_add(1, Ordering::Relaxed);
                    Box::pin(async move { tx.execute_unprepared("SELECT 1").await.map(|_| before) })
                });
                fair::scope(Some([192, 0, 2, last].into()), write).await
            }
            false => {
                let read = db.read("read", move |c| {
                    let before = runs.fetch_add(1, Ordering::Relaxed);
                    Box::pin(async move { c.execute_unprepared("SELECT 1").await.map(|_| before) })
                });
                fair::scope(Some([192, 0, 2, last].into()), read).await
            }
        };
        ran.unwrap() - asked_after
    };
    for is_write in [true, false] {
        let runs = Arc::new(AtomicU64::new(0));
        let greedy = join_all((0..200).map(|_| run(1, is_write, &runs)));
        let (greedy, before) = tokio::join!(greedy, run(2, is_write, &runs));
        assert_eq!(greedy.len(), 200);
        assert!(before <= 8, "after {before} of the other client");
    }
}

/// SQLite answers FULL and ends the transaction by itself. The next transactions must commit all the same.
#[tokio::test]
async fn commit_after_full_disk_is_durable() {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open_sqlite(&dir.path().join("a.db")).await.unwrap();
    db.tx("create", |tx| {
        Box::pin(async { tx.execute_unprepared("CREATE TABLE t (x)").await.map(drop) })
    })
    .await
    .unwrap();
    let insert = |size: u32| {
        db.tx("insert", move |tx| {
            Box::pin(async move {
                tx.execute_unprepared("PRAGMA max_page_count = 8").await?;
                tx.execute_unprepared(&format!("INSERT INTO t VALUES (zeroblob({size}))"))
                    .await
                    .map(drop)
            })
        })
    };
    let mut accepted: i64 = 0;
    for round in 0..20 {
        let refused: Result<(), DbErr> = insert(100_000).await;
        assert_eq!(
            error_code(&refused.unwrap_err()),
            ErrorCode::Unavailable,
            "round {round}"
        );
        let changed_mind: Result<(), DbErr> = db
            .tx("change_mind", |_| {
                Box::pin(async { Err(DbErr::Custom("on purpose".to_owned())) })
            })
            .await;
        assert!(changed_mind.is_err());
        let small: Result<(), DbErr> = insert(10).await;
        accepted += i64::from(small.is_ok());
    }
    assert_eq!(accepted, 20, "later transactions succeed");
    let count = Statement::from_string(sea_orm::DatabaseBackend::Sqlite, "SELECT count(*) FROM t");
    let row = db
        .read("count", |c| Box::pin(async move { c.query_one_raw(count).await }))
        .await
        .unwrap();
    assert_eq!(
        row.unwrap().try_get_by_index::<i64>(0).unwrap(),
        accepted,
        "every committed row is there"
    );
}

#[tokio::test]
async fn open_sqlite_in_unwritable_directory_names_it() {
    let error = Database::open_sqlite(Path::new("/proc/nowhere/a.db"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("/proc/nowhere/a.db.lock"), "{error}");
}

fn lease(database: &Arc<Database>, clock: &ManualClock) -> Lease {
    let (database, clock) = (Arc::clone(database), Arc::new(clock.clone()));
    Lease::new(database, clock, "sweeper", time::Duration::seconds(40))
}

async fn database_with_leases(dir: &tempfile::TempDir) -> Arc<Database> {
    let database = Database::open_sqlite(&dir.path().join("a.db")).await.unwrap();
    let created: Result<(), DbErr> = database
        .tx("create", |tx| {
            Box::pin(async move { lease::create_table(&SchemaManager::new(tx)).await })
        })
        .await;
    created.unwrap();
    Arc::new(database)
}

#[tokio::test]
async fn acquire_lease_held_by_another_returns_false_until_it_expires() {
    let dir = tempfile::tempdir().unwrap();
    let (database, clock) = (database_with_leases(&dir).await, ManualClock::default());
    let (ours, theirs) = (lease(&database, &clock), lease(&database, &clock));
    assert!(ours.acquire().await.unwrap());
    clock.advance(time::Duration::seconds(30));
    assert!(ours.acquire().await.unwrap(), "the holder renews");
    clock.advance(time::Duration::seconds(30));
    assert!(!theirs.acquire().await.unwrap());
    clock.advance(time::Duration::seconds(10));
    assert!(theirs.acquire().await.unwrap());
    assert!(!ours.acquire().await.unwrap());
}

#[tokio::test]
async fn every_leased_runs_the_job_only_in_the_holder() {
    let dir = tempfile::tempdir().unwrap();
    let (database, clock) = (database_with_leases(&dir).await, ManualClock::default());
    let tasks = Tasks::new(CancellationToken::new());
    let (runs, mut ran) = tokio::sync::mpsc::unbounded_channel();
    let start = |name: &'static str| {
        let (job, standby) = (runs.clone(), runs.clone());
        let job = move || {
            job.send((name, "job")).unwrap();
            std::future::ready(Ok::<(), DbErr>(()))
        };
        let on_standby = move || standby.send((name, "standby")).unwrap();
        let period = Duration::from_millis(10);
        every_leased(
            &tasks,
            name,
            Duration::ZERO,
            period,
            lease(&database, &clock),
            job,
            on_standby,
        );
    };
    start("first");
    assert_eq!(ran.recv().await, Some(("first", "job")));
    start("second");
    let mut seen = std::collections::HashSet::new();
    while seen.len() < 2 {
        seen.insert(ran.recv().await.unwrap());
    }
    assert_eq!(seen, [("first", "job"), ("second", "standby")].into());
    assert!(tasks.shutdown(Duration::from_secs(5)).await);
}

/// In a directory that others can list, and over a file of an earlier version that others can read.
#[tokio::test]
async fn open_sqlite_keeps_files_private() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    let mode =
        |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(dir.path(), 0o755);
    let path = dir.path().join("a.db");
    std::fs::write(&path, "").unwrap();
    mode(&path, 0o644);
    let database = Database::open_sqlite(&path).await.unwrap();
    let tx = database.tx("create", |tx| {
        Box::pin(async move { tx.execute_unprepared("CREATE TABLE t (a)").await.map(drop) })
    });
    tx.await.unwrap();
    let files: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|file| file.unwrap())
        .collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{file:?}");
    }
    database.close().await;
}
