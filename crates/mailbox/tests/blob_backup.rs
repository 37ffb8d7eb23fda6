//! Copies of large messages in files, for a backup.

use mayfly_database::Database;
use mayfly_mailbox::{Config, backup};
use mayfly_testkit::{Db, TestDatabase};

use crate::{
    blobs::{KIB, TestStore, sized},
    world::World,
};

/// Two large messages in files.
struct Stored {
    store: TestStore,
    database: Database,
    _test_database: TestDatabase,
}

impl Stored {
    async fn new() -> Self {
        let store = TestStore::Files(tempfile::tempdir().unwrap());
        let world = World::with_blobs(Db::Sqlite, Config::default(), store.config()).await;
        let ann = world.create("ann@mayfly.test").await;
        for _ in 0..2 {
            world.deliver(&[&ann], &sized(300 * KIB)).await.unwrap();
        }
        // The copy has its own files.
        let (test_database, _) = world.stop().await;
        Self {
            database: test_database.open("mailbox").await,
            store,
            _test_database: test_database,
        }
    }

    fn dir(&self) -> &std::path::Path {
        match &self.store {
            TestStore::Files(dir) => dir.path(),
            _ => unreachable!(),
        }
    }

    async fn copy(&self) -> Result<(usize, usize), String> {
        let copied = backup::copy_blobs(&self.database, self.dir()).await;
        let copied = copied.map_err(|error| error.to_string())?;
        Ok((copied.copied, copied.deleted))
    }
}

/// After a restore the database has the parts, and the files can be there too.
#[tokio::test]
async fn copy_blobs_that_the_database_has_succeeds() {
    let stored = Stored::new().await;
    assert_eq!(stored.copy().await, Ok((2, 0)));
    assert_eq!(stored.copy().await, Ok((2, 0)));
}

#[tokio::test]
async fn copy_blobs_without_their_directory_fails() {
    for is_mountpoint in [false, true] {
        let stored = Stored::new().await;
        let dir = stored.dir().to_owned();
        std::fs::remove_dir_all(&dir).unwrap();
        if is_mountpoint {
            std::fs::create_dir(&dir).unwrap();
        }
        let failed = stored.copy().await.unwrap_err();
        assert!(failed.contains(&dir.display().to_string()), "{failed}");
        std::fs::create_dir_all(&dir).unwrap();
    }
}

/// Deleted while the database was copied.
#[tokio::test]
async fn copy_blobs_deletes_a_message_without_its_file() {
    let stored = Stored::new().await;
    let file = crate::blobs::files(stored.dir()).remove(0);
    std::fs::remove_file(file).unwrap();
    assert_eq!(stored.copy().await, Ok((1, 1)));
    assert_eq!(stored.copy().await, Ok((1, 0)));
}
