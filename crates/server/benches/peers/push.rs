//! Latency from the 250 of the sender to the frame of the follower, and the cost of idle sockets.

use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use futures_util::{StreamExt, stream};
use mayfly_testkit::MailSender;
use serde_json::Value;
use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    client::Mailbox,
    follow::{Events, Frame, Socket},
    lab::{Lab, pids},
    programs::cpu_seconds,
    table::{Table, Target},
    world::{Kind, World},
};

const MAILS: usize = 1_000;
const SOCKETS: usize = 10_000;
/// The limit of a mailbox.
const SOCKETS_OF_ONE: usize = 3;
/// Mailboxes and sockets made at once.
const AT_ONCE: usize = 16;
/// How long idle sockets are watched.
const REST: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy)]
enum Channel {
    Socket,
    Events,
    Wait,
}

pub(crate) fn bench(lab: &Lab, table: &mut Table) -> anyhow::Result<()> {
    let mails = if lab.is_quick { MAILS / 10 } else { MAILS };
    for (kind, name) in [
        (Kind::AllInOne, "one process"),
        (Kind::Replicas, "two of each role"),
    ] {
        let world = lab.mayfly(kind);
        for (channel, called) in [
            (Channel::Socket, "WebSocket"),
            (Channel::Events, "events"),
            (Channel::Wait, "wait"),
        ] {
            let took = lab.runtime.block_on(latencies(&world, channel, mails))?;
            let what = format!("from 250 to the frame, {called}, {name}, {mails} mails");
            for ((percentile, at), limit) in percentiles(took).into_iter().zip([2.0, 10.0]) {
                table.limit(&format!("{what}: {percentile}"), at, "ms", Target::AtMost(limit));
            }
        }
    }
    idle(lab, table, if lab.is_quick { SOCKETS / 10 } else { SOCKETS })
}

/// The median and the 99th percentile in milliseconds.
pub(crate) fn percentiles(mut took: Vec<Duration>) -> [(&'static str, f64); 2] {
    took.sort_unstable();
    let at = |percent: usize| {
        let index = (took.len() * percent / 100).min(took.len().saturating_sub(1));
        took.get(index).copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    [("p50", at(50)), ("p99", at(99))]
}

/// Sends mails one after the other and measures the latency of each.
async fn latencies(world: &World, channel: Channel, mails: usize) -> anyhow::Result<Vec<Duration>> {
    let address = format!("{channel:?}@mayfly.test").to_lowercase();
    let mailbox = world.client().create_mailbox(&address, None).await;
    let (publisher, mut received) = mpsc::unbounded_channel();
    let mut follower = JoinSet::new();
    follower.spawn(follow(world.http().to_owned(), mailbox, channel, publisher));
    ensure!(received.recv().await.is_some(), "the follower is connected");
    let mut sender = MailSender::ready(world.smtp()).await?;
    let mut took = Vec::with_capacity(mails);
    for number in 0..mails {
        let mail = format!("From: a@example.com\r\nSubject: {number}\r\n\r\nHello.\r\n");
        let reply = sender.send("a@example.com", &[&address], mail.as_bytes()).await?;
        let answered = Instant::now();
        ensure!(reply.code == 250, "{reply:?}");
        let Some((subject, at)) = received.recv().await else {
            let outcome = follower.join_next().await.context("a follower")?;
            return outcome?.and_then(|()| bail!("the follower ended"));
        };
        ensure!(subject == number.to_string(), "{subject} in place of {number}");
        took.push(at.saturating_duration_since(answered));
    }
    Ok(took)
}

type Publisher = mpsc::UnboundedSender<(String, Instant)>;

/// Publishes the start of following, then every mail.
async fn follow(
    base: String,
    mailbox: Mailbox,
    channel: Channel,
    publisher: Publisher,
) -> anyhow::Result<()> {
    let publish = |mail: &Value| {
        let subject = mail["subject"].as_str().unwrap_or_default().to_owned();
        publisher
            .send((subject, Instant::now()))
            .map_err(anyhow::Error::from)
    };
    match channel {
        Channel::Socket => {
            let Ok(mut socket) = Socket::follow(&base, &mailbox.token, None).await else {
                bail!("no socket");
            };
            publish(&Value::Null)?;
            while let Frame::Text(mail) = socket.receive().await {
                publish(&mail)?;
            }
        }
        Channel::Events => {
            let Ok(mut events) =
                Events::open(&format!("{base}/api/events"), Some(&mailbox.token), None).await
            else {
                bail!("no events");
            };
            publish(&Value::Null)?;
            while let Some(event) = events.receive().await {
                publish(&event.data)?;
            }
        }
        Channel::Wait => {
            let client = crate::client::Client::new(&base);
            let answer = client.get("/api/messages/wait?timeout=0", &mailbox.token).await;
            let mut since = answer.headers["x-mayfly-since"].to_str()?.to_owned();
            publish(&Value::Null)?;
            loop {
                let path = format!("/api/messages/wait?timeout=10&since={since}");
                let answer = client.get(&path, &mailbox.token).await;
                ensure!(answer.status == 200, "{answer:?}");
                let answer = answer.json();
                for mail in answer["messages"].as_array().context("messages")? {
                    publish(mail)?;
                }
                since = answer["since"].as_str().context("since")?.to_owned();
            }
        }
    }
    Ok(())
}

/// Opens sockets and leaves them idle.
fn idle(lab: &Lab, table: &mut Table, sockets: usize) -> anyhow::Result<()> {
    let world = lab.mayfly(Kind::AllInOne);
    let base = world.http().to_owned();
    lab.runtime.block_on(async {
        let client = world.client();
        let mailboxes: Vec<Mailbox> = stream::iter(0..sockets.div_ceil(SOCKETS_OF_ONE))
            .map(|n| {
                let client = client.clone();
                async move { client.create_mailbox(&format!("m{n}@mayfly.test"), None).await }
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let before = world.processes[0].rss_bytes();
        let opened: Vec<Result<Socket, Frame>> = stream::iter(0..sockets)
            .map(|n| {
                let token = &mailboxes[n / SOCKETS_OF_ONE].token;
                let base = &base;
                async move { Socket::follow(base, token, None).await }
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let open = opened.iter().filter(|socket| socket.is_ok()).count();
        ensure!(open == sockets, "{open} of {sockets} sockets are open");
        let grown = world.processes[0].rss_bytes().saturating_sub(before);
        #[expect(clippy::cast_precision_loss, reason = "a table's number")]
        let each = grown as f64 / sockets as f64 / 1024.0;
        table.limit(
            &format!("memory of each of {sockets} idle sockets"),
            each,
            "KiB",
            Target::AtMost(8.0),
        );
        let used = cpu_seconds(&pids(&world))?;
        tokio::time::sleep(REST).await;
        let percent = (cpu_seconds(&pids(&world))? - used) / REST.as_secs_f64() * 100.0;
        table.limit(
            &format!("processor that {sockets} idle sockets take"),
            percent,
            "% of a core",
            Target::None,
        );
        Ok(())
    })
}
