//! Two databases and one store of large messages: each keeps its own.

use mayfly_mailbox::BlobsConfig;
use mayfly_testkit::{Db, ManualClock, S3Fault, S3Server, TestDatabase, db_test};
use mayfly_types::{ErrorCode, Reason};
use sea_orm::{ConnectionTrait as _, Statement};

use crate::{
    blobs::{KIB, TestStore, connect, ready, sized},
    world::{World, assert_refused, scope},
};

db_test!(
    store_of_another_database_refuses_start,
    taken_store_is_neither_written_nor_swept,
    old_copy_of_a_database_loses_the_store,
    store_down_at_start_is_checked_before_a_write,
);

impl TestStore {
    /// The places that two databases can share.
    fn external() -> [Self; 2] {
        [
            Self::Files(tempfile::tempdir().unwrap()),
            Self::S3(S3Server::start()),
        ]
    }

    /// Deletes the owner mark, as an operator does after a restore.
    fn delete_owner(&self) {
        match self {
            Self::Database => {}
            Self::Files(dir) => std::fs::remove_file(dir.path().join("mayfly-owner")).unwrap(),
            Self::S3(server) => server.delete("blobs/mayfly-owner"),
        }
    }
}

/// Starts over a new database.
async fn start(db: Db, config: BlobsConfig) -> Result<World, String> {
    let started = World::with_blobs_over(TestDatabase::new(db), ManualClock::default(), config).await;
    started.map_err(|error| error.to_string())
}

async fn start_again(world: World, config: BlobsConfig) -> Result<World, String> {
    let (database, clock) = world.stop().await;
    let started = World::with_blobs_over(database, clock, config).await;
    started.map_err(|error| error.to_string())
}

async fn store_of_another_database_refuses_start(db: Db) {
    for store in TestStore::external() {
        let first = World::with_blobs(db, mayfly_mailbox::Config::default(), store.config()).await;
        let refused = start(db, store.config()).await.err().unwrap();
        assert!(
            refused.contains("blobs.url") && refused.contains("belongs to another database"),
            "{refused}"
        );
        assert!(
            refused.contains("mayfly-owner"),
            "it names what to delete: {refused}"
        );
        let first = start_again(first, store.config()).await.unwrap();
        assert!(ready(&first).await.1.contains("mailbox blobs ok"));
        // The first is gone for good, and the other replaces it.
        first.stop().await;
        store.delete_owner();
        let second = start(db, store.config()).await.unwrap();
        let ann = second.create("ann@mayfly.test").await;
        second.deliver(&[&ann], &sized(200 * KIB)).await.unwrap();
        assert_eq!(store.blobs(&second).await.len(), 1);
    }
}

/// Another server took the store while this one runs.
async fn taken_store_is_neither_written_nor_swept(db: Db) {
    for store in TestStore::external() {
        let first = start(db, store.config()).await.unwrap();
        store.delete_owner();
        let second = start(db, store.config()).await.unwrap();
        let ann = second.create("ann@mayfly.test").await;
        let ids = second.deliver(&[&ann], &sized(200 * KIB)).await.unwrap();
        first.clock.advance(time::Duration::days(2));
        first.mailbox.sweep_blobs().await;
        let kept = second.source(scope(&ann), &ids[0]).await.unwrap();
        assert_eq!(kept.len(), 200 * KIB, "the sweep of the first leaves it");
        let bob = first.create("bob@mayfly.test").await;
        let refused = first.deliver(&[&bob], &sized(200 * KIB)).await;
        assert_refused(refused, ErrorCode::Unavailable, Reason::Unavailable);
        first.deliver(&[&bob], &sized(4 * KIB)).await.unwrap();
        let (is_ready, report) = ready(&first).await;
        assert!(
            is_ready && report.contains("mailbox blobs the store of large messages belongs to another"),
            "{report}"
        );
    }
}

async fn execute(world: &World, sql: &str) {
    connect(world).await.execute_unprepared(sql).await.unwrap();
}

/// Returns the marks of the database as an assignment.
async fn marks(world: &World) -> String {
    let tables = connect(world).await;
    let select = Statement::from_string(
        tables.get_database_backend(),
        "SELECT mark, previous FROM blob_owners",
    );
    let row = tables.query_one_raw(select).await.unwrap().unwrap();
    let mark: String = row.try_get_by_index(0).unwrap();
    let previous: Option<String> = row.try_get_by_index(1).unwrap();
    let previous = previous.map_or("NULL".to_owned(), |previous| format!("'{previous}'"));
    format!("UPDATE blob_owners SET mark = '{mark}', previous = {previous}")
}

/// A copy has the mark of its time. After a failover that loses the last commit, the database has it too, and starts.
async fn old_copy_of_a_database_loses_the_store(db: Db) {
    for store in TestStore::external() {
        let mut world = start(db, store.config()).await.unwrap();
        let mut copies = Vec::new();
        for _ in 0..5 {
            copies.push(marks(&world).await);
            world.mailbox.sweep_blobs().await;
            let now = marks(&world).await;
            execute(&world, copies.last().unwrap()).await;
            world = start_again(world, store.config()).await.unwrap();
            execute(&world, &now).await;
        }
        execute(&world, &copies[0]).await;
        let refused = start_again(world, store.config()).await.err().unwrap();
        assert!(refused.contains("belongs to another database"), "{refused}");
    }
}

async fn store_down_at_start_is_checked_before_a_write(db: Db) {
    let store = TestStore::S3(S3Server::start());
    let TestStore::S3(server) = &store else {
        unreachable!()
    };
    let first = start(db, store.config()).await.unwrap();
    let ann = first.create("ann@mayfly.test").await;
    let ids = first.deliver(&[&ann], &sized(200 * KIB)).await.unwrap();
    server.set_fault(S3Fault::Hang);
    let second = start(db, store.config()).await.unwrap();
    let bob = second.create("bob@mayfly.test").await;
    second.deliver(&[&bob], &sized(4 * KIB)).await.unwrap();
    server.set_fault(S3Fault::None);
    let refused = second.deliver(&[&bob], &sized(200 * KIB)).await;
    assert_refused(refused, ErrorCode::Unavailable, Reason::Unavailable);
    second.clock.advance(time::Duration::days(2));
    second.mailbox.sweep_blobs().await;
    assert_eq!(first.source(scope(&ann), &ids[0]).await.unwrap().len(), 200 * KIB);
}

/// Replicas share the database, and all may write.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_that_start_together_share_the_store() {
    for store in TestStore::external() {
        let (database, clock) = (TestDatabase::new(Db::Postgres), ManualClock::default());
        let open = || World::with_blobs_over(database.clone(), clock.clone(), store.config());
        let (a, b, c) = tokio::join!(open(), open(), open());
        let ann = a.as_ref().unwrap().create("ann@mayfly.test").await;
        for world in [a, b, c] {
            let world = world.unwrap();
            world.mailbox.sweep_blobs().await;
            world.deliver(&[&ann], &sized(200 * KIB)).await.unwrap();
        }
    }
}
