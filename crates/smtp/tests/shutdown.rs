//! Shutdown loses no mail and interrupts no transaction.

use std::time::Duration;

use mayfly_testkit::MailSender;
use tokio::net::TcpStream;

use crate::world::{World, soon};

#[tokio::test]
async fn shutdown_receives_mail_in_progress_and_sends_421() {
    let world = World::new().await;
    let account_id = world.create("a@mayfly.test").await;
    let mut idle = MailSender::ready(world.smtp).await.unwrap();
    let mut busy = MailSender::ready(world.smtp).await.unwrap();
    for command in ["MAIL FROM:<a@x.test>", "RCPT TO:<a@mayfly.test>", "DATA"] {
        busy.command(command).await.unwrap();
    }
    let mail = format!("Subject: long\r\n\r\n{}", "a line of text\r\n".repeat(6_000));
    busy.write(&mail.as_bytes()[..50_000]).await.unwrap();
    let sending = async {
        // The reply to the idle client shows that the edge is stopping.
        let reply = soon("421", idle.read_reply()).await.unwrap();
        assert_eq!((reply.code, &reply.text[..5]), (421, "4.3.2"));
        assert!(idle.read_reply().await.is_err());
        assert!(TcpStream::connect(world.smtp).await.is_err());
        busy.write(&mail.as_bytes()[50_000..]).await.unwrap();
        busy.write(b".\r\n").await.unwrap();
        let reply = soon("250", busy.read_reply()).await.unwrap();
        assert_eq!(reply.code, 250);
        assert_eq!(soon("421", busy.read_reply()).await.unwrap().code, 421);
    };
    let (is_done, ()) = tokio::join!(world.edge.shutdown(Duration::from_secs(30)), sending);
    assert!(is_done);
    let mails = world.list(&account_id).await;
    assert_eq!(
        world.source(&account_id, &mails[0].message_id).await,
        mail.as_bytes()
    );
}
