//! `GET /messages/{id}`

use mayfly_testkit::{Db, db_test};
use serde_json::{Value, json};

use crate::{
    hydra::{JSON, SHOP, assert_error, node, shop_item},
    support::{EXPIRED_ID, MAIL, UNKNOWN_ID, World},
};

db_test!(get_message_returns_every_field);

async fn get_message_returns_every_field(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    let id = world.deliver(&mailbox, SHOP).await;
    let path = format!("/messages/{id}");
    let attachment = |number: u32, fields: Value| {
        let attachment_id = format!("ATTACH00000{number}");
        let mut attachment =
            json!({"id": attachment_id, "downloadUrl": format!("{path}/attachment/{attachment_id}")});
        attachment
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        attachment
    };
    let mut expected = shop_item(&mailbox, &id);
    expected.as_object_mut().unwrap().extend(json!({
        "cc": [{"address": "cy@box.test", "name": "Cy"}], "bcc": [], "flagged": false, "verifications": null,
        "retention": true, "retentionDate": "2026-11-30T12:00:00+00:00",
        "text": "Your code is 424242.\nBye", "html": ["<p>Your code is <b>424242</b>.</p><p>Bye</p>"],
        "attachments": [
            attachment(1, json!({"filename": "bill.csv", "contentType": "text/csv", "disposition": "attachment",
                "transferEncoding": "base64", "related": false, "size": 9})),
            attachment(2, json!({"filename": "attachment-2", "contentType": "image/png", "disposition": "inline",
                "transferEncoding": "7bit", "related": true, "size": 3})),
        ],
    }).as_object().unwrap().clone());
    let plain = world.accept("GET", &path, &mailbox.token, JSON).await;
    assert_eq!(plain.expect_status(200).json(), expected);
    let answer = world
        .get(&format!("/{path}"), &mailbox.token)
        .await
        .expect_status(200);
    assert_eq!(answer.json(), node("Message", &path, expected, true));
}

#[tokio::test]
async fn get_message_leaves_out_mailboxes_without_an_address() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let id = world
        .deliver(
            &mailbox,
            "To: operator, Ann <ann@mayfly.test>\r\nCc: root\r\n\r\nx\r\n",
        )
        .await;
    let message = world.get(&format!("/messages/{id}"), &mailbox.token).await.json();
    assert_eq!(
        message["to"],
        json!([{"address": "ann@mayfly.test", "name": "Ann"}])
    );
    assert_eq!(message["cc"], json!([]));
}

#[tokio::test]
async fn get_message_of_text_only_makes_html() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let id = world
        .deliver(&mailbox, "Subject: x\r\n\r\nA <b> & c\r\nnext\r\n")
        .await;
    let message = world.get(&format!("/messages/{id}"), &mailbox.token).await.json();
    assert_eq!(message["text"], "A <b> & c\r\nnext\r\n");
    assert_eq!(message["html"], json!(["<p>A &lt;b&gt; &amp; c<br>next</p>"]));
    // The bearer API derives nothing.
    let id = world.deliver(&mailbox, SHOP).await;
    let message = world
        .get(&format!("/api/messages/{id}"), &mailbox.token)
        .await
        .json();
    assert_eq!(message["text_body"], Value::Null);
}

#[tokio::test]
async fn get_message_of_others_or_past_retention_is_not_found() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let other = world.create_mailbox_for("other@mayfly.test", "").await;
    let id = world.deliver(&other, MAIL).await;
    for id in [&*id, UNKNOWN_ID, EXPIRED_ID, "x"] {
        for suffix in ["", "/download", "/attachment/ATTACH000001"] {
            let answer = world
                .get(&format!("/messages/{id}{suffix}"), &mailbox.token)
                .await;
            assert_error(&answer, 404, "Not Found");
        }
        assert_error(
            &world.get(&format!("/sources/{id}"), &mailbox.token).await,
            404,
            "Not Found",
        );
    }
    world.assert_jwt_only("GET", &format!("/messages/{id}")).await;
    assert_error(
        &world.get("/messages/a/b/c/d", &mailbox.token).await,
        404,
        "Not Found",
    );
}
