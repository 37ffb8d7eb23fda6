//! Mail is stored complete and unchanged, or rejected with the right code.

use mayfly_smtp::Config;
use mayfly_testkit::MailSender;

use crate::world::{MailboxLocation, World, mail_of, soon};

#[tokio::test]
async fn deliver_stores_the_mail_byte_for_byte() {
    for location in [MailboxLocation::InProcess, MailboxLocation::OverNetwork] {
        let world = World::with(Config::default(), mayfly_mailbox::Config::default(), location).await;
        let (a, b) = (
            world.create("a@mayfly.test").await,
            world.create("b@mayfly.test").await,
        );
        let mut sender = MailSender::ready(world.smtp).await.unwrap();
        // Around the first read buffer, around one chunk, and several chunks.
        let sizes = [200, 4096, 8190, 8191, 8192, 8193, 65_535, 65_536, 65_537, 1 << 20];
        for (n, size) in sizes.into_iter().enumerate() {
            let mail = mail_of(size);
            let reply = sender
                .send("Sender@X.test", &["a@mayfly.test", "B@Mayfly.Test"], &mail)
                .await
                .unwrap();
            assert_eq!(reply.code, 250, "{reply:?}");
            for account_id in [&a, &b] {
                let newest = &world.list(account_id).await[0];
                assert_eq!(
                    (newest.sender.as_str(), newest.size_bytes),
                    ("Sender@X.test", size as i64)
                );
                assert!(
                    world.source(account_id, &newest.message_id).await == mail,
                    "mail {n} of {size}"
                );
            }
            let id = reply.text.strip_prefix("2.0.0 ").unwrap();
            let ids = [world.list(&a).await, world.list(&b).await].concat();
            assert!(ids.iter().any(|message| message.message_id == id), "{reply:?}");
        }
    }
}

#[tokio::test]
async fn deliver_pipelined_groups_in_order() {
    let world = World::new().await;
    let account_id = world.create("a@mayfly.test").await;
    let (mut sender, greeting) = MailSender::connect(world.smtp).await.unwrap();
    assert_eq!(greeting.code, 220);
    let hello = sender.command("EHLO client.example.com").await.unwrap();
    for keyword in [
        "SIZE 26214400",
        "8BITMIME",
        "PIPELINING",
        "SMTPUTF8",
        "ENHANCEDSTATUSCODES",
        "HELP",
    ] {
        assert!(
            hello.text.lines().any(|line| line == keyword),
            "{keyword}: {hello:?}"
        );
    }
    assert!(!hello.text.contains("STARTTLS"));
    let group = "MAIL FROM:<>\r\nRCPT TO:<nobody@mayfly.test>\r\nRCPT TO:<a@mayfly.test>\r\nDATA\r\n";
    sender.write(group.as_bytes()).await.unwrap();
    for code in [250, 550, 250, 354] {
        assert_eq!(sender.read_reply().await.unwrap().code, code);
    }
    let next = format!("Subject: one\r\n\r\n..\r\n.\r\n{group}");
    sender.write(next.as_bytes()).await.unwrap();
    for code in [250, 250, 550, 250, 354] {
        assert_eq!(sender.read_reply().await.unwrap().code, code);
    }
    sender.write(b"Subject: two\r\n\r\n.\r\nQUIT\r\n").await.unwrap();
    for code in [250, 221] {
        assert_eq!(sender.read_reply().await.unwrap().code, code);
    }
    assert!(sender.read_reply().await.is_err());
    let mails = world.list(&account_id).await;
    let subjects: Vec<_> = mails.iter().filter_map(|mail| mail.subject.as_deref()).collect();
    assert_eq!(subjects, ["two", "one"]);
    let source = world.source(&account_id, &mails[1].message_id).await;
    assert_eq!(source, b"Subject: one\r\n\r\n.\r\n");
}

