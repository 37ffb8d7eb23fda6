//! `kill -9` at any moment loses no mail answered `250` and leaves no partial message.
//!
//! The test records every sent mail and its reply. One session advances to a point of the protocol and the process is
//! killed there, while other sessions send at full speed.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use mayfly_testkit::{MailSender, S3Server};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use crate::{
    client::Mailbox,
    delivery_log::{mail_of, stored},
    world::{Kind, World},
};

/// How far the session is when the process is killed.
#[derive(Debug, Clone, Copy)]
enum KillPoint {
    AfterRecipient,
    AfterData,
    AfterDataReply,
    WithinBody,
    BeforeFinalDot,
    AfterFinalDot(Duration),
    AfterAnswer,
}

const POINTS: [KillPoint; 10] = [
    KillPoint::AfterRecipient,
    KillPoint::AfterData,
    KillPoint::AfterDataReply,
    KillPoint::WithinBody,
    KillPoint::BeforeFinalDot,
    KillPoint::AfterFinalDot(Duration::ZERO),
    KillPoint::AfterFinalDot(Duration::from_micros(300)),
    KillPoint::AfterFinalDot(Duration::from_millis(1)),
    KillPoint::AfterFinalDot(Duration::from_millis(4)),
    KillPoint::AfterAnswer,
];

const LOADERS: u64 = 4;

/// The sent mails by name: the bytes, and whether the client read `250`.
#[derive(Debug, Default)]
struct SentMails(BTreeMap<String, (Vec<u8>, bool)>);

fn accepted(sent: &SentMails) -> usize {
    sent.0.values().filter(|(_, answered)| *answered).count()
}

/// A mail with a content that its name determines: at scale 1 up to 66 KiB, long enough to span packets.
fn mail(name: &str, scale: usize) -> Vec<u8> {
    mail_of(name, usize::from(Sha256::digest(name)[0]) * 4 * scale + 1)
}

async fn load(
    world_smtp: std::net::SocketAddr,
    recipients: [String; 2],
    sent: Arc<Mutex<SentMails>>,
    name: String,
    scale: usize,
) {
    let Ok(mut sender) = MailSender::ready(world_smtp).await else {
        return;
    };
    for n in 0.. {
        let name = format!("{name}-{n}");
        let bytes = mail(&name, scale);
        sent.lock().await.0.insert(name.clone(), (bytes.clone(), false));
        let recipients: Vec<&str> = recipients.iter().map(String::as_str).collect();
        match sender.send("load@example.com", &recipients, &bytes).await {
            Ok(reply) if reply.code == 250 => {
                sent.lock().await.0.get_mut(&name).unwrap().1 = true;
            }
            Ok(_) => {}
            Err(_) => return,
        }
    }
}

/// Advances the session to the point; returns whether the client read `250`.
async fn advance(
    sender: &mut MailSender,
    point: KillPoint,
    recipients: [&str; 2],
    bytes: &[u8],
) -> std::io::Result<bool> {
    sender.command("MAIL FROM:<killed@example.com>").await?;
    for recipient in recipients {
        sender.command(&format!("RCPT TO:<{recipient}>")).await?;
    }
    if matches!(point, KillPoint::AfterRecipient) {
        return Ok(false);
    }
    sender.write(b"DATA\r\n").await?;
    if matches!(point, KillPoint::AfterData) {
        return Ok(false);
    }
    sender.read_reply().await?;
    if matches!(point, KillPoint::AfterDataReply) {
        return Ok(false);
    }
    let half = bytes.len() / 2;
    sender.write(&bytes[..half]).await?;
    if matches!(point, KillPoint::WithinBody) {
        return Ok(false);
    }
    sender.write(&bytes[half..]).await?;
    if matches!(point, KillPoint::BeforeFinalDot) {
        return Ok(false);
    }
    sender.write(b".\r\n").await?;
    match point {
        KillPoint::AfterFinalDot(wait) => {
            tokio::time::sleep(wait).await;
            Ok(false)
        }
        _ => Ok(sender.read_reply().await?.code == 250),
    }
}

