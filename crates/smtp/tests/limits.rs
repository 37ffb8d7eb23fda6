//! Limits that protect clients from each other.

use std::net::SocketAddr;

use mayfly_runtime::config::List;
use mayfly_smtp::Config;
use mayfly_testkit::MailSender;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::world::{MailboxLocation, World, mail_of, soon};

/// Connects as the client at a loopback address; returns the code of the greeting.
async fn connect_from(source: [u8; 4], smtp: SocketAddr) -> (MailSender, u16) {
    let (sender, greeting) = MailSender::connect_from(source, smtp).await.unwrap();
    (sender, greeting.code)
}

/// Connects as the client at a loopback address, and sends EHLO.
async fn ready_from(source: [u8; 4], smtp: SocketAddr) -> MailSender {
    let (mut sender, code) = connect_from(source, smtp).await;
    assert_eq!(code, 220, "{source:?}");
    assert_eq!(sender.command("EHLO client.example.com").await.unwrap().code, 250);
    sender
}

#[tokio::test]
async fn connect_over_a_limit_is_421() {
    for (max_connections, max_connections_per_client) in [(2, 0), (1000, 2)] {
        let world = World::with_edge(Config {
            max_connections,
            max_connections_per_client,
            ..Config::default()
        })
        .await;
        let (first, _) = MailSender::connect(world.smtp).await.unwrap();
        let (_second, _) = MailSender::connect(world.smtp).await.unwrap();
        let (mut third, greeting) = MailSender::connect(world.smtp).await.unwrap();
        assert_eq!((greeting.code, &greeting.text[..5]), (421, "4.7.0"));
        assert!(third.read_reply().await.is_err());
        drop(first);
        let admitted = async {
            while MailSender::connect(world.smtp).await.unwrap().1.code != 220 {
                tokio::task::yield_now().await;
            }
        };
        soon("a free connection", admitted).await;
    }
}

#[tokio::test]
async fn slow_clients_do_not_delay_others() {
    let world = World::with_edge(Config {
        max_connections_per_client: 0,
        ..Config::default()
    })
    .await;
    world.create("a@mayfly.test").await;
    let mut slow = Vec::new();
    for n in 0..200 {
        let mut stream = TcpStream::connect(world.smtp).await.unwrap();
        if n % 2 == 0 {
            stream.write_all(b"E").await.unwrap();
        }
        slow.push(stream);
    }
    let deliver = async {
        let mut sender = MailSender::ready(world.smtp).await.unwrap();
        sender
            .send("b@x.test", &["a@mayfly.test"], &mail_of(4096))
            .await
            .unwrap()
    };
    assert_eq!(soon("a delivery", deliver).await.code, 250);
}

#[tokio::test]
async fn connect_early_talker_is_554() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    stream
        .write_all(b"EHLO a\r\nMAIL FROM:<a@x.test>\r\n")
        .await
        .unwrap();
    let mailbox = mayfly_mailbox::Config::default();
    let _world = World::on(listener, Config::default(), mailbox, MailboxLocation::InProcess).await;
    let mut text = String::new();
    soon("the end", stream.read_to_string(&mut text)).await.unwrap();
    assert_eq!(text, "554 5.5.1 wait for the greeting before you talk\r\n");
}

#[tokio::test]
async fn unterminated_line_is_500_and_closed() {
    let world = World::new().await;
    let mut stream = TcpStream::connect(world.smtp).await.unwrap();
    let mut greeting = [0; 4];
    stream.read_exact(&mut greeting).await.unwrap();
    for _ in 0..100 {
        // The edge closes the connection during this loop; its reply stays readable.
        if stream.write_all(&[b'x'; 10_000]).await.is_err() {
            break;
        }
    }
    stream.shutdown().await.ok();
    let mut text = String::new();
    soon("the end", stream.read_to_string(&mut text)).await.unwrap();
    assert!(text.ends_with("500 5.5.2 line too long\r\n"), "{text}");
}

