//! `GET /.well-known/mercure`

use axum::{body::Body, http::Request};
use mayfly_testkit::{Db, db_test};
use serde_json::{Value, json};

use crate::{
    hydra::{SHOP, assert_error, node, shop_item},
    support::{EXPIRED_ID, Events, MAIL, Mailbox, World},
};

db_test!(follow_account_reports_every_change_in_order);

async fn open(world: &World, mailbox: &Mailbox, query: &str, cursor: &str) -> Events {
    let mut request = Request::get(format!("/.well-known/mercure?{query}"))
        .header("host", "localhost")
        .header("accept", "text/event-stream")
        .header("authorization", format!("Bearer {}", mailbox.token));
    if !cursor.is_empty() {
        request = request.header("last-event-id", cursor);
    }
    let mut events = world.open_events(request.body(Body::empty()).unwrap()).await;
    // At once, before any event.
    assert!(events.next().await.starts_with(':'));
    events
}

/// Returns the cursor and the object of an event.
fn read(event: &str) -> (Option<String>, Value) {
    let field = |name: &str| {
        let mut lines = event.lines();
        lines
            .find_map(|line| line.strip_prefix(name))
            .map(|value| value.trim().to_owned())
    };
    assert_eq!(field("event:"), None, "{event}");
    let data = field("data:").unwrap_or_else(|| panic!("no data: {event}"));
    (field("id:"), serde_json::from_str(&data).unwrap())
}

async fn next(events: &mut Events) -> (Option<String>, Value) {
    loop {
        let event = events.next().await;
        if !event.starts_with(':') {
            return read(&event);
        }
    }
}

async fn follow_account_reports_every_change_in_order(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    let account = format!("/accounts/{}", mailbox.id);
    let mut events = open(&world, &mailbox, &format!("topic={account}"), "").await;
    let id = world.deliver(&mailbox, SHOP).await;
    let path = format!("/messages/{id}");
    let (cursor, object) = next(&mut events).await;
    assert_eq!(
        (cursor, &object["@type"], &object["used"]),
        (None, &json!("Account"), &json!(SHOP.len()))
    );
    assert_eq!(
        (&object["@id"], &object["@context"]),
        (&json!(account), &json!("/contexts/Account"))
    );
    let arrived = node("Message", &path, shop_item(&mailbox, &id), true);
    assert_eq!(next(&mut events).await, (Some(id.clone()), arrived.clone()));

    for seen in [true, false] {
        world
            .call("PATCH", &path, &mailbox.token, json!({"seen": seen}))
            .await
            .expect_status(200);
        let mut marked = arrived.clone();
        marked["seen"] = seen.into();
        assert_eq!(next(&mut events).await, (None, marked));
    }
    world
        .put(&format!("/api/messages/{id}/read"), &mailbox.token, Value::Null)
        .await
        .expect_status(204);
    assert_eq!(next(&mut events).await.1["seen"], true);

    world.delete(&path, &mailbox.token).await.expect_status(204);
    let (cursor, deleted) = next(&mut events).await;
    assert_eq!(
        (cursor, &deleted["id"], &deleted["isDeleted"]),
        (None, &json!(id), &json!(true))
    );
    assert_eq!(deleted["@type"], "Message");
    let (_, object) = next(&mut events).await;
    assert_eq!(
        (&object["@type"], &object["used"]),
        (&json!("Account"), &json!(0))
    );

    world.delete(&account, &mailbox.token).await.expect_status(204);
    let (_, object) = next(&mut events).await;
    assert_eq!(
        (&object["@type"], &object["isDeleted"]),
        (&json!("Account"), &json!(true))
    );
    assert!(events.is_ended().await);
}

#[tokio::test]
async fn follow_account_replays_messages_after_last_event_id() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let topic = format!("topic=%2Faccounts%2F{}", mailbox.id);
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(world.deliver(&mailbox, MAIL).await);
    }
    let path = format!("/messages/{}", ids[2]);
    world
        .call("PATCH", &path, &mailbox.token, json!({"seen": true}))
        .await
        .expect_status(200);
    let queries = [
        (topic.clone(), &*ids[0]),
        (format!("{topic}&lastEventID={}", ids[0]), ""),
        (format!("{topic}&Last-Event-ID={}", ids[0]), ""),
    ];
    for (query, cursor) in queries {
        let mut events = open(&world, &mailbox, &query, cursor).await;
        for id in &ids[1..] {
            assert_eq!(next(&mut events).await.1["@type"], "Account");
            let (cursor, message) = next(&mut events).await;
            assert_eq!(cursor.as_ref(), Some(id));
            // Clients take any other for a change.
            assert_eq!(
                (&message["seen"], &message["isDeleted"]),
                (&json!(false), &json!(false))
            );
        }
    }
    let mut events = open(&world, &mailbox, &topic, "no id").await;
    let id = world.deliver(&mailbox, MAIL).await;
    next(&mut events).await;
    assert_eq!(
        next(&mut events).await.0,
        Some(id),
        "a cursor that is no id counts for nothing"
    );
}

#[tokio::test]
async fn follow_account_of_another_topic_is_silent() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let other = world.create_mailbox_for("other@mayfly.test", "").await;
    let foreign = format!("topic=/accounts/{}", other.id);
    let mut silent = Vec::new();
    for query in [&*foreign, "topic=/accounts/{id}", "topic=*", ""] {
        silent.push(open(&world, &mailbox, &query.replace(['{', '}'], "%7B"), EXPIRED_ID).await);
    }
    let mut own = open(
        &world,
        &mailbox,
        &format!("{foreign}&topic=/accounts/{}", mailbox.id),
        "",
    )
    .await;
    world.deliver(&other, MAIL).await;
    let id = world.deliver(&mailbox, MAIL).await;
    next(&mut own).await;
    assert_eq!(next(&mut own).await.0, Some(id), "a topic of several");
    world
        .delete(&format!("/accounts/{}", mailbox.id), &mailbox.token)
        .await
        .expect_status(204);
    for events in &mut silent {
        assert!(
            events.is_ended().await,
            "a silent stream ends with its credential, without an event"
        );
    }
}

#[tokio::test]
async fn follow_account_without_header_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world.assert_jwt_only("GET", "/.well-known/mercure").await;
    let query = format!("/.well-known/mercure?authorization={}", mailbox.token);
    assert_error(&world.get(&query, "").await, 401, "JWT Token not found");
    let posted = world
        .post("/.well-known/mercure", &mailbox.token, Value::Null)
        .await;
    assert_error(&posted, 405, "Method Not Allowed");
}