#[tokio::test]
async fn deliver_to_mailbox_full_after_rcpt_is_452() {
    let mailbox = mayfly_mailbox::Config {
        quota_bytes: 100_000,
        ..mayfly_mailbox::Config::default()
    };
    let world = World::with(Config::default(), mailbox, MailboxLocation::InProcess).await;
    let account_id = world.create("a@mayfly.test").await;
    let mut senders = [
        MailSender::ready(world.smtp).await.unwrap(),
        MailSender::ready(world.smtp).await.unwrap(),
    ];
    for sender in &mut senders {
        for (command, code) in [
            ("MAIL FROM:<a@x.test>", 250),
            ("RCPT TO:<a@mayfly.test>", 250),
            ("DATA", 354),
        ] {
            assert_eq!(sender.command(command).await.unwrap().code, code);
        }
    }
    let mut replies = Vec::new();
    for sender in &mut senders {
        sender.write(&mail_of(60_000)).await.unwrap();
        sender.write(b".\r\n").await.unwrap();
        let reply = sender.read_reply().await.unwrap();
        replies.push((reply.code, reply.text[..5].to_owned()));
    }
    assert_eq!(replies, [(250, "2.0.0".to_owned()), (452, "4.2.2".to_owned())]);
    assert_eq!(world.list(&account_id).await.len(), 1);
    // With an announced size RCPT already fails.
    let mut sender = MailSender::ready(world.smtp).await.unwrap();
    assert_eq!(
        sender
            .command("MAIL FROM:<a@x.test> SIZE=60000")
            .await
            .unwrap()
            .code,
        250
    );
    assert_eq!(sender.command("RCPT TO:<a@mayfly.test>").await.unwrap().code, 452);
}

#[tokio::test]
async fn deliver_without_mailbox_service_is_451() {
    let world = World::with(
        Config::default(),
        mayfly_mailbox::Config::default(),
        MailboxLocation::OverNetwork,
    )
    .await;
    world.create("a@mayfly.test").await;
    let mut sender = MailSender::ready(world.smtp).await.unwrap();
    for (command, code) in [
        ("MAIL FROM:<a@x.test>", 250),
        ("RCPT TO:<a@mayfly.test>", 250),
        ("DATA", 354),
    ] {
        assert_eq!(sender.command(command).await.unwrap().code, code);
    }
    assert!(world.inner.shutdown(std::time::Duration::from_secs(20)).await);
    sender.write(b"Subject: x\r\n\r\n.\r\n").await.unwrap();
    let reply = soon("the last reply", sender.read_reply()).await.unwrap();
    assert_eq!((reply.code, &reply.text[..5]), (451, "4.3.0"));
    assert_eq!(sender.command("MAIL FROM:<a@x.test>").await.unwrap().code, 250);
    for address in ["a@mayfly.test", "nobody@mayfly.test"] {
        let command = format!("RCPT TO:<{address}>");
        let reply = soon("a look-up", sender.command(&command)).await.unwrap();
        assert_eq!(reply.code, 451, "{address}");
    }
}

#[tokio::test]
async fn deliver_rejected_client_can_read_the_reply() {
    let world = World::new().await;
    let account_id = world.create("a@mayfly.test").await;
    let mut sender = MailSender::ready(world.smtp).await.unwrap();
    for command in ["MAIL FROM:<a@x.test>", "RCPT TO:<a@mayfly.test>", "DATA"] {
        sender.command(command).await.unwrap();
    }
    sender
        .write(b"Subject: x\r\n\r\nlone\nnewline\r\n")
        .await
        .unwrap();
    // More than the kernel buffers: if the edge closed the connection, writing would fail.
    let line = [[b'x'; 998].as_slice(), b"\r\n"].concat();
    for _ in 0..24_000 {
        sender.write(&line).await.unwrap();
    }
    sender.write(b".\r\nMAIL FROM:<evil@x.test>\r\n").await.unwrap();
    let reply = sender.read_reply().await.unwrap();
    assert_eq!((reply.code, &reply.text[..5]), (550, "5.5.2"));
    assert!(sender.read_reply().await.is_err());
    assert!(world.list(&account_id).await.is_empty());
}
