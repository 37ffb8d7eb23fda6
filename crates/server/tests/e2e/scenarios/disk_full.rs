//! A full disk: mail is rejected with a transient error, reads succeed, and delivery recovers without a restart.

use std::{fs, io::Write, time::Duration};

use mayfly_testkit::MailSender;

use crate::world::World;

fn mail(n: usize) -> Vec<u8> {
    format!("Subject: {n}\r\n\r\n{}\r\n", "x".repeat(60_000)).into_bytes()
}

#[tokio::test]
async fn deliver_on_full_disk_is_deferred_until_space() {
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
    // Mail is accepted while the write-ahead log has space; after that every mail is rejected.
    for n in 1..60 {
        let mut sender = MailSender::ready(world.smtp()).await.unwrap();
        let reply = sender
            .send("a@example.com", &["full@mayfly.test"], &mail(n))
            .await
            .unwrap();
        match reply.code {
            250 => accepted += 1,
            451 | 452 => refused += 1,
            _ => panic!("a full disk is a transient error: {reply:?}"),
        }
        assert!(accepted < 40, "the disk did not become full");
    }
    assert!(refused > 10, "{refused}");
    assert_eq!(
        client.messages(&mailbox.token).await.len(),
        accepted.min(30),
        "reads succeed and return only accepted mail"
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
            "delivery recovers: {reply:?}"
        );
    }
    assert_eq!(client.messages(&mailbox.token).await[0]["subject"], "99");
}
