//! The retry schedule against a model of the contract, on a manual clock.

use std::time::{Duration as StdDuration, SystemTime};

use mayfly_mailbox::Config;
use mayfly_proto::mailbox::{WebhookDelivery, WebhookStatus};
use mayfly_testkit::{Db, db_test, eventually};
use mayfly_types::Clock;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use time::Duration;

use super::{Receiver, create, deliveries, list, replay, rotate, text};
use crate::world::{World, mail, user};

db_test!(attempts_follow_schedule_and_retry_after);

const PAUSES_SECS: [i64; 9] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
const DAY_SECS: i64 = 86_400;

/// Sequences of failures; each third one ends in the same way.
fn walks() -> usize {
    let scale = std::env::var_os("MAYFLY_WEBHOOK_WALKS");
    scale.map_or(3, |count| count.into_string().unwrap().parse().unwrap())
}

/// A failed response, and the pause in seconds that it asks for.
#[derive(Debug, Clone)]
struct Refusal {
    answer: String,
    /// The offset of a `Retry-After` date.
    date_in: Option<i64>,
    asks_for: i64,
}

impl Refusal {
    /// Returns the response to an attempt at a time.
    fn at(&self, now: i64) -> String {
        let Some(date_in) = self.date_in else {
            return self.answer.clone();
        };
        let since = StdDuration::from_secs(u64::try_from(now + date_in).unwrap());
        let date = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since);
        format!("{}\r\nRetry-After: {date}", self.answer)
    }
}

fn refusals() -> impl Strategy<Value = Refusal> {
    let busy = prop_oneof![Just("429 Slow Down"), Just("503 Busy")];
    let after = prop_oneof![0..100_000_i64, Just(DAY_SECS), DAY_SECS..i64::MAX];
    let asking = (busy.clone(), after).prop_map(|(status, after)| Refusal {
        answer: format!("{status}\r\nRetry-After: {after}"),
        date_in: None,
        asks_for: after.min(DAY_SECS),
    });
    // A past date asks for no pause.
    let until = (busy, -DAY_SECS..2 * DAY_SECS).prop_map(|(status, date_in)| Refusal {
        answer: status.to_owned(),
        date_in: Some(date_in),
        asks_for: date_in.clamp(0, DAY_SECS),
    });
    let other = prop_oneof![
        Just("500 Sorry"),
        Just("404 Nothing"),
        Just("301 Elsewhere\r\nLocation: https://hooks.example.com/"),
        Just("no status"),
        // Invalid values of `Retry-After`.
        Just("503 Busy\r\nRetry-After: -5"),
        Just("429 Slow Down\r\nRetry-After: soon"),
        Just("503 Busy\r\nRetry-After: Fri, 32 Jan 2100 08:00:00 GMT"),
        // A status without `Retry-After` semantics.
        Just("500 Sorry\r\nRetry-After: 86400"),
    ];
    let plain = other.prop_map(|answer| Refusal {
        answer: answer.to_owned(),
        date_in: None,
        asks_for: 0,
    });
    prop_oneof![asking, until, plain]
}

/// The end of a walk with fewer than ten attempts.
#[derive(Debug, Clone, Copy)]
enum End {
    Delivered,
    Gone,
}

/// An owner under test, and a second one as a fence: an event for the second proves that the dispatcher ran a round.
struct Walk<'a> {
    world: &'a World,
    receiver: Receiver,
    owner: String,
    account: String,
    webhook: String,
    fence: Receiver,
    fenced: String,
}

impl<'a> Walk<'a> {
    async fn new(world: &'a World, number: usize) -> Self {
        let (receiver, owner) = (Receiver::start().await, user());
        let address = format!("ann-{number}@mayfly.test");
        let account = world.create_for(&address, Some(&owner)).await;
        let webhook = create(world, &owner, &receiver.url()).await.unwrap();
        // The fence is younger, so it comes after the webhook under test.
        let (fence, other) = (Receiver::start().await, user());
        let address = format!("bob-{number}@mayfly.test");
        let fenced = world.create_for(&address, Some(&other)).await;
        create(world, &other, &fence.url()).await.unwrap();
        let webhook = webhook.webhook.unwrap().webhook_id;
        Self {
            world,
            receiver,
            owner,
            account,
            webhook,
            fence,
            fenced,
        }
    }

    fn now(&self) -> i64 {
        self.world.clock.now().unix_timestamp()
    }

    /// Moves the clock to a time, and waits until attempts due then have started.
    async fn go(&self, to: i64) {
        self.world.clock.advance(Duration::seconds(to - self.now()));
        // The first of two may belong to a round that began before the clock moved.
        for _ in 0..2 {
            let before = self.fence.received().len();
            self.world.deliver(&[&self.fenced], &mail("fence")).await.unwrap();
            self.fence.until_received(before + 1).await;
        }
    }

