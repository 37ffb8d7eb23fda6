//! `GET /api/messages/{id}`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::{Value, json};

use crate::support::{EXPIRED_ID, MAIL, UNKNOWN_ID, World};

db_test!(
    get_message_returns_bodies_codes_and_links,
    get_message_returns_what_the_header_says,
    get_message_beyond_bounds_has_what_is_within,
    get_message_shows_mailboxes_without_an_address,
);

async fn get_message_returns_bodies_codes_and_links(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    let id = world.deliver(&mailbox, MAIL).await;
    assert_json_snapshot!(world.get(&format!("/api/messages/{id}"), &mailbox.token).await.snapshot(), @r#"
    {
      "body": {
        "address": "ann@mayfly.test",
        "attachments": [
          {
            "content_type": "text/csv",
            "filename": "bill.csv",
            "index": 0,
            "size": 9
          }
        ],
        "bcc": [],
        "cc": [],
        "codes": [
          {
            "confidence": 0.96,
            "found_in": "text",
            "value": "482913"
          }
        ],
        "created_at": "2026-11-23T12:00:00Z",
        "date": null,
        "from": "Shop <shop@sender.example>",
        "has_attachments": true,
        "headers": [
          [
            "From",
            "Shop <shop@sender.example>"
          ],
          [
            "Subject",
            "Your code"
          ],
          [
            "MIME-Version",
            "1.0"
          ],
          [
            "Content-Type",
            "multipart/mixed; boundary=m"
          ]
        ],
        "html_body": "<p>Your verification code is <b>482913</b>.</p><script>alert(1)</script>",
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
        "message_id": null,
        "recipients": null,
        "reply_to": [],
        "sender": "shop@sender.example",
        "size": 548,
        "subject": "Your code",
        "text_body": "Your verification code is 482913.\r\nVerify your address: https://shop.example/verify?t=1",
        "to": [],
        "unsubscribe": null
      },
      "status": 200
    }
    "#);
}

async fn get_message_shows_mailboxes_without_an_address(db: Db) {
    const NIGHTLY: &str = "To: operator, Ann <ann@mayfly.test>\r\nReply-To: root\r\n\r\nHello\r\n";
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    let id = world.deliver(&mailbox, NIGHTLY).await;
    let body = world
        .get(&format!("/api/messages/{id}"), &mailbox.token)
        .await
        .json();
    assert_eq!(
        body["to"],
        json!([{"name": "operator", "address": ""}, {"name": "Ann", "address": "ann@mayfly.test"}])
    );
    assert_eq!(body["reply_to"], json!([{"name": "root", "address": ""}]));
    assert_eq!(body["bcc"], json!([]));
}

async fn get_message_returns_what_the_header_says(db: Db) {
    const NEWSLETTER: &str = "From: =?utf-8?q?Caf=C3=A9?= <news@sender.example>\r\n\
        To: \"Doe, Ann\" <ann@mayfly.test>, Team: bob@b.test, Cy <cy@b.test>;\r\n\
        Cc: dee@b.test (Dee)\r\nto: <eve@b.test>\r\n\
        Reply-To: Help <help@sender.example>\r\n\
        Date: Mon, 23 Nov 2026 12:34:56 +0130\r\n\
        Message-ID: <1.2@sender.example> (made up)\r\n\
        List-Unsubscribe: <mailto:off@sender.example>,\r\n <https://sender.example/off>\r\n\
        List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\
        X-Tag: a\r\nX-Tag: =?iso-8859-1?q?=E4?=\r\n =?utf-8?b?w7Y=?=\r\n\r\nHello\r\n";
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    let id = world.deliver(&mailbox, NEWSLETTER).await;
    let answer = world.get(&format!("/api/messages/{id}"), &mailbox.token).await;
    let body = answer.json();
    let keys = [
        "to",
        "cc",
        "reply_to",
        "date",
        "message_id",
        "unsubscribe",
        "headers",
        "has_attachments",
    ];
    let shown: serde_json::Map<_, _> = keys
        .map(|key| (key.to_owned(), body[key].clone()))
        .into_iter()
        .collect();
    assert_json_snapshot!(shown, @r#"
    {
      "cc": [
        {
          "address": "dee@b.test",
          "name": "Dee"
        }
      ],
      "date": "2026-11-23T11:04:56Z",
      "has_attachments": false,
      "headers": [
        [
          "From",
          "Café <news@sender.example>"
        ],
        [
          "To",
          "\"Doe, Ann\" <ann@mayfly.test>, Team: bob@b.test, Cy <cy@b.test>;"
        ],
        [
          "Cc",
          "dee@b.test (Dee)"
        ],
        [
          "to",
          "<eve@b.test>"
        ],
        [
          "Reply-To",
          "Help <help@sender.example>"
        ],
        [
          "Date",
          "Mon, 23 Nov 2026 12:34:56 +0130"
        ],
        [
          "Message-ID",
          "<1.2@sender.example> (made up)"
        ],
        [
          "List-Unsubscribe",
          "<mailto:off@sender.example>, <https://sender.example/off>"
        ],
        [
          "List-Unsubscribe-Post",
          "List-Unsubscribe=One-Click"
        ],
        [
          "X-Tag",
          "a"
        ],
        [
          "X-Tag",
          "äö"
        ]
      ],
      "message_id": "<1.2@sender.example>",
      "reply_to": [
        {
          "address": "help@sender.example",
          "name": "Help"
        }
      ],
      "to": [
        {
          "address": "ann@mayfly.test",
          "name": "Doe, Ann"
        },
        {
          "address": "bob@b.test",
          "name": null
        },
        {
          "address": "cy@b.test",
          "name": "Cy"
        },
        {
          "address": "eve@b.test",
          "name": null
        }
      ],
      "unsubscribe": {
        "http": "https://sender.example/off",
        "mailto": "mailto:off@sender.example",
        "one_click": true
      }
    }
    "#);
}

/// The parts of a mail with a header of more than 100 KiB or with parts nested too deep are not read.
async fn get_message_beyond_bounds_has_what_is_within(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    let head = "To: Ann <ann@mayfly.test>\r\nDate: yesterday\r\nSubject: s\r\n";
    let long = format!("{head}{}\r\nHello\r\n", "X-Filler: 0123456789\r\n".repeat(6000));
    let deep = format!(
        "{head}{}\r\nHello\r\n",
        "Content-Type: message/rfc822\r\n\r\n".repeat(100)
    );
    for (mail, fields, text, has_attachments) in
        [(long, 3001..6003, Some("Hello"), false), (deep, 4..5, None, true)]
    {
        let id = world.deliver(&mailbox, &mail).await;
        let answer = world.get(&format!("/api/messages/{id}"), &mailbox.token).await;
        let body = answer.expect_status(200).json();
        assert_eq!(body["to"], json!([{"name": "Ann", "address": "ann@mayfly.test"}]));
        assert_eq!(body["date"], Value::Null);
        assert_eq!(body["has_attachments"], has_attachments);
        assert_eq!(body["text_body"].as_str().map(str::trim), text);
        let headers = body["headers"].as_array().unwrap();
        assert!(fields.contains(&headers.len()), "{}", headers.len());
        let len = |field: &Value| field[0].as_str().unwrap().len() + field[1].as_str().unwrap().len();
        assert!(headers.iter().map(len).sum::<usize>() <= 100 * 1024);
    }
    let listed = world.get("/api/messages", &mailbox.token).await.json();
    let listed = listed["messages"].as_array().unwrap().iter();
    let with_attachments: Vec<&Value> = listed.map(|item| &item["has_attachments"]).collect();
    assert_eq!(with_attachments, [true, false]);
}

#[tokio::test]
async fn get_message_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world
        .assert_mailbox_only("GET", "/api/messages/01a20846-fe00-7000-8000-000000000000")
        .await;
}

#[tokio::test]
async fn get_message_unknown_or_expired_id_is_an_error() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    for (id, status, error) in [
        (UNKNOWN_ID, 404, "not_found"),
        ("x", 404, "not_found"),
        (EXPIRED_ID, 410, "expired"),
    ] {
        let path = format!("/api/messages/{id}");
        let answer = world.call("GET", &path, &mailbox.token, Value::Null).await;
        assert_eq!(answer.expect_status(status).text("error"), error, "{id}");
    }
}

#[tokio::test]
async fn get_message_of_another_mailbox_is_not_found() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let id = world.deliver(&mailbox, MAIL).await;
    let other = world.create_mailbox_for("bob@mayfly.test", "").await;
    assert_json_snapshot!(world.get(&format!("/api/messages/{id}"), &other.token).await.snapshot(), @r#"
    {
      "body": {
        "error": "not_found",
        "message": "there is nothing here"
      },
      "status": 404
    }
    "#);
}
