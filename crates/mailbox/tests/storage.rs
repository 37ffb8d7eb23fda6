//! The storage guard: what is refused without room, and that it resumes by itself.

use std::time::Duration;

use mayfly_mailbox::Config;
use mayfly_runtime::admin::Readiness;
use mayfly_testkit::{Db, db_test, eventually, eventually_within};
use mayfly_types::{ErrorCode, Reason};
use sea_orm::{ConnectionTrait as _, DbErr};

use crate::{
    mailboxes::resolve,
    messages,
    world::{World, assert_refused, mail, scope, user},
};

const FULL: (ErrorCode, Reason) = (ErrorCode::Unavailable, Reason::StorageFull);

db_test!(
    deliver_beyond_the_anonymous_bound_is_refused,
    deliver_beyond_the_bytes_of_a_day_is_refused,
    deliver_beyond_the_bytes_of_a_client_is_refused,
);

/// Mailboxes without an owner share a bound. Pro users are not in it, and deleted mail leaves it.
async fn deliver_beyond_the_anonymous_bound_is_refused(db: Db) {
    let config = Config {
        max_anonymous_bytes: 1000,
        ..Config::default()
    };
    let world = World::with(db, config).await;
    let (ann, bob) = (
        world.create("ann@mayfly.test").await,
        world.create("bob@mayfly.test").await,
    );
    let owned = world.create_for("pro@mayfly.test", Some(&user())).await;
    let big = mail(&"x".repeat(300));
    let first = world.deliver(&[&ann], &big).await.unwrap();
    assert_refused(world.deliver(&[&bob], &big).await, FULL.0, FULL.1);
    world.deliver(&[&owned], &big).await.unwrap();
    // As many small ones as fit.
    let mut last = Ok(Vec::new());
    for _ in 0..20 {
        last = world.deliver(&[&bob], &mail("s")).await;
        if last.is_err() {
            break;
        }
    }
    assert_refused(last, FULL.0, FULL.1);
    messages::delete(&world, scope(&ann), &first[0]).await.unwrap();
    eventually_within("room is counted", Duration::from_secs(40), async || {
        world.deliver(&[&bob], &mail("after")).await.map(drop)
    })
    .await;
}

/// Deleting mail makes no room for more on the same day. Pro users have no such bound.
async fn deliver_beyond_the_bytes_of_a_day_is_refused(db: Db) {
    let config = Config {
        max_anonymous_bytes_per_day: 1500,
        ..Config::default()
    };
    let world = World::with(db, config).await;
    let [ann, bob] = [
        world.create("ann@mayfly.test").await,
        world.create("bob@mayfly.test").await,
    ];
    let owned = world.create_for("pro@mayfly.test", Some(&user())).await;
    let big = mail(&"x".repeat(500));
    let left = 1500 - i64::try_from(big.len()).unwrap();
    for _ in 0..3 {
        world.deliver(&[&owned], &big).await.unwrap();
    }
    let enough = (ErrorCode::RateLimited, Reason::RateLimited);
    for _ in 0..2 {
        let stored = world.deliver(&[&ann], &big).await.unwrap();
        messages::delete(&world, scope(&ann), &stored[0]).await.unwrap();
        assert_refused(world.deliver(&[&ann, &bob], &big).await, enough.0, enough.1);
        let beyond = resolve(&world, "ann@mayfly.test", left + 1).await;
        assert_refused(beyond, enough.0, enough.1);
        resolve(&world, "ann@mayfly.test", left).await.unwrap();
        resolve(&world, "bob@mayfly.test", 1500).await.unwrap();
        world.clock.advance(time::Duration::days(1));
    }
}

