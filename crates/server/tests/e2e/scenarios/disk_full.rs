//! A disk that is full: mail is refused for now, never accepted and never refused for good; reading goes on; and it
//! recovers by itself.

use std::{fs, io::Write, time::Duration};

use mayfly_testkit::MailSender;

use crate::world::World;

fn mail(n: usize) -> Vec<u8> {
    format!("Subject: {n}\r\n\r\n{}\r\n", "x".repeat(60_000)).into_bytes()
}

#[tokio::test]
async fn a_full_disk_refuses_mail_for_now_and_recovers() {
    let mut world = World::start_on_small_disk(24);
    let client = world.client();
    let mailbox = client.create_mailbox("full@mayfly.test", None).await;
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let reply = sender
        .send("a@example.com", &["full@mayfly.test"], &mail(0))
        .await
        .unwrap();
    assert_eq!(reply.code, 250, "{reply:?}");

    let filler = format!(
        "/proc/{}/root{}/filler",
        world.process("mailbox").pid(),
        world.data_dir().display()
    );
    let mut file = fs::File::create(&filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}

    let mut accepted = 1;
    let mut refused = 0;
    // What the write-ahead log still has room for may pass; after that every mail is refused.
    for n in 1..60 {
        let mut sender = MailSender::ready(world.smtp()).await.unwrap();
        let reply = sender
            .send("a@example.com", &["full@mayfly.test"], &mail(n))
            .await
            .unwrap();
        match reply.code {
            250 => accepted += 1,
            451 | 452 => refused += 1,
            _ => panic!("a full disk is a passing trouble: {reply:?}"),
        }
        assert!(accepted < 40, "the disk was never full");
    }
    assert!(refused > 10, "{refused}");
    assert_eq!(
        client.messages(&mailbox.token).await.len(),
        accepted.min(30),
        "reading goes on, and only what was accepted is there"
    );

    drop(file);
    fs::remove_file(&filler).unwrap();
    let started = std::time::Instant::now();
    loop {
        let mut sender = MailSender::ready(world.smtp()).await.unwrap();
        let reply = sender
            .send("a@example.com", &["full@mayfly.test"], &mail(99))
            .await
            .unwrap();
        if reply.code == 250 {
            break;
        }
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "it must recover by itself: {reply:?}"
        );
    }
    assert_eq!(client.messages(&mailbox.token).await[0]["subject"], "99");
}
