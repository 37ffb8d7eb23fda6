//! Mail that is as long as can be to those who are told of it.

use mayfly_testkit::MailSender;

use super::{subjects, text, wait};
use crate::{
    follow::{Events, Said, Socket},
    world::{Kind, World},
};

/// Sends a mail with so many links, and such long ones, as are told of one: 100 KiB.
pub(super) async fn send_links(world: &World, to: &[&str], subject: &str) {
    // Lines of a mail have an end; that of a link is none.
    let long = format!("{}=\r\n", "x".repeat(70)).repeat(28);
    let links: String = (0..50)
        .map(|n| format!("<a href=3D\"https://b.test/{n}/=\r\n{long}\">{n}</a>\r\n"))
        .collect();
    let mail = format!(
        "Subject: {subject}\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{links}"
    );
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let reply = sender.send("a@b.test", to, mail.as_bytes()).await.unwrap();
    assert_eq!(reply.code, 250, "{reply:?}");
}

/// Fifty of them are longer than what one call between processes carries.
#[tokio::test]
async fn many_mails_full_of_links_hide_nothing() {
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
        let Said::Text(told) = socket.next().await else {
            panic!("n{n} is told")
        };
        assert_eq!(text(&told, "subject"), format!("n{n}"));
        let told = events.next().await.unwrap().data;
        assert_eq!(text(&told, "subject"), format!("n{n}"));
    }
}