/// The mailboxes that one client has created share a bound, also within one mail. Those of others and of Pro users are not in
/// it, and deleted mail makes room.
async fn deliver_beyond_the_bytes_of_a_client_is_refused(db: Db) {
    let big = mail(&"x".repeat(300));
    let size = i64::try_from(big.len()).unwrap();
    let config = Config {
        max_anonymous_bytes_per_client: big.len() as u64 * 2 + 10,
        ..Config::default()
    };
    let world = World::with(db, config).await;
    let ann = world.create_from("2001:db8:1:2::1", "ann@mayfly.test").await;
    let alt = world.create_from("2001:db8:1:2::ffff", "alt@mayfly.test").await;
    let bob = world.create_from("2001:db8:1:3::1", "bob@mayfly.test").await;
    let owned = world.create_for("pro@mayfly.test", Some(&user())).await;
    let full = (ErrorCode::FailedPrecondition, Reason::MailboxFull);
    let first = world.deliver(&[&ann], &big).await.unwrap();
    let both = world.deliver(&[&ann, &alt, &bob], &big).await;
    assert_refused(both, full.0, full.1);
    world.deliver(&[&alt, &bob], &big).await.unwrap();
    for (id, address) in [(&ann, "ann@mayfly.test"), (&alt, "alt@mayfly.test")] {
        assert_refused(world.deliver(&[id], &big).await, full.0, full.1);
        assert_refused(resolve(&world, address, size).await, full.0, full.1);
        resolve(&world, address, 0).await.unwrap();
    }
    world.deliver(&[&bob, &owned], &big).await.unwrap();
    messages::delete(&world, scope(&ann), &first[0]).await.unwrap();
    eventually_within("room is counted", Duration::from_secs(40), async || {
        world.deliver(&[&alt], &big).await.map(drop)
    })
    .await;
}

/// The floor refuses mail and anonymous mailboxes, while deletion and Pro users' mailboxes go on.
#[tokio::test]
async fn deliver_below_the_floor_is_refused() {
    let config = Config {
        min_free_bytes: Some(1 << 50),
        ..Config::default()
    };
    let world = World::with(Db::Sqlite, config).await;
    let owner = user();
    let owned = world.create_for("pro@mayfly.test", Some(&owner)).await;
    assert_refused(world.deliver(&[&owned], &mail("a")).await, FULL.0, FULL.1);
    eventually("the guard has measured", async || {
        let resolved = resolve(&world, "pro@mayfly.test", 0).await;
        resolved.is_err().then_some(()).ok_or("not yet")
    })
    .await;
    assert_refused(resolve(&world, "pro@mayfly.test", 0).await, FULL.0, FULL.1);
    assert_refused(world.reserve("ann@mayfly.test", None).await, FULL.0, FULL.1);
    world.create_for("two@mayfly.test", Some(&owner)).await;
    let mut readiness = Readiness::default();
    world.mailbox.add_checks(&mut readiness);
    readiness.set_serving(true);
    let (is_ready, report) = readiness.report().await;
    assert!(is_ready && report.contains("mailbox storage low: "), "{report}");
}

/// PostgreSQL answers that its disk is full, and later that it is not.
#[tokio::test]
async fn deliver_on_full_postgres_is_refused_until_space() {
    let world = World::new(Db::Postgres).await;
    let ann = world.create("ann@mayfly.test").await;
    let database = world.test_database.open("mailbox").await;
    let execute = async |sql: String| {
        database
            .tx::<(), DbErr, _>("test", move |tx| {
                let sql = sql.clone();
                Box::pin(async move { tx.execute_unprepared(&sql).await.map(drop) })
            })
            .await
            .unwrap();
    };
    let full = "RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'";
    let table = "raw_messages";
    let trigger = world
        .test_database
        .trigger("disk_is_full", "BEFORE INSERT", table, "true", Some(full));
    execute(trigger).await;
    assert_refused(world.deliver(&[&ann], &mail("a")).await, FULL.0, FULL.1);
    let mut readiness = Readiness::default();
    world.mailbox.add_checks(&mut readiness);
    readiness.set_serving(true);
    let (is_ready, report) = readiness.report().await;
    assert!(
        is_ready && report.contains("mailbox storage refuses writes: SQLSTATE 53100: could not extend file"),
        "{report}"
    );
    execute(world.test_database.drop_trigger("disk_is_full", table)).await;
    world.deliver(&[&ann], &mail("b")).await.unwrap();
    let (_, report) = readiness.report().await;
    assert!(report.contains("mailbox storage ok"), "{report}");
}
