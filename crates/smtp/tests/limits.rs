//! What one client may not take from the others.

use mayfly_smtp::Config;
use mayfly_testkit::MailSender;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::world::{Place, World, mail_of, soon};

#[tokio::test]
async fn connections_are_capped_for_each_client_and_for_all() {
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
        soon("a place", admitted).await;
    }
}

#[tokio::test]
async fn slow_clients_do_not_hold_up_others() {
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
async fn a_client_that_talks_before_the_greeting_is_sent_away() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    stream
        .write_all(b"EHLO a\r\nMAIL FROM:<a@x.test>\r\n")
        .await
        .unwrap();
    let mailbox = mayfly_mailbox::Config::default();
    let _world = World::on(listener, Config::default(), mailbox, Place::InProcess).await;
    let mut text = String::new();
    soon("the end", stream.read_to_string(&mut text)).await.unwrap();
    assert_eq!(text, "554 5.5.1 wait for the greeting before you talk\r\n");
}

#[tokio::test]
async fn a_line_without_end_is_cut_off() {
    let world = World::new().await;
    let mut stream = TcpStream::connect(world.smtp).await.unwrap();
    let mut greeting = [0; 4];
    stream.read_exact(&mut greeting).await.unwrap();
    for _ in 0..100 {
        // The edge stops listening on the way; what it said stays readable.
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
async fn more_mail_than_fits_the_memory_waits() {
    let world = World::with_edge(Config {
        max_message_bytes: 65_536,
        max_buffered_bytes: 65_536,
        ..Config::default()
    })
    .await;
    let account_id = world.create("a@mayfly.test").await;
    let mut hog = MailSender::ready(world.smtp).await.unwrap();
    let mut other = MailSender::ready(world.smtp).await.unwrap();
    for sender in [&mut hog, &mut other] {
        for command in ["MAIL FROM:<a@x.test>", "RCPT TO:<a@mayfly.test>", "DATA"] {
            sender.command(command).await.unwrap();
        }
    }
    hog.write(&mail_of(60_000)).await.unwrap();
    // Whether the hog's bytes are there already shows only in what the others are told.
    let refused = async {
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
    assert_eq!(&soon("a refusal", refused).await.text[..5], "4.3.1");
    hog.write(b".\r\n").await.unwrap();
    assert_eq!(hog.read_reply().await.unwrap().code, 250);
    let reply = other
        .send("a@x.test", &["a@mayfly.test"], &mail_of(10_000))
        .await
        .unwrap();
    assert_eq!(reply.code, 250);
    assert!(world.list(&account_id).await.len() >= 2);
}
