//! Taking messages in: all recipients or none, quotas, bounds, batches.

use mayfly_testkit::{Db, TestDatabase, db_test};
use std::sync::Arc;

use mayfly_mailbox::Config;
use mayfly_types::{ErrorCode, Reason};
use sea_orm::ConnectionTrait as _;
use tokio::task::JoinSet;

use crate::{
    mailboxes::resolve,
    world::{World, assert_refused, chunk, envelope, mail, no_auth, scope, user},
};

db_test!(
    deliver_message_reaches_each_recipient_once,
    deliver_message_invalid_stream_is_rejected,
    deliver_message_full_recipient_rejects_all,
    deliver_message_deleted_recipient_rejects_all,
    deliver_message_concurrent_calls_respect_quota_and_order,
    deliver_message_failing_row_fails_alone,
    deliver_message_cancelled_is_atomic,
    deliver_message_survives_restart,
);

async fn deliver_message_reaches_each_recipient_once(db: Db) {
    let world = World::new(db).await;
    let (ann, bob) = (
        world.create("ann@mayfly.test").await,
        world.create("bob@mayfly.test").await,
    );
    let ids = world.deliver(&[&bob, &ann, &bob], &mail("a")).await.unwrap();
    assert_eq!(ids.len(), 3);
    assert_eq!(ids[0], ids[2]);
    assert_ne!(ids[0], ids[1]);
    for (account, id) in [(&ann, &ids[1]), (&bob, &ids[0])] {
        let listed = world.list(scope(account), 1).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(&listed[0].message_id, id);
        assert_eq!(world.source(scope(account), id).await.unwrap(), mail("a"));
        assert_eq!(world.used(account).await, i64::try_from(mail("a").len()).unwrap());
    }
    // The bytes are shared, and stay for as long as one of the two has them.
    crate::messages::delete(&world, scope(&ann), &ids[1])
        .await
        .unwrap();
    assert_eq!(world.source(scope(&bob), &ids[0]).await.unwrap(), mail("a"));
}

async fn deliver_message_invalid_stream_is_rejected(db: Db) {
    let world = World::new(db).await;
    let ann = world.create("ann@mayfly.test").await;
    let invalid = [
        vec![],
        vec![chunk(b"x")],
        vec![envelope(&[], 1), chunk(b"x")],
        vec![envelope(&[&ann], 3), chunk(b"xy")],
        vec![envelope(&[&ann], 1), chunk(b"xy")],
        vec![envelope(&[&ann], 1), envelope(&[&ann], 1)],
    ];
    for parts in invalid {
        let refused = world.deliver_parts(parts).await;
        assert_refused(refused, ErrorCode::InvalidArgument, Reason::InvalidRequest);
    }
    let refused = world.deliver_parts(vec![envelope(&[&ann], 26_214_401)]).await;
    assert_refused(refused, ErrorCode::InvalidArgument, Reason::MessageTooLarge);
    let refused = world.deliver(&["x"], b"x").await;
    assert_refused(refused, ErrorCode::NotFound, Reason::NotFound);
    assert!(world.list(scope(&ann), 1).await.unwrap().is_empty());
    assert_eq!(world.used(&ann).await, 0);
}

fn sized(size: usize) -> Vec<u8> {
    let mut raw = b"Subject: sized\r\n\r\n".to_vec();
    raw.resize(size, b'x');
    raw
}

async fn deliver_message_full_recipient_rejects_all(db: Db) {
    let config = Config {
        quota_bytes: 1000,
        pro_quota_bytes: 5000,
        ..Config::default()
    };
    let world = World::with(db, config).await;
    let ann = world.create("ann@mayfly.test").await;
    let bob = world.create_for("bob@mayfly.test", Some(&user())).await;
    let full = || (ErrorCode::FailedPrecondition, Reason::MailboxFull);
    let refused = resolve(&world, "ann@mayfly.test", 1001).await;
    assert_refused(refused, full().0, full().1);
    resolve(&world, "ann@mayfly.test", 1000).await.unwrap();
    world.deliver(&[&ann], &sized(600)).await.unwrap();
    assert_refused(
        world.deliver(&[&bob, &ann], &sized(401)).await,
        full().0,
        full().1,
    );
    assert_eq!((world.used(&ann).await, world.used(&bob).await), (600, 0));
    assert!(world.list(scope(&bob), 1).await.unwrap().is_empty());
    let both = world.deliver(&[&bob, &ann], &sized(400)).await.unwrap();
    assert_eq!((world.used(&ann).await, world.used(&bob).await), (1000, 400));
    assert_refused(resolve(&world, "ann@mayfly.test", 0).await, full().0, full().1);
    assert_refused(resolve(&world, "ann@mayfly.test", 1).await, full().0, full().1);
    crate::messages::delete(&world, scope(&ann), &both[1])
        .await
        .unwrap();
    assert_eq!(world.used(&ann).await, 600);
    resolve(&world, "ann@mayfly.test", 400).await.unwrap();
    assert_eq!(world.used(&bob).await, 400);
}

async fn deliver_message_deleted_recipient_rejects_all(db: Db) {
    let world = World::new(db).await;
    let (ann, bob) = (
        world.create("ann@mayfly.test").await,
        world.create("bob@mayfly.test").await,
    );
    crate::mailboxes::delete(&world, scope(&bob)).await.unwrap();
    let refused = world.deliver(&[&ann, &bob], &mail("a")).await;
    assert_refused(refused, ErrorCode::NotFound, Reason::NotFound);
    assert!(world.list(scope(&ann), 1).await.unwrap().is_empty());
    assert_eq!(world.used(&ann).await, 0);
}

