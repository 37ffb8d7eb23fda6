//! Large messages, whose bytes are apart from their rows: in parts in the database, in files, or in an S3 server that fails.

use std::{path::Path, time::Duration};

use mayfly_mailbox::{BlobsConfig, Config};
use mayfly_runtime::admin::Readiness;
use mayfly_testkit::{Db, S3Fault, S3Server, db_test, eventually, eventually_within};
use mayfly_types::{BlobId, Clock as _, ErrorCode, Reason};
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, Statement};
use tempfile::TempDir;

use crate::{
    messages,
    world::{World, any_owned_by, assert_refused, mail, scope, user},
};

pub(crate) const KIB: usize = 1024;

db_test!(
    large_message_is_read_as_received,
    deleted_message_takes_its_blob,
    refused_message_leaves_no_blob,
    sweep_removes_orphans_after_a_day,
    missing_blob_is_unavailable_and_not_absent,
    large_message_waits_while_s3_is_down,
    put_whose_answer_is_lost_is_repeated,
);

/// A store for large messages.
pub(crate) enum TestStore {
    Database,
    Files(TempDir),
    S3(S3Server),
}

impl TestStore {
    pub(crate) fn all() -> [Self; 3] {
        [
            Self::Database,
            Self::Files(tempfile::tempdir().unwrap()),
            Self::S3(S3Server::start()),
        ]
    }

    pub(crate) fn config(&self) -> BlobsConfig {
        let url = match self {
            Self::Database => None,
            Self::Files(dir) => Some(format!("file://{}", dir.path().display())),
            Self::S3(server) => Some(server.url()),
        };
        BlobsConfig {
            url,
            access_key_id: Some("id".to_owned()),
            secret_access_key_file: Some(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into()),
            ..BlobsConfig::default()
        }
    }

    /// Lists the blobs.
    pub(crate) async fn blobs(&self, world: &World) -> Vec<String> {
        match self {
            Self::Database => {
                let tables = connect(world).await;
                let parts = "SELECT DISTINCT blob_id FROM blob_parts";
                let statement = Statement::from_string(tables.get_database_backend(), parts);
                let rows = tables.query_all_raw(statement).await.unwrap();
                rows.iter().map(|row| format!("{row:?}")).collect()
            }
            Self::Files(dir) => files(dir.path()),
            Self::S3(server) => server.keys(),
        }
    }
}

/// Opens the tables of a running service.
pub(crate) async fn connect(world: &World) -> DatabaseConnection {
    Database::connect(world.test_database.url("mailbox"))
        .await
        .unwrap()
}

pub(crate) fn files(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for directory in std::fs::read_dir(dir).unwrap() {
        let path = directory.unwrap().path();
        if path.is_file() {
            // The owner mark.
            continue;
        }
        for file in std::fs::read_dir(path).unwrap() {
            found.push(file.unwrap().path().display().to_string());
        }
    }
    found
}

/// A mail of a size with bytes that differ from each other.
pub(crate) fn sized(bytes: usize) -> Vec<u8> {
    let mut raw = mail("sized");
    for n in 0_u32.. {
        if raw.len() >= bytes {
            break;
        }
        raw.extend_from_slice(format!("line {n}\r\n").as_bytes());
    }
    raw.truncate(bytes);
    raw
}

/// Sizes around those of a part and of a read.
async fn large_message_is_read_as_received(db: Db) {
    for store in TestStore::all() {
        let world = World::with_blobs(db, Config::default(), store.config()).await;
        let pro = user();
        let ann = world.create("ann@mayfly.test").await;
        let bob = world.create_for("bob@mayfly.test", Some(&pro)).await;
        for size in [
            10,
            32 * KIB + 1,
            128 * KIB,
            128 * KIB + 1,
            256 * KIB,
            256 * KIB + 1,
            1024 * KIB,
            3 * 1024 * KIB + 7,
        ] {
            let raw = sized(size.max(100));
            let ids = world.deliver(&[&ann, &bob], &raw).await.unwrap();
            assert!(world.source(scope(&ann), &ids[0]).await.unwrap() == raw, "{size}");
            assert!(
                world.source(any_owned_by(&pro), &ids[1]).await.unwrap() == raw,
                "{size}"
            );
            let read = world.message(scope(&ann), &ids[0]).await.unwrap();
            assert_eq!(read.summary.unwrap().subject.as_deref(), Some("sized"), "{size}");
        }
        let blobs = store.blobs(&world).await.len();
        let expected = match store {
            TestStore::Database => 5,
            TestStore::Files(_) | TestStore::S3(_) => 7,
        };
        assert_eq!(blobs, expected, "two recipients share one");
    }
}

