//! Two processes of the service over one PostgreSQL: what one does holds for the other at once, and nothing is counted twice.

use std::sync::Arc;

use mayfly_mailbox::Config;
use mayfly_testkit::{Db, ManualClock, TestDatabase};
use mayfly_types::{ErrorCode, Reason};
use sea_orm::ConnectionTrait;
use time::Duration;
use tokio::task::JoinSet;

use crate::{
    mailboxes, messages,
    world::{World, assert_refused, mail, no_auth, scope, user},
};

/// Two processes at one time that the test moves.
pub(crate) async fn two(config: Config) -> [Arc<World>; 2] {
    let (database, clock) = (TestDatabase::new(Db::Postgres), ManualClock::default());
    let open = || {
        let (database, clock, config) = (database.clone(), clock.clone(), config.clone());
        async { Arc::new(World::open(database, clock, config, no_auth(), &["mayfly.test"]).await) }
    };
    // Both start at once, over a database that knows no domain yet.
    let (a, b) = tokio::join!(open(), open());
    [a, b]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reserve_mailbox_two_processes_respect_limits() {
    let config = Config {
        max_accounts: 20,
        ..Config::default()
    };
    let worlds = two(config).await;
    for round in 0..3 {
        let owner = user();
        let mut calls = JoinSet::new();
        for n in 0..70 {
            let (world, owner) = (worlds[n % 2].clone(), owner.clone());
            calls.spawn(async move {
                let id = world
                    .reserve(&format!("a{round}.{n}@mayfly.test"), Some(&owner))
                    .await?;
                world.activate(&id).await
            });
        }
        let outcomes = calls.join_all().await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 20);
        for failure in outcomes.into_iter().filter_map(Result::err) {
            assert_eq!(failure.reason, Reason::AccountLimitReached);
        }
        let mut calls = JoinSet::new();
        for n in 0..40 {
            let world = worlds[n % 2].clone();
            calls.spawn(async move { world.reserve(&format!("one{round}@mayfly.test"), None).await });
        }
        let outcomes = calls.join_all().await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        for failure in outcomes.into_iter().filter_map(Result::err) {
            assert_eq!(failure.reason, Reason::AddressTaken);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deliver_message_two_processes_respect_quota() {
    let size = mail("a").len();
    let config = Config {
        quota_bytes: u64::try_from(size * 25).unwrap(),
        ..Config::default()
    };
    let worlds = two(config).await;
    let ann = worlds[0].create("ann@mayfly.test").await;
    let bob = worlds[1].create("bob@mayfly.test").await;
    let mut calls = JoinSet::new();
    for n in 0..80 {
        let world = worlds[n % 2].clone();
        // Named in either order: transactions that lock both must not deadlock.
        let to = if n % 4 < 2 {
            [ann.clone(), bob.clone()]
        } else {
            [bob.clone(), ann.clone()]
        };
        calls.spawn(async move { world.deliver(&[&to[0], &to[1]], &mail("a")).await });
    }
    let outcomes = calls.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 25);
    for failure in outcomes.into_iter().filter_map(Result::err) {
        assert_eq!(failure.reason, Reason::MailboxFull);
    }
    let full = i64::try_from(size * 25).unwrap();
    for world in &worlds {
        assert_eq!((world.used(&ann).await, world.used(&bob).await), (full, full));
    }
    // Each message is deleted through both at the same moment: one finds it.
    for message in worlds[0].list(scope(&ann), 1).await.unwrap() {
        let (a, b) = tokio::join!(
            messages::delete(&worlds[0], scope(&ann), &message.message_id),
            messages::delete(&worlds[1], scope(&ann), &message.message_id)
        );
        assert!(a.is_ok() ^ b.is_ok(), "{a:?} {b:?}");
    }
    for world in &worlds {
        assert_eq!((world.used(&ann).await, world.used(&bob).await), (0, full));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn delete_message_is_visible_to_other_process() {
    let [one, other] = two(Config::default()).await;
    let ann = one.create("ann@mayfly.test").await;
    assert!(mailboxes::resolve(&other, "ann@mayfly.test", 0).await.is_ok());
    let id = one.deliver(&[&ann], &mail("a")).await.unwrap().remove(0);
    for reader in [&one, &other] {
        assert_eq!(reader.list(scope(&ann), 1).await.unwrap().len(), 1);
    }
    messages::mark_read(&other, scope(&ann), &id).await.unwrap();
    assert!(one.list(scope(&ann), 1).await.unwrap()[0].is_read);
    let second = other.deliver(&[&ann], &mail("b")).await.unwrap().remove(0);
    assert_eq!(one.list(scope(&ann), 1).await.unwrap()[0].message_id, second);
    messages::delete(&one, scope(&ann), &second).await.unwrap();
    assert_eq!(other.list(scope(&ann), 1).await.unwrap().len(), 1);
    mailboxes::delete(&one, scope(&ann)).await.unwrap();
    assert_refused(
        other.list(scope(&ann), 1).await,
        ErrorCode::NotFound,
        Reason::MailboxGone,
    );
    assert_refused(
        mailboxes::resolve(&other, "ann@mayfly.test", 0).await,
        ErrorCode::NotFound,
        Reason::NotFound,
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sweep_two_processes_give_quota_back_once() {
    let worlds = two(Config::default()).await;
    let ann = worlds[0].create("ann@mayfly.test").await;
    for n in 0..240 {
        worlds[n % 2].deliver(&[&ann], &mail("old")).await.unwrap();
    }
    worlds[0].clock.advance(Duration::days(7) + Duration::seconds(1));
    let young = worlds[1]
        .deliver(&[&ann], &mail("young"))
        .await
        .unwrap()
        .remove(0);
    tokio::join!(worlds[0].mailbox.sweep(), worlds[1].mailbox.sweep());
    let left = i64::try_from(mail("young").len()).unwrap();
    for world in &worlds {
        assert_eq!(world.used(&ann).await, left);
        assert_eq!(world.source(scope(&ann), &young).await.unwrap(), mail("young"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deliver_message_clock_skew_keeps_id_order() {
    let worlds = two(Config::default()).await;
    let owner = user();
    let ann = worlds[0].create_for("ann@mayfly.test", Some(&owner)).await;
    let bob = worlds[1].create_for("bob@mayfly.test", Some(&owner)).await;
    let lone = worlds[0].create("lone@mayfly.test").await;
    worlds[0].deliver(&[&ann, &bob, &lone], &mail("a")).await.unwrap();
    // As another process leaves it whose clock is a century ahead.
    let ahead = "03a00000-0000-7000-8000-000000000000";
    let database = worlds[0].test_database.open("mailbox").await;
    let changed: Result<(), sea_orm::DbErr> = database
        .tx("ahead", move |tx| {
            Box::pin(async move {
                for table in ["mailboxes", "owners"] {
                    let change = format!("UPDATE {table} SET last_message_id = '{ahead}'");
                    tx.execute_unprepared(&change).await?;
                }
                Ok(())
            })
        })
        .await;
    changed.unwrap();
    let mut last = ahead.to_owned();
    for n in 0..20 {
        let to = if n % 3 == 0 { &bob } else { &ann };
        let id = worlds[n % 2].deliver(&[to], &mail("a")).await.unwrap().remove(0);
        assert!(id > last, "{id} after {last}");
        last = id;
    }
    let id = worlds[1].deliver(&[&lone], &mail("a")).await.unwrap().remove(0);
    assert!(id.as_str() > ahead);
}
