//! What is removed when its time is over, and what stays.

use mayfly_mailbox::Config;
use mayfly_testkit::{Db, db_test, eventually};
use mayfly_types::{ErrorCode, Reason};
use sea_orm::{ConnectionTrait as _, Statement};
use time::Duration;

use crate::{
    mailboxes::{delete, resolve},
    world::{World, assert_refused, mail, no_auth, scope},
};

db_test!(
    sweep_deletes_idle_mailbox_and_keeps_read_one,
    sweep_removes_all_rows_of_deleted_and_expired,
    sweep_removes_lapsed_reservation,
);

/// Counts the rows of each table once the service has stopped: what callers cannot see any more must be gone as well.
pub(crate) async fn rows(world: World) -> Vec<(&'static str, i64)> {
    let (test_database, _) = world.stop().await;
    let database = test_database.open("mailbox").await;
    let mut counts = Vec::new();
    for table in [
        "mailboxes",
        "messages",
        "raw_messages",
        "outbox_entries",
        "usage_days",
    ] {
        let count = database.read("count", |c| {
            Box::pin(async move {
                let sql = format!("SELECT count(*) FROM {table}");
                c.query_one_raw(Statement::from_string(c.get_database_backend(), sql))
                    .await
            })
        });
        let row = count
            .await
            .unwrap_or_else(|error: sea_orm::DbErr| panic!("{error}"))
            .unwrap();
        counts.push((table, row.try_get_by_index(0).unwrap()));
    }
    counts
}

async fn sweep_deletes_idle_mailbox_and_keeps_read_one(db: Db) {
    let world = World::new(db).await;
    let [read, guessed, idle] = ["read", "guessed", "idle"].map(|name| format!("{name}@mayfly.test"));
    let read_id = world.create(&read).await;
    world.create(&guessed).await;
    let idle_id = world.create(&idle).await;
    for day in 0..91 {
        world.clock.advance(Duration::days(1));
        world
            .deliver(&[&idle_id], &mail("mail is no use"))
            .await
            .unwrap_or_default();
        if day % 30 == 10 {
            world.get(scope(&read_id)).await.unwrap();
            // A sign-in may fail: looking its mailbox up is no use.
            let request = mayfly_proto::mailbox::FindMailboxRequest {
                address: guessed.clone(),
            };
            world.client.clone().find_mailbox(request).await.unwrap();
            // That they were used is noted off the path of the call: the next sweep must find it.
            eventually("noted", async || !is_touch_due(&world).await).await;
        }
    }
    world.mailbox.sweep().await;
    assert_refused(
        world.get(scope(&idle_id)).await,
        ErrorCode::NotFound,
        Reason::MailboxGone,
    );
    world.get(scope(&read_id)).await.unwrap();
    for gone in [&idle, &guessed] {
        assert_refused(
            resolve(&world, gone, 0).await,
            ErrorCode::NotFound,
            Reason::NotFound,
        );
    }
    let refused = world.reserve(&idle, None).await;
    assert_refused(refused, ErrorCode::AlreadyExists, Reason::AddressTaken);
}

/// Tells whether no mailbox was noted as used at the clock's time, by looking into the table.
async fn is_touch_due(world: &World) -> bool {
    use mayfly_types::Clock as _;
    let database = sea_orm::Database::connect(world.test_database.url("mailbox"))
        .await
        .unwrap();
    let now_ms = world.clock.now().unix_timestamp_nanos() / 1_000_000;
    let sql = format!("SELECT count(*) FROM mailboxes WHERE last_active_at_ms = {now_ms}");
    let row = database
        .query_one_raw(Statement::from_string(database.get_database_backend(), sql))
        .await
        .unwrap()
        .unwrap();
    database.close().await.unwrap();
    row.try_get_by_index::<i64>(0).unwrap() < 1
}

async fn sweep_removes_all_rows_of_deleted_and_expired(db: Db) {
    let world = World::new(db).await;
    let (ann, bob) = (
        world.create("ann@mayfly.test").await,
        world.create("bob@mayfly.test").await,
    );
    for n in 0..250 {
        let to: &[&str] = if n % 2 == 0 { &[&ann] } else { &[&ann, &bob] };
        world.deliver(to, &mail("a")).await.unwrap();
    }
    delete(&world, scope(&ann)).await.unwrap();
    world.mailbox.sweep().await;
    // What ann shared with bob is still bob's.
    let listed = world.list(scope(&bob), 1).await.unwrap();
    assert_eq!(listed.len(), 30);
    assert_eq!(
        world.source(scope(&bob), &listed[0].message_id).await.unwrap(),
        mail("a")
    );
    let half = i64::try_from(125 * mail("a").len()).unwrap();
    assert_eq!(world.used(&bob).await, half);
    world.clock.advance(Duration::days(7) + Duration::milliseconds(1));
    world.mailbox.sweep().await;
    assert_eq!(world.used(&bob).await, 0);
    let young = world.deliver(&[&bob], &mail("young")).await.unwrap().remove(0);
    world.clock.advance(Duration::days(6));
    world.mailbox.sweep().await;
    assert_eq!(world.source(scope(&bob), &young).await.unwrap(), mail("young"));
    world.clock.advance(Duration::days(24));
    world.mailbox.sweep().await;
    let counts = rows(world).await;
    // No auth answers here, so that its entry waits.
    let expected = [
        ("mailboxes", 1),
        ("messages", 0),
        ("raw_messages", 0),
        ("outbox_entries", 1),
        ("usage_days", 0),
    ];
    assert_eq!(counts, expected);
}

async fn sweep_removes_lapsed_reservation(db: Db) {
    let world = World::new(db).await;
    world.reserve("ann@mayfly.test", None).await.unwrap();
    world.mailbox.sweep().await;
    let refused = world.reserve("ann@mayfly.test", None).await;
    assert_refused(refused, ErrorCode::AlreadyExists, Reason::AddressTaken);
    world.clock.advance(Duration::minutes(1));
    world.mailbox.sweep().await;
    let (dir, clock) = world.stop().await;
    let world = World::open(dir, clock, Config::default(), no_auth(), &["mayfly.test"]).await;
    let counts = rows(world).await;
    assert_eq!(
        counts,
        [
            ("mailboxes", 0),
            ("messages", 0),
            ("raw_messages", 0),
            ("outbox_entries", 1),
            ("usage_days", 0)
        ]
    );
}
