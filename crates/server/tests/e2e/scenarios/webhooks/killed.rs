//! Mailbox processes are killed repeatedly while mails arrive. The webhook receives every stored mail at least once, always
//! under one event id, and no mail of another owner.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use mayfly_testkit::eventually_within;
use serde_json::json;
use tokio::time::MissedTickBehavior;

use crate::{
    client::{Client, Mailbox},
    delivery_log::DeliveryLog,
    receiver::Receiver,
    world::{Kind, World},
};

const SENDERS: usize = 4;
/// The minimum number of kills.
const KILLS: usize = 6;
const KILL_INTERVAL: Duration = Duration::from_secs(1);
/// The promised bound.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(60);
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(30);

/// The number of mails to accept while processes are killed.
fn mails() -> usize {
    let scale = std::env::var_os("MAYFLY_WEBHOOK_MAILS");
    scale.map_or(300, |count| count.into_string().unwrap().parse().unwrap())
}

/// The ids of all messages of a mailbox.
async fn stored(client: &Client, mailbox: &Mailbox) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for page in 1.. {
        let path = format!("/api/messages?page={page}");
        let answer = client.get(&path, &mailbox.token).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let messages = answer.json()["messages"].as_array().unwrap().clone();
        if messages.is_empty() {
            break;
        }
        let ids = messages.iter().map(|message| message["id"].as_str().unwrap());
        found.extend(ids.map(str::to_owned));
    }
    found
}

/// The event ids of all deliveries, by message id.
fn delivered(receiver: &Receiver) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for delivered in receiver.requests() {
        let mail = delivered.json()["data"]["email_id"].as_str().unwrap().to_owned();
        found
            .entry(mail)
            .or_default()
            .push(delivered.header("webhook-id").to_owned());
    }
    found
}

/// Kills and restarts the mailbox processes in turn, one per second. Between two kills a mail is accepted.
async fn keep_killing(
    world: &mut World,
    deliveries: &DeliveryLog,
    client: &Client,
    mailbox: &Mailbox,
) -> (usize, Duration) {
    let replicas = world.replicas("mailbox");
    let mut pace = tokio::time::interval(KILL_INTERVAL);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace.tick().await;
    let (started, mut kills) = (Instant::now(), 0);
    while deliveries.accepted() < mails() || kills < KILLS {
        let before = deliveries.accepted();
        pace.tick().await;
        eventually_within("a mail is accepted", RECOVERY_TIMEOUT, async || {
            deliveries.accepted() > before
        })
        .await;
        let index = replicas.start + kills % replicas.len();
        world.processes[index].kill();
        world.restart_process(index);
        kills += 1;
        eventually_within("the process is reachable again", RECOVERY_TIMEOUT, async || {
            client.get("/api/me", &mailbox.token).await.status == 200
        })
        .await;
    }
    (kills, started.elapsed())
}

async fn kills(kind: Kind) {
    let mut world = World::start(kind);
    let (client, receiver) = (world.client(), Receiver::start().await);
    let pro = client.register("ann@example.com").await;
    let owned = client.create_mailbox("ann@mayfly.test", Some(&pro)).await;
    let ownerless = client.create_mailbox("bob@mayfly.test", None).await;
    let target = json!({"url": receiver.url("/hook")});
    let created = client.call("POST", "/pro/api/webhooks", Some(&pro), Some(target));
    assert_eq!(created.await.status, 201);

    let (deliveries, unowned, end) = (DeliveryLog::default(), DeliveryLog::default(), Arc::default());
    let begin = |deliveries: &DeliveryLog, address: &str, name: String| {
        let end: &Arc<AtomicUsize> = &end;
        let sending = deliveries
            .clone()
            .keep_sending(world.smtp(), address.to_owned(), name, end.clone());
        tokio::spawn(sending)
    };
    let mut senders: Vec<_> = (0..SENDERS)
        .map(|n| begin(&deliveries, &owned.address, format!("owned-{n}")))
        .collect();
    senders.push(begin(&unowned, &ownerless.address, "unowned".to_owned()));
    let (kills, within) = keep_killing(&mut world, &deliveries, &client, &owned).await;
    end.store(1, Ordering::Relaxed);
    for sender in senders {
        sender.await.unwrap();
    }

    let postgres = &world.servers.as_ref().unwrap().postgres;
    let waiting = "SELECT count(*) FROM mailbox.webhook_events WHERE next_attempt_at_ms IS NOT NULL";
    let ended = Instant::now();
    eventually_within("no delivery is pending", DELIVERY_TIMEOUT, async || {
        postgres.query("mailbox", waiting) == "0"
    })
    .await;
    let took = ended.elapsed();
    let (stored, delivered) = (stored(&client, &owned).await, delivered(&receiver));
    assert!(stored.len() >= deliveries.accepted());
    for mail in &stored {
        assert!(
            delivered.contains_key(mail),
            "{mail} is stored and was not delivered"
        );
    }
    for (mail, events) in &delivered {
        assert!(stored.contains(mail), "{mail} was delivered and is not stored");
        assert!(
            events.iter().all(|event| *event == events[0]),
            "{mail}: {events:?}"
        );
    }
    println!(
        "{kind:?}: {kills} kills within {within:?}, {} mails stored ({} deferred, {} of others), {} deliveries; none pending {took:?} later",
        stored.len(),
        deliveries.deferred(),
        unowned.accepted(),
        delivered.values().map(Vec::len).sum::<usize>(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mailbox_killed_delivers_every_webhook_split() {
    kills(Kind::Split).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mailbox_killed_delivers_every_webhook_replicas() {
    kills(Kind::Replicas).await;
}
