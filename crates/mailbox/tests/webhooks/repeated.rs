//! Idempotency keys: a repeated call has one effect and one answer. Covers calls of other resources too; all use one mechanism.

use std::net::Ipv4Addr;

use mayfly_mailbox::Config;
use mayfly_testkit::{TestDatabase, Zone, eventually};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use tokio::{sync::Barrier, task::JoinSet};

use super::{
    Arc, Db, DeleteWebhookRequest, Duration, ErrorCode, Failure, Reason, Receiver, World, assert_refused,
    create, create_once, db_test, deliveries, mail, replay_once, rotate_once, test_once, user, with_webhook,
};
use crate::{domains, world::scope};

db_test!(
    concurrent_calls_with_one_key_have_one_effect,
    idempotency_key_is_bound_to_user_and_request,
    idempotency_key_expires_after_a_day,
    create_webhook_repeated_ignores_changed_target,
    reserve_mailbox_repeated_extends_or_recreates,
);

/// A call with an idempotency key.
#[derive(Debug, Clone)]
enum Op {
    Reserve(String),
    AddDomain(String),
    Create(String),
    Test(String),
    Replay(String, String),
    Rotate(String),
}

impl Op {
    /// Returns the answer as text, including secrets.
    async fn call(&self, world: &World, owner: &str, key: &str) -> Result<String, Failure> {
        let key = Some(key);
        match self {
            Self::Reserve(address) => world.reserve_once(address, Some(owner), key).await,
            Self::AddDomain(name) => {
                let added = domains::add_once(world, owner, name, key).await?;
                Ok(format!("{added:?}"))
            }
            Self::Create(url) => {
                let created = create_once(world, owner, url, key).await?;
                Ok(format!("{created:?}"))
            }
            Self::Test(id) => test_once(world, owner, id, key).await,
            Self::Replay(id, delivery) => replay_once(world, owner, id, delivery, key).await,
            Self::Rotate(id) => rotate_once(world, owner, id, key).await,
        }
    }

    /// Makes concurrent calls with one key; asserts that all answers are equal, and returns the answer.
    async fn at_once(&self, world: &Arc<World>, owner: &str, key: &str) -> String {
        const TIMES: usize = 20;
        let barrier = Arc::new(Barrier::new(TIMES));
        let mut calls = JoinSet::new();
        for _ in 0..TIMES {
            let (this, world, barrier) = (self.clone(), world.clone(), barrier.clone());
            let (owner, key) = (owner.to_owned(), key.to_owned());
            calls.spawn(async move {
                barrier.wait().await;
                this.call(&world, &owner, &key).await.unwrap()
            });
        }
        let mut answers = calls.join_all().await;
        answers.dedup();
        assert_eq!(answers.len(), 1, "{self:?}");
        answers.remove(0)
    }
}

async fn delete(world: &World, owner: &str, id: &str) {
    let request = DeleteWebhookRequest {
        owner_user_id: owner.to_owned(),
        webhook_id: id.to_owned(),
        ..DeleteWebhookRequest::default()
    };
    world.client.clone().delete_webhook(request).await.unwrap();
}

#[track_caller]
fn reused(answer: Result<String, Failure>) {
    assert_refused(
        answer,
        ErrorCode::FailedPrecondition,
        Reason::IdempotencyKeyReused,
    );
}

async fn meddle(database: &TestDatabase) -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new(database.url("mailbox"));
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options).await.unwrap()
}

