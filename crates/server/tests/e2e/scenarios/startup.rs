//! Start and stop: configuration errors name the key and exit with 2; a drain finishes work in progress.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    process::{Command, Output},
    time::{Duration, Instant},
};

use mayfly_testkit::MailSender;
use mayfly_types::SecretKey;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::world::{Kind, World};

/// Runs the binary to completion.
pub(super) fn run(args: &[&str], env: &[(&str, &str)]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_mayfly"))
        .args(args)
        .env_clear()
        .env("MAYFLY_DATA_DIR", dir.path().join("data"))
        .env("MAYFLY_GATEWAY__LISTEN", "127.0.0.1:0")
        .env("MAYFLY_SMTP__LISTEN", "127.0.0.1:0")
        .env("MAYFLY_ADMIN__LISTEN", "127.0.0.1:0")
        .envs(env.iter().copied())
        .current_dir(dir.path())
        .output()
        .unwrap()
}

pub(super) fn refuses(args: &[&str], env: &[(&str, &str)], key: &str) {
    let output = run(args, env);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{env:?}: {stderr}");
    assert!(
        stderr.starts_with("mayfly: ") && stderr.contains(key),
        "{env:?}: {stderr}"
    );
    assert_eq!(stderr.trim_end().lines().count(), 1, "{env:?}: {stderr}");
}

/// Runs the binary under a limit of file descriptors, as `ulimit` sets it.
fn limited(limit: &str) -> [String; 3] {
    [
        "sh".to_owned(),
        "-c".to_owned(),
        format!("ulimit {limit}; exec \"$0\""),
    ]
}

#[test]
fn start_with_few_descriptors_names_the_keys() {
    let dir = tempfile::tempdir().unwrap();
    let [shell, flag, script] = limited("-n 1024");
    let output = Command::new(shell)
        .args([&flag, &script, env!("CARGO_BIN_EXE_mayfly")])
        .env_clear()
        .env("MAYFLY_DATA_DIR", dir.path().join("data"))
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    for key in [
        "gateway.max_connections 10000",
        "smtp.max_connections 1000",
        "1024",
    ] {
        assert!(stderr.contains(key), "{stderr}");
    }
    assert!(!dir.path().join("data").exists(), "nothing was created");
}

#[test]
fn start_raises_the_soft_limit_of_descriptors() {
    let world = World::start_under(&limited("-Sn 256").each_ref().map(String::as_str));
    let limits = fs::read_to_string(format!("/proc/{}/limits", world.processes[0].pid())).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .unwrap();
    let values: Vec<&str> = line.split_whitespace().skip(3).take(2).collect();
    assert_eq!(values[0], values[1], "{line}");
}

#[test]
fn start_with_invalid_configuration_names_the_key() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let key = SecretKey::random().to_hex();
    let file = tempfile::NamedTempFile::new().unwrap();
    let file = file.path().to_str().unwrap();
    let table: &[(&[(&str, &str)], &str)] = &[
        (&[("MAYFLY_GATEWAY__LISTEN", &taken)], "gateway.listen"),
        (&[("MAYFLY_SMTP__LISTEN", &taken)], "smtp.listen"),
        (&[("MAYFLY_ADMIN__LISTEN", &taken)], "admin.listen"),
        (&[("MAYFLY_DATA_DIR", file)], "data_dir"),
        (&[("MAYFLY_DATA_DIR", "/proc/mayfly")], "data_dir"),
        (&[("MAYFLY_GATEWAY__PORT", "80")], "port"),
        (
            &[("MAYFLY_MAILBOX__RETENTION", "soon")],
            "MAYFLY_MAILBOX__RETENTION",
        ),
        (
            &[
                ("MAYFLY_SMTP__TLS_CERT", "/nowhere.pem"),
                ("MAYFLY_SMTP__TLS_KEY", "/nowhere.key"),
            ],
            "smtp.tls_cert",
        ),
        (
            &[("MAYFLY_GATEWAY__TLS_CERT", "/nowhere.pem")],
            "gateway.tls_cert",
        ),
        (
            &[("MAYFLY_WEBHOOKS__DENIED_NETWORKS", "10.0.0.0/8,203.0.113")],
            "MAYFLY_WEBHOOKS__DENIED_NETWORKS",
        ),
        (&[("MAYFLY_LOG__LEVEL", "a=b=c")], "log.level"),
        (
            &[("MAYFLY_ROLES", "auth"), ("MAYFLY_GRPC__SECRET", &key)],
            "auth.signing_key",
        ),
        (
            &[("MAYFLY_ROLES", "auth"), ("MAYFLY_AUTH__SIGNING_KEY", &key)],
            "grpc.secret",
        ),
        (
            &[("MAYFLY_ROLES", "auth"), ("MAYFLY_GRPC__SECRET", "deadbeef")],
            "grpc.secret",
        ),
        (
            &[("MAYFLY_AUTH__SIGNING_KEY_FILE", "/nowhere")],
            "auth.signing_key_file",
        ),
    ];
    for (env, key) in table {
        refuses(&[], env, key);
    }
    refuses(&["--config", "/nowhere.toml"], &[], "--config");
    refuses(&["config", "check"], &[("MAYFLY_SMTP__COLOUR", "red")], "colour");
}

#[test]
fn start_with_database_in_use_fails() {
    let world = World::start(Kind::AllInOne);
    let data = world.data_dir();
    // The keys of this world are in its configuration.
    let key = SecretKey::random().to_hex();
    let keys = [
        ("MAYFLY_AUTH__SIGNING_KEY", &*key),
        ("MAYFLY_MAILBOX__DATA_KEY", &*key),
    ];
    refuses(
        &["--data-dir", data.to_str().unwrap()],
        &keys,
        "auth.db is in use",
    );
}

