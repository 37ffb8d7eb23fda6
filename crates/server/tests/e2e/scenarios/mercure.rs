//! The event stream of mail.tm over several gateways: what happens at one is seen at the other, in order.

use mayfly_testkit::MailSender;
use serde_json::{Value, json};

use crate::{
    client::{Client, Mailbox},
    follow::{Event, Events},
    world::World,
};

mod worlds {
    crate::scenario!(mercure_reports_what_happens_at_another_gateway, whole);
}

async fn send(world: &World, mailbox: &Mailbox, subject: &str) {
    let mut sender = MailSender::ready(world.smtp()).await.unwrap();
    let mail = format!("From: Shop <shop@example.com>\r\nSubject: {subject}\r\n\r\nHello\r\n");
    let reply = sender
        .send("bounce@example.com", &[&mailbox.address], mail.as_bytes())
        .await
        .unwrap();
    assert_eq!(reply.code, 250, "{reply:?}");
}

async fn open(base: &str, mailbox: &Mailbox, last: Option<&str>) -> Events {
    let url = format!("{base}/.well-known/mercure?topic=/accounts/{}", mailbox.id);
    Events::open_silently(&url, Some(&mailbox.token), last)
        .await
        .unwrap()
}

/// Returns the next event and what it is about.
async fn next(events: &mut Events) -> (Event, String) {
    let event = events.next().await.expect("the stream goes on");
    let kind = event.data["@type"].as_str().unwrap().to_owned();
    (event, kind)
}

async fn call(client: &Client, method: &str, path: &str, token: &str, body: Option<Value>) {
    let answer = client.call(method, path, Some(token), body).await;
    assert!(answer.status < 300, "{answer:?}");
}

async fn mercure_reports_what_happens_at_another_gateway(world: World) {
    let gateways = world.all("HTTP");
    let (here, there) = (gateways[0], Client::new(gateways[gateways.len() - 1]));
    let mailbox = there.create_mailbox("ann@mayfly.test", None).await;
    let mut events = open(here, &mailbox, None).await;
    send(&world, &mailbox, "first").await;
    let (account, kind) = next(&mut events).await;
    assert_eq!((kind.as_str(), account.id.as_str()), ("Account", ""));
    assert!(account.data["used"].as_i64().unwrap() > 0);
    let (first, kind) = next(&mut events).await;
    let id = first.data["id"].as_str().unwrap().to_owned();
    assert_eq!(
        (kind.as_str(), &first.id, &first.data["subject"]),
        ("Message", &id, &json!("first"))
    );

    let path = format!("/messages/{id}");
    call(
        &there,
        "PATCH",
        &path,
        &mailbox.token,
        Some(json!({"seen": true})),
    )
    .await;
    let (marked, _) = next(&mut events).await;
    assert_eq!(
        (&marked.data["id"], &marked.data["seen"]),
        (&json!(id), &json!(true))
    );
    assert_eq!(marked.id, "", "a mark is no cursor");
    call(&there, "DELETE", &path, &mailbox.token, None).await;
    let (deleted, _) = next(&mut events).await;
    assert_eq!(
        (&deleted.data["id"], &deleted.data["isDeleted"]),
        (&json!(id), &json!(true))
    );
    let (account, kind) = next(&mut events).await;
    assert_eq!((kind.as_str(), &account.data["used"]), ("Account", &json!(0)));

    // What arrives without a stream comes when the client is back, at any gateway.
    drop(events);
    for number in 0..3 {
        send(&world, &mailbox, &format!("missed {number}")).await;
    }
    let mut events = open(gateways[gateways.len() - 1], &mailbox, Some(&first.id)).await;
    for number in 0..3 {
        assert_eq!(next(&mut events).await.1, "Account");
        let (message, _) = next(&mut events).await;
        assert_eq!(message.data["subject"], format!("missed {number}"));
    }
    let account = format!("/accounts/{}", mailbox.id);
    call(&there, "DELETE", &account, &mailbox.token, None).await;
    let (ended, kind) = next(&mut events).await;
    assert_eq!(
        (kind.as_str(), &ended.data["isDeleted"]),
        ("Account", &json!(true))
    );
    assert!(events.next().await.is_none());
}