async fn count(database: &DatabaseConnection, of: &str) -> i64 {
    let count = format!("SELECT count(*) FROM {of}");
    let count = Statement::from_string(database.get_database_backend(), count);
    let row = database.query_one_raw(count).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

async fn concurrent_calls_with_one_key_have_one_effect(db: Db) {
    // The first effect reaches each limit.
    let config = Config {
        max_accounts: 1,
        max_domains: 1,
        max_webhooks: 1,
        ..Config::default()
    };
    let (world, receiver) = (Arc::new(World::with(db, config).await), Receiver::start().await);
    let database = meddle(&world.test_database).await;
    database
        .execute_unprepared("CREATE TABLE effects (kind INTEGER)")
        .await
        .unwrap();
    for (kind, (event, table, condition)) in [
        ("AFTER INSERT", "mailboxes", "TRUE"),
        ("AFTER INSERT", "custom_domains", "TRUE"),
        ("AFTER INSERT", "webhooks", "TRUE"),
        ("AFTER INSERT", "webhook_events", "TRUE"),
        ("AFTER UPDATE", "webhook_events", "NEW.attempts < OLD.attempts"),
        (
            "AFTER UPDATE",
            "webhooks",
            "NEW.sealed_secret <> OLD.sealed_secret",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let action = format!("INSERT INTO effects VALUES ({kind})");
        let name = format!("effect_{kind}");
        let trigger = world
            .test_database
            .trigger(&name, event, table, condition, Some(&action));
        database.execute_unprepared(&trigger).await.unwrap();
    }
    for round in 1..=3 {
        let owner = user();
        let key = "the same for all";
        let reserve = Op::Reserve(format!("ann{round}@mayfly.test"));
        let account = reserve.at_once(&world, &owner, key).await;
        world.activate(&account).await.unwrap();
        let add = Op::AddDomain(format!("mail{round}.example.com"));
        add.at_once(&world, &owner, key).await;
        let create = Op::Create(receiver.url());
        create.at_once(&world, &owner, key).await;
        let webhook = super::list(&world, &owner).await.remove(0).webhook_id;
        let test = Op::Test(webhook.clone());
        let event = test.at_once(&world, &owner, key).await;
        let made = async || deliveries(&world, &owner, &webhook).await.unwrap();
        eventually("delivered", async || made().await.len() == 1).await;
        let delivery = made().await.remove(0);
        assert_eq!(delivery.event_id, event);
        let replay = Op::Replay(webhook.clone(), delivery.delivery_id);
        assert_eq!(replay.at_once(&world, &owner, key).await, event);
        let rotate = Op::Rotate(webhook);
        rotate.at_once(&world, &owner, key).await;
        for (kind, op) in [reserve, add, create, test, replay, rotate]
            .into_iter()
            .enumerate()
        {
            let effects = count(&database, &format!("effects WHERE kind = {kind}")).await;
            assert_eq!(effects, round, "{op:?}");
        }
    }
}

async fn idempotency_key_is_bound_to_user_and_request(db: Db) {
    let (world, receiver, owner, account, webhook) = with_webhook(db).await;
    let other = user();
    let id = webhook.webhook.unwrap().webhook_id;
    world.deliver(&[&account], &mail("news")).await.unwrap();
    eventually("delivered", async || {
        deliveries(&world, &owner, &id).await.unwrap().len() == 1
    })
    .await;
    let delivery = deliveries(&world, &owner, &id)
        .await
        .unwrap()
        .remove(0)
        .delivery_id;
    let url = receiver.url();
    let others = create(&world, &other, &url)
        .await
        .unwrap()
        .webhook
        .unwrap()
        .webhook_id;
    let table = [
        (
            Op::Reserve("a@mayfly.test".into()),
            Op::Reserve("b@mayfly.test".into()),
        ),
        (
            Op::AddDomain("a.example.com".into()),
            Op::AddDomain("b.example.com".into()),
        ),
        (Op::Test(id.clone()), Op::Test(others.clone())),
        (Op::Rotate(id.clone()), Op::Rotate(others.clone())),
    ];
    for (op, another) in table {
        let answer = op.call(&world, &owner, "k").await.unwrap();
        reused(another.call(&world, &owner, "k").await);
        assert_eq!(op.call(&world, &owner, "k").await.unwrap(), answer);
        // The key is scoped to its user and its operation.
        assert_ne!(another.call(&world, &other, "k").await.unwrap(), answer);
    }
    let replay = Op::Replay(id.clone(), delivery.clone());
    replay.call(&world, &owner, "k").await.unwrap();
    reused(
        Op::Replay(id.clone(), others.clone())
            .call(&world, &owner, "k")
            .await,
    );
    // A key gives no access to objects of another user.
    assert_refused(
        replay.call(&world, &other, "k").await,
        ErrorCode::NotFound,
        Reason::NotFound,
    );

    let beyond = Op::Create(url.clone()).call(&world, &owner, "k").await;
    assert_refused(beyond, ErrorCode::PermissionDenied, Reason::WebhookLimitReached);
    let forbidden = Op::Create("http://127.0.0.2/".into())
        .call(&world, &owner, "k")
        .await;
    assert_refused(forbidden, ErrorCode::InvalidArgument, Reason::InvalidUrl);
    delete(&world, &owner, &id).await;
    let made = Op::Create(format!("{url}?now"))
        .call(&world, &owner, "k")
        .await
        .unwrap();
    reused(Op::Create(url.clone()).call(&world, &owner, "k").await);
    // The answer is the first one, although the webhook is deleted.
    let again = super::list(&world, &owner).await.remove(0).webhook_id;
    delete(&world, &owner, &again).await;
    let same = Op::Create(format!("{url}?now")).call(&world, &owner, "k").await;
    assert_eq!(same.unwrap(), made);
    assert!(super::list(&world, &owner).await.is_empty());
}

async fn idempotency_key_expires_after_a_day(db: Db) {
    let (world, _receiver, owner, _, webhook) = with_webhook(db).await;
    let (test, database) = (
        Op::Test(webhook.webhook.unwrap().webhook_id),
        meddle(&world.test_database).await,
    );
    let call = async |key: &str| test.call(&world, &owner, key).await.unwrap();
    let first = call("k").await;
    world
        .clock
        .advance(Duration::hours(24) - Duration::milliseconds(1));
    world.mailbox.sweep().await;
    assert_eq!(call("k").await, first);
    world.clock.advance(Duration::milliseconds(1));
    let second = call("k").await;
    assert_ne!(second, first);
    world.mailbox.sweep().await;
    assert_eq!(call("k").await, second);
    for n in 0..150 {
        call(&format!("swept {n}")).await;
    }
    world.clock.advance(Duration::hours(24));
    world.mailbox.sweep().await;
    assert_eq!(count(&database, "idempotency_keys").await, 0);
}

async fn create_webhook_repeated_ignores_changed_target(db: Db) {
    let ((world, dns), owner) = (domains::with_dns(db).await, user());
    let leads_to = |last| dns.publish(Zone::default().a("hooks.example.com", Ipv4Addr::new(127, 0, 0, last)));
    let create = Op::Create("http://hooks.example.com/".into());
    leads_to(1);
    let made = create.call(&world, &owner, "k").await.unwrap();
    leads_to(2);
    assert_eq!(create.call(&world, &owner, "k").await.unwrap(), made);
    let anew = create.call(&world, &user(), "k").await;
    assert_refused(anew, ErrorCode::InvalidArgument, Reason::InvalidUrl);
}

async fn reserve_mailbox_repeated_extends_or_recreates(db: Db) {
    let (world, owner) = (World::new(db).await, user());
    let reserve = async |name: &str| {
        let address = format!("{name}@mayfly.test");
        world.reserve_once(&address, Some(&owner), Some(name)).await
    };
    let held = reserve("held").await.unwrap();
    for _ in 0..3 {
        world.clock.advance(Duration::seconds(50));
        world.mailbox.sweep().await;
        assert_eq!(reserve("held").await.unwrap(), held);
    }
    world.clock.advance(Duration::seconds(50));
    world.activate(&held).await.unwrap();
    assert_eq!(reserve("held").await.unwrap(), held);

    for is_swept in [false, true] {
        let name = format!("lapsed-{is_swept}");
        let lapsed = reserve(&name).await.unwrap();
        world.clock.advance(Duration::seconds(60));
        if is_swept {
            world.mailbox.sweep().await;
        }
        let anew = reserve(&name).await.unwrap();
        assert_ne!(anew, lapsed);
        assert_eq!(reserve(&name).await.unwrap(), anew);
        assert_refused(
            world.activate(&lapsed).await,
            ErrorCode::FailedPrecondition,
            Reason::ReservationExpired,
        );
        world.activate(&anew).await.unwrap();
    }

    crate::mailboxes::delete(&world, scope(&held)).await.unwrap();
    // The deletion leaves a tombstone.
    assert_refused(
        reserve("held").await,
        ErrorCode::AlreadyExists,
        Reason::AddressTaken,
    );
    // Without an owner the key is ignored.
    let unowned = world.reserve_once("free@mayfly.test", None, Some("k")).await;
    unowned.unwrap();
    let again = world.reserve_once("free@mayfly.test", None, Some("k")).await;
    assert_refused(again, ErrorCode::AlreadyExists, Reason::AddressTaken);
}
