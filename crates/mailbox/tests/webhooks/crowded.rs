//! Fairness: dead, hanging and slow receivers with a large backlog do not delay the others.

use std::{
    collections::HashMap,
    net::TcpListener,
    time::{Duration, Instant},
};

use mayfly_testkit::{Db, db_test, eventually};

use super::{Receiver, create};
use crate::world::{World, mail, user};

db_test!(
    dead_receivers_do_not_delay_others,
    hanging_receivers_do_not_delay_others,
    slow_receivers_do_not_delay_others,
    receivers_of_a_class_take_turns,
);

/// Hanging webhooks, each with as many events as one may have in flight: together more than the limit of a process.
const HANGING: usize = 40;
const IN_FLIGHT: usize = 8;
/// Slow webhooks, two mails each.
const CROWD: usize = 500;
/// At least so many of them have an attempt in flight at once.
const SLOW_AT_ONCE: usize = 65;
/// Mailboxes of each owner with a dead receiver.
const MAILBOXES: usize = 50;
const PACE: Duration = Duration::from_millis(10);
/// The promised 99th percentile.
pub(super) const SOON: Duration = Duration::from_secs(5);

/// Pending events of each dead receiver.
fn waiting() -> usize {
    let scale = std::env::var_os("MAYFLY_WAITING_EVENTS");
    scale.map_or(500, |count| count.into_string().unwrap().parse().unwrap())
}

/// Mails of one percentile.
fn mails() -> usize {
    let scale = std::env::var_os("MAYFLY_PACED_MAILS");
    scale.map_or(200, |count| count.into_string().unwrap().parse().unwrap())
}

/// Records the latency of events received since the last call.
fn note(receiver: &Receiver, sent: &[Instant], seen: &mut usize, times: &mut Vec<Duration>) {
    let received = receiver.received();
    for (_, body) in &received[*seen..] {
        let event: serde_json::Value = serde_json::from_slice(body).unwrap();
        let number: usize = event["data"]["subject"].as_str().unwrap().parse().unwrap();
        times.push(sent[number].elapsed());
    }
    *seen = received.len();
}

/// Sends mails to accounts in turn at a fixed rate; returns the 99th percentile of the time to the event.
pub(super) async fn p99(world: &World, accounts: &[&str], receiver: &Receiver) -> Duration {
    let (mut sent, mut times) = (Vec::new(), Vec::new());
    let mut seen = receiver.received().len();
    let mut pace = tokio::time::interval(PACE);
    for number in 0..mails() {
        pace.tick().await;
        sent.push(Instant::now());
        let mail = mail(&number.to_string());
        world
            .deliver(&[accounts[number % accounts.len()]], &mail)
            .await
            .unwrap();
        note(receiver, &sent, &mut seen, &mut times);
    }
    eventually("received", async || {
        note(receiver, &sent, &mut seen, &mut times);
        times.len() == mails()
    })
    .await;
    times.sort_unstable();
    times[mails() * 99 / 100]
}

/// Creates mailboxes of a new user with a webhook to a receiver.
async fn mailboxes(world: &World, name: &str, url: &str) -> Vec<String> {
    let owner = user();
    let mut accounts = Vec::new();
    for n in 0..MAILBOXES {
        let address = format!("{name}-{n}@mayfly.test");
        accounts.push(world.create_for(&address, Some(&owner)).await);
    }
    create(world, &owner, url).await.unwrap();
    accounts
}

/// Fills the backlog of the receiver.
async fn fill(world: &World, accounts: &[String]) {
    let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
    for _ in 0..waiting().div_ceil(MAILBOXES) {
        world.deliver(&accounts, &mail("unheard")).await.unwrap();
    }
}

#[expect(clippy::print_stdout, reason = "reports the measured times")]
async fn dead_receivers_do_not_delay_others(db: Db) {
    let world = World::new(db).await;
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let closed = mailboxes(&world, "closed", &format!("http://{closed}/")).await;
    // It accepts requests and never responds.
    let silent = Receiver::start().await;
    silent.answers("");
    let silents = mailboxes(&world, "silent", &silent.url()).await;
    // The healthy webhook is the youngest, so it comes last in any order by age.
    let (receiver, owner) = (Receiver::start().await, user());
    let account = world.create_for("ann@mayfly.test", Some(&owner)).await;
    create(&world, &owner, &receiver.url()).await.unwrap();

    let before = p99(&world, &[&account], &receiver).await;
    fill(&world, &closed).await;
    fill(&world, &silents).await;
    silent.until_received(1).await;
    let during = p99(&world, &[&account], &receiver).await;
    println!(
        "{db:?}, {} events wait for each of two dead receivers: p99 {before:?} before, {during:?} during",
        waiting()
    );
    assert!(during < SOON, "{during:?}");
}

