use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use altcha::{SolveChallengeOptions, solve_challenge};
use futures_util::future::join_all;
use mayfly_runtime::task::Tasks;
use mayfly_shared::redis::RedisConfig;
use mayfly_testkit::{ManualClock, RedisServer};
use tokio_util::sync::CancellationToken;

use super::*;

fn altcha() -> Config {
    Config {
        captcha: Kind::Altcha,
        ..Config::default()
    }
}

fn captcha() -> Captcha {
    Captcha::new(&altcha(), Arc::new(ManualClock::default()), None)
}

/// Solves a challenge, as a client does.
fn solve(challenge: Challenge) -> Payload {
    let options = SolveChallengeOptions {
        timeout_ms: 0,
        ..SolveChallengeOptions::new(&challenge)
    };
    let solution = solve_challenge(options).unwrap().unwrap();
    Payload { challenge, solution }
}

fn encode(payload: &Payload) -> String {
    STANDARD.encode(serde_json::to_vec(payload).unwrap())
}

async fn reason(captcha: &Captcha, solution: Option<&str>) -> Reason {
    captcha.take(solution).await.unwrap_err().reason
}

#[tokio::test]
async fn take_accepts_a_solution_once() {
    let captcha = captcha();
    let solution = encode(&solve(captcha.challenge().await.unwrap()));
    captcha.take(Some(&solution)).await.unwrap();
    assert_eq!(reason(&captcha, Some(&solution)).await, Reason::InvalidCaptcha);
    // The same solution in another encoding.
    let payload: Payload = parse(&solution).unwrap();
    let spaced = STANDARD.encode(serde_json::to_string_pretty(&payload).unwrap());
    assert_eq!(reason(&captcha, Some(&spaced)).await, Reason::InvalidCaptcha);
    let next = encode(&solve(captcha.challenge().await.unwrap()));
    captcha.take(Some(&next)).await.unwrap();
}

#[tokio::test]
async fn take_without_valid_solution_is_refused() {
    let captcha = captcha();
    assert_eq!(reason(&captcha, None).await, Reason::CaptchaRequired);
    let good = solve(captcha.challenge().await.unwrap());
    let changed = |change: fn(&mut Payload)| {
        let mut payload = good.clone();
        change(&mut payload);
        encode(&payload)
    };
    // Signed by another key.
    let foreign = solve(self::captcha().challenge().await.unwrap());
    for wrong in [
        String::new(),
        "?".to_owned(),
        STANDARD.encode("{}"),
        "A".repeat(MAX_SOLUTION_BYTES + 4),
        encode(&foreign),
        changed(|payload| payload.solution.counter += 1),
        changed(|payload| payload.solution.derived_key = "00".repeat(32)),
        changed(|payload| payload.challenge.signature = None),
        changed(|payload| payload.challenge.signature = Some("00".repeat(32))),
        changed(|payload| payload.challenge.parameters.cost = 1),
        changed(|payload| payload.challenge.parameters.key_prefix = String::new()),
        changed(|payload| payload.challenge.parameters.data = None),
        changed(|payload| {
            let data = [(EXPIRES.to_owned(), Value::from(i64::MAX))];
            payload.challenge.parameters.data = Some(data.into());
        }),
        changed(|payload| payload.challenge.parameters.salt = "zz".to_owned()),
    ] {
        assert_eq!(
            reason(&captcha, Some(&wrong)).await,
            Reason::InvalidCaptcha,
            "{wrong}"
        );
    }
    // None of them used the challenge.
    captcha.take(Some(&encode(&good))).await.unwrap();
}

#[tokio::test]
async fn take_of_expired_challenge_is_refused() {
    let clock = ManualClock::default();
    let captcha = Captcha::new(&altcha(), Arc::new(clock.clone()), None);
    let solution = encode(&solve(captcha.challenge().await.unwrap()));
    clock.advance(LIFE.try_into().unwrap());
    let failure = captcha.take(Some(&solution)).await.unwrap_err();
    assert_eq!(failure.message, "the captcha has expired");
    assert!(
        WINDOW > LIFE,
        "a used challenge is forgotten after it has expired"
    );
}

#[tokio::test]
async fn captcha_that_is_off_has_no_challenge_and_needs_none() {
    let captcha = Captcha::new(&Config::default(), Arc::new(ManualClock::default()), None);
    assert_eq!(captcha.challenge().await.unwrap_err().reason, Reason::NotFound);
    for ignored in [None, Some("x")] {
        captcha.take(ignored).await.unwrap();
    }
}

