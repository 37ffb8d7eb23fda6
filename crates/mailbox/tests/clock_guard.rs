//! A clock that jumps ahead expires nothing until it has gone on for an hour.

use mayfly_mailbox::Config;
use mayfly_testkit::{Db, ManualClock, TestDatabase, db_test};
use mayfly_types::{ErrorCode, Reason};
use time::Duration;

use crate::{
    mailboxes::resolve,
    world::{World, assert_refused, mail, no_auth, scope},
};

db_test!(
    sweep_after_clock_jump_at_start_removes_nothing,
    sweep_after_clock_jump_while_running_removes_nothing,
    sweep_after_confirmed_clock_jump_removes_old_mail,
);

const JUMP: Duration = Duration::days(100);

async fn open(database: TestDatabase, clock: ManualClock) -> World {
    World::open(database, clock, Config::default(), no_auth(), &["mayfly.test"]).await
}

/// A mailbox with a mail and the tombstone of another one.
async fn filled(db: Db) -> (World, String) {
    let world = open(TestDatabase::new(db), ManualClock::default()).await;
    let ann = world.create("ann@mayfly.test").await;
    world.deliver(&[&ann], &mail("kept")).await.unwrap();
    let gone = world.create("gone@mayfly.test").await;
    crate::mailboxes::delete(&world, scope(&gone)).await.unwrap();
    world.mailbox.sweep().await;
    (world, ann)
}

async fn assert_kept(world: &World, ann: &str) {
    world.mailbox.sweep().await;
    assert_eq!(world.list(scope(ann), 1).await.unwrap().len(), 1);
    let taken = world.reserve("gone@mayfly.test", None).await;
    assert_refused(taken, ErrorCode::AlreadyExists, Reason::AddressTaken);
    assert_eq!(resolve(world, "ann@mayfly.test", 0).await.unwrap(), ann);
}

async fn sweep_after_clock_jump_at_start_removes_nothing(db: Db) {
    let (world, ann) = filled(db).await;
    let (database, clock) = world.stop().await;
    clock.jump(JUMP);
    let world = open(database, clock).await;
    assert_kept(&world, &ann).await;
    // The next start, a minute later, agrees with this one, which is too soon.
    let (database, clock) = world.stop().await;
    clock.advance(Duration::minutes(1));
    let world = open(database, clock).await;
    assert_kept(&world, &ann).await;
    world.clock.jump(-JUMP);
    assert_kept(&world, &ann).await;
    world.clock.advance(Duration::days(7));
    world.mailbox.sweep().await;
    assert_eq!(world.used(&ann).await, 0);
}

async fn sweep_after_clock_jump_while_running_removes_nothing(db: Db) {
    let (world, ann) = filled(db).await;
    world.clock.jump(JUMP);
    assert_kept(&world, &ann).await;
    world.clock.advance(Duration::minutes(59));
    assert_kept(&world, &ann).await;
}

async fn sweep_after_confirmed_clock_jump_removes_old_mail(db: Db) {
    let (world, ann) = filled(db).await;
    let (database, clock) = world.stop().await;
    clock.jump(Duration::days(8));
    let world = open(database, clock).await;
    assert_kept(&world, &ann).await;
    let (database, clock) = world.stop().await;
    clock.advance(Duration::hours(1));
    let world = open(database, clock).await;
    world.mailbox.sweep().await;
    assert_eq!(world.used(&ann).await, 0);
}
