//! Outages of Redis and auth. Without Redis no request fails; limits become local. Without auth, requests that need it fail
//! at once with 503, never with 200 or 401.

#![expect(clippy::print_stdout, reason = "prints measured values")]

use std::{
    future::Future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use mayfly_testkit::{MailSender, eventually};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    client::{Answer, Client, Mailbox, PASSWORD},
    proxy::Proxy,
    world::{Kind, World},
};

const MAIL: &[u8] = b"Subject: x\r\n\r\nx\r\n";

/// Delivers a mail; panics if it is not accepted.
async fn deliver(server: SocketAddr, address: &str) {
    let mut sender = MailSender::ready(server).await.unwrap();
    let reply = sender.send("a@example.com", &[address], MAIL).await.unwrap();
    assert_eq!(reply.code, 250, "{reply:?}");
}

async fn sign_in(client: &Client, address: &str) -> Answer {
    let body = json!({"address": address, "password": PASSWORD});
    client.call("POST", "/api/token", None, Some(body)).await
}

/// Users of every kind on every gateway and SMTP server. None of their requests may fail.
#[derive(Default)]
struct Load {
    users: JoinSet<()>,
    is_over: Arc<AtomicBool>,
    /// The number of calls, sign-ins and mails so far.
    done: Arc<[AtomicUsize; 3]>,
}

impl Load {
    fn start(world: &World, mailbox: &Mailbox) -> Self {
        let mut load = Self::default();
        for gateway in world.all("HTTP") {
            let made = (Client::new(gateway), mailbox.clone());
            load.user(0, move || {
                let (client, mailbox) = made.clone();
                async move {
                    let answer = client.get("/api/me", &mailbox.token).await;
                    assert_eq!(answer.status, 200, "{answer:?}");
                }
            });
            let made = (Client::new(gateway), mailbox.clone());
            load.user(1, move || {
                let (client, mailbox) = made.clone();
                async move {
                    let answer = sign_in(&client, &mailbox.address).await;
                    assert_eq!(answer.status, 200, "{answer:?}");
                }
            });
        }
        for server in world.all("SMTP") {
            let made = (server.parse::<SocketAddr>().unwrap(), mailbox.clone());
            load.user(2, move || {
                let (server, mailbox) = made.clone();
                async move { deliver(server, &mailbox.address).await }
            });
        }
        load
    }

    fn user<F: Future<Output = ()> + Send>(&mut self, kind: usize, act: impl Fn() -> F + Send + 'static) {
        let (is_over, done) = (Arc::clone(&self.is_over), Arc::clone(&self.done));
        self.users.spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                act().await;
                done[kind].fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
    }

    fn count(&self, kind: usize) -> usize {
        self.done[kind].load(Ordering::Relaxed)
    }

    /// Waits until every kind of user has made progress.
    async fn progress(&self) {
        let before = [0, 1, 2].map(|kind| self.count(kind));
        let more = async || (0..3).all(|kind| self.count(kind) >= before[kind] + 10);
        eventually("users make progress", more).await;
    }

    /// Ends the load; returns the number of accepted mails.
    async fn end(mut self) -> usize {
        self.is_over.store(true, Ordering::Relaxed);
        while let Some(ended) = self.users.join_next().await {
            ended.expect("no request fails");
        }
        self.count(2)
    }
}

fn redis(world: &mut World) -> &mut mayfly_testkit::RedisServer {
    &mut world.servers.as_mut().unwrap().redis
}

