use std::fmt;

use mayfly_runtime::task::Tasks;
use mayfly_shared::redis::RedisConfig;
use mayfly_testkit::RedisServer;
use tokio_util::sync::CancellationToken;

use super::*;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Name(&'static str);

impl Subject for Name {
    fn name(&self) -> String {
        self.0.to_owned()
    }
}

impl Verdict for String {
    fn to_text(&self) -> String {
        self.clone()
    }

    fn from_text(text: &str) -> Option<Self> {
        (!text.starts_with('?')).then(|| text.to_owned())
    }
}

impl fmt::Debug for Known<String> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verdict(verdict) => f.write_str(verdict),
            Self::Nothing(asked) => write!(f, "{asked:?}"),
        }
    }
}

const ANN: Name = Name("ann");

/// The record of one of several processes, once it trusts what it finds.
async fn process(server: &RedisServer, tasks: &Tasks) -> Verdicts<Name, String> {
    let config: RedisConfig = toml::from_str(&format!("url = \"{}\"", server.url())).unwrap();
    let redis = Redis::start(&config, tasks).unwrap().unwrap();
    while redis.connected_for() < Some(FORGOTTEN_AFTER) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Verdicts::new(redis)
}

async fn asked(process: &Verdicts<Name, String>) -> Asked {
    match process.get(&ANN).await {
        Known::Nothing(super::super::Asked::Shared(asked)) => asked,
        other => panic!("{other:?}"),
    }
}

async fn known(process: &Verdicts<Name, String>) -> Option<String> {
    match process.get(&ANN).await {
        Known::Verdict(verdict) => Some(verdict),
        Known::Nothing(_) => None,
    }
}

fn tasks() -> Tasks {
    Tasks::new(CancellationToken::new())
}

#[tokio::test]
async fn what_one_process_finds_all_know_until_one_forgets() {
    let (server, tasks) = (RedisServer::start(), tasks());
    let (one, other) = tokio::join!(process(&server, &tasks), process(&server, &tasks));
    let first = asked(&one).await;
    assert!(
        matches!(
            other.get(&ANN).await,
            Known::Nothing(super::super::Asked::Unmarked)
        ),
        "whoever comes second leaves the remembering to the first"
    );
    one.fill(first, &ANN, &"valid".to_owned()).await;
    assert_eq!(known(&other).await.as_deref(), Some("valid"));
    other.forget(&ANN).await;
    assert_eq!(known(&one).await, None);
}

#[tokio::test]
async fn what_was_found_before_a_change_is_not_remembered_after_it() {
    let (server, tasks) = (RedisServer::start(), tasks());
    let (one, other) = tokio::join!(process(&server, &tasks), process(&server, &tasks));
    let before = asked(&one).await;
    other.forget(&ANN).await;
    one.fill(before, &ANN, &"valid".to_owned()).await;
    assert_eq!(known(&other).await, None);
    // Nor when somebody has asked again since, or found the change.
    other.forget(&ANN).await;
    let after = asked(&other).await;
    one.fill(before, &ANN, &"valid".to_owned()).await;
    other.fill(after, &ANN, &"revoked".to_owned()).await;
    one.fill(before, &ANN, &"valid".to_owned()).await;
    assert_eq!(known(&one).await.as_deref(), Some("revoked"));
    // Nor when the change itself is lost with everything else.
    other.forget(&ANN).await;
    let before = asked(&one).await;
    other.forget(&ANN).await;
    assert!(server.command("FLUSHALL").starts_with("+OK"));
    one.fill(before, &ANN, &"valid".to_owned()).await;
    assert_eq!(known(&other).await, None);
}

#[tokio::test]
async fn a_change_that_redis_does_not_hear_of_is_certain_once_all_before_is_gone() {
    let (server, tasks) = (RedisServer::start(), tasks());
    let one = process(&server, &tasks).await;
    // Another process cannot reach Redis, and only it: nobody listens there.
    let config: RedisConfig = toml::from_str("url = \"redis://127.0.0.1:1\"").unwrap();
    let other = Verdicts::<Name, String>::new(Redis::start(&config, &tasks).unwrap().unwrap());
    let before = asked(&one).await;
    let started = Instant::now();
    let fill = async {
        // The latest moment at which a finding of before can still be remembered.
        tokio::time::sleep(Duration::from_millis(MARKER_TTL_MS - 300)).await;
        one.fill(before, &ANN, &"valid".to_owned()).await;
        assert_eq!(
            known(&one).await.as_deref(),
            Some("valid"),
            "still too early to answer"
        );
    };
    tokio::join!(other.forget(&ANN), fill);
    assert!(started.elapsed() >= FORGOTTEN_AFTER);
    assert_eq!(known(&one).await, None);
}

#[tokio::test]
async fn a_server_that_came_back_is_not_trusted_at_once() {
    let (mut server, tasks) = (RedisServer::start(), tasks());
    let one = process(&server, &tasks).await;
    server.kill();
    server.restart();
    // As if it had come back with what it had on disk.
    assert!(server.command("SET mayfly:verdict:ann valid").starts_with("+OK"));
    let mut untrusted = 0;
    loop {
        let age = one.redis.connected_for();
        let found = known(&one).await;
        if found.is_some() {
            assert!(one.redis.connected_for() >= Some(FORGOTTEN_AFTER), "{age:?}");
            break;
        }
        untrusted += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(untrusted > 20);
}
