//! Many concurrent long polls: each holds a connection until a mail arrives in its mailbox.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use futures_util::{StreamExt, stream};
use mayfly_testkit::MailSender;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::{
    client::Mailbox,
    lab::Lab,
    push::percentiles,
    table::{Table, Target},
    world::{Kind, World},
};

const WAITERS: usize = 10_000;
/// Waiters per mailbox: one mail answers all of them.
const OF_ONE: usize = 4;
/// Mailboxes and connections made at once.
const AT_ONCE: usize = 16;
const SENDERS: usize = 8;

pub(crate) fn bench(lab: &Lab, table: &mut Table) -> anyhow::Result<()> {
    let waiters = if lab.is_quick { WAITERS / 10 } else { WAITERS };
    // Each waiter holds a connection; some are needed for the senders.
    let connections = (waiters + 1000).to_string();
    let world = lab.mayfly_with(
        Kind::AllInOne,
        &[("MAYFLY_GATEWAY__MAX_CONNECTIONS", &connections)],
    );
    let (took, grown) = lab.runtime.block_on(async {
        let mailboxes: Vec<Mailbox> = stream::iter(0..waiters / OF_ONE)
            .map(|n| {
                let client = world.client();
                async move { client.create_mailbox(&format!("w{n}@mayfly.test"), None).await }
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        all_are_answered(&world, mailboxes).await
    })?;
    let what = format!("{waiters} wait at once, {OF_ONE} of a mailbox");
    #[expect(clippy::cast_precision_loss, reason = "a table's number")]
    let each = grown as f64 / waiters as f64 / 1024.0;
    table.limit(&format!("{what}: memory of each"), each, "KiB", Target::None);
    for (name, at) in percentiles(took) {
        table.limit(
            &format!("{what}: from 250 to the answer: {name}"),
            at,
            "ms",
            Target::None,
        );
    }
    Ok(())
}

/// Returns the latency of each answer after the mail, and the memory of the waits.
async fn all_are_answered(world: &World, mailboxes: Vec<Mailbox>) -> anyhow::Result<(Vec<Duration>, u64)> {
    let rss_before = world.processes[0].rss_bytes();
    let address = world.http().strip_prefix("http://").context("an address")?;
    let sent: Arc<Vec<OnceLock<Instant>>> = Arc::new(mailboxes.iter().map(|_| OnceLock::new()).collect());
    let mut waiting = JoinSet::new();
    for (index, mailbox) in mailboxes.iter().enumerate() {
        for _ in 0..OF_ONE {
            let connection = wait(address, &mailbox.token).await?;
            let sent = Arc::clone(&sent);
            waiting.spawn(async move {
                let answered = answer(connection).await?;
                // The answer can arrive before the sender has read its reply.
                let sent = sent[index].get().copied().unwrap_or(answered);
                anyhow::Ok(answered.saturating_duration_since(sent))
            });
        }
    }
    let waiters = waiting.len();
    let deadline = Instant::now() + Duration::from_secs(30);
    while open_waits(world).await? < waiters {
        ensure!(Instant::now() < deadline, "not all waits are open");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let grown = world.processes[0].rss_bytes().saturating_sub(rss_before);
    let mut sending = JoinSet::new();
    for share in 0..SENDERS {
        let addresses: Vec<(usize, String)> = mailboxes
            .iter()
            .map(|mailbox| mailbox.address.clone())
            .enumerate()
            .skip(share)
            .step_by(SENDERS)
            .collect();
        let (smtp, sent) = (world.smtp(), Arc::clone(&sent));
        sending.spawn(async move {
            let mut sender = MailSender::ready(smtp).await?;
            for (index, address) in addresses {
                let mail = b"Subject: Hello\r\n\r\nHello.\r\n";
                let reply = sender.send("a@example.com", &[&address], mail).await?;
                ensure!(reply.code == 250, "{reply:?}");
                let _ = sent[index].set(Instant::now());
            }
            Ok(())
        });
    }
    while let Some(outcome) = sending.join_next().await {
        outcome??;
    }
    let mut took = Vec::with_capacity(waiters);
    while let Some(outcome) = waiting.join_next().await {
        took.push(outcome??);
    }
    Ok((took, grown))
}

/// Starts a long poll on its own connection.
async fn wait(address: &str, token: &str) -> anyhow::Result<TcpStream> {
    let mut connection = TcpStream::connect(address).await?;
    let request = format!(
        "GET /api/messages/wait?timeout=60 HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    connection.write_all(request.as_bytes()).await?;
    Ok(connection)
}

/// Returns the time of the answer, which must contain a mail.
async fn answer(mut connection: TcpStream) -> anyhow::Result<Instant> {
    let mut answer = String::new();
    let mut chunk = [0; 2048];
    let mut came = None;
    while !answer.contains("\"since\"") {
        let read = connection.read(&mut chunk).await?;
        came.get_or_insert_with(Instant::now);
        answer.push_str(std::str::from_utf8(&chunk[..read])?);
        let is_good = answer.starts_with("HTTP/1.1 200");
        ensure!(read > 0 && is_good, "a wait ends with {answer:?}");
    }
    ensure!(answer.contains("\"subject\":\"Hello\""), "{answer}");
    came.context("an answer")
}

/// The number of open long polls by the metrics of the process.
async fn open_waits(world: &World) -> anyhow::Result<usize> {
    let metrics = reqwest::get(format!("{}/metrics", world.admin()))
        .await?
        .text()
        .await?;
    let line = metrics
        .lines()
        .find(|line| line.starts_with("mayfly_gateway_streams_open") && line.contains("kind=\"wait\""));
    Ok(line
        .and_then(|line| line.rsplit(' ').next())
        .map_or(Ok(0), str::parse)?)
}