async fn seed(world: &mut World, seed: u64, round: &str, mailboxes: &[Mailbox; 2], scale: usize) {
    let sent = Arc::new(Mutex::new(SentMails::default()));
    for (index, point) in POINTS.into_iter().enumerate() {
        let recipients = [mailboxes[0].address.clone(), mailboxes[1].address.clone()];
        let loaders: Vec<_> = (0..LOADERS)
            .map(|n| {
                let name = format!("{round}-{index}-load-{n}");
                tokio::spawn(load(
                    world.smtp(),
                    recipients.clone(),
                    Arc::clone(&sent),
                    name,
                    scale,
                ))
            })
            .collect();
        let mut sender = MailSender::ready(world.smtp()).await.unwrap();
        // The seed determines how many mails are accepted before the session starts.
        let before = accepted(&*sent.lock().await);
        while accepted(&*sent.lock().await) < before + 1 + seed as usize {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let name = format!("{round}-{index}-killed");
        let bytes = mail(&name, scale);
        sent.lock().await.0.insert(name.clone(), (bytes.clone(), false));
        let answered = advance(&mut sender, point, [&recipients[0], &recipients[1]], &bytes)
            .await
            .unwrap();
        world.kill_and_restart();
        sent.lock().await.0.get_mut(&name).unwrap().1 = answered;
        for loader in loaders {
            loader.await.unwrap();
        }
    }
    let sent = sent.lock().await;
    let found = [
        stored(&world.client(), &mailboxes[0]).await,
        stored(&world.client(), &mailboxes[1]).await,
    ];
    for (name, (bytes, answered)) in &sent.0 {
        let copies = [0, 1].map(|n| found[n].get(name).cloned().unwrap_or_default());
        assert_eq!(
            copies[0].len(),
            copies[1].len(),
            "{name}: stored for one of two recipients"
        );
        assert!(copies[0].len() <= 1, "{name}: stored twice");
        assert!(!answered || copies[0].len() == 1, "{name}: answered 250 and lost");
        for copy in copies.iter().flatten() {
            assert!(copy == bytes, "{name}: stored mail differs from the sent one");
        }
    }
    for name in found[0].keys() {
        assert!(sent.0.contains_key(name), "{name}: was never sent");
    }
}

/// Each seed has its own mailboxes, so no mail is rejected for the quota.
async fn seeds(kind: Kind, seeds: std::ops::Range<u64>) {
    seeds_with(World::start(kind), seeds, 1).await;
}

async fn seeds_with(mut world: World, seeds: std::ops::Range<u64>, scale: usize) {
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
        seed(&mut world, n, &round, &mailboxes, scale).await;
    }
}

#[tokio::test]
async fn process_killed_loses_no_accepted_mail_seeds_0_to_9() {
    seeds(Kind::AllInOne, 0..10).await;
}

#[tokio::test]
async fn process_killed_loses_no_accepted_mail_seeds_10_to_19() {
    seeds(Kind::AllInOne, 10..20).await;
}

#[tokio::test]
async fn process_killed_loses_no_accepted_mail_split() {
    seeds(Kind::Split, 20..22).await;
}

/// Half of the mails are stored in parts, in several transactions.
#[tokio::test]
async fn process_killed_loses_no_large_mail_in_parts() {
    seeds_with(World::start(Kind::AllInOne), 22..24, 4).await;
}

#[tokio::test]
async fn process_killed_loses_no_large_mail_in_files() {
    for (kind, range) in [(Kind::AllInOne, 24..26), (Kind::Split, 26..27)] {
        // A directory belongs to one database.
        let dir = tempfile::tempdir().unwrap();
        let url = format!("file://{}", dir.path().display());
        let world = World::start_with(kind, &[("MAYFLY_BLOBS__URL", &url)]);
        seeds_with(world, range, 1).await;
        let has_blobs = |n: u8| {
            let blobs = std::fs::read_dir(dir.path().join(format!("{n:02x}"))).unwrap();
            blobs.count() > 0
        };
        assert!((0..=u8::MAX).any(has_blobs));
    }
}

#[tokio::test]
async fn process_killed_loses_no_large_mail_in_s3() {
    let server = S3Server::start();
    let more = [
        ("MAYFLY_BLOBS__URL", server.url()),
        ("MAYFLY_BLOBS__ACCESS_KEY_ID", "id".to_owned()),
        ("MAYFLY_BLOBS__SECRET_ACCESS_KEY", "secret".to_owned()),
    ];
    let more: Vec<(&str, &str)> = more.iter().map(|(name, value)| (*name, &**value)).collect();
    seeds_with(World::start_with(Kind::Split, &more), 27..28, 1).await;
    assert_ne!(server.keys().len(), 0);
}