/// Creates users with a mailbox and a webhook to a receiver; returns the mailboxes.
async fn crowd(world: &World, count: usize, receiver: &Receiver) -> Vec<String> {
    let mut accounts = Vec::new();
    for n in 0..count {
        let owner = user();
        let address = format!("crowd-{n}@mayfly.test");
        accounts.push(world.create_for(&address, Some(&owner)).await);
        create(world, &owner, &receiver.url()).await.unwrap();
    }
    accounts
}

/// Delivers a mail to each mailbox, in few transactions.
async fn deliver_to_all(world: &World, accounts: &[String]) {
    for some in accounts.chunks(100) {
        let some: Vec<&str> = some.iter().map(String::as_str).collect();
        world.deliver(&some, &mail("news")).await.unwrap();
    }
}

async fn hanging_receivers_do_not_delay_others(db: Db) {
    let world = World::new(db).await;
    let silent = Receiver::start().await;
    silent.answers("");
    let hanging = crowd(&world, HANGING, &silent).await;
    let (receiver, owner) = (Receiver::start().await, user());
    let account = world.create_for("ann@mayfly.test", Some(&owner)).await;
    create(&world, &owner, &receiver.url()).await.unwrap();
    for _ in 0..IN_FLIGHT {
        deliver_to_all(&world, &hanging).await;
    }
    silent.until_received(HANGING).await;
    let during = p99(&world, &[&account], &receiver).await;
    assert!(during < SOON, "{during:?}");
}

/// More receivers than a process has attempts, each just within the time-out.
#[expect(clippy::print_stdout, reason = "reports the measured times")]
async fn slow_receivers_do_not_delay_others(db: Db) {
    let world = World::new(db).await;
    let (receiver, owner) = (Receiver::start().await, user());
    let account = world.create_for("ann@mayfly.test", Some(&owner)).await;
    create(&world, &owner, &receiver.url()).await.unwrap();
    // It has answered once, so it is in the class of quick receivers.
    let before = p99(&world, &[&account], &receiver).await;
    let late = Receiver::late(Duration::from_secs(8)).await;
    let crowd = crowd(&world, CROWD, &late).await;
    for _ in 0..2 {
        deliver_to_all(&world, &crowd).await;
    }
    let first = late.until_received(1).await.len();
    let at_once = p99(&world, &[&account], &receiver).await;
    // Some of them are in the class of slow receivers now, and get their second event.
    late.until_received(first + SLOW_AT_ONCE).await;
    let later = p99(&world, &[&account], &receiver).await;
    println!("{db:?}, {CROWD} late receivers: p99 {before:?} before, {at_once:?} at once, {later:?} later");
    assert!(at_once < SOON && later < SOON, "{at_once:?} {later:?}");
}

/// More receivers than the concurrency limit of their class.
async fn receivers_of_a_class_take_turns(db: Db) {
    const CROWD: usize = 70;
    const MAILS: usize = 3;
    let world = World::new(db).await;
    let late = Receiver::late(Duration::from_millis(2_100)).await;
    let crowd = crowd(&world, CROWD, &late).await;
    // After this all are in the class of slow receivers.
    deliver_to_all(&world, &crowd).await;
    late.until_received(CROWD).await;
    tokio::time::sleep(late.takes).await;
    world.clock.advance(time::Duration::seconds(1));
    for _ in 0..MAILS {
        deliver_to_all(&world, &crowd).await;
    }
    let received = late.until_received(CROWD * (1 + MAILS)).await;
    let mut turns: HashMap<String, usize> = HashMap::new();
    for (_, body) in &received[CROWD..] {
        let event: serde_json::Value = serde_json::from_slice(body).unwrap();
        let address = event["data"]["address"].as_str().unwrap().to_owned();
        let turn = turns.entry(address).or_default();
        *turn += 1;
        // Two attempts that start together arrive in any order, so a second turn proves nothing.
        let turn = *turn;
        assert!(turn < MAILS || turns.len() == CROWD, "{turns:?}");
    }
}
