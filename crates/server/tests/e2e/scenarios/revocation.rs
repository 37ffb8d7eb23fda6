//! Strict revocation: a recorded history of calls on two gateways, and a checker that finds every call that started after
//! the answer to a revocation and was accepted.
//!
//! A stale cache entry lives for at most a second, and arises only if a validation reads the database just before the
//! commit and fills the cache just after it. To provoke that, many tokens are unused until shortly before their revocation;
//! then all clients call with them. Meanwhile Redis, the shared cache and bus, is flushed, killed, paused and slowed.

#![expect(clippy::print_stdout, reason = "prints measured values")]

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use mayfly_testkit::eventually;
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    client::{Client, Mailbox},
    proxy::{Proxy, SeededRng},
    world::{Kind, World},
};

const CLIENTS: u64 = 64;
/// How long all clients call with a token before and after its revocation.
const BEFORE: Duration = Duration::from_millis(30);
const AFTER: Duration = Duration::from_millis(250);
/// How long a replaced token stays valid, as the API takes it.
const OVERLAP: &str = "1s";
/// From the answer to a replacement until the old token has expired by the clock of every process.
const UNTIL_EXPIRED: Duration = Duration::from_millis(1_100);
/// The number of Redis faults; each seed uses the next one.
const FAULTS: u64 = 5;

type TokenIndex = usize;

/// A call: token, times and status.
struct Call {
    token: TokenIndex,
    began: Instant,
    ended: Instant,
    status: u16,
}

/// A revocation, and whether it was acknowledged.
struct Revocation {
    token: TokenIndex,
    began: Instant,
    answered: Instant,
    is_certain: bool,
}

/// The operation that revokes a token.
#[derive(Clone)]
enum RevokedBy {
    Revoke(String),
    /// Another token takes its place at once.
    Rotate(String),
    /// Another token takes its place, and it expires after [`OVERLAP`].
    Expire(String),
    Reset(String),
    Delete(String),
}

struct Token {
    value: String,
    path: &'static str,
    revoked_by: RevokedBy,
}

/// The state that all clients share.
struct Fleet {
    gateways: Vec<Client>,
    pro: String,
    /// Tokens that clients use all the time.
    hot: Mutex<Vec<(TokenIndex, Arc<Token>)>>,
    /// Tokens that are about to be revoked or were just revoked.
    focus: Mutex<Vec<(TokenIndex, Arc<Token>)>>,
    calls: Mutex<Vec<Call>>,
    is_over: AtomicBool,
    busy: AtomicUsize,
}

impl Fleet {
    fn new(world: &World, pro: String) -> Arc<Self> {
        Arc::new(Self {
            gateways: world.all("HTTP").into_iter().map(Client::new).collect(),
            pro,
            hot: Mutex::default(),
            focus: Mutex::default(),
            calls: Mutex::default(),
            is_over: AtomicBool::new(false),
            busy: AtomicUsize::new(0),
        })
    }

    /// Calls in a loop, mostly with tokens in focus.
    async fn call(self: Arc<Self>, mut rng: SeededRng) {
        while !self.is_over.load(Ordering::Relaxed) {
            let mut pause_ms = 100..300;
            let chosen = {
                let focus = self.focus.lock().unwrap();
                let hot = self.hot.lock().unwrap();
                let of = if focus.is_empty() || rng.within(0..4) == 0 {
                    &hot
                } else {
                    pause_ms = 10..80;
                    &focus
                };
                (!of.is_empty()).then(|| rng.choose(of).clone())
            };
            if let Some((index, token)) = chosen {
                let gateway = rng.choose(&self.gateways);
                let began = Instant::now();
                let status = gateway.get(token.path, &token.value).await.status;
                self.calls.lock().unwrap().push(Call {
                    token: index,
                    began,
                    ended: Instant::now(),
                    status,
                });
            }
            tokio::time::sleep(Duration::from_millis(rng.within(pause_ms))).await;
        }
    }

    /// Revokes a token while all clients call with it.
    async fn revoke(self: Arc<Self>, index: TokenIndex, token: Arc<Token>, mut rng: SeededRng) -> Revocation {
        self.busy.fetch_add(1, Ordering::Relaxed);
        self.focus.lock().unwrap().push((index, Arc::clone(&token)));
        tokio::time::sleep(BEFORE + Duration::from_millis(rng.within(0..20))).await;
        let gateway = rng.choose(&self.gateways);
        let (method, path, body, success) = match &token.revoked_by {
            RevokedBy::Revoke(id) => ("DELETE", format!("/pro/api/tokens/{id}"), None, 204),
            RevokedBy::Rotate(id) => ("POST", format!("/pro/api/tokens/{id}/rotate"), None, 201),
            RevokedBy::Expire(id) => {
                let overlap = json!({"overlap": OVERLAP});
                ("POST", format!("/pro/api/tokens/{id}/rotate"), Some(overlap), 201)
            }
            RevokedBy::Delete(id) => ("DELETE", format!("/pro/api/accounts/{id}"), None, 204),
            RevokedBy::Reset(id) => (
                "PUT",
                format!("/pro/api/accounts/{id}/reset-password"),
                Some(json!({"password": "battery staple"})),
                200,
            ),
        };
        let began = Instant::now();
        let answer = gateway.call(method, &path, Some(&self.pro), body).await;
        if let RevokedBy::Expire(_) = token.revoked_by {
            tokio::time::sleep(UNTIL_EXPIRED).await;
        }
        let answered = Instant::now();
        assert!(
            answer.status == success || answer.status == 503,
            "a revocation succeeds or answers 503: {answer:?}"
        );
        tokio::time::sleep(AFTER).await;
        self.focus.lock().unwrap().retain(|(other, _)| *other != index);
        self.busy.fetch_sub(1, Ordering::Relaxed);
        Revocation {
            token: index,
            began,
            answered,
            is_certain: answer.status == success,
        }
    }
}

