//! Deliveries of large messages that fail, and an S3 server that does not answer.

use std::time::{Duration, Instant};

use mayfly_mailbox::Config;
use mayfly_testkit::{Db, S3Fault, S3Server, db_test};
use mayfly_types::{ErrorCode, Reason};

use crate::{
    blobs::{KIB, Place, sized},
    world::{World, assert_refused, scope},
};

db_test!(
    read_ends_before_its_deadline_while_s3_hangs,
);

async fn read_ends_before_its_deadline_while_s3_hangs(db: Db) {
    let place = Place::S3(S3Server::start());
    let Place::S3(server) = &place else { unreachable!() };
    let world = World::with_blobs(db, Config::default(), place.config()).await;
    let ann = world.create("ann@mayfly.test").await;
    let ids = world.deliver(&[&ann], &sized(200 * KIB)).await.unwrap();
    server.set_fault(S3Fault::Hang);
    let started = Instant::now();
    let read = world.message(scope(&ann), &ids[0]).await;
    assert!(started.elapsed() < Duration::from_secs(5), "{read:?}");
    assert_refused(read, ErrorCode::Unavailable, Reason::Unavailable);
}
