use mayfly_types::ErrorCode;
use sea_orm::{ConnectionTrait as _, Statement};

use super::*;

#[tokio::test]
async fn a_second_process_is_refused_and_a_rolled_back_write_leaves_nothing() {
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

/// What a full disk does: SQLite answers FULL, and ends the transaction by itself.
#[tokio::test]
async fn after_a_full_disk_what_is_committed_is_there() {
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
    assert_eq!(accepted, 20, "it recovers by itself");
    let count = Statement::from_string(sea_orm::DatabaseBackend::Sqlite, "SELECT count(*) FROM t");
    let row = db
        .read("count", |c| Box::pin(async move { c.query_one_raw(count).await }))
        .await
        .unwrap();
    assert_eq!(
        row.unwrap().try_get_by_index::<i64>(0).unwrap(),
        accepted,
        "what was committed is there"
    );
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_named() {
    let error = Database::open_sqlite(Path::new("/proc/nowhere/a.db"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("/proc/nowhere/a.db.lock"), "{error}");
}
