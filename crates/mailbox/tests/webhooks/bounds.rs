//! Limits: webhooks of a user, and pending events of a webhook.

use std::{collections::BTreeSet, sync::Arc};

use mayfly_mailbox::Config;
use mayfly_proto::mailbox::WebhookStatus;
use mayfly_testkit::{Db, db_test, eventually};
use mayfly_types::{ErrorCode, Reason};
use time::Duration;
use tokio::task::JoinSet;

use super::{Receiver, create, deliveries, list, rotate};
use crate::{
    fleet,
    world::{World, assert_refused, mail, user},
};

db_test!(
    create_webhook_limit_is_exact,
    sweep_fails_webhook_with_too_many_pending_events
);

const ROUNDS: usize = 4;
const LIMIT: u32 = 3;
const MAX_WAITING: usize = 5;

/// Creates fifty webhooks too many concurrently, spread over processes, for several users.
async fn assert_limit_is_exact(worlds: &[Arc<World>]) {
    for _ in 0..ROUNDS {
        let ann = user();
        let calls: JoinSet<_> = (0..LIMIT + 50)
            .zip(worlds.iter().cycle())
            .map(|(n, world)| {
                let (world, ann) = (world.clone(), ann.clone());
                async move { create(&world, &ann, &format!("http://127.0.0.1:8080/{n}")).await }
            })
            .collect();
        let (made, refused): (Vec<_>, Vec<_>) = calls.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!(made.len(), LIMIT as usize);
        for outcome in refused {
            assert_refused(outcome, ErrorCode::PermissionDenied, Reason::WebhookLimitReached);
        }
        for world in worlds {
            assert_eq!(list(world, &ann).await.len(), made.len());
        }
    }
}

fn limited() -> Config {
    Config {
        max_webhooks: LIMIT,
        ..Config::default()
    }
}

async fn create_webhook_limit_is_exact(db: Db) {
    assert_limit_is_exact(&[Arc::new(World::with(db, limited()).await)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn create_webhook_limit_is_exact_across_processes() {
    assert_limit_is_exact(&fleet::two(limited()).await).await;
}

/// Delivers mail for a receiver that fails. Returns the owner, the mailbox and the webhook.
async fn crowded(world: &World, name: &str, receiver: &Receiver) -> [String; 3] {
    receiver.answers("500 Sorry");
    let owner = user();
    let account = world
        .create_for(&format!("{name}@mayfly.test"), Some(&owner))
        .await;
    let webhook = create(world, &owner, &receiver.url()).await.unwrap();
    for _ in 0..MAX_WAITING {
        world.deliver(&[&account], &mail("news")).await.unwrap();
    }
    [owner, account, webhook.webhook.unwrap().webhook_id]
}

async fn status(world: &World, owner: &str) -> WebhookStatus {
    list(world, owner).await.remove(0).status()
}

/// Waits until a number of events are delivered.
async fn until_delivered(world: &World, owner: &str, webhook: &str, count: usize) {
    eventually("delivered", async || {
        let made = deliveries(world, owner, webhook).await.unwrap();
        let delivered = made.iter().filter(|made| made.status_code == Some(200));
        delivered
            .map(|made| &made.event_id)
            .collect::<BTreeSet<_>>()
            .len()
            == count
    })
    .await;
}

async fn sweep_fails_webhook_with_too_many_pending_events(db: Db) {
    let config = Config {
        max_waiting_events: u32::try_from(MAX_WAITING).unwrap(),
        ..Config::default()
    };
    let world = World::with(db, config).await;
    let (receiver, neighbour) = (Receiver::start().await, Receiver::start().await);
    let [ann, account, webhook] = crowded(&world, "ann", &receiver).await;
    let [bob, _, other] = crowded(&world, "bob", &neighbour).await;
    world.mailbox.sweep().await;
    for owner in [&ann, &bob] {
        assert_eq!(
            status(&world, owner).await,
            WebhookStatus::Active,
            "as much as may"
        );
    }
    world.deliver(&[&account], &mail("too much")).await.unwrap();
    world.mailbox.sweep().await;
    assert_eq!(status(&world, &ann).await, WebhookStatus::Failed);
    assert_eq!(status(&world, &bob).await, WebhookStatus::Active);
    // A failed webhook gets no new events, and its pending ones are not delivered.
    world.deliver(&[&account], &mail("unheard")).await.unwrap();
    // After a rotation the number of pending events does not matter for an hour.
    rotate(&world, &ann, &webhook).await.unwrap();
    world.clock.advance(Duration::minutes(59));
    world.mailbox.sweep().await;
    assert_eq!(status(&world, &ann).await, WebhookStatus::Active);
    world.clock.advance(Duration::minutes(1));
    world.mailbox.sweep().await;
    assert_eq!(status(&world, &ann).await, WebhookStatus::Failed);
    for receiver in [&receiver, &neighbour] {
        receiver.answers("200 OK");
    }
    world.clock.advance(Duration::minutes(40));
    until_delivered(&world, &bob, &other, MAX_WAITING).await;
    rotate(&world, &ann, &webhook).await.unwrap();
    until_delivered(&world, &ann, &webhook, MAX_WAITING + 1).await;
    world.mailbox.sweep().await;
    assert_eq!(status(&world, &ann).await, WebhookStatus::Active);
    let received = receiver.received();
    let holds = |subject: &str| {
        let subject = format!("\"subject\":\"{subject}\"");
        received
            .iter()
            .any(|(_, body)| String::from_utf8_lossy(body).contains(&subject))
    };
    assert!(holds("too much") && !holds("unheard"));
}
