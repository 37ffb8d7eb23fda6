//! A connection to a real Redis: kept, lost, found again, and never waited for.

#![expect(
    clippy::unwrap_used,
    reason = "what a test cannot do without, it fails without"
)]

use std::time::{Duration, Instant};

use mayfly_runtime::task::Tasks;
use mayfly_shared::redis::{
    Redis, RedisConfig,
    redis::{Cmd, RedisError, Script, cmd},
};
use mayfly_testkit::{RedisServer, eventually};
use tokio_util::sync::CancellationToken;

fn start(url: &str, tasks: &Tasks) -> Redis {
    let config: RedisConfig = toml::from_str(&format!("url = \"{url}\"")).unwrap();
    Redis::start(&config, tasks).unwrap().unwrap()
}

fn tasks() -> Tasks {
    Tasks::new(CancellationToken::new())
}

async fn ping(redis: &Redis) -> Result<String, RedisError> {
    redis.run(&cmd("PING")).await
}

#[tokio::test]
async fn what_is_not_configured_is_not_there() {
    assert!(Redis::start(&RedisConfig::default(), &tasks()).unwrap().is_none());
}

#[tokio::test]
async fn a_server_that_is_killed_stopped_or_late_fails_calls_at_once_and_is_found_again() {
    let mut server = RedisServer::start();
    let tasks = tasks();
    let redis = start(&server.url(), &tasks);
    eventually("connected", async || ping(&redis).await).await;
    let first = Instant::now();

    server.kill();
    eventually("lost", async || ping(&redis).await.is_err()).await;
    eventually("left", async || redis.connected_for().is_none()).await;
    server.restart();
    eventually("found again", async || ping(&redis).await).await;
    assert!(
        redis.connected_for().unwrap() < first.elapsed(),
        "a connection counts its own time"
    );

    server.pause();
    let asked = Instant::now();
    assert!(ping(&redis).await.is_err());
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    let asked = Instant::now();
    for _ in 0..100 {
        assert!(ping(&redis).await.is_err());
    }
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "nobody waits for a server that is known to be late"
    );
    server.resume();
    eventually("found again", async || ping(&redis).await).await;
    assert!(tasks.shutdown(Duration::from_secs(5)).await);
}

#[tokio::test]
async fn a_role_starts_before_its_redis_does() {
    let mut server = RedisServer::start();
    server.kill();
    let tasks = tasks();
    let redis = start(&server.url(), &tasks);
    assert!(ping(&redis).await.is_err());
    server.restart();
    eventually("connected", async || ping(&redis).await).await;
}

#[tokio::test]
async fn a_password_is_shown_and_a_wrong_one_is_no_connection() {
    let server = RedisServer::start_with(&["--requirepass", "secret"]);
    let tasks = tasks();
    let right = start(&format!("redis://:secret@127.0.0.1:{}", server.port()), &tasks);
    eventually("connected", async || ping(&right).await).await;
    let wrong = start(&format!("redis://:wrong@127.0.0.1:{}", server.port()), &tasks);
    let deadline = Instant::now() + Duration::from_secs(1);
    while Instant::now() < deadline {
        assert!(ping(&wrong).await.is_err());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_cluster_is_asked_through_any_of_its_nodes() {
    let server = RedisServer::start_with(&["--cluster-enabled", "yes"]);
    // One node that has every slot is the smallest cluster.
    assert!(server.command("CLUSTER ADDSLOTSRANGE 0 16383").starts_with("+OK"));
    eventually("a cluster", async || {
        server.command("CLUSTER INFO").contains("cluster_state:ok")
    })
    .await;
    let tasks = tasks();
    let redis = start(&format!("redis+cluster://127.0.0.1:{}", server.port()), &tasks);
    eventually("connected", async || ping(&redis).await).await;
    let script = Script::new("return redis.call('SET', KEYS[1], ARGV[1])");
    let mut set = script.key("name");
    set.arg("value");
    redis.run_script::<String>(&set).await.unwrap();
    let found: String = redis.run(&Cmd::get("name")).await.unwrap();
    assert_eq!(found, "value");
}

#[tokio::test]
async fn a_sentinel_tells_where_the_master_is() {
    let master = RedisServer::start();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sentinel.conf");
    let text = format!(
        "sentinel monitor primary 127.0.0.1 {} 1\nsentinel resolve-hostnames yes\n",
        master.port()
    );
    std::fs::write(&file, text).unwrap();
    let sentinel = RedisServer::start_sentinel(&file);
    let tasks = tasks();
    let redis = start(
        &format!("redis+sentinel://127.0.0.1:{}/primary", sentinel.port()),
        &tasks,
    );
    eventually("connected", async || ping(&redis).await).await;
    redis
        .run::<String>(cmd("SET").arg("here").arg("1"))
        .await
        .unwrap();
    assert!(master.command("GET here").starts_with("$1\r\n1"));
}
