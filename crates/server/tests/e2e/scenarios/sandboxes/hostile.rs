//! Clients that guess, and clients that stop: others log in and send meanwhile.

use std::{process::Command, time::Instant};

use super::{MAIL, RECIPIENTS, create};
use crate::{
    smtp_client::SmtpClient,
    world::{Kind, World},
};

const GUESSER: [u8; 4] = [127, 0, 0, 7];
const OTHER: [u8; 4] = [127, 0, 0, 8];

/// Returns the replies to wrong logins, three in each session.
async fn guess(world: &World, client: [u8; 4], username: &str, guesses: usize) -> Vec<String> {
    let mut replies = Vec::new();
    while replies.len() < guesses {
        let mut smtp = SmtpClient::connect_from(client, world.smtp()).await;
        for _ in 0..3 {
            replies.push(smtp.try_log_in(username, "mfs_guess").await);
        }
    }
    replies
}

#[tokio::test]
async fn wrong_logins_are_limited_by_client_and_user_name() {
    // By default the clients of this machine are not limited.
    let world = World::start_with(
        Kind::AllInOne,
        &[("MAYFLY_SMTP__UNLIMITED_NETWORKS", "10.0.0.0/8")],
    );
    let client = world.client();
    let pro = client.register("ann@example.com").await;
    let (victim, other) = (
        create(&client, &pro, "victim").await,
        create(&client, &pro, "other").await,
    );
    let started = Instant::now();
    let replies = guess(&world, GUESSER, &victim.username, 60).await;
    // Ten, and another one every six seconds.
    let at_most = 10 + usize::try_from(started.elapsed().as_secs() / 6).unwrap();
    let wrong = replies
        .iter()
        .filter(|reply| reply.starts_with("535 5.7.8 "))
        .count();
    let limited = replies
        .iter()
        .filter(|reply| reply.starts_with("454 4.7.0 "))
        .count();
    assert!((10..=at_most).contains(&wrong), "{replies:?}");
    assert_eq!(wrong + limited, replies.len(), "{replies:?}");
    // Another user name of the same client, and another client with the same user name.
    for (address, sandbox) in [(GUESSER, &other), (OTHER, &victim)] {
        let mut smtp = SmtpClient::connect_from(address, world.smtp()).await;
        smtp.log_in(&sandbox.username, &sandbox.password).await;
        let reply = smtp.send("app@example.com", &RECIPIENTS, MAIL).await;
        assert!(reply.starts_with("250 "), "{reply}");
    }
    // Many clients guess: the owner is not locked out.
    for n in 10..60 {
        guess(&world, [127, 0, 1, n], &victim.username, 12).await;
    }
    let mut smtp = SmtpClient::connect_from([127, 0, 2, 1], world.smtp()).await;
    smtp.log_in(&victim.username, &victim.password).await;
}

/// Ten thousand wrong passwords are refused by their checksum, before any look-up.
#[tokio::test]
async fn ten_thousand_wrong_logins_leave_others_unhurt() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    let pro = client.register("ann@example.com").await;
    let sandbox = create(&client, &pro, "api").await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 1..=20 {
        let (address, username) = (world.smtp(), sandbox.username.clone());
        tasks.spawn(async move {
            let mut left = 500;
            while left > 0 {
                let mut smtp = SmtpClient::connect_from([127, 0, 3, n], address).await;
                for _ in 0..3.min(left) {
                    let reply = smtp.try_log_in(&username, "mfs_guess").await;
                    assert!(reply.starts_with("535 "), "{reply}");
                    left -= 1;
                }
            }
        });
    }
    let started = Instant::now();
    let mut sent = 0;
    while !tasks.is_empty() {
        let mut smtp = SmtpClient::connect(world.smtp()).await;
        smtp.log_in(&sandbox.username, &sandbox.password).await;
        let reply = smtp.send("app@example.com", &RECIPIENTS, MAIL).await;
        assert!(reply.starts_with("250 "), "{reply}");
        sent += 1;
        while let Some(task) = tasks.try_join_next() {
            task.unwrap();
        }
    }
    println!(
        "{sent} mails beside 10,000 wrong logins in {:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn connections_that_stop_after_auth_leave_others_unhurt() {
    let world = World::start(Kind::AllInOne);
    let client = world.client();
    let pro = client.register("ann@example.com").await;
    let sandbox = create(&client, &pro, "api").await;
    let mut stopped = Vec::new();
    for n in 0..300u16 {
        // More than one client may hold.
        let from = [127, 0, 4, u8::try_from(n % 10).unwrap() + 1];
        let mut smtp = SmtpClient::connect_from(from, world.smtp()).await;
        let reply = smtp.command("AUTH PLAIN").await;
        assert!(reply.starts_with("334"), "{reply}");
        stopped.push(smtp);
    }
    let mut smtp = SmtpClient::connect(world.smtp()).await;
    smtp.log_in(&sandbox.username, &sandbox.password).await;
    let reply = smtp.send("app@example.com", &RECIPIENTS, MAIL).await;
    assert!(reply.starts_with("250 "), "{reply}");
    assert_eq!(stopped.len(), 300);
}

/// Runs the tester of the research on STARTTLS (CVE-2021-38371 and others): commands in the packet of STARTTLS get no answer.
#[tokio::test]
async fn starttls_tester_finds_no_command_injection() {
    let world = World::start_with(Kind::AllInOne, &[("MAYFLY_SMTP__TLS_SELF_SIGNED", "true")]);
    let logs = tempfile::tempdir().unwrap();
    let program = "../../target/tools/clients/bin/command-injection-tester";
    let mut tester = Command::new(program);
    tester
        .args([
            "--smtp",
            "--nocolor",
            "--timeout",
            "0.5",
            "localhost",
            "--smtp-port",
        ])
        .arg(world.smtp().port().to_string())
        .arg("--logdir")
        .arg(logs.path());
    let output = tokio::task::spawn_blocking(move || tester.output());
    let output = output.await.unwrap().expect("deploy/tools.sh installs it");
    let report = String::from_utf8_lossy(&output.stdout);
    println!("{report}");
    assert!(report.contains("Sanity test done"), "{report}");
    assert!(report.contains("Probably no command injection here!"), "{report}");
}