async fn deliver_message_concurrent_calls_respect_quota_and_order(db: Db) {
    let config = Config {
        quota_bytes: 10_000,
        ..Config::default()
    };
    let world = Arc::new(World::with(db, config).await);
    let (ann, bob) = (
        world.create("ann@mayfly.test").await,
        world.create("bob@mayfly.test").await,
    );
    let mut calls = JoinSet::new();
    for n in 0..60 {
        let (world, ann, bob) = (world.clone(), ann.clone(), bob.clone());
        calls.spawn(async move {
            let to = if n % 3 == 0 { &bob } else { &ann };
            world.deliver(&[to], &sized(500)).await
        });
    }
    let outcomes = calls.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 40);
    for failure in outcomes.into_iter().filter_map(Result::err) {
        assert_eq!(failure.reason, Reason::MailboxFull);
    }
    assert_eq!((world.used(&ann).await, world.used(&bob).await), (10_000, 10_000));
    let first = world.list(scope(&ann), 1).await.unwrap();
    assert_eq!(first.len(), 20);
    crate::messages::delete(&world, scope(&ann), &first[19].message_id)
        .await
        .unwrap();
    let last = world.deliver(&[&ann], &sized(500)).await.unwrap().remove(0);
    assert_eq!(world.list(scope(&ann), 1).await.unwrap()[0].message_id, last);
}

/// A trigger stands for whatever the database refuses about one message, on its second recipient if it has two.
async fn world_with_poison(db: Db) -> Arc<World> {
    let test_database = TestDatabase::new(db);
    let database = test_database.open("mailbox").await;
    mayfly_mailbox::migrate(&database).await.unwrap();
    let condition = "NEW.subject = 'poison' AND EXISTS \
                     (SELECT 1 FROM mailboxes WHERE id = NEW.account_id AND address LIKE 'bob@%')";
    let trigger = test_database.trigger("poison", "BEFORE INSERT", "messages", condition, None);
    database
        .tx("trigger", |tx| {
            let trigger = trigger.clone();
            Box::pin(async move { tx.execute_unprepared(&trigger).await.map(drop) })
        })
        .await
        .unwrap_or_else(|error: sea_orm::DbErr| panic!("{error}"));
    database.close().await;
    drop(database);
    let clock = mayfly_testkit::ManualClock::default();
    Arc::new(
        World::open(
            test_database,
            clock,
            Config::default(),
            no_auth(),
            &["mayfly.test"],
        )
        .await,
    )
}

async fn deliver_message_failing_row_fails_alone(db: Db) {
    let world = world_with_poison(db).await;
    let (ann, bob) = (
        world.create("ann@mayfly.test").await,
        world.create("bob@mayfly.test").await,
    );
    let mut calls = JoinSet::new();
    for n in 0..40 {
        let (world, ann, bob) = (world.clone(), ann.clone(), bob.clone());
        calls.spawn(async move {
            let raw = if n % 8 == 5 { mail("poison") } else { mail("good") };
            (n, world.deliver(&[&ann, &bob], &raw).await)
        });
    }
    for (n, outcome) in calls.join_all().await {
        if n % 8 == 5 {
            // A defect tells nothing of the database.
            let failure = outcome.unwrap_err();
            assert_eq!(
                (failure.code, failure.message.as_str()),
                (ErrorCode::Internal, "internal error")
            );
        } else {
            outcome.unwrap();
        }
    }
    for account in [&ann, &bob] {
        let listed = [
            world.list(scope(account), 1).await.unwrap(),
            world.list(scope(account), 2).await.unwrap(),
        ]
        .concat();
        assert_eq!(listed.len(), 35);
        assert!(
            listed
                .iter()
                .all(|message| message.subject.as_deref() == Some("good"))
        );
        assert_eq!(
            world.used(account).await,
            i64::try_from(35 * mail("good").len()).unwrap()
        );
    }
}

async fn deliver_message_cancelled_is_atomic(db: Db) {
    let world = World::new(db).await;
    let ann = world.create("ann@mayfly.test").await;
    for n in 0..50u64 {
        let (to, raw) = ([ann.as_str()], mail("a"));
        let call = world.deliver(&to, &raw);
        let _ = tokio::time::timeout(std::time::Duration::from_micros(n * 40), call).await;
    }
    world.deliver(&[&ann], &mail("a")).await.unwrap();
    let mut listed = Vec::new();
    for page in 1..=2 {
        listed.extend(world.list(scope(&ann), page).await.unwrap());
    }
    let used = i64::try_from(listed.len() * mail("a").len()).unwrap();
    assert_eq!(world.used(&ann).await, used);
    for message in listed {
        assert_eq!(
            world.source(scope(&ann), &message.message_id).await.unwrap(),
            mail("a")
        );
    }
}

async fn deliver_message_survives_restart(db: Db) {
    let world = World::new(db).await;
    let ann = world.create("ann@mayfly.test").await;
    let raw = sized(300_000);
    let id = world.deliver(&[&ann], &raw).await.unwrap().remove(0);
    let (dir, clock) = world.stop().await;
    let world = World::open(dir, clock, Config::default(), no_auth(), &["mayfly.test"]).await;
    assert_eq!(world.source(scope(&ann), &id).await.unwrap(), raw);
}