#[tokio::test]
async fn deliver_over_the_memory_budget_is_452() {
    let world = World::with_edge(Config {
        max_message_bytes: 65_536,
        max_buffered_bytes: 65_536,
        ..Config::default()
    })
    .await;
    let account_id = world.create("a@mayfly.test").await;
    let mut first = MailSender::ready(world.smtp).await.unwrap();
    let mut other = MailSender::ready(world.smtp).await.unwrap();
    for sender in [&mut first, &mut other] {
        for command in ["MAIL FROM:<a@x.test>", "RCPT TO:<a@mayfly.test>", "DATA"] {
            sender.command(command).await.unwrap();
        }
    }
    first.write(&mail_of(60_000)).await.unwrap();
    // Only the reply to the other client shows that the first one's bytes have arrived.
    let rejected = async {
        loop {
            other.write(&mail_of(10_000)).await.unwrap();
            other.write(b".\r\n").await.unwrap();
            let reply = other.read_reply().await.unwrap();
            if reply.code == 452 {
                return reply;
            }
            for command in ["MAIL FROM:<a@x.test>", "RCPT TO:<a@mayfly.test>", "DATA"] {
                other.command(command).await.unwrap();
            }
        }
    };
    assert_eq!(&soon("a rejection", rejected).await.text[..5], "4.3.1");
    first.write(b".\r\n").await.unwrap();
    assert_eq!(first.read_reply().await.unwrap().code, 250);
    let reply = other
        .send("a@x.test", &["a@mayfly.test"], &mail_of(10_000))
        .await
        .unwrap();
    assert_eq!(reply.code, 250);
    assert!(world.list(&account_id).await.len() >= 2);
}

/// Half-sent mails of one client take its share of the memory and nothing else.
#[tokio::test]
async fn half_sent_mails_of_one_client_refuse_no_other() {
    let world = World::with_edge(Config {
        max_message_bytes: 1 << 20,
        max_buffered_bytes: 8 << 20,
        ..Config::default()
    })
    .await;
    let account_id = world.create("a@mayfly.test").await;
    let half = mail_of(900_000);
    let mut greedy = Vec::new();
    for _ in 0..30 {
        let mut sender = ready_from([127, 0, 0, 2], world.smtp).await;
        for command in ["MAIL FROM:<a@x.test>", "RCPT TO:<a@mayfly.test>", "DATA"] {
            sender.command(command).await.unwrap();
        }
        sender.write(&half).await.unwrap();
        greedy.push(sender);
    }
    for size in [10_000, 900_000] {
        let mut other = ready_from([127, 0, 0, 3], world.smtp).await;
        let reply = other
            .send("b@x.test", &["a@mayfly.test"], &mail_of(size))
            .await
            .unwrap();
        assert_eq!(reply.code, 250, "{reply:?}");
    }
    let mut codes = Vec::new();
    for sender in &mut greedy {
        sender.write(b".\r\n").await.unwrap();
        codes.push(sender.read_reply().await.unwrap().code);
    }
    assert!(codes.iter().all(|code| matches!(code, 250 | 452)), "{codes:?}");
    assert!(codes.contains(&452), "{codes:?}");
    assert!(world.list(&account_id).await.len() >= 3);
}

/// Half-sent large mails take disk: what has arrived of them is larger than the memory for message data, whatever the sockets
/// buffer, and all are stored as sent.
#[tokio::test]
async fn half_sent_large_mails_wait_on_disk() {
    const BYTES: usize = 16 << 20;
    let dir = tempfile::tempdir().unwrap();
    let config = Config {
        max_message_bytes: 17 << 20,
        max_buffered_bytes: 17 << 20,
        max_connections_per_client: 0,
        spool_dir: Some(dir.path().to_owned()),
        ..Config::default()
    };
    let mailbox = mayfly_mailbox::Config {
        quota_bytes: 1 << 30,
        ..mayfly_mailbox::Config::default()
    };
    let world = World::with(config, mailbox, MailboxLocation::InProcess).await;
    let account_id = world.create("a@mayfly.test").await;
    let mut mail = b"Subject: large\r\n\r\n".to_vec();
    mail.extend(b"a line of a large mail\r\n".iter().cycle().take(BYTES / 24 * 24));
    let (half, rest) = mail.split_at(BYTES - 1000);
    let mut senders = Vec::new();
    for _ in 0..4 {
        let mut sender = MailSender::ready(world.smtp).await.unwrap();
        for command in ["MAIL FROM:<a@x.test>", "RCPT TO:<a@mayfly.test>", "DATA"] {
            sender.command(command).await.unwrap();
        }
        sender.write(half).await.unwrap();
        senders.push(sender);
    }
    assert_eq!(
        std::fs::read_dir(dir.path()).unwrap().count(),
        0,
        "no file has a name"
    );
    for sender in &mut senders {
        sender.write(rest).await.unwrap();
        sender.write(b".\r\n").await.unwrap();
        let reply = soon("a reply", sender.read_reply()).await.unwrap();
        assert_eq!(reply.code, 250, "{reply:?}");
    }
    let stored = world.list(&account_id).await;
    assert_eq!(stored.len(), 4);
    for message in stored {
        let source = world.source(&account_id, &message.message_id).await;
        assert!(source == mail, "stored as sent");
    }
}

