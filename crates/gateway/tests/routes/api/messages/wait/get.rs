//! `GET /api/messages/wait`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};

use crate::support::{EXPIRED_ID, MAIL, World};

db_test!(
    wait_for_messages_returns_stored_message,
    wait_for_messages_with_claim_returns_each_once,
);

/// 50 waits share 25 messages: each message is returned once, and the other waits end without one.
async fn wait_for_messages_with_claim_returns_each_once(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    let mut sent = Vec::new();
    for _ in 0..25 {
        sent.push(world.deliver(&mailbox, MAIL).await);
    }
    let path = format!("/api/messages/wait?since={EXPIRED_ID}&claim=true&timeout=3");
    let waits = (0..50).map(|_| world.get(&path, &mailbox.token));
    let answers = futures_util::future::join_all(waits).await;
    let mut found: Vec<String> = answers
        .iter()
        .filter(|answer| answer.status == 200)
        .map(|answer| answer.json()["messages"][0]["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 25);
    found.sort();
    sent.sort();
    assert_eq!(found, sent);
    let answer = world
        .get("/api/messages/wait?claim=true&count=2&timeout=0", &mailbox.token)
        .await;
    assert_eq!(answer.status, 400);
}

async fn wait_for_messages_returns_stored_message(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    let id = world.deliver(&mailbox, MAIL).await;
    let path = format!("/api/messages/wait?since={EXPIRED_ID}&has_code=true&timeout=60");
    let answer = world.get(&path, &mailbox.token).await;
    assert_json_snapshot!(answer.snapshot(), @r#"
    {
      "body": {
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
        "since": "[id]"
      },
      "status": 200
    }
    "#);
    assert_eq!(answer.text("since"), id);
}

/// A length or a pattern selects messages, and leaves other codes out of the answer.
#[tokio::test]
async fn wait_for_messages_with_code_filter_keeps_its_codes() {
    const MAIL: &str = "Subject: Your codes\r\n\r\nYour verification code is 48219075.\r\n\r\nYour backup code is 7KQ2-M9PX.\r\n";
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world.deliver(&mailbox, MAIL).await;
    for (filter, values) in [
        ("has_code=true", &["48219075", "7KQ2-M9PX"][..]),
        ("code_length=8", &["48219075"]),
        ("code_length=9-12", &["7KQ2-M9PX"]),
        ("code_pattern=%5B0-9A-Z%5D%7B4%7D-.*", &["7KQ2-M9PX"]),
        ("code_pattern=%5B0-9%5D", &[]),
    ] {
        let path = format!("/api/messages/wait?since={EXPIRED_ID}&{filter}&timeout=0");
        let answer = world.get(&path, &mailbox.token).await;
        let mut found: Vec<String> = match answer.status {
            204 => Vec::new(),
            _ => answer.json()["messages"][0]["codes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|code| code["value"].as_str().unwrap().to_owned())
                .collect(),
        };
        found.sort();
        assert_eq!(found, values, "{filter}");
    }
}

#[tokio::test]
async fn wait_for_messages_without_match_is_empty() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let id = world.deliver(&mailbox, MAIL).await;
    let path = format!("/api/messages/wait?since={EXPIRED_ID}&subject=other&timeout=0");
    let answer = world.get(&path, &mailbox.token).await.expect_status(204);
    assert_eq!(answer.header("x-mayfly-since"), id);
}

#[tokio::test]
async fn wait_for_messages_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world
        .assert_mailbox_only("GET", "/api/messages/wait?timeout=0")
        .await;
}

#[tokio::test]
async fn wait_for_messages_invalid_filter_names_parameter() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    for (query, parameter) in [
        ("since=x", "since"),
        ("timeout=61", "timeout"),
        ("count=0", "count"),
        ("subject=/[/", "subject"),
        ("has_code=maybe", "has_code"),
        ("code_length=0", "code_length"),
        ("code_length=8-4", "code_length"),
        ("code_pattern=(", "code_pattern"),
    ] {
        let path = format!("/api/messages/wait?{query}");
        let answer = world.get(&path, &mailbox.token).await.expect_status(400);
        assert_eq!(answer.text("error"), "invalid_request");
        assert!(answer.text("message").starts_with(parameter), "{query}");
    }
}

#[tokio::test]
async fn wait_with_query_returns_matching_message_only() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world
        .deliver(&mailbox, "Subject: other\r\n\r\nbill.csv\r\n")
        .await;
    let id = world.deliver(&mailbox, MAIL).await;
    let path = format!("/api/messages/wait?since={EXPIRED_ID}&q=filename:bill.csv+body:482913&timeout=5");
    let answer = world.get(&path, &mailbox.token).await.expect_status(200).json();
    assert_eq!(answer["messages"][0]["id"], id);
    let path = format!("/api/messages/wait?since={EXPIRED_ID}&q=subject:nothing&timeout=0");
    assert_eq!(world.get(&path, &mailbox.token).await.status, 204);
    let answer = world
        .get("/api/messages/wait?q=before:nonsense", &mailbox.token)
        .await;
    assert_eq!(
        (answer.status, answer.text("error").as_str()),
        (400, "invalid_query")
    );
}

/// The mail arrives at noon UTC, which is two in the morning of the next day on Kiritimati.
#[tokio::test]
async fn wait_with_query_has_days_of_time_zone() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world.deliver(&mailbox, MAIL).await;
    for (zone, status) in [("", 204), ("Pacific/Kiritimati", 200), ("Mars", 400)] {
        let path = format!("/api/messages/wait?since=0&q=after:2026-11-24&tz={zone}&timeout=0");
        assert_eq!(world.get(&path, &mailbox.token).await.status, status, "{zone}");
    }
}
