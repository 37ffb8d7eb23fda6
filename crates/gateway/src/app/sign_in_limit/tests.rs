use std::net::Ipv4Addr;

use mayfly_runtime::task::Tasks;
use mayfly_shared::redis::RedisConfig;
use mayfly_testkit::RedisServer;
use tokio_util::sync::CancellationToken;

use super::{buckets::MAX_ENTRIES, *};

fn client(last: u8) -> IpAddr {
    [192, 0, 2, last].into()
}

/// A client in a network of its own.
fn distant_client(n: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0100_0001 + (n << 8)).into()
}

async fn begin<'a>(limit: &'a SignInLimit, account: &str, client: IpAddr) -> Result<Attempt<'a>, Failure> {
    limit.begin_at_once(account, client).await
}

/// Counts the refused ones of some attempts at accounts by clients.
async fn count_refused(limit: &SignInLimit, attempts: impl IntoIterator<Item = (String, IpAddr)>) -> usize {
    let mut refused = 0;
    for (account, client) in attempts {
        refused += usize::from(begin(limit, &account, client).await.is_err());
    }
    refused
}

fn owner() -> String {
    "owner@a.test".to_owned()
}

/// One client guesses at 7.5 a second: neither the known client nor a new one notices.
#[tokio::test]
async fn begin_after_guesses_by_one_client_admits_others() {
    let limit = SignInLimit::new(10, None);
    limit.know("owner@a.test", client(1)).await;
    let refused = count_refused(&limit, (0..450).map(|_| (owner(), client(2)))).await;
    assert!(refused >= 439, "{refused}");
    for owner in [client(1), client(3)] {
        for _ in 0..50 {
            let attempt = begin(&limit, " OWNER@a.test", owner).await.unwrap();
            assert_eq!(attempt.delay, Duration::ZERO);
            attempt.succeeded().await;
        }
    }
}

/// Many clients together are limited, a new client is delayed first, and the owner passes.
#[tokio::test]
async fn begin_after_guesses_by_many_clients_delays_new_ones() {
    let limit = SignInLimit::new(10, None);
    limit.know("owner@a.test", client(1)).await;
    let (mut delayed, mut refused) = (0, 0);
    for n in 0..1000_u32 {
        let last = u8::try_from(n % 200 + 2).unwrap();
        match begin(&limit, "owner@a.test", client(last)).await {
            Ok(attempt) if attempt.delay > Duration::ZERO => {
                assert!(attempt.delay <= MAX_DELAY);
                delayed += 1;
            }
            Ok(_) => {}
            Err(_) => refused += 1,
        }
    }
    assert!(
        (10..=20).contains(&delayed) && refused >= 870,
        "{delayed} {refused}"
    );
    for _ in 0..50 {
        let attempt = begin(&limit, "owner@a.test", client(1)).await.unwrap();
        assert_eq!(attempt.delay, Duration::ZERO);
        attempt.succeeded().await;
    }
}

/// Guessers in 24 networks empty the account's bucket: the owner signs in from a new place at once, after two mistakes too.
#[tokio::test]
async fn begin_from_new_network_after_guesses_from_many_passes() {
    let limit = SignInLimit::new(10, None);
    let guesses = (0..2400).map(|n| (owner(), distant_client(n % 24)));
    let refused = count_refused(&limit, guesses.clone()).await;
    assert!(refused >= 2400 - 90 - 24 * 3 - 15, "{refused}");
    let new_place = distant_client(100);
    for _ in 0..2 {
        let mistake = begin(&limit, &owner(), new_place).await.unwrap();
        assert_eq!(mistake.delay, Duration::ZERO);
        count_refused(&limit, guesses.clone()).await;
    }
    let attempt = begin(&limit, &owner(), new_place).await.unwrap();
    assert_eq!(attempt.delay, Duration::ZERO);
    attempt.succeeded().await;
    begin(&limit, &owner(), new_place).await.unwrap();
}

/// However many networks guess, an account is guessed at a bounded number of times.
#[tokio::test]
async fn begin_by_any_number_of_networks_is_bounded_by_account() {
    let limit = SignInLimit::new(10, None);
    let guesses = (0..40_000).map(|n| (owner(), distant_client(n)));
    let passed = 40_000 - count_refused(&limit, guesses).await;
    // A minute's bucket, what is delayed, an hour's reserve, and what they regain meanwhile.
    assert!((700..=730).contains(&passed), "{passed}");
}

