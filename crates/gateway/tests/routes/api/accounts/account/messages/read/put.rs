//! `PUT /api/accounts/{account}/messages/read`

use serde_json::json;

use crate::support::{MAIL, UNKNOWN_ID, World};

#[tokio::test]
async fn mark_messages_read_counts_those_that_were_unread() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let mailbox = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    let path = "/api/accounts/ann@mayfly.test/messages/read";
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(world.deliver(&mailbox, MAIL).await);
    }
    for (body, updated) in [
        (json!({"ids": [ids[0], UNKNOWN_ID, "x"]}), 1),
        (json!({"ids": [ids[0]]}), 0),
        (json!({"all": true}), 2),
        (json!({"all": true}), 0),
    ] {
        let answer = world.put(path, &pro, body).await.expect_status(200);
        assert_eq!(answer.json(), json!({"updated": updated}));
    }
}

#[tokio::test]
async fn mark_messages_read_without_a_choice_is_invalid() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let path = format!("/api/accounts/{}/messages/read", mailbox.id);
    for body in [
        json!({}),
        json!({"all": false}),
        json!({"ids": []}),
        json!({"ids": vec![UNKNOWN_ID; 1001]}),
        json!({"ids": "x"}),
    ] {
        let answer = world.put(&path, &mailbox.token, body).await.expect_status(400);
        assert_eq!(answer.text("error"), "invalid_request");
    }
    world.assert_unauthorized_td("PUT", &path, &[]).await;
}