#[test]
fn config_dump_hides_secrets() {
    let key = SecretKey::random().to_hex();
    let output = run(
        &["config", "dump"],
        &[
            ("MAYFLY_AUTH__SIGNING_KEY", &key),
            ("MAYFLY_DOMAINS", "a.test,b.test"),
        ],
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(
        text.contains("domains = [\"a.test\", \"b.test\"]") && text.contains("signing_key = \"[hidden]\""),
        "{text}"
    );
    assert!(!text.contains(&key));
    assert_eq!(run(&["config", "check"], &[]).status.code(), Some(0));
    assert_eq!(run(&["migrate"], &[]).status.code(), Some(0));
    // One role needs its own database only: no endpoint, secret or key.
    for role in ["mailbox", "auth"] {
        assert_eq!(
            run(&["migrate", "--roles", role], &[]).status.code(),
            Some(0),
            "{role}"
        );
    }
}

#[test]
fn start_embedded_creates_a_private_key_once() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let env = [
        ("MAYFLY_DATA_DIR", data.to_str().unwrap()),
        ("MAYFLY_GATEWAY__LISTEN", "127.0.0.1:0"),
        ("MAYFLY_SMTP__LISTEN", "127.0.0.1:0"),
        ("MAYFLY_ADMIN__LISTEN", "127.0.0.1:0"),
    ];
    let env = env
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    let mut process = crate::process::Process::start(&env);
    let key = fs::read(data.join("signing.key")).unwrap();
    let mode = fs::metadata(data.join("signing.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(process.terminate(), Some(0));
    let mut process = crate::process::Process::start(&env);
    assert_eq!(fs::read(data.join("signing.key")).unwrap(), key);
    assert_eq!(process.terminate(), Some(0));
}

#[tokio::test]
async fn drain_finishes_mail_in_progress() {
    let mut world = World::start(Kind::AllInOne);
    let mailbox = world.client().create_mailbox("drain@mayfly.test", None).await;
    let mut idle = MailSender::ready(world.smtp()).await.unwrap();
    let mut busy = MailSender::ready(world.smtp()).await.unwrap();
    busy.command("MAIL FROM:<a@example.com>").await.unwrap();
    busy.command("RCPT TO:<drain@mayfly.test>").await.unwrap();
    assert_eq!(busy.command("DATA").await.unwrap().code, 354);
    busy.write(b"Subject: in progress\r\n\r\n").await.unwrap();

    let pid = world.processes[0].pid().to_string();
    assert!(Command::new("kill").arg(&pid).status().unwrap().success());
    assert_eq!(
        idle.read_reply().await.unwrap().code,
        421,
        "an idle session gets 421"
    );
    busy.write(b"body\r\n.\r\n").await.unwrap();
    assert_eq!(
        busy.read_reply().await.unwrap().code,
        250,
        "a mail in progress is accepted"
    );

    assert_eq!(world.processes[0].wait(), Some(0));
    world.kill_and_restart();
    assert_eq!(world.client().messages(&mailbox.token).await.len(), 1);
}

#[tokio::test]
async fn drain_answers_request_in_progress() {
    let mut world = World::start(Kind::AllInOne);
    world.client().create_mailbox("drain@mayfly.test", None).await;
    let address = world.http().strip_prefix("http://").unwrap().to_owned();
    let body = "{\"address\":\"drain@mayfly.test\",\"password\":\"correct horse\"}";
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST /api/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body.as_bytes()[..10]).await.unwrap();
    // A second request has been answered on another connection, so the first one has reached its handler.
    assert_eq!(
        world
            .client()
            .call("GET", "/api/domains", None, None)
            .await
            .status,
        200
    );

    let pid = world.processes[0].pid().to_string();
    assert!(Command::new("kill").arg(&pid).status().unwrap().success());
    let started = Instant::now();
    while TcpStream::connect(&address).await.is_ok() {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "the listener still accepts connections"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stream.write_all(&body.as_bytes()[10..]).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("\"token\""),
        "{answer}"
    );
    assert_eq!(world.processes[0].wait(), Some(0));
}

#[tokio::test]
async fn admin_listener_reports_readiness() {
    let world = World::start(Kind::AllInOne);
    world.client().create_mailbox("a@mayfly.test", None).await;
    let admin = crate::client::Client::new(world.admin());
    assert_eq!(admin.call("GET", "/livez", None, None).await.status, 200);
    let ready = admin.call("GET", "/readyz", None, None).await;
    let text = String::from_utf8(ready.body).unwrap();
    assert!(
        ready.status == 200 && text.contains("auth database ok") && text.contains("mailbox database ok"),
        "{text}"
    );
    let metrics = String::from_utf8(admin.call("GET", "/metrics", None, None).await.body).unwrap();
    for name in [
        "http_server_request_duration",
        "rpc_server_call_duration",
        "db_client_operation_duration",
    ] {
        assert!(metrics.contains(name), "{name}");
    }
    assert!(metrics.contains("http_route=\"/api/accounts\""), "{metrics}");
}

#[test]
fn start_with_wrong_redis_password_fails() {
    let redis = mayfly_testkit::RedisServer::start_with(&["--requirepass", "secret"]);
    let secret = SecretKey::random().to_hex();
    let url = format!("redis://:hunter2@127.0.0.1:{}", redis.port());
    let env = [
        ("MAYFLY_ROLES", "gateway"),
        ("MAYFLY_REDIS__URL", url.as_str()),
        ("MAYFLY_GRPC__SECRET", secret.as_str()),
        ("MAYFLY_AUTH__ENDPOINT", "http://127.0.0.1:1"),
        ("MAYFLY_MAILBOX__ENDPOINT", "http://127.0.0.1:1"),
    ];
    refuses(&[], &env, "redis.url");
}
