//! Receivers that are dead while very much waits for them cost the others nothing.

use std::{
    collections::HashMap,
    net::TcpListener,
    time::{Duration, Instant},
};

use mayfly_testkit::{Db, db_test, eventually};

use super::{Receiver, create};
use crate::world::{World, mail, user};

db_test!(
    dead_receivers_slow_nobody_else,
    many_that_hang_together_slow_nobody_else,
    many_that_answer_late_slow_nobody_else,
    each_has_a_turn_before_anybody_has_another,
);

/// Webhooks that hang, each with as many events as it may have under way: together more than a process has attempts.
const HANGING: usize = 40;
const UNDER_WAY: usize = 8;
/// Webhooks that answer late, two mails each.
const CROWD: usize = 500;
/// So many of them at least are told at once.
const LATE_AT_ONCE: usize = 65;
/// Of each owner whose receiver is dead.
const MAILBOXES: usize = 50;
const PACE: Duration = Duration::from_millis(10);
/// What is promised of the slowest but one in a hundred.
pub(super) const SOON: Duration = Duration::from_secs(5);

/// Events that wait for each dead receiver.
fn waiting() -> usize {
    let scale = std::env::var_os("MAYFLY_WAITING_EVENTS");
    scale.map_or(500, |count| count.into_string().unwrap().parse().unwrap())
}

/// Mails of which the slowest but one in a hundred is found.
fn mails() -> usize {
    let scale = std::env::var_os("MAYFLY_PACED_MAILS");
    scale.map_or(200, |count| count.into_string().unwrap().parse().unwrap())
}

/// Notes how long those mails took that have arrived since.
fn note(receiver: &Receiver, sent: &[Instant], seen: &mut usize, times: &mut Vec<Duration>) {
    let received = receiver.received();
    for (_, body) in &received[*seen..] {
        let event: serde_json::Value = serde_json::from_slice(body).unwrap();
        let number: usize = event["data"]["subject"].as_str().unwrap().parse().unwrap();
        times.push(sent[number].elapsed());
    }
    *seen = received.len();
}

/// Sends mails to accounts in turn at an even pace, however long they take; returns how long 99 of 100 took at most to be
/// told.
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
    eventually("told", async || {
        note(receiver, &sent, &mut seen, &mut times);
        times.len() == mails()
    })
    .await;
    times.sort_unstable();
    times[mails() * 99 / 100]
}

/// Makes mailboxes of another user whose webhook leads to a receiver.
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

/// Has events wait for the receiver of those.
async fn fill(world: &World, accounts: &[String]) {
    let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
    for _ in 0..waiting().div_ceil(MAILBOXES) {
        world.deliver(&accounts, &mail("unheard")).await.unwrap();
    }
}

#[expect(clippy::print_stdout, reason = "it tells how long it took")]
async fn dead_receivers_slow_nobody_else(db: Db) {
    let world = World::new(db).await;
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let closed = mailboxes(&world, "closed", &format!("http://{closed}/")).await;
    // Whoever connects is heard, and never answered.
    let silent = Receiver::start().await;
    silent.answers("");
    let silents = mailboxes(&world, "silent", &silent.url()).await;
    // The healthy one is the youngest: where there is an order of age, it is the last.
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

/// Makes that many users with a mailbox and a webhook that leads to a receiver; returns the mailboxes.
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

/// Delivers a mail to each, in as few transactions as may be.
async fn deliver_to_all(world: &World, accounts: &[String]) {
    for some in accounts.chunks(100) {
        let some: Vec<&str> = some.iter().map(String::as_str).collect();
        world.deliver(&some, &mail("news")).await.unwrap();
    }
}

async fn many_that_hang_together_slow_nobody_else(db: Db) {
    let world = World::new(db).await;
    let silent = Receiver::start().await;
    silent.answers("");
    let hanging = crowd(&world, HANGING, &silent).await;
    let (receiver, owner) = (Receiver::start().await, user());
    let account = world.create_for("ann@mayfly.test", Some(&owner)).await;
    create(&world, &owner, &receiver.url()).await.unwrap();
    for _ in 0..UNDER_WAY {
        deliver_to_all(&world, &hanging).await;
    }
    silent.until_received(HANGING).await;
    let during = p99(&world, &[&account], &receiver).await;
    assert!(during < SOON, "{during:?}");
}

/// More than a process has attempts, each about to answer just in time.
#[expect(clippy::print_stdout, reason = "it tells how long it took")]
async fn many_that_answer_late_slow_nobody_else(db: Db) {
    let world = World::new(db).await;
    let (receiver, owner) = (Receiver::start().await, user());
    let account = world.create_for("ann@mayfly.test", Some(&owner)).await;
    create(&world, &owner, &receiver.url()).await.unwrap();
    // It has answered once, as most have.
    let before = p99(&world, &[&account], &receiver).await;
    let late = Receiver::late(Duration::from_secs(8)).await;
    let crowd = crowd(&world, CROWD, &late).await;
    for _ in 0..2 {
        deliver_to_all(&world, &crowd).await;
    }
    let first = late.until_received(1).await.len();
    let at_once = p99(&world, &[&account], &receiver).await;
    // Some of them are known to be late by now, and hear of their second mail.
    late.until_received(first + LATE_AT_ONCE).await;
    let later = p99(&world, &[&account], &receiver).await;
    println!("{db:?}, {CROWD} late receivers: p99 {before:?} before, {at_once:?} at once, {later:?} later");
    assert!(at_once < SOON && later < SOON, "{at_once:?} {later:?}");
}

/// More than one lane of a process takes.
async fn each_has_a_turn_before_anybody_has_another(db: Db) {
    const CROWD: usize = 70;
    const MAILS: usize = 3;
    let world = World::new(db).await;
    let late = Receiver::late(Duration::from_millis(2_100)).await;
    let crowd = crowd(&world, CROWD, &late).await;
    // After this all are known to be late.
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
        // Of two that are begun together either may come first, so that a second turn says nothing yet.
        let turn = *turn;
        assert!(turn < MAILS || turns.len() == CROWD, "{turns:?}");
    }
}