#[tokio::test]
async fn take_of_used_solution_fails_on_every_gateway() {
    let mut server = RedisServer::start();
    let tasks = Tasks::new(CancellationToken::new());
    let config: RedisConfig = toml::from_str(&format!("url = \"{}\"", server.url())).unwrap();
    let gateways = [(); 2].map(|()| {
        let redis = Redis::start(&config, &tasks).unwrap().unwrap();
        (
            Captcha::new(&altcha(), Arc::new(ManualClock::default()), Some(redis.clone())),
            redis,
        )
    });
    for (_, redis) in &gateways {
        while redis.connected_for().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    let [(first, _), (second, _)] = &gateways;
    // Each accepts the challenges of the other.
    for (issuer, other) in [(first, second), (second, first)] {
        let solution = encode(&solve(issuer.challenge().await.unwrap()));
        other.take(Some(&solution)).await.unwrap();
        for captcha in [issuer, other] {
            assert_eq!(reason(captcha, Some(&solution)).await, Reason::InvalidCaptcha);
        }
    }
    // At the same time, one of many succeeds.
    let solution = encode(&solve(first.challenge().await.unwrap()));
    let tries = (0..20).map(|n| [first, second][n % 2].take(Some(&solution)));
    let outcomes = futures_util::future::join_all(tries).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    // Without Redis nothing is known to be new.
    let solution = encode(&solve(first.challenge().await.unwrap()));
    server.kill();
    assert_eq!(reason(first, Some(&solution)).await, Reason::Unavailable);
    assert_eq!(first.challenge().await.unwrap_err().reason, Reason::Unavailable);
}

/// Accepts one answer with the secret, and fails for others.
async fn site_verify(body: String) -> String {
    let field = |name: &str| {
        let mut fields = form_urlencoded::parse(body.as_bytes());
        fields.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    };
    let (response, secret) = (field("response"), field("secret"));
    match response.as_deref() {
        Some("broken") => "no JSON".to_owned(),
        Some("long") => format!("{{\"success\":true,\"hostname\":\"{}\"}}", "a".repeat(70_000)),
        response => {
            let success = response == Some("good & true") && secret.as_deref() == Some("s3cret");
            format!("{{\"success\":{success},\"error-codes\":[]}}")
        }
    }
}

/// Serves it.
#[expect(clippy::disallowed_methods, reason = "the test is the service")]
async fn service() -> String {
    let router = axum::Router::new().route("/siteverify", axum::routing::post(site_verify));
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(socket, router).await });
    format!("http://{address}")
}

fn remote(url: String) -> Captcha {
    let config = Config {
        captcha_verify_url: Some(url),
        captcha_verify_secret: Some(serde_json::from_str("\"s3cret\"").unwrap()),
        ..Config::default()
    };
    config.validate().unwrap();
    Captcha::new(&config, Arc::new(ManualClock::default()), None)
}

#[tokio::test]
async fn take_of_other_service_asks_it() {
    let service = service().await;
    let captcha = remote(format!("{service}/siteverify"));
    captcha.take(Some("good & true")).await.unwrap();
    assert_eq!(reason(&captcha, None).await, Reason::CaptchaRequired);
    for (answer, refused) in [
        ("wrong", Reason::InvalidCaptcha),
        ("", Reason::InvalidCaptcha),
        (&*"a".repeat(10_000), Reason::InvalidCaptcha),
        ("broken", Reason::Unavailable),
        ("long", Reason::Unavailable),
    ] {
        assert_eq!(reason(&captcha, Some(answer)).await, refused, "{answer:.20}");
    }
    assert_eq!(captcha.challenge().await.unwrap_err().reason, Reason::NotFound);
}

#[tokio::test]
async fn take_without_the_other_service_is_unavailable() {
    let not_there = remote(format!("{}/elsewhere", service().await));
    let silent = remote("http://127.0.0.1:1/siteverify".to_owned());
    for captcha in [not_there, silent] {
        let failure = captcha.take(Some("good & true")).await.unwrap_err();
        assert_eq!(failure.reason, Reason::Unavailable);
        assert!(!format!("{failure:?}").contains("s3cret"), "{failure:?}");
    }
}

/// The other service sees a bounded number of concurrent checks, and all answers are checked.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the test is the service")]
async fn concurrent_takes_ask_other_service_in_turn() {
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    let verify = move || {
        let (running, most) = (Arc::clone(&running), Arc::clone(&most));
        async move {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            running.fetch_sub(1, Ordering::SeqCst);
            r#"{"success":true}"#
        }
    };
    let router = axum::Router::new().route("/siteverify", axum::routing::post(verify));
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let captcha = remote(format!("http://{}/siteverify", socket.local_addr().unwrap()));
    tokio::spawn(async move { axum::serve(socket, router).await });
    let taken = join_all((0..100).map(|_| captcha.take(Some("x")))).await;
    assert!(taken.iter().all(Result::is_ok), "{taken:?}");
    assert!((2..=32).contains(&seen.load(Ordering::SeqCst)), "{seen:?}");
}
