//! Receivers that are dead while very much waits for them cost the others nothing.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use mayfly_testkit::{Db, db_test};

use super::{Receiver, create};
use crate::world::{World, mail, until, user};

db_test!(
    dead_receivers_slow_nobody_else,
    many_that_hang_together_slow_nobody_else,
);

const MAILS: usize = 200;
/// Webhooks that hang, each with as many events as it may have under way: together more than a process has attempts.
const HANGING: usize = 40;
const UNDER_WAY: usize = 8;
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
    for number in 0..MAILS {
        pace.tick().await;
        sent.push(Instant::now());
        let mail = mail(&number.to_string());
        world
            .deliver(&[accounts[number % accounts.len()]], &mail)
            .await
            .unwrap();
        note(receiver, &sent, &mut seen, &mut times);
    }
    until("told", async || {
        note(receiver, &sent, &mut seen, &mut times);
        times.len() == MAILS
    })
    .await;
    times.sort_unstable();
    times[MAILS * 99 / 100]
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

async fn many_that_hang_together_slow_nobody_else(db: Db) {
    let world = World::new(db).await;
    let silent = Receiver::start().await;
    silent.answers("");
    let mut hanging = Vec::new();
    for n in 0..HANGING {
        let owner = user();
        let address = format!("hanging-{n}@mayfly.test");
        hanging.push(world.create_for(&address, Some(&owner)).await);
        create(&world, &owner, &silent.url()).await.unwrap();
    }
    let (receiver, owner) = (Receiver::start().await, user());
    let account = world.create_for("ann@mayfly.test", Some(&owner)).await;
    create(&world, &owner, &receiver.url()).await.unwrap();
    let hanging: Vec<&str> = hanging.iter().map(String::as_str).collect();
    for _ in 0..UNDER_WAY {
        world.deliver(&hanging, &mail("unheard")).await.unwrap();
    }
    silent.until_received(HANGING).await;
    let during = p99(&world, &[&account], &receiver).await;
    assert!(during < SOON, "{during:?}");
}