/// Behind one address, one guesses at other accounts: the owner passes, until the guesses are at the owner's account.
#[tokio::test]
async fn begin_by_known_client_of_guessing_address_passes() {
    let limit = SignInLimit::new(10, None);
    limit.know("owner@a.test", client(1)).await;
    let refused = count_refused(&limit, (0..300).map(|n| (format!("{n}@a.test"), client(1)))).await;
    assert!(refused >= 199, "{refused}");
    let attempt = begin(&limit, "owner@a.test", client(1)).await.unwrap();
    attempt.succeeded().await;
    let refused = count_refused(&limit, (0..50).map(|_| (owner(), client(1)))).await;
    assert!(refused >= 39, "{refused}");
}

#[tokio::test]
async fn begin_for_many_accounts_limits_the_client() {
    let limit = SignInLimit::new(10, None);
    let refused = count_refused(&limit, (0..300).map(|n| (format!("{n}@a.test"), client(1)))).await;
    assert!(refused >= 199, "{refused}");
    assert!(begin(&limit, "0@a.test", client(2)).await.is_ok());
}

#[tokio::test]
async fn begin_after_successes_or_with_zero_limit_admits() {
    let limit = SignInLimit::new(2, None);
    for _ in 0..100 {
        begin(&limit, "a@a.test", client(1))
            .await
            .unwrap()
            .succeeded()
            .await;
    }
    let limit = SignInLimit::new(0, None);
    let refused = count_refused(&limit, (0..1000).map(|_| (owner(), client(1)))).await;
    assert_eq!(refused, 0);
}

/// Refused attempts with long texts, as one client sends them in a minute.
#[tokio::test]
async fn begin_with_long_account_keeps_keys_of_fixed_size() {
    let limit = SignInLimit::new(10, None);
    let mut refused = 0;
    for n in 0..400 {
        let account = format!("{n}{}", "x".repeat(1 << 20));
        refused += u32::from(begin(&limit, &account, client(1)).await.is_err());
    }
    assert!(refused >= 299, "{refused}");
    let key_bytes = size_of::<Key>();
    assert!(key_bytes <= 40, "a key has {key_bytes} bytes, on the heap none");
    let long = "a".repeat(MAX_ACCOUNT_BYTES);
    assert_eq!(
        AccountHash::of(&format!("{long}b")),
        AccountHash::of(&format!("{long}c"))
    );
    assert_eq!(AccountHash::of(" A@a.test "), AccountHash::of("a@A.test"));
    assert_ne!(AccountHash::of("a@a.test"), AccountHash::of("b@a.test"));
}

/// Many attempts evict one another, and no known client.
#[tokio::test]
async fn begin_for_many_clients_keeps_bounded_buckets() {
    let limit = SignInLimit::new(1, None);
    limit.know("owner@a.test", client(1)).await;
    for n in 0..(MAX_ENTRIES + 10) {
        let address = Ipv4Addr::from(u32::try_from(n).unwrap() + 0x0100_0000);
        let _ = begin(&limit, &format!("{n}@a.test"), address.into()).await;
    }
    assert!(limit.buckets.len() <= MAX_ENTRIES + 3);
    assert!(limit.buckets.is_known(AccountHash::of("owner@a.test"), client(1)));
}

async fn gateway(server: &RedisServer, tasks: &Tasks) -> SignInLimit {
    let config: RedisConfig = toml::from_str(&format!("url = \"{}\"", server.url())).unwrap();
    let redis = Redis::start(&config, tasks).unwrap().unwrap();
    while redis.connected_for().is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    SignInLimit::new(10, Some(redis))
}

/// Also a gateway that starts in the middle of the guesses knows the owner.
#[tokio::test]
async fn begin_over_redis_counts_all_gateways_together() {
    let server = RedisServer::start();
    let tasks = Tasks::new(CancellationToken::new());
    let limits = [gateway(&server, &tasks).await, gateway(&server, &tasks).await];
    limits[0].know("owner@a.test", client(1)).await;
    let (mut delayed, mut refused) = (0, 0);
    for n in 0..200_u8 {
        let limit = &limits[usize::from(n % 2)];
        match limit.begin_at_once("owner@a.test", client(n + 2)).await {
            Ok(attempt) => delayed += u8::from(attempt.delay > Duration::ZERO),
            Err(_) => refused += 1,
        }
    }
    assert!(delayed >= 9, "{delayed}");
    assert!(refused >= 70, "each alone would let all pass: {refused}");
    let restarted = gateway(&server, &tasks).await;
    for n in 0..200_u8 {
        let _ = restarted.begin_at_once("owner@a.test", client(n + 2)).await;
    }
    for limit in limits.iter().chain([&restarted]) {
        let owner = limit.begin_at_once("owner@a.test", client(1)).await.unwrap();
        assert_eq!(owner.delay, Duration::ZERO);
        owner.succeeded().await;
    }
}