/// Finds violations of strict revocation in a history.
fn violations(calls: &[Call], revocations: &[Revocation]) -> Vec<String> {
    let revocations: HashMap<TokenIndex, &Revocation> = revocations
        .iter()
        .map(|revocation| (revocation.token, revocation))
        .collect();
    let mut found = Vec::new();
    for call in calls {
        let revocation = revocations.get(&call.token);
        match call.status {
            200 => {
                if let Some(revocation) = revocation
                    && revocation.is_certain
                    && call.began > revocation.answered
                {
                    let late = call.began - revocation.answered;
                    found.push(format!(
                        "token {} accepted {late:?} after its revocation",
                        call.token
                    ));
                }
            }
            401 => {
                if revocation.is_none_or(|revocation| call.ended < revocation.began) {
                    found.push(format!("token {} rejected without a revocation", call.token));
                }
            }
            503 => {}
            other => found.push(format!("token {}: {other}", call.token)),
        }
    }
    found
}

/// Creates the tokens of a seed: `revoked` Pro tokens, half of them with a scope and limits, and `mailboxes` of which half get a new password and half are deleted.
async fn create_tokens(
    client: &Client,
    pro: &str,
    seed: u64,
    revoked: usize,
    mailboxes: usize,
) -> Vec<Token> {
    let mut tokens = Vec::new();
    for n in 0..revoked {
        let mut wanted = json!({"name": format!("{seed}-{n}")});
        let is_scoped = n % 2 == 1;
        if is_scoped {
            wanted["scopes"] = json!(["accounts:read"]);
            wanted["limits"] = json!({"address_prefix": "seed"});
        }
        let (id, value) = client.create_token_with(pro, wanted).await;
        tokens.push(Token {
            value,
            path: if is_scoped {
                "/pro/api/accounts"
            } else {
                "/pro/api/me"
            },
            revoked_by: match n % 8 {
                4 | 5 => RevokedBy::Rotate(id),
                6 | 7 => RevokedBy::Expire(id),
                _ => RevokedBy::Revoke(id),
            },
        });
    }
    for n in 0..mailboxes {
        let address = format!("seed{seed}-{n}@mayfly.test");
        let Mailbox { id, token, .. } = client.create_mailbox(&address, Some(pro)).await;
        tokens.push(Token {
            value: token,
            path: "/api/me",
            revoked_by: if n % 2 == 0 {
                RevokedBy::Reset(id)
            } else {
                RevokedBy::Delete(id)
            },
        });
    }
    tokens
}

/// Waits until token checks are cached in Redis: processes use the cache some seconds after they connect.
async fn until_cached(world: &World, fleet: &Fleet) {
    let redis = &world.servers.as_ref().unwrap().redis;
    eventually("token checks are cached in Redis", async || {
        for gateway in &fleet.gateways {
            gateway.get("/pro/api/me", &fleet.pro).await;
        }
        redis
            .command("KEYS mayfly:token-cache:*")
            .contains("mayfly:token-cache:")
    })
    .await;
}