/// Idle sessions of many clients leave the reserve to newcomers.
#[tokio::test]
async fn idle_sessions_of_many_clients_refuse_no_newcomer() {
    let world = World::with_edge(Config {
        max_connections: 100,
        max_connections_per_client: 10,
        ..Config::default()
    })
    .await;
    world.create("a@mayfly.test").await;
    let (mut idle, mut refused) = (Vec::new(), 0);
    for n in 0..200_u8 {
        let (sender, greeting) = connect_from([127, 0, 1, n % 20], world.smtp).await;
        refused += u32::from(greeting == 421);
        idle.push(sender);
    }
    assert!(refused >= 110, "{refused}");
    for n in 1..=20 {
        let mut newcomer = ready_from([127, 0, 2, n], world.smtp).await;
        let reply = newcomer
            .send("b@x.test", &["a@mayfly.test"], &mail_of(4096))
            .await
            .unwrap();
        assert_eq!(reply.code, 250, "{reply:?}");
    }
}

/// Mails of one client beyond the limit of a minute get 451, those of others do not; a mail with many recipients is one.
#[tokio::test]
async fn mail_of_client_over_rate_limit_is_451() {
    let world = World::with_edge(Config {
        client_rate_limit: 10,
        mailbox_rate_limit: 0,
        unlimited_networks: List::default(),
        ..Config::default()
    })
    .await;
    for name in ["a", "b", "c"] {
        world.create(&format!("{name}@mayfly.test")).await;
    }
    let recipients = ["a@mayfly.test", "b@mayfly.test", "c@mayfly.test"];
    let send = async |source: [u8; 4]| {
        let mut sender = ready_from(source, world.smtp).await;
        sender.send("b@x.test", &recipients, &mail_of(100)).await.unwrap()
    };
    for _ in 0..10 {
        assert_eq!(send([127, 0, 0, 1]).await.code, 250);
    }
    let refused = send([127, 0, 0, 1]).await;
    assert_eq!((refused.code, &refused.text[..5]), (451, "4.7.1"));
    assert_eq!(send([127, 0, 0, 2]).await.code, 250);
}

/// One client floods a mailbox: it gets 451, and the mail of another client arrives.
#[tokio::test]
async fn mail_for_mailbox_over_rate_limit_is_451() {
    let world = World::with_edge(Config {
        mailbox_rate_limit: 20,
        unlimited_networks: List::default(),
        ..Config::default()
    })
    .await;
    world.create("a@mayfly.test").await;
    world.create("b@mayfly.test").await;
    let send = async |source: [u8; 4], recipient: &str| {
        let mut sender = ready_from(source, world.smtp).await;
        sender
            .send("b@x.test", &[recipient], &mail_of(100))
            .await
            .unwrap()
    };
    for _ in 0..10 {
        assert_eq!(send([127, 0, 0, 1], "a@mayfly.test").await.code, 250);
    }
    let refused = send([127, 0, 0, 1], "a@mayfly.test").await;
    assert_eq!((refused.code, &refused.text[..5]), (451, "4.7.1"));
    assert_eq!(send([127, 0, 0, 1], "b@mayfly.test").await.code, 250);
    assert_eq!(send([127, 0, 0, 2], "a@mayfly.test").await.code, 250);
}

/// Clients that name a mailbox and send it nothing use up none of its mails.
#[tokio::test]
async fn recipients_without_mail_use_up_no_rate_limit() {
    let world = World::with_edge(Config {
        mailbox_rate_limit: 20,
        unlimited_networks: List::default(),
        ..Config::default()
    })
    .await;
    world.create("a@mayfly.test").await;
    for client in [[127, 0, 0, 2], [127, 0, 0, 3]] {
        let mut idle = ready_from(client, world.smtp).await;
        for _ in 0..40 {
            for command in ["MAIL FROM:<a@x.test>", "RCPT TO:<a@mayfly.test>", "RSET"] {
                assert_eq!(idle.command(command).await.unwrap().code, 250, "{command}");
            }
        }
    }
    let mut other = ready_from([127, 0, 0, 4], world.smtp).await;
    let reply = other.send("b@x.test", &["a@mayfly.test"], &mail_of(100)).await;
    assert_eq!(reply.unwrap().code, 250);
}

/// By default programs on this machine and in private networks are not limited.
#[tokio::test]
async fn mail_of_local_client_has_no_rate_limit() {
    let world = World::with_edge(Config {
        client_rate_limit: 1,
        mailbox_rate_limit: 1,
        ..Config::default()
    })
    .await;
    world.create("a@mayfly.test").await;
    let mut sender = ready_from([127, 0, 0, 1], world.smtp).await;
    for _ in 0..30 {
        let reply = sender.send("b@x.test", &["a@mayfly.test"], &mail_of(100)).await;
        assert_eq!(reply.unwrap().code, 250);
    }
}
