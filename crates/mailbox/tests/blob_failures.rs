//! Deliveries of large messages that fail, and an S3 server that does not answer.

use std::{
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use mayfly_mailbox::Config;
use mayfly_testkit::{Db, S3Fault, S3Server, db_test, eventually};
use mayfly_types::{ErrorCode, Reason};
use sea_orm::ConnectionTrait as _;
use tokio::task::JoinSet;

use crate::{
    blobs::{KIB, TestStore, connect, sized},
    world::{World, assert_refused, scope},
};

db_test!(
    failed_part_leaves_no_parts,
    delivery_that_is_given_up_leaves_no_blob,
    text_mail_goes_on_while_s3_hangs,
    read_ends_before_its_deadline_while_s3_hangs,
);

async fn has_no_blobs(store: &TestStore, world: &World) {
    eventually("the blob is deleted", async || {
        match store.blobs(world).await.len() {
            0 => Ok(()),
            left => Err(left),
        }
    })
    .await;
}

/// The database takes two parts of a message and then no more.
async fn failed_part_leaves_no_parts(db: Db) {
    let world = World::new(db).await;
    let ann = world.create("ann@mayfly.test").await;
    let fail = world
        .test_database
        .trigger("poison", "BEFORE INSERT", "blob_parts", "NEW.part = 2", None);
    connect(&world).await.execute_unprepared(&fail).await.unwrap();
    assert!(world.deliver(&[&ann], &sized(1024 * KIB)).await.is_err());
    has_no_blobs(&TestStore::Database, &world).await;
}

/// Its call reaches its deadline.
async fn delivery_that_is_given_up_leaves_no_blob(db: Db) {
    let world = World::new(db).await;
    let ann = world.create("ann@mayfly.test").await;
    let raw = sized(20 * 1024 * KIB);
    let to = [&*ann];
    let mut delivery = Box::pin(world.deliver(&to, &raw));
    let begun = eventually("some parts are stored", async || {
        match TestStore::Database.blobs(&world).await.len() {
            0 => Err("none"),
            _ => Ok(()),
        }
    });
    tokio::select! {
        _ = &mut delivery => panic!("the delivery ended"),
        () = begun => drop(delivery),
    }
    has_no_blobs(&TestStore::Database, &world).await;
}

/// A machine without root certificates, such as a container from scratch.
#[test]
fn s3_over_http_needs_no_certificates() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "blobs::put_whose_answer_is_lost_is_repeated::sqlite"])
        .env("SSL_CERT_FILE", "/dev/null")
        .env("SSL_CERT_DIR", "/nonexistent")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// Mail that waits for the server has memory of its own.
async fn text_mail_goes_on_while_s3_hangs(db: Db) {
    let store = TestStore::S3(S3Server::start());
    let TestStore::S3(server) = &store else {
        unreachable!()
    };
    let world = Arc::new(World::with_blobs(db, Config::default(), store.config()).await);
    let ann = world.create("ann@mayfly.test").await;
    server.set_fault(S3Fault::Hang);
    let raw = Arc::new(sized(200 * KIB));
    let mut large = JoinSet::new();
    for _ in 0..450 {
        let (world, ann, raw) = (Arc::clone(&world), ann.clone(), Arc::clone(&raw));
        large.spawn(async move { world.deliver(&[&ann], &raw).await });
    }
    // As many as their memory holds.
    eventually("they wait for the server", async || match server.calls() {
        ..150 => Err(server.calls()),
        _ => Ok(()),
    })
    .await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (to, text) = ([&*ann], sized(4 * KIB));
    let delivered = tokio::time::timeout(Duration::from_secs(3), world.deliver(&to, &text));
    delivered.await.unwrap().unwrap();
}

async fn read_ends_before_its_deadline_while_s3_hangs(db: Db) {
    let store = TestStore::S3(S3Server::start());
    let TestStore::S3(server) = &store else {
        unreachable!()
    };
    let world = World::with_blobs(db, Config::default(), store.config()).await;
    let ann = world.create("ann@mayfly.test").await;
    let ids = world.deliver(&[&ann], &sized(200 * KIB)).await.unwrap();
    server.set_fault(S3Fault::Hang);
    let started = Instant::now();
    let read = world.message(scope(&ann), &ids[0]).await;
    assert!(started.elapsed() < Duration::from_secs(5), "{read:?}");
    assert_refused(read, ErrorCode::Unavailable, Reason::Unavailable);
}
