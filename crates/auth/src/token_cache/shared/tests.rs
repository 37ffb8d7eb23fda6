use std::fmt;

use mayfly_runtime::task::Tasks;
use mayfly_shared::redis::RedisConfig;
use mayfly_testkit::RedisServer;
use tokio_util::sync::CancellationToken;

use super::*;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Name(&'static str);

impl CacheKey for Name {
    fn shared_name(&self) -> String {
        self.0.to_owned()
    }
}

impl CacheValue for String {
    fn to_text(&self) -> String {
        self.clone()
    }

    fn from_text(text: &str) -> Option<Self> {
        (!text.starts_with('?')).then(|| text.to_owned())
    }
}

impl fmt::Debug for Lookup<String> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hit(value) => f.write_str(value),
            Self::Miss(permit) => write!(f, "{permit:?}"),
        }
    }
}

const ANN: Name = Name("ann");

/// The cache as one of several processes sees it, once it trusts the entries.
async fn process(server: &RedisServer, tasks: &Tasks) -> MarkerCache<Name, String> {
    let config: RedisConfig = toml::from_str(&format!("url = \"{}\"", server.url())).unwrap();
    let redis = Redis::start(&config, tasks).unwrap().unwrap();
    while redis.connected_for() < Some(EXPIRED_AFTER) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    MarkerCache::new(redis)
}

async fn permit(process: &MarkerCache<Name, String>) -> FillPermit {
    match process.get(&ANN).await {
        Lookup::Miss(super::super::FillPermit::Shared(permit)) => permit,
        other => panic!("{other:?}"),
    }
}

async fn cached(process: &MarkerCache<Name, String>) -> Option<String> {
    match process.get(&ANN).await {
        Lookup::Hit(value) => Some(value),
        Lookup::Miss(_) => None,
    }
}

fn tasks() -> Tasks {
    Tasks::new(CancellationToken::new())
}

#[tokio::test]
async fn insert_is_visible_to_others_until_invalidated() {
    let (server, tasks) = (RedisServer::start(), tasks());
    let (one, other) = tokio::join!(process(&server, &tasks), process(&server, &tasks));
    let first = permit(&one).await;
    assert!(
        matches!(
            other.get(&ANN).await,
            Lookup::Miss(super::super::FillPermit::Uncacheable)
        ),
        "only the first of two misses gets a permit"
    );
    one.insert_if_current(first, &ANN, &"valid".to_owned()).await;
    assert_eq!(cached(&other).await.as_deref(), Some("valid"));
    other.invalidate(&ANN).await;
    assert_eq!(cached(&one).await, None);
}

#[tokio::test]
async fn insert_with_permit_from_before_a_change_is_dropped() {
    let (server, tasks) = (RedisServer::start(), tasks());
    let (one, other) = tokio::join!(process(&server, &tasks), process(&server, &tasks));
    let before = permit(&one).await;
    other.invalidate(&ANN).await;
    one.insert_if_current(before, &ANN, &"valid".to_owned()).await;
    assert_eq!(cached(&other).await, None);
    // Nor after another miss, or after the new value was inserted.
    other.invalidate(&ANN).await;
    let after = permit(&other).await;
    one.insert_if_current(before, &ANN, &"valid".to_owned()).await;
    other.insert_if_current(after, &ANN, &"revoked".to_owned()).await;
    one.insert_if_current(before, &ANN, &"valid".to_owned()).await;
    assert_eq!(cached(&one).await.as_deref(), Some("revoked"));
    // Nor after the deletion was lost in a flush.
    other.invalidate(&ANN).await;
    let before = permit(&one).await;
    other.invalidate(&ANN).await;
    assert!(server.command("FLUSHALL").starts_with("+OK"));
    one.insert_if_current(before, &ANN, &"valid".to_owned()).await;
    assert_eq!(cached(&other).await, None);
}

#[tokio::test]
async fn invalidate_without_redis_waits_for_expiry() {
    let (server, tasks) = (RedisServer::start(), tasks());
    let one = process(&server, &tasks).await;
    // Another process, and only that one, cannot reach Redis: its port is closed.
    let config: RedisConfig = toml::from_str("url = \"redis://127.0.0.1:1\"").unwrap();
    let other = MarkerCache::<Name, String>::new(Redis::start(&config, &tasks).unwrap().unwrap());
    let before = permit(&one).await;
    let started = Instant::now();
    let insert = async {
        // The latest moment at which a value from before can still be inserted.
        tokio::time::sleep(Duration::from_millis(MARKER_TTL_MS - 300)).await;
        one.insert_if_current(before, &ANN, &"valid".to_owned()).await;
        assert_eq!(
            cached(&one).await.as_deref(),
            Some("valid"),
            "the change has not answered yet"
        );
    };
    tokio::join!(other.invalidate(&ANN), insert);
    assert!(started.elapsed() >= EXPIRED_AFTER);
    assert_eq!(cached(&one).await, None);
}

#[tokio::test]
async fn get_after_reconnect_ignores_old_entries() {
    let (mut server, tasks) = (RedisServer::start(), tasks());
    let one = process(&server, &tasks).await;
    server.kill();
    server.restart();
    // An entry from before, as a restored file would bring back.
    assert!(
        server
            .command("SET mayfly:token-cache:ann valid")
            .starts_with("+OK")
    );
    let mut untrusted = 0;
    loop {
        let age = one.redis.connected_for();
        let found = cached(&one).await;
        if found.is_some() {
            assert!(one.redis.connected_for() >= Some(EXPIRED_AFTER), "{age:?}");
            break;
        }
        untrusted += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(untrusted > 20);
}
