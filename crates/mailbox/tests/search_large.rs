//! Searches among messages whose bytes are apart from their rows, and lost or out of reach.

use mayfly_mailbox::{BlobsConfig, Config};
use mayfly_testkit::{Db, S3Fault, S3Server, db_test};

use crate::{
    search::{page, search},
    world::{World, any_owned_by, mail, scope, user},
};

/// Longer than any message that stays in its row.
const LARGE: usize = 200 << 10;

db_test!(
    search_finds_others_beside_a_lost_blob,
    search_goes_on_while_s3_is_down
);

fn large(subject: &str) -> Vec<u8> {
    let mut raw = mail(subject);
    raw.extend_from_slice("filler words\r\n".repeat(LARGE / 14).as_bytes());
    raw
}

async fn search_finds_others_beside_a_lost_blob(db: Db) {
    let dir = tempfile::tempdir().unwrap();
    let blobs = BlobsConfig {
        url: Some(format!("file://{}", dir.path().display())),
        ..BlobsConfig::default()
    };
    let world = World::with_blobs(db, Config::default(), blobs).await;
    let pro = user();
    let owned = world.create_for("ann@mayfly.test", Some(&pro)).await;
    let free = world.create("free@mayfly.test").await;
    let mut lost = Vec::new();
    let mut small = Vec::new();
    for account in [&owned, &free] {
        lost.extend(world.deliver(&[account], &large("lost")).await.unwrap());
        small.extend(world.deliver(&[account], &mail("small")).await.unwrap());
    }
    // Directories of two digits, with the blobs.
    for directory in std::fs::read_dir(dir.path()).unwrap() {
        let directory = directory.unwrap().path();
        if directory.is_dir() {
            std::fs::remove_dir_all(directory).unwrap();
        }
    }
    for (n, scope) in [any_owned_by(&pro), scope(&free)].into_iter().enumerate() {
        // The indexer can have read the other one before it was lost.
        let found = search(&world, scope.clone(), "hello").await;
        assert!(found.contains(&small[n]), "{found:?}");
        // What is known without its bytes.
        assert_eq!(search(&world, scope, "subject:lost").await, [lost[n].clone()]);
    }
}

async fn search_goes_on_while_s3_is_down(db: Db) {
    let server = S3Server::start();
    let blobs = BlobsConfig {
        url: Some(server.url()),
        access_key_id: Some("id".to_owned()),
        secret_access_key_file: Some(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into()),
        ..BlobsConfig::default()
    };
    let world = World::with_blobs(db, Config::default(), blobs).await;
    let pro = user();
    let mut accounts = Vec::new();
    for name in ["ann", "bob", "carol"] {
        accounts.push(world.create_for(&format!("{name}@mayfly.test"), Some(&pro)).await);
    }
    // The first mailboxes have a message that cannot be read.
    let [ann, bob, carol] = accounts.as_slice() else {
        unreachable!()
    };
    let far = world.deliver(&[ann, bob], &large("far")).await.unwrap();
    server.set_fault(S3Fault::Cut);
    let near = world.deliver(&[carol], &mail("near")).await.unwrap();
    let found = page(&world, any_owned_by(&pro), "hello", None, 10).await.unwrap();
    let ids: Vec<_> = found
        .messages
        .into_iter()
        .map(|message| message.summary.unwrap().message_id)
        .collect();
    assert_eq!(ids, near);
    assert!(!found.is_complete);
    server.set_fault(S3Fault::None);
    let mut all: Vec<_> = far.into_iter().chain(near).collect();
    all.sort();
    let mut found = search(&world, any_owned_by(&pro), "hello").await;
    found.sort();
    assert_eq!(found, all);
}
