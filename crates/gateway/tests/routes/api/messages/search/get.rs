//! `GET /api/messages/search`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};

use crate::support::{MAIL, World};

db_test!(search_messages_returns_list_item_with_codes_and_links);

async fn search_messages_returns_list_item_with_codes_and_links(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    world.deliver(&mailbox, "Subject: other\r\n\r\nHello\r\n").await;
    world.deliver(&mailbox, MAIL).await;
    let path = "/api/messages/search?q=subject:code+has:attachment+bill*";
    assert_json_snapshot!(world.get(path, &mailbox.token).await.snapshot(), @r#"
    {
      "body": {
        "complete": true,
        "messages": [
          {
            "account_id": "[id]",
            "address": "ann@mayfly.test",
            "codes": [
              {
                "confidence": 0.96,
                "found_in": "text",
                "value": "482913"
              }
            ],
            "created_at": "2026-11-23T12:00:00Z",
            "from": "Shop <shop@sender.example>",
            "has_attachments": true,
            "id": "[id]",
            "is_read": false,
            "links": [
              {
                "confidence": 0.98,
                "kind": "verify",
                "text": null,
                "url": "https://shop.example/verify?t=1"
              }
            ],
            "preview_text": "Your verification code is 482913. Verify your address: https://shop.example/verify?t=1",
            "sender": "shop@sender.example",
            "size": 548,
            "subject": "Your code"
          }
        ],
        "next": null
      },
      "status": 200
    }
    "#);
}

#[tokio::test]
async fn search_messages_pages_by_cursor() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let mut sent = Vec::new();
    for _ in 0..5 {
        sent.push(world.deliver(&mailbox, MAIL).await);
    }
    sent.reverse();
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/messages/search?q=code&limit=2{cursor}");
        let page = world.get(&path, &mailbox.token).await.expect_status(200).json();
        let messages = page["messages"].as_array().unwrap().iter();
        found.extend(messages.map(|message| message["id"].as_str().unwrap().to_owned()));
        assert_eq!(page["complete"], true);
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(found, sent);
}

#[tokio::test]
async fn search_messages_with_invalid_query_names_position() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let answer = world
        .get("/api/messages/search?q=code+before:nonsense", &mailbox.token)
        .await;
    assert_json_snapshot!(answer.snapshot(), @r#"
    {
      "body": {
        "error": "invalid_query",
        "message": "a time is like 2026-11-28, 2026-11-28T09:30:00Z, 90s, 15m, 2h or 7d",
        "position": 12
      },
      "status": 400
    }
    "#);
    for query in ["", "?q=x&limit=0", "?q=x&cursor=y", "?q=x&page=2"] {
        let answer = world
            .get(&format!("/api/messages/search{query}"), &mailbox.token)
            .await;
        assert_eq!(answer.status, 400, "{query}");
    }
}

/// The mail arrives at noon UTC, which is two in the morning of the next day on Kiritimati.
#[tokio::test]
async fn search_messages_has_days_of_time_zone() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world.deliver(&mailbox, MAIL).await;
    for (query, count) in [
        ("after:2026-11-24", 0),
        ("after:2026-11-24&tz=UTC", 0),
        ("after:2026-11-24&tz=Pacific/Kiritimati", 1),
        ("after:2026-11-24&tz=pacific%2Fkiritimati", 1),
        ("before:2026-11-24&tz=Pacific/Kiritimati", 0),
        ("before:2026-11-24", 1),
        ("after:2026-11-23T11:00:00Z&tz=Pacific/Kiritimati", 1),
    ] {
        let path = format!("/api/messages/search?q={query}");
        let page = world.get(&path, &mailbox.token).await.expect_status(200).json();
        assert_eq!(page["messages"].as_array().unwrap().len(), count, "{query}");
    }
    let path = "/api/messages/search?q=x&tz=Europe/Nowhere";
    assert_json_snapshot!(world.get(path, &mailbox.token).await.snapshot(), @r#"
    {
      "body": {
        "error": "invalid_request",
        "message": "tz: must be the name of a time zone of IANA, such as Europe/Berlin"
      },
      "status": 400
    }
    "#);
}

#[tokio::test]
async fn search_messages_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_mailbox_only("GET", "/api/messages/search?q=x").await;
}