    async fn attempts(&self) -> Vec<WebhookDelivery> {
        deliveries(self.world, &self.owner, &self.webhook).await.unwrap()
    }

    /// Waits for the attempt with a number; returns when it was made.
    async fn attempt(&self, number: usize) -> i64 {
        eventually("attempted", async || self.attempts().await.len() >= number).await;
        let made = self.attempts().await;
        assert_eq!(
            (made.len(), made[0].attempt),
            (number, i32::try_from(number).unwrap())
        );
        made[0].created_at
    }

    /// Asserts the listed webhook; returns `gives_up_at`.
    async fn shown(&self, status: WebhookStatus, failures: usize) -> Option<i64> {
        let webhook = list(self.world, &self.owner).await.remove(0);
        let failures = i32::try_from(failures).unwrap();
        assert_eq!((webhook.status(), webhook.failure_count), (status, failures));
        webhook.gives_up_at
    }

    /// Fails attempts, and checks the clock just before and just after each next one. After the last failure the receiver
    /// responds differently.
    async fn refuse(&self, refusals: &[Refusal], then: &str) {
        self.receiver.answers(&refusals[0].at(self.now()));
        self.world.deliver(&[&self.account], &mail("news")).await.unwrap();
        let (mut earliest, mut latest) = (self.now(), self.now());
        for (at, refusal) in refusals.iter().enumerate() {
            let made_at = self.attempt(at + 1).await;
            assert!((earliest..=latest).contains(&made_at), "before {refusal:?}");
            let Some(planned) = PAUSES_SECS.get(at) else {
                return;
            };
            earliest = made_at + (planned * 4 / 5).max(refusal.asks_for);
            latest = made_at + (planned * 6 / 5).max(refusal.asks_for);
            let left: i64 = PAUSES_SECS[at + 1..].iter().sum();
            let gives_up = self.shown(WebhookStatus::Active, at + 1).await.unwrap();
            assert!(
                (earliest + left..=latest + left).contains(&gives_up),
                "{gives_up} after {refusal:?}"
            );

            self.go(earliest - 1).await;
            assert_eq!(self.attempts().await.len(), at + 1, "too soon after {refusal:?}");
            let next = refusals.get(at + 1).map(|next| next.at(latest));
            self.receiver.answers(next.as_deref().unwrap_or(then));
            self.go(latest).await;
        }
    }

    /// Asserts that no further attempt happens.
    async fn rests(&self) {
        let before = self.attempts().await.len();
        self.go(self.now() + 3 * DAY_SECS).await;
        assert_eq!(self.attempts().await.len(), before);
    }

    async fn ends(&self, refusals: &[Refusal], end: End) {
        let answer = match end {
            End::Delivered => "204 Done",
            End::Gone => "410 Gone",
        };
        self.refuse(refusals, answer).await;
        self.attempt(refusals.len() + 1).await;
        let (status, failures) = match end {
            End::Delivered => (WebhookStatus::Active, 0),
            End::Gone => (WebhookStatus::Failed, refusals.len() + 1),
        };
        assert_eq!(self.shown(status, failures).await, None);
        self.rests().await;
    }

    /// Ten failures fail the webhook. The event stays listed, and its owner can replay it.
    async fn is_given_up(&self, refusals: &[Refusal]) {
        self.refuse(refusals, "").await;
        assert_eq!(self.shown(WebhookStatus::Failed, 10).await, None);
        self.rests().await;
        rotate(self.world, &self.owner, &self.webhook).await.unwrap();
        self.rests().await;
        self.receiver.answers("200 OK");
        let event = replay(self.world, &self.owner, &self.attempts().await[0])
            .await
            .unwrap();
        let received = self.receiver.until_received(11).await;
        assert_eq!(text(&received[10].0, "webhook-id"), event);
        assert!(
            received
                .iter()
                .all(|(headers, body)| *body == received[0].1 && text(headers, "webhook-id") == event)
        );
        eventually("noted", async || self.attempts().await.len() == 11).await;
        assert_eq!(self.attempts().await[0].attempt, 1);
    }
}

#[expect(clippy::print_stdout, reason = "prints the seed")]
async fn attempts_follow_schedule_and_retry_after(db: Db) {
    let long = "400d".parse().unwrap();
    let config = Config {
        retention: long,
        idle: long,
        ..Config::default()
    };
    let world = World::with(db, config).await;
    let seed = mayfly_types::random_bytes::<32>();
    println!("{seed:?}");
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
    for number in 0..walks() {
        let length = if number % 3 == 2 { 10..=10 } else { 1..=9 };
        let refusals = prop::collection::vec(refusals(), length)
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let walk = Walk::new(&world, number).await;
        match number % 3 {
            0 => walk.ends(&refusals, End::Delivered).await,
            1 => walk.ends(&refusals, End::Gone).await,
            _ => walk.is_given_up(&refusals).await,
        }
    }
}