/// Injects a fault while revocations are in progress, then ends it.
async fn inject_fault(world: &mut World, proxy: &Proxy, fleet: &Fleet, kind: u64) {
    let redis = &mut world.servers.as_mut().unwrap().redis;
    let held = Instant::now();
    let is_busy = || fleet.busy.load(Ordering::Relaxed) > 0;
    match kind {
        0 => {
            while is_busy() {
                let _ = redis.command("FLUSHALL");
                tokio::time::sleep(Duration::from_millis(15)).await;
            }
        }
        1 => {
            redis.kill();
            tokio::time::sleep(Duration::from_millis(500)).await;
            redis.restart();
        }
        2 => {
            redis.pause();
            while held.elapsed() < Duration::from_secs(2) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            redis.resume();
        }
        3 => {
            proxy.slow(100..400);
            tokio::time::sleep(Duration::from_millis(1500)).await;
        }
        4 => {
            proxy.cut();
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
        other => panic!("no fault of kind {other}"),
    }
    proxy.restore();
    while is_busy() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

struct History {
    calls: Vec<Call>,
    revocations: Vec<Revocation>,
}

/// Three waves of revocations: one over a slightly slowed Redis, which widens the race windows; one during a fault; and one
/// after it.
async fn history(world: &mut World, proxy: &Proxy, seed: u64, pro: &str) -> History {
    const WAVES: [usize; 3] = [12, 8, 6];
    let mut rng = SeededRng::new(seed);
    let fleet = Fleet::new(world, pro.to_owned());
    let tokens: Vec<Arc<Token>> = create_tokens(&fleet.gateways[0], pro, seed, 20, 6)
        .await
        .into_iter()
        .map(Arc::new)
        .collect();
    // Every wave has tokens of each kind, cached and not cached.
    let mut order: Vec<TokenIndex> = (0..tokens.len()).collect();
    for last in (1..order.len()).rev() {
        order.swap(last, usize::try_from(rng.within(0..last as u64 + 1)).unwrap());
    }
    let hot = order.iter().step_by(4);
    *fleet.hot.lock().unwrap() = hot.map(|index| (*index, Arc::clone(&tokens[*index]))).collect();
    until_cached(world, &fleet).await;

    let mut clients = JoinSet::new();
    for n in 0..CLIENTS {
        clients.spawn(Arc::clone(&fleet).call(SeededRng::new(seed << 16 | n)));
    }
    let mut revocations = Vec::new();
    let mut left = order.as_slice();
    for (wave, count) in WAVES.into_iter().enumerate() {
        let (now, later) = left.split_at(count);
        left = later;
        if wave == 0 {
            proxy.slow(0..rng.within(5..60));
        }
        let mut revoking = JoinSet::new();
        for (place, index) in now.iter().enumerate() {
            // A few at a time, so that each has many calls; during a fault all at once, because each may take long.
            if wave != 1 && place % 4 == 0 {
                while let Some(done) = revoking.join_next().await {
                    revocations.push(done.unwrap());
                }
            }
            let rng = SeededRng::new(rng.within(0..u64::MAX));
            let revoke = Arc::clone(&fleet).revoke(*index, Arc::clone(&tokens[*index]), rng);
            revoking.spawn(revoke);
        }
        if wave == 1 {
            inject_fault(world, proxy, &fleet, seed % FAULTS).await;
        }
        while let Some(done) = revoking.join_next().await {
            revocations.push(done.unwrap());
        }
        proxy.restore();
    }
    fleet.is_over.store(true, Ordering::Relaxed);
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
    let calls = std::mem::take(&mut *fleet.calls.lock().unwrap());
    History { calls, revocations }
}

async fn seeds(kind: Kind, seeds: std::ops::Range<u64>) {
    let proxy = Proxy::start().await;
    let mut world = proxy.before_redis(kind, &[("MAYFLY_AUTH__MAX_TOKENS", "1000")]);
    let pro = world.client().register("owner@example.com").await;
    let (mut report, mut failed) = (String::new(), 0);
    for seed in seeds {
        let History { calls, revocations } = history(&mut world, &proxy, seed, &pro).await;
        let found = violations(&calls, &revocations);
        let with = |status| calls.iter().filter(|call| call.status == status).count();
        let certain = revocations.iter().filter(|revocation| revocation.is_certain);
        let mut took: Vec<Duration> = certain.map(|one| one.answered - one.began).collect();
        took.sort();
        assert!(
            took.len() > revocations.len() / 2,
            "most revocations succeed: {} of {}",
            took.len(),
            revocations.len()
        );
        let line = format!(
            "seed {seed:2}: {} calls, 200: {}, 401: {}, 503: {}; revocations {} certain of {}, median {:?}, longest {:?}; \
             {} violations",
            calls.len(),
            with(200),
            with(401),
            with(503),
            took.len(),
            revocations.len(),
            took[took.len() / 2],
            took[took.len() - 1],
            found.len()
        );
        println!("{line}");
        let _ = writeln!(report, "{line}");
        for violation in found.iter().take(3) {
            let _ = writeln!(report, "    {violation}");
        }
        failed += found.len();
    }
    assert_eq!(failed, 0, "\n{report}");
}

macro_rules! history_tests {
    ($($name:ident: $kind:ident $seeds:expr),+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                seeds(Kind::$kind, $seeds).await;
            }
        )+
    };
}

history_tests! {
    revoked_token_is_never_accepted_seeds_0_to_3: Replicas 0..4,
    revoked_token_is_never_accepted_seeds_4_to_7: Replicas 4..8,
    revoked_token_is_never_accepted_seeds_8_to_11: Replicas 8..12,
    revoked_token_is_never_accepted_seeds_12_to_15: Replicas 12..16,
    revoked_token_is_never_accepted_seeds_16_to_19: Replicas 16..20,
    revoked_token_is_never_accepted_by_whole_replicas: Whole 20..22
}
