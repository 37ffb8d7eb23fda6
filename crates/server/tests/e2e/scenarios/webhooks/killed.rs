//! Mailbox processes are killed over and over while mails arrive: the owner is told of every mail that is stored, each
//! under one id however often, and of no other.

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
    ledger::Ledger,
    receiver::Receiver,
    world::{Kind, World},
};

const SENDERS: usize = 4;
/// The fewest times that a process is killed.
const KILLS: usize = 6;
const EACH: Duration = Duration::from_secs(1);
/// What is promised.
const DONE: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_secs(30);

/// Mails to be answered `250` while processes are killed.
fn mails() -> usize {
    let scale = std::env::var_os("MAYFLY_WEBHOOK_MAILS");
    scale.map_or(300, |count| count.into_string().unwrap().parse().unwrap())
}

/// The ids of everything in a mailbox.
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

/// What was told: by the id of the mail, the id of its event at each time.
fn told(receiver: &Receiver) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for told in receiver.told() {
        let mail = told.json()["data"]["email_id"].as_str().unwrap().to_owned();
        found
            .entry(mail)
            .or_default()
            .push(told.header("webhook-id").to_owned());
    }
    found
}

/// Kills a mailbox process each second, one after another, and starts it again; between two kills a mail is taken.
async fn keep_killing(
    world: &mut World,
    ledger: &Ledger,
    client: &Client,
    mailbox: &Mailbox,
) -> (usize, Duration) {
    let replicas = world.replicas("mailbox");
    let mut pace = tokio::time::interval(EACH);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace.tick().await;
    let (started, mut kills) = (Instant::now(), 0);
    while ledger.accepted() < mails() || kills < KILLS {
        let before = ledger.accepted();
        pace.tick().await;
        eventually_within("a mail is taken", SOON, async || ledger.accepted() > before).await;
        let index = replicas.start + kills % replicas.len();
        world.processes[index].kill();
        world.start_again(index);
        kills += 1;
        eventually_within("it is found again", SOON, async || {
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
    let nobodys = client.create_mailbox("bob@mayfly.test", None).await;
    let target = json!({"url": receiver.url("/hook")});
    let created = client.call("POST", "/pro/api/webhooks", Some(&pro), Some(target));
    assert_eq!(created.await.status, 201);

    let (ledger, unheard, end) = (Ledger::default(), Ledger::default(), Arc::default());
    let begin = |ledger: &Ledger, address: &str, name: String| {
        let end: &Arc<AtomicUsize> = &end;
        let sending = ledger
            .clone()
            .keep_sending(world.smtp(), address.to_owned(), name, end.clone());
        tokio::spawn(sending)
    };
    let mut senders: Vec<_> = (0..SENDERS)
        .map(|n| begin(&ledger, &owned.address, format!("told-{n}")))
        .collect();
    senders.push(begin(&unheard, &nobodys.address, "unheard".to_owned()));
    let (kills, within) = keep_killing(&mut world, &ledger, &client, &owned).await;
    end.store(1, Ordering::Relaxed);
    for sender in senders {
        sender.await.unwrap();
    }

    let postgres = &world.servers.as_ref().unwrap().postgres;
    let waiting = "SELECT count(*) FROM mailbox.webhook_events WHERE next_attempt_at_ms IS NOT NULL";
    let ended = Instant::now();
    eventually_within("nothing waits", DONE, async || {
        postgres.query("mailbox", waiting) == "0"
    })
    .await;
    let took = ended.elapsed();
    let (stored, told) = (stored(&client, &owned).await, told(&receiver));
    assert!(stored.len() >= ledger.accepted());
    for mail in &stored {
        assert!(told.contains_key(mail), "{mail} is stored and was not told");
    }
    for (mail, events) in &told {
        assert!(stored.contains(mail), "{mail} was told and is not stored");
        assert!(
            events.iter().all(|event| *event == events[0]),
            "{mail}: {events:?}"
        );
    }
    println!(
        "{kind:?}: {kills} kills within {within:?}, {} mails stored ({} refused, {} of others), told {} times; nothing waits {took:?} later",
        stored.len(),
        ledger.refused(),
        unheard.accepted(),
        told.values().map(Vec::len).sum::<usize>(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_mailbox_processes_leave_no_mail_untold_when_roles_are_split() {
    kills(Kind::Split).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_mailbox_processes_leave_no_mail_untold_of_replicas() {
    kills(Kind::Replicas).await;
}
