//! The connection to a real Redis: established, lost and re-established; calls never wait for it.

#![expect(clippy::unwrap_used, reason = "a test fails where its setup fails")]

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
async fn start_without_url_returns_none() {
    assert!(Redis::start(&RedisConfig::default(), &tasks()).unwrap().is_none());
}

#[tokio::test]
async fn calls_fail_fast_while_redis_is_down_and_then_recover() {
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
        "the age is that of the new connection"
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
        "calls do not wait for a server that is known to be slow"
    );
    server.resume();
    eventually("found again", async || ping(&redis).await).await;
    assert!(tasks.shutdown(Duration::from_secs(5)).await);
}

#[tokio::test]
async fn start_before_redis_connects_later() {
    let mut server = RedisServer::start();
    server.kill();
    let tasks = tasks();
    let redis = start(&server.url(), &tasks);
    assert!(ping(&redis).await.is_err());
    server.restart();
    eventually("connected", async || ping(&redis).await).await;
}

#[tokio::test]
async fn connect_with_wrong_password_fails() {
    let server = RedisServer::start_with(&["--requirepass", "secret"]);
    let tasks = tasks();
    let right = start(&format!("redis://:secret@127.0.0.1:{}", server.port()), &tasks);
    eventually("connected", async || ping(&right).await).await;
    let config = |credentials: &str| -> RedisConfig {
        toml::from_str(&format!(
            "url = \"redis://{credentials}127.0.0.1:{}\"",
            server.port()
        ))
        .unwrap()
    };
    Redis::check_credentials(&config(":secret@")).await.unwrap();
    for credentials in [":hunter2@", ""] {
        let error = Redis::check_credentials(&config(credentials))
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("redis.url: ") && !error.contains("hunter2"),
            "{error}"
        );
    }
    // It may come later.
    let absent: RedisConfig = toml::from_str("url = \"redis://:pw@127.0.0.1:1\"").unwrap();
    Redis::check_credentials(&absent).await.unwrap();
    let wrong = start(&format!("redis://:wrong@127.0.0.1:{}", server.port()), &tasks);
    assert!(wrong.check().is_err() && right.check().is_ok());
    let deadline = Instant::now() + Duration::from_secs(1);
    while Instant::now() < deadline {
        assert!(ping(&wrong).await.is_err());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn cluster_runs_scripts_through_a_seed_node() {
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
async fn sentinel_url_connects_to_the_master() {
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
