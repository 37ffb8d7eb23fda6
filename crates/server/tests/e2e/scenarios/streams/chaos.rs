//! Gateways and Redis are killed: every client receives each mail of its own mailbox once, and no other.

use std::time::{Duration, Instant};

use mayfly_testkit::MailSender;
use serde_json::Value;
use tokio::{sync::watch, task::JoinSet};

use super::{send, text};
use crate::{
    client::{Client, Mailbox},
    follow::{Frame, Socket},
    world::{Kind, World},
};

/// Mailboxes, each with a sender on its own connection and a long-polling or WebSocket client.
const MAILBOXES: usize = 50;
/// Mails per mailbox.
const MAILS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gateways_and_redis_killed_streams_miss_nothing() {
    let mut world = World::start(Kind::Replicas);
    let gateways: Vec<String> = world.all("HTTP").into_iter().map(str::to_owned).collect();
    let client = world.client();
    let mut followers = JoinSet::new();
    let mut mailboxes = Vec::new();
    for n in 0..MAILBOXES {
        let mailbox = client.create_mailbox(&format!("m{n}@mayfly.test"), None).await;
        let start = client.get("/api/messages/wait?timeout=0", &mailbox.token).await;
        let since = start.headers["x-mayfly-since"].to_str().unwrap().to_owned();
        let (gateways, follower) = (gateways.clone(), mailbox.clone());
        followers.spawn(async move {
            match n % 2 {
                0 => by_waiting(&gateways, &follower, since).await,
                _ => by_socket(&gateways, &follower, since).await,
            }
        });
        mailboxes.push(mailbox);
    }
    let (kills, killed) = watch::channel(0);
    let mut senders = JoinSet::new();
    for mailbox in mailboxes {
        let (smtp, mut killed) = (world.smtp(), killed.clone());
        senders.spawn(async move {
            let mut sender = MailSender::ready(smtp).await.unwrap();
            for round in 0..MAILS {
                // Spreads the mails over several kills.
                killed.wait_for(|killed| *killed >= round / 2).await.unwrap();
                let mail = format!("Subject: {round}\r\n\r\n{}\r\n", mailbox.address);
                let to = [mailbox.address.as_str()];
                let reply = sender.send("a@example.com", &to, mail.as_bytes()).await.unwrap();
                assert_eq!(reply.code, 250, "{reply:?}");
            }
        });
    }
    while !senders.is_empty() {
        let turn = *kills.borrow();
        let index = world.replicas("gateway").nth(turn % 2).unwrap();
        world.processes[index].kill();
        world.restart_process(index);
        if turn % 2 == 1 {
            let servers = world.servers.as_mut().unwrap();
            servers.redis.kill();
            servers.redis.restart();
        }
        kills.send_modify(|killed| *killed += 1);
        while let Some(outcome) = senders.try_join_next() {
            outcome.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    while let Some(outcome) = followers.join_next().await {
        outcome.unwrap();
    }
}

/// A client receives every subject of its own mailbox in order, once.
fn check(mailbox: &Mailbox, received: &[Value]) {
    let expected: Vec<String> = (0..MAILS).map(|n| n.to_string()).collect();
    let subjects: Vec<&str> = received
        .iter()
        .map(|mail| mail["subject"].as_str().unwrap())
        .collect();
    assert_eq!(subjects, expected, "{}", mailbox.address);
    assert!(
        received
            .iter()
            .all(|mail| mail["address"] == mailbox.address.as_str())
    );
}

async fn by_waiting(gateways: &[String], mailbox: &Mailbox, mut since: String) {
    let mut received: Vec<Value> = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(90);
    for turn in 0.. {
        assert!(
            Instant::now() < deadline,
            "{} received {}",
            mailbox.address,
            received.len()
        );
        let client = Client::new(&gateways[turn % gateways.len()]);
        let request = client
            .request("GET", &format!("/api/messages/wait?since={since}&timeout=5"))
            .bearer_auth(&mailbox.token);
        // If a gateway is gone, the client retries the next one with the same cursor.
        let Ok(response) = request.send().await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        match response.status().as_u16() {
            200 => {
                let Ok(answer) = response.json::<Value>().await else {
                    continue;
                };
                received.extend(answer["messages"].as_array().unwrap().iter().cloned());
                since = answer["since"].as_str().unwrap().to_owned();
            }
            204 => {
                since = response.headers()["x-mayfly-since"].to_str().unwrap().to_owned();
            }
            503 => tokio::time::sleep(Duration::from_millis(100)).await,
            status => panic!("{status}"),
        }
        if received.len() >= MAILS {
            break;
        }
    }
    check(mailbox, &received);
}

async fn by_socket(gateways: &[String], mailbox: &Mailbox, mut since: String) {
    let mut received: Vec<Value> = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(90);
    let mut turn = 0;
    while received.len() < MAILS {
        assert!(
            Instant::now() < deadline,
            "{} received {}",
            mailbox.address,
            received.len()
        );
        turn += 1;
        let base = &gateways[turn % gateways.len()];
        let Ok(mut socket) = Socket::follow(base, &mailbox.token, Some(&since)).await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        while received.len() < MAILS {
            let frame = tokio::time::timeout(Duration::from_secs(10), socket.receive()).await;
            let Ok(Frame::Text(mail)) = frame else { break };
            since = mail["id"].as_str().unwrap().to_owned();
            received.push(mail);
        }
    }
    check(mailbox, &received);
}

/// The bus is only a hint: messages without an event are found in the database.
#[tokio::test]
async fn lost_event_is_recovered_from_the_database() {
    let mut world = World::start(Kind::Split);
    let client = world.client();
    let mailbox = client.create_mailbox("ann@mayfly.test", None).await;
    let base = world.http().to_owned();
    let mut socket = Socket::follow(&base, &mailbox.token, None).await.unwrap();
    world.servers.as_mut().unwrap().redis.kill();
    send(&world, &mailbox.address, "Lost event").await;
    let Frame::Text(message) = socket.next().await else {
        panic!("the message is published on the open connection")
    };
    assert_eq!(text(&message, "subject"), "Lost event");
    world.servers.as_mut().unwrap().redis.restart();
}