async fn deleted_message_takes_its_blob(db: Db) {
    for store in TestStore::all() {
        let world = World::with_blobs(db, Config::default(), store.config()).await;
        let [ann, bob] = [
            world.create("ann@mayfly.test").await,
            world.create("bob@mayfly.test").await,
        ];
        let ids = world
            .deliver(&[&ann, &bob], &sized(3 * 1024 * KIB))
            .await
            .unwrap();
        messages::delete(&world, scope(&ann), &ids[0]).await.unwrap();
        let kept = world.source(scope(&bob), &ids[1]).await.unwrap();
        assert_eq!(kept.len(), 3 * 1024 * KIB, "the other recipient has it");
        assert_eq!(store.blobs(&world).await.len(), 1);
        messages::delete(&world, scope(&bob), &ids[1]).await.unwrap();
        eventually("the blob goes with its last name", async || {
            match store.blobs(&world).await.len() {
                0 => Ok(()),
                left => Err(left),
            }
        })
        .await;
        // Retention too.
        world.deliver(&[&ann], &sized(200 * KIB)).await.unwrap();
        world.clock.advance(time::Duration::days(8));
        world.mailbox.sweep().await;
        eventually("the blob goes with retention", async || {
            match store.blobs(&world).await.len() {
                0 => Ok(()),
                left => Err(left),
            }
        })
        .await;
    }
}

/// A mailbox that fills up while a message arrives.
async fn refused_message_leaves_no_blob(db: Db) {
    for store in TestStore::all() {
        let config = Config {
            quota_bytes: 1 << 20,
            ..Config::default()
        };
        let world = World::with_blobs(db, config, store.config()).await;
        let ann = world.create("ann@mayfly.test").await;
        let full = world.deliver(&[&ann], &sized(1200 * KIB)).await;
        assert_refused(full, ErrorCode::FailedPrecondition, Reason::MailboxFull);
        eventually("the blob is deleted", async || {
            match store.blobs(&world).await.len() {
                0 => Ok(()),
                left => Err(left),
            }
        })
        .await;
    }
}

/// What a crash between the blob and its name leaves.
async fn sweep_removes_orphans_after_a_day(db: Db) {
    let store = TestStore::Files(tempfile::tempdir().unwrap());
    let TestStore::Files(dir) = &store else {
        unreachable!()
    };
    let world = World::with_blobs(db, Config::default(), store.config()).await;
    let ann = world.create("ann@mayfly.test").await;
    let ids = world.deliver(&[&ann], &sized(200 * KIB)).await.unwrap();
    let orphan = BlobId::new(world.clock.now()).to_string();
    let in_file = dir.path().join(&orphan[34..]).join(&orphan);
    std::fs::write(&in_file, "half").unwrap();
    let in_database = BlobId::new(world.clock.now()).as_uuid().simple().to_string();
    let id = match db {
        Db::Sqlite => format!("X'{in_database}'"),
        Db::Postgres => format!("'{in_database}'"),
    };
    let bytes = match db {
        Db::Sqlite => "X'00'",
        Db::Postgres => "'\\x00'",
    };
    let insert = format!("INSERT INTO blob_parts (blob_id, part, bytes) VALUES ({id}, 0, {bytes})");
    connect(&world).await.execute_unprepared(&insert).await.unwrap();
    world.clock.advance(time::Duration::hours(23));
    world.mailbox.sweep_blobs().await;
    assert_eq!(
        (
            files(dir.path()).len(),
            TestStore::Database.blobs(&world).await.len()
        ),
        (2, 1),
        "younger than a day"
    );
    world.clock.advance(time::Duration::hours(2));
    world.mailbox.sweep_blobs().await;
    assert_eq!(
        (
            files(dir.path()).len(),
            TestStore::Database.blobs(&world).await.len()
        ),
        (1, 0)
    );
    assert_eq!(
        world.source(scope(&ann), &ids[0]).await.unwrap().len(),
        200 * KIB,
        "a message names it"
    );
}

