//! `mayfly health`, the probe of containers: exit code 0 when ready, 1 with one line when not.

use std::{
    net::TcpListener,
    process::{Command, Output},
    time::{Duration, Instant},
};

use mayfly_testkit::MailSender;

use super::startup::run;
use crate::world::{Kind, World};

fn probe(admin: &str) -> Output {
    run(&["health"], &[("MAYFLY_ADMIN__LISTEN", admin)])
}

fn assert_not_ready(output: &Output, part: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.starts_with("mayfly: not ready: ") && stderr.contains(part),
        "{stderr}"
    );
    assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
}

#[tokio::test]
async fn health_exit_code_follows_readiness() {
    let mut world = World::start(Kind::AllInOne);
    let admin = world.admin().strip_prefix("http://").unwrap().to_owned();
    let output = probe(&admin);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout, b"ready\n");

    // A mail in progress keeps the process draining.
    world.client().create_mailbox("drain@mayfly.test", None).await;
    let mut busy = MailSender::ready(world.smtp()).await.unwrap();
    busy.command("MAIL FROM:<a@example.com>").await.unwrap();
    busy.command("RCPT TO:<drain@mayfly.test>").await.unwrap();
    assert_eq!(busy.command("DATA").await.unwrap().code, 354);
    let pid = world.processes[0].pid().to_string();
    assert!(Command::new("kill").arg(&pid).status().unwrap().success());
    let started = Instant::now();
    let output = loop {
        let output = probe(&admin);
        if output.status.code() != Some(0) {
            break output;
        }
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "a draining process is still ready"
        );
    };
    assert_not_ready(&output, "serving no");
    busy.write(b"\r\n.\r\n").await.unwrap();
    assert_eq!(busy.read_reply().await.unwrap().code, 250);
    assert_eq!(world.processes[0].wait(), Some(0));
    assert_not_ready(&probe(&admin), "refused");
}

#[test]
fn health_of_unresponsive_server_times_out() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let started = Instant::now();
    let output = probe(&silent.local_addr().unwrap().to_string());
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_not_ready(&output, "no answer within 2 s");
}

#[test]
fn health_with_invalid_configuration_fails() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mayfly.toml");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    std::fs::write(&file, format!("[admin]\nlisten = \"{free}\"")).unwrap();
    let command = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mayfly"));
        command.env_clear().current_dir(dir.path());
        command
    };
    assert_not_ready(&command().arg("health").output().unwrap(), &free.to_string());
    let named = command()
        .args(["health", "--config", file.to_str().unwrap()])
        .output();
    assert_not_ready(&named.unwrap(), &free.to_string());
    let wrong = command()
        .arg("health")
        .env("MAYFLY_ADMIN__LISTEN", "nowhere")
        .output();
    assert_eq!(wrong.unwrap().status.code(), Some(2));
}