/// Waits until token checks are cached in Redis, calling with a token meanwhile.
async fn until_cached(world: &World, token: &str) {
    let redis = &world.servers.as_ref().unwrap().redis;
    eventually("token checks are cached in Redis", async || {
        world.client().get("/api/me", token).await;
        redis
            .command("KEYS mayfly:token-cache:*")
            .contains("mayfly:token-cache:")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_outage_fails_no_request() {
    let proxy = Proxy::start().await;
    let mut world = proxy.before_redis(Kind::Replicas, &[]);
    let client = world.client();
    let pro = client.register("owner@example.com").await;
    let mailbox = client.create_mailbox("stays@mayfly.test", Some(&pro)).await;
    let mut tokens = Vec::new();
    for trouble in ["killed", "emptied", "slow", "cut off"] {
        tokens.push((trouble, client.create_token(&pro, trouble).await));
    }
    let load = Load::start(&world, &mailbox);
    for (trouble, (id, token)) in &tokens {
        until_cached(&world, &mailbox.token).await;
        // Both gateways have the token cached as valid.
        for gateway in world.all("HTTP") {
            assert_eq!(Client::new(gateway).get("/pro/api/me", token).await.status, 200);
        }
        match *trouble {
            "killed" => redis(&mut world).kill(),
            "emptied" => drop(redis(&mut world).command("FLUSHALL")),
            "slow" => proxy.slow(2_000..2_001),
            _ => proxy.cut(),
        }
        let began = Instant::now();
        let path = format!("/pro/api/tokens/{id}");
        let revoked = client.call("DELETE", &path, Some(&pro), None).await;
        println!("{trouble}: revoked after {:?}", began.elapsed());
        assert_eq!(revoked.status, 204, "{trouble}: {revoked:?}");
        let refused = async |world: &World| {
            for gateway in world.all("HTTP") {
                let answer = Client::new(gateway).get("/pro/api/me", token).await;
                assert_eq!(answer.status, 401, "{trouble}: {answer:?}");
            }
        };
        refused(&world).await;
        load.progress().await;
        if *trouble == "killed" {
            eventually("readiness and the metric show it", async || {
                reports_no_redis(&world).await
            })
            .await;
        }
        match *trouble {
            "killed" => redis(&mut world).restart(),
            _ => proxy.restore(),
        }
        refused(&world).await;
        until_cached(&world, &mailbox.token).await;
        refused(&world).await;
        load.progress().await;
    }
    let mails = load.end().await;
    let used = client.get("/api/me", &mailbox.token).await.json()["used"].as_u64();
    assert_eq!(
        used,
        Some((mails * MAIL.len()) as u64),
        "every mail answered 250 is stored once"
    );
}

/// Sends 80 calls at once, alternating between gateways. Returns how many passed, and how many a limit of 8 per second
/// allows.
async fn flood(gateways: &[&str]) -> (usize, f64) {
    let clients: Vec<Client> = gateways.iter().map(|gateway| Client::new(gateway)).collect();
    let began = Instant::now();
    let mut calls = JoinSet::new();
    for n in 0..80 {
        let client = clients[n % clients.len()].clone();
        calls.spawn(async move { Client::read(client.request("GET", "/api/domains")).await });
    }
    let mut passed = 0;
    while let Some(answer) = calls.join_next().await {
        let answer = answer.unwrap();
        match answer.status {
            200 => passed += 1,
            429 => assert!(answer.headers.contains_key("retry-after")),
            other => panic!("{other}"),
        }
    }
    // One more for the partly refilled token.
    (passed, 16.0 + 8.0 * began.elapsed().as_secs_f64() + 1.0)
}

#[expect(clippy::cast_precision_loss, reason = "tens")]
fn assert_limited(what: &str, (passed, most): (usize, f64)) {
    println!("{what}: {passed} passed, at most {most}");
    assert!(passed as f64 <= most, "{what}: {passed} passed, at most {most}");
    assert!(passed < 80, "{what}: no call was rejected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_outage_rate_limits_become_local() {
    let mut world = World::start_with(Kind::Replicas, &[("MAYFLY_GATEWAY__RATE_LIMIT", "8")]);
    let gateways: Vec<String> = world.all("HTTP").into_iter().map(str::to_owned).collect();
    let both: Vec<&str> = gateways.iter().map(String::as_str).collect();
    let shared = async |world: &World| {
        for gateway in &both {
            // Each gateway must reach Redis: the entry of the other one is deleted first.
            eventually("rate limits are in Redis", async || {
                let redis = &world.servers.as_ref().unwrap().redis;
                let _ = redis.command("FLUSHALL");
                Client::read(Client::new(gateway).request("GET", "/api/domains")).await;
                redis.command("KEYS mayfly:rate:*").contains("mayfly:rate:")
            })
            .await;
        }
    };
    shared(&world).await;
    assert_limited("both together", flood(&both).await);
    redis(&mut world).kill();
    for gateway in &both {
        assert_limited("one alone", flood(&[gateway]).await);
    }
    redis(&mut world).restart();
    shared(&world).await;
    assert_limited("both together again", flood(&both).await);
}

/// Makes 200 concurrent calls with valid and invalid tokens while auth does not answer. All must fail with 503.
async fn assert_all_unavailable(client: &Client, token: &str, trouble: &str) {
    let began = Instant::now();
    let mut calls = JoinSet::new();
    for n in 0..200 {
        let client = client.clone();
        let token = match n % 3 {
            0 => token.to_owned(),
            1 => format!("{token}x"),
            _ => "tm_pro_0123456789abcdefghijklmnopqrstuv".to_owned(),
        };
        let path = if n % 2 == 0 { "/api/me" } else { "/api/messages" };
        calls.spawn(async move {
            let began = Instant::now();
            (client.get(path, &token).await, began.elapsed())
        });
    }
    let mut longest = Duration::ZERO;
    while let Some(ended) = calls.join_next().await {
        let (answer, took) = ended.unwrap();
        assert_eq!(answer.status, 503, "{trouble}: {answer:?}");
        assert!(
            answer.headers.contains_key("retry-after"),
            "{trouble}: {answer:?}"
        );
        longest = longest.max(took);
    }
    let took = began.elapsed();
    println!("{trouble}: 200 calls rejected within {took:?}, the slowest after {longest:?}");
    assert!(
        took < Duration::from_secs(3),
        "{trouble}: calls queued up: {took:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn auth_outage_returns_503_then_recovers() {
    let proxy = Proxy::start().await;
    let endpoint = format!("http://127.0.0.1:{}", proxy.port());
    let mut world = World::start_with(Kind::Split, &[("MAYFLY_AUTH__ENDPOINT", &endpoint)]);
    let port = |address: &str| address.parse::<SocketAddr>().unwrap().port();
    proxy.forward_to(port(world.all("gRPC auth")[0]));
    let client = world.client();
    eventually("auth is reachable", async || {
        sign_in(&client, "nobody@mayfly.test").await.status == 401
    })
    .await;
    let mailbox = client.create_mailbox("stays@mayfly.test", None).await;
    let mut mails = 0;
    for trouble in ["killed", "stopped", "slow", "cut off"] {
        assert_eq!(client.get("/api/me", &mailbox.token).await.status, 200);
        match trouble {
            "killed" => world.process("auth").kill(),
            "stopped" => world.process("auth").signal("STOP"),
            "slow" => proxy.slow(5_000..5_001),
            _ => proxy.cut(),
        }
        // The first calls detect the outage; later ones fail at once.
        for _ in 0..2 {
            assert_all_unavailable(&client, &mailbox.token, trouble).await;
            let began = Instant::now();
            let one = client.get("/api/me", &mailbox.token).await;
            assert_eq!(one.status, 503, "{trouble}: {one:?}");
            assert!(began.elapsed() < Duration::from_secs(2), "{trouble}");
            let domains = Client::read(client.request("GET", "/api/domains")).await;
            assert_eq!(domains.status, 200, "{trouble}: {domains:?}");
            deliver(world.smtp(), &mailbox.address).await;
            mails += 1;
        }
        match trouble {
            "killed" => {
                let restarted = world.start_process("auth");
                proxy.forward_to(port(&restarted.banner["gRPC auth"]));
                *world.process("auth") = restarted;
            }
            "stopped" => world.process("auth").signal("CONT"),
            _ => proxy.restore(),
        }
        let began = Instant::now();
        eventually("calls succeed again", async || {
            let answer = client.get("/api/me", &mailbox.token).await;
            assert!(matches!(answer.status, 200 | 503), "{trouble}: {answer:?}");
            answer.status == 200
        })
        .await;
        let took = began.elapsed();
        println!("{trouble}: recovered after {took:?}");
        assert!(
            took < Duration::from_secs(5),
            "{trouble}: recovered after {took:?}"
        );
    }
    let used = client.get("/api/me", &mailbox.token).await.json()["used"].as_u64();
    assert_eq!(used, Some(mails * MAIL.len() as u64));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn auth_replica_outage_fails_no_request() {
    let mut world = World::start(Kind::Replicas);
    let mailbox = world.client().create_mailbox("stays@mayfly.test", None).await;
    let gateways: Vec<Client> = world.all("HTTP").into_iter().map(Client::new).collect();
    let mut load = Load::default();
    for client in gateways.clone() {
        let made = (client, mailbox.clone());
        load.user(0, move || {
            let (client, mailbox) = made.clone();
            async move {
                let answer = client.get("/api/me", &mailbox.token).await;
                assert_eq!(answer.status, 200, "{answer:?}");
            }
        });
    }
    let progress = async |load: &Load| {
        let before = load.count(0);
        eventually("calls make progress", async || load.count(0) >= before + 100).await;
    };
    progress(&load).await;
    world.processes[0].kill();
    progress(&load).await;
    load.end().await;

    world.processes[1].kill();
    for client in &gateways {
        assert_all_unavailable(client, &mailbox.token, "both killed").await;
    }
    deliver(world.smtp(), &mailbox.address).await;
}

/// A replica that hangs takes calls until the health check notices. Reads are sent to the other replica too.
#[tokio::test]
async fn service_replica_hang_fails_no_read() {
    let world = World::start(Kind::Replicas);
    let mailbox = world.client().create_mailbox("reads@mayfly.test", None).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let mut readers = JoinSet::new();
    for n in 0..16 {
        let (client, token, is_over) = (world.client(), mailbox.token.clone(), Arc::clone(&is_over));
        let path = ["/api/messages", "/api/me"][n % 2];
        readers.spawn(async move {
            let (mut calls, mut slowest) = (0, Duration::ZERO);
            while !is_over.load(Ordering::Relaxed) {
                let began = Instant::now();
                let answer = client.get(path, &token).await;
                assert_eq!(answer.status, 200, "{answer:?}");
                slowest = slowest.max(began.elapsed());
                calls += 1;
            }
            (calls, slowest)
        });
    }
    for role in ["mailbox", "auth", "mailbox", "auth"] {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let hanging = &world.processes[world.replicas(role).start];
        hanging.signal("STOP");
        tokio::time::sleep(Duration::from_secs(2)).await;
        hanging.signal("CONT");
    }
    is_over.store(true, Ordering::Relaxed);
    let (mut calls, mut slowest) = (0, Duration::ZERO);
    while let Some(reader) = readers.join_next().await {
        let (more, longest) = reader.expect("no read fails");
        calls += more;
        slowest = slowest.max(longest);
    }
    println!("{calls} reads, none failed, the slowest took {slowest:?}");
}

/// Returns whether a gateway is ready, and says that it has no Redis.
async fn reports_no_redis(world: &World) -> bool {
    let gateway = world.replicas("gateway").start;
    let admin = Client::new(&world.processes[gateway].banner["admin"]);
    let ready = admin.call("GET", "/readyz", None, None).await;
    let metrics = admin.call("GET", "/metrics", None, None).await;
    let (report, metrics) = (
        String::from_utf8(ready.body).unwrap(),
        String::from_utf8(metrics.body).unwrap(),
    );
    let gauge = metrics
        .lines()
        .find(|line| line.starts_with("mayfly_redis_connected"));
    ready.status == 200
        && report.contains("redis not connected")
        && gauge.is_some_and(|line| line.ends_with(" 0"))
}
