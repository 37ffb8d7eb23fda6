//! Sign-in under load, and its timing side channel.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{
    client::{Client, PASSWORD},
    world::{Kind, World},
};

mod worlds {
    crate::scenario!(sign_in_flood_does_not_delay_token_checks);
}

async fn sign_in_flood_does_not_delay_token_checks(world: World) {
    let client = world.client();
    let mailbox = client.create_mailbox("busy@mayfly.test", None).await;
    let body = json!({"address": "busy@mayfly.test", "password": PASSWORD});
    let flood: Vec<_> = (0..200)
        .map(|_| {
            let (client, body) = (client.clone(), body.clone());
            tokio::spawn(async move { client.call("POST", "/api/token", None, Some(body)).await })
        })
        .collect();
    let mut checks = 0;
    while !flood.iter().all(tokio::task::JoinHandle::is_finished) {
        assert_eq!(
            client.get("/api/me", &mailbox.token).await.status,
            200,
            "token checks succeed"
        );
        checks += 1;
    }
    let (mut signed_in, mut turned_away) = (0, 0);
    for answer in flood {
        let answer = answer.await.unwrap();
        match answer.status {
            200 => signed_in += 1,
            // 429: the client has its share of the requests with passwords.
            429 | 503 => {
                let error = if answer.status == 429 {
                    "rate_limited"
                } else {
                    "unavailable"
                };
                assert_eq!(answer.error(), error);
                assert!(
                    answer.headers["retry-after"]
                        .to_str()
                        .unwrap()
                        .parse::<u32>()
                        .unwrap()
                        > 0
                );
                turned_away += 1;
            }
            _ => panic!("{answer:?}"),
        }
    }
    // Requests wait for the share of their client before the queue of hashes, so a fast machine turns none away.
    assert!(
        signed_in >= 20 && signed_in + turned_away == 200 && checks > 20,
        "{signed_in} {turned_away} {checks}"
    );
    for process in &world.processes {
        assert!(process.rss_bytes() < 250 << 20, "{} bytes", process.rss_bytes());
    }
}

#[tokio::test]
async fn sign_in_unknown_address_takes_equal_time() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    client.create_mailbox("known@mayfly.test", None).await;
    let mut times = [Vec::new(), Vec::new()];
    let mut bodies = Vec::new();
    for n in 0..1000_u64 {
        // In pseudo-random order: with alternating kinds, each of two hashing threads would get one kind.
        let kind = (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 63) as usize;
        let address = ["known@mayfly.test", "unknown@mayfly.test"][kind];
        let body = json!({"address": address, "password": "a wrong guess"});
        let started = Instant::now();
        let answer = client.call("POST", "/api/token", None, Some(body)).await;
        times[kind].push(started.elapsed());
        assert_eq!(answer.status, 401);
        bodies.push((
            answer.body,
            answer
                .headers
                .keys()
                .map(|name| name.as_str().to_owned())
                .collect::<Vec<_>>(),
        ));
    }
    assert!(
        bodies.iter().all(|body| *body == bodies[0]),
        "the answers must be equal"
    );
    let [(known, known_noise), (unknown, unknown_noise)] = times.map(|mut times| {
        times.sort_unstable();
        let quartile = |n| times[times.len() * n / 4];
        // About the standard error of the median.
        let noise = (quartile(3) - quartile(1)).div_f64((times.len() as f64).sqrt());
        (quartile(2), noise)
    });
    let difference = known.abs_diff(unknown);
    let allowed = known.max(Duration::from_millis(4)) / 20;
    assert!(
        difference < allowed.max((known_noise + unknown_noise) * 3),
        "{known:?} {unknown:?}, give or take {known_noise:?} and {unknown_noise:?}"
    );
}

/// Two hundred clients guess the password at once. The client that created the mailbox signs in all the time.
#[tokio::test]
async fn sign_in_of_known_client_during_guesses_succeeds() {
    let limits = [
        ("MAYFLY_GATEWAY__SIGN_IN_LIMIT", "2"),
        ("MAYFLY_GATEWAY__TRUSTED_PROXIES", "127.0.0.1/32"),
    ];
    let world = World::start_with(Kind::AllInOne, &limits);
    let client = world.client();
    let post = |path: &str, from: &str, password: &str| {
        let body = json!({"address": "owner@mayfly.test", "password": password});
        let request = client.request("POST", path).header("x-forwarded-for", from);
        Client::read(request.json(&body))
    };
    let owner = "192.0.2.1";
    assert_eq!(post("/api/accounts", owner, PASSWORD).await.status, 201);
    let guesses: Vec<_> = (0..200)
        .map(|n| tokio::spawn(post("/api/token", &format!("198.51.100.{n}"), "a guess")))
        .collect();
    let mut signed_in = 0;
    while signed_in < 20 || !guesses.iter().all(tokio::task::JoinHandle::is_finished) {
        let started = Instant::now();
        let answer = post("/api/token", owner, PASSWORD).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{:?}",
            started.elapsed()
        );
        signed_in += 1;
    }
    let (mut wrong, mut refused) = (0, 0);
    for guess in guesses {
        match guess.await.unwrap().status {
            401 => wrong += 1,
            429 => refused += 1,
            status => panic!("{status}"),
        }
    }
    assert!((20..=30).contains(&wrong) && refused >= 170, "{wrong} {refused}");
}
