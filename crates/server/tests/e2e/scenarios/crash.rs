//! `kill -9` at any moment loses nothing that was answered `250`, and leaves no half message.
//!
//! A ledger holds what was sent and what was answered. One session walks up to a point of the protocol, and the process
//! is killed there, while other sessions send as fast as they can.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use mayfly_testkit::MailSender;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use crate::{
    client::Mailbox,
    ledger::{mail_of, stored},
    world::{Kind, World},
};

/// Where the walking session stands when the process is killed.
#[derive(Debug, Clone, Copy)]
enum Point {
    AfterRecipient,
    AfterData,
    AfterGoAhead,
    WithinBody,
    BeforeFinalDot,
    AfterFinalDot(Duration),
    AfterAnswer,
}

const POINTS: [Point; 10] = [
    Point::AfterRecipient,
    Point::AfterData,
    Point::AfterGoAhead,
    Point::WithinBody,
    Point::BeforeFinalDot,
    Point::AfterFinalDot(Duration::ZERO),
    Point::AfterFinalDot(Duration::from_micros(300)),
    Point::AfterFinalDot(Duration::from_millis(1)),
    Point::AfterFinalDot(Duration::from_millis(4)),
    Point::AfterAnswer,
];

const LOADERS: u64 = 4;

/// What was sent, by the mail's name: its bytes, and whether `250` was read.
#[derive(Debug, Default)]
struct Ledger(BTreeMap<String, (Vec<u8>, bool)>);

fn accepted(ledger: &Ledger) -> usize {
    ledger.0.values().filter(|(_, answered)| *answered).count()
}

/// A body that is different for each mail and long enough to span packets.
fn mail(name: &str) -> Vec<u8> {
    mail_of(name, usize::from(Sha256::digest(name)[0]) * 4 + 1)
}

async fn load(
    world_smtp: std::net::SocketAddr,
    recipients: [String; 2],
    ledger: Arc<Mutex<Ledger>>,
    name: String,
) {
    let Ok(mut sender) = MailSender::ready(world_smtp).await else {
        return;
    };
    for n in 0.. {
        let name = format!("{name}-{n}");
        let bytes = mail(&name);
        ledger.lock().await.0.insert(name.clone(), (bytes.clone(), false));
        let recipients: Vec<&str> = recipients.iter().map(String::as_str).collect();
        match sender.send("load@example.com", &recipients, &bytes).await {
            Ok(reply) if reply.code == 250 => {
                ledger.lock().await.0.get_mut(&name).unwrap().1 = true;
            }
            Ok(_) => {}
            Err(_) => return,
        }
    }
}

/// Walks to the point; returns whether `250` was read.
async fn walk(
    sender: &mut MailSender,
    point: Point,
    recipients: [&str; 2],
    bytes: &[u8],
) -> std::io::Result<bool> {
    sender.command("MAIL FROM:<walk@example.com>").await?;
    for recipient in recipients {
        sender.command(&format!("RCPT TO:<{recipient}>")).await?;
    }
    if matches!(point, Point::AfterRecipient) {
        return Ok(false);
    }
    sender.write(b"DATA\r\n").await?;
    if matches!(point, Point::AfterData) {
        return Ok(false);
    }
    sender.read_reply().await?;
    if matches!(point, Point::AfterGoAhead) {
        return Ok(false);
    }
    let half = bytes.len() / 2;
    sender.write(&bytes[..half]).await?;
    if matches!(point, Point::WithinBody) {
        return Ok(false);
    }
    sender.write(&bytes[half..]).await?;
    if matches!(point, Point::BeforeFinalDot) {
        return Ok(false);
    }
    sender.write(b".\r\n").await?;
    match point {
        Point::AfterFinalDot(wait) => {
            tokio::time::sleep(wait).await;
            Ok(false)
        }
        _ => Ok(sender.read_reply().await?.code == 250),
    }
}

async fn seed(world: &mut World, seed: u64, round: &str, mailboxes: &[Mailbox; 2]) {
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    for (index, point) in POINTS.into_iter().enumerate() {
        let recipients = [mailboxes[0].address.clone(), mailboxes[1].address.clone()];
        let loaders: Vec<_> = (0..LOADERS)
            .map(|n| {
                let name = format!("{round}-{index}-load-{n}");
                tokio::spawn(load(world.smtp(), recipients.clone(), Arc::clone(&ledger), name))
            })
            .collect();
        let mut sender = MailSender::ready(world.smtp()).await.unwrap();
        // Seeds differ in how much has been taken when the walk begins.
        let before = accepted(&*ledger.lock().await);
        while accepted(&*ledger.lock().await) < before + 1 + seed as usize {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let name = format!("{round}-{index}-walk");
        let bytes = mail(&name);
        ledger.lock().await.0.insert(name.clone(), (bytes.clone(), false));
        let answered = walk(&mut sender, point, [&recipients[0], &recipients[1]], &bytes)
            .await
            .unwrap();
        world.kill_and_restart();
        ledger.lock().await.0.get_mut(&name).unwrap().1 = answered;
        for loader in loaders {
            loader.await.unwrap();
        }
    }
    let ledger = ledger.lock().await;
    let found = [
        stored(&world.client(), &mailboxes[0]).await,
        stored(&world.client(), &mailboxes[1]).await,
    ];
    for (name, (bytes, answered)) in &ledger.0 {
        let copies = [0, 1].map(|n| found[n].get(name).cloned().unwrap_or_default());
        assert_eq!(
            copies[0].len(),
            copies[1].len(),
            "{name}: one recipient has it and the other does not"
        );
        assert!(copies[0].len() <= 1, "{name}: stored twice");
        assert!(!answered || copies[0].len() == 1, "{name}: answered 250 and lost");
        for copy in copies.iter().flatten() {
            assert!(copy == bytes, "{name}: not as it was sent");
        }
    }
    for name in found[0].keys() {
        assert!(ledger.0.contains_key(name), "{name}: nobody sent it");
    }
}

/// Each seed has mailboxes of its own, so that the quota is never what refuses a mail.
async fn seeds(kind: Kind, seeds: std::ops::Range<u64>) {
    let mut world = World::start(kind);
    for n in seeds {
        let round = format!("seed{n}");
        let client = world.client();
        let mailboxes = [
            client
                .create_mailbox(&format!("{round}-a@mayfly.test"), None)
                .await,
            client
                .create_mailbox(&format!("{round}-b@mayfly.test"), None)
                .await,
        ];
        seed(&mut world, n, &round, &mailboxes).await;
    }
}

#[tokio::test]
async fn nothing_accepted_is_lost_seeds_0_to_9() {
    seeds(Kind::AllInOne, 0..10).await;
}

#[tokio::test]
async fn nothing_accepted_is_lost_seeds_10_to_19() {
    seeds(Kind::AllInOne, 10..20).await;
}

#[tokio::test]
async fn nothing_accepted_is_lost_when_roles_are_split() {
    seeds(Kind::Split, 20..22).await;
}
