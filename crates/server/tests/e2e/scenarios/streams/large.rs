//! Events of the maximum size.

use mayfly_testkit::MailSender;

use super::{subjects, text, wait};
use crate::{
    follow::{Events, Frame, Socket},
    world::{Kind, World},
};

/// Sends a mail with as many and as long links as an event can contain: 100 KiB.
pub(super) async fn send_links(world: &World, to: &[&str], subject: &str) {
    // Links with a kind are all kept. Soft line breaks wrap the long URLs.
    let long = format!("{}=\r\n", "x".repeat(70)).repeat(28);
    let links: String = (0..50)
        .map(|n| format!("<a href=3D\"https://b.test/{n}/=\r\n{long}\">Confirm</a>\r\n"))
        .collect();
    let mail = format!(
        "Subject: {subject}\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{links}"
    );
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let reply = sender.send("a@b.test", to, mail.as_bytes()).await.unwrap();
    assert_eq!(reply.code, 250, "{reply:?}");
}

/// Fifty such messages exceed the size limit of one gRPC message.
#[tokio::test]
async fn resume_over_large_messages_misses_nothing() {
    let world = World::start(Kind::Split);
    let client = world.client();
    let mailbox = client.create_mailbox("ann@mayfly.test", None).await;
    let start = text(&wait(&client, &mailbox.token, "timeout=0").await.1, "since");
    for n in 0..55 {
        send_links(&world, &[&mailbox.address], &format!("n{n}")).await;
    }
    let query = format!("since={start}&subject=n54&timeout=20");
    let (status, answer) = wait(&client, &mailbox.token, &query).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(subjects(&answer), ["n54"]);
    assert_eq!(answer["messages"][0]["links"].as_array().unwrap().len(), 50);

    let base = world.http().to_owned();
    let mut socket = Socket::follow(&base, &mailbox.token, Some(&start)).await.unwrap();
    let url = format!("{base}/api/events");
    let mut events = Events::open(&url, Some(&mailbox.token), Some(&start))
        .await
        .unwrap();
    for n in 0..55 {
        let Frame::Text(message) = socket.next().await else {
            panic!("n{n} is published")
        };
        assert_eq!(text(&message, "subject"), format!("n{n}"));
        let message = events.next().await.unwrap().data;
        assert_eq!(text(&message, "subject"), format!("n{n}"));
    }
}