async fn missing_blob_is_unavailable_and_not_absent(db: Db) {
    let store = TestStore::Files(tempfile::tempdir().unwrap());
    let world = World::with_blobs(db, Config::default(), store.config()).await;
    let ann = world.create("ann@mayfly.test").await;
    let ids = world.deliver(&[&ann], &sized(200 * KIB)).await.unwrap();
    let file = store.blobs(&world).await.remove(0);
    std::fs::remove_file(file).unwrap();
    let read = world.message(scope(&ann), &ids[0]).await;
    assert_refused(read, ErrorCode::Unavailable, Reason::Unavailable);
    messages::delete(&world, scope(&ann), &ids[0]).await.unwrap();
    let read = world.message(scope(&ann), &ids[0]).await;
    assert_refused(read, ErrorCode::NotFound, Reason::NotFound);
}

async fn large_message_waits_while_s3_is_down(db: Db) {
    let store = TestStore::S3(S3Server::start());
    let TestStore::S3(server) = &store else {
        unreachable!()
    };
    let world = World::with_blobs(db, Config::default(), store.config()).await;
    let ann = world.create("ann@mayfly.test").await;
    let ids = world.deliver(&[&ann], &sized(200 * KIB)).await.unwrap();
    for fault in [S3Fault::Cut, S3Fault::SlowDown] {
        server.set_fault(fault);
        let refused = world.deliver(&[&ann], &sized(200 * KIB)).await;
        assert_refused(refused, ErrorCode::Unavailable, Reason::Unavailable);
        let (is_ready, report) = ready(&world).await;
        assert!(
            is_ready && report.contains("mailbox blobs the store of large"),
            "{report}"
        );
        world.deliver(&[&ann], &sized(4 * KIB)).await.unwrap();
        let read = world.source(scope(&ann), &ids[0]).await;
        assert!(read.is_err(), "{fault:?}");
    }
    // A deletion stands, and its blob goes when the server is there again.
    messages::delete(&world, scope(&ann), &ids[0]).await.unwrap();
    assert_eq!(server.keys().len(), 1);
    server.set_fault(S3Fault::None);
    world.clock.advance(time::Duration::minutes(2));
    eventually_within(
        "the blob is deleted",
        Duration::from_secs(60),
        async || match server.keys().len() {
            0 => Ok(()),
            left => Err(left),
        },
    )
    .await;
    let ids = world.deliver(&[&ann], &sized(200 * KIB)).await.unwrap();
    assert_eq!(world.source(scope(&ann), &ids[0]).await.unwrap().len(), 200 * KIB);
    assert!(ready(&world).await.1.contains("mailbox blobs ok"));
}

pub(crate) async fn ready(world: &World) -> (bool, String) {
    let mut readiness = Readiness::default();
    world.mailbox.add_checks(&mut readiness);
    readiness.set_serving(true);
    readiness.report().await
}

/// The server has the object, but its client does not learn of it.
async fn put_whose_answer_is_lost_is_repeated(db: Db) {
    let store = TestStore::S3(S3Server::start());
    let TestStore::S3(server) = &store else {
        unreachable!()
    };
    let world = World::with_blobs(db, Config::default(), store.config()).await;
    let ann = world.create("ann@mayfly.test").await;
    server.set_fault(S3Fault::LoseAnswer);
    let (raw, to) = (sized(200 * KIB), [&*ann]);
    let (delivered, ()) = tokio::join!(world.deliver(&to, &raw), async {
        eventually("a call comes", async || match server.calls() {
            0 => Err("none"),
            _ => Ok(()),
        })
        .await;
        server.set_fault(S3Fault::None);
    });
    let ids = delivered.unwrap();
    assert_eq!(server.keys().len(), 1, "the same key");
    assert!(world.source(scope(&ann), &ids[0]).await.unwrap() == raw);
}
