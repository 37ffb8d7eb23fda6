//! `DELETE /v1/inbox/{address}`

use serde_json::Value;

use crate::support::{MAIL, World};

#[tokio::test]
async fn clear_inbox_deletes_all_mail_and_is_idempotent() {
    let world = World::open().await;
    let id = world.deliver_to("ann@open.test", MAIL).await;
    let other = world.deliver_to("bob@open.test", MAIL).await;
    for _ in 0..2 {
        let answer = world
            .call_v1("DELETE", "/v1/inbox/ann@open.test", "", Value::Null)
            .await;
        answer.expect_status(204);
    }
    world
        .get_v1(&format!("/v1/email/{id}"), "")
        .await
        .expect_status(404);
    world
        .get_v1(&format!("/v1/email/{other}"), "")
        .await
        .expect_status(200);
}

#[tokio::test]
async fn clear_inbox_of_mailbox_with_a_password_needs_its_owner() {
    let world = World::open().await;
    let pro = world.register().await;
    let own = world.create_mailbox_for("ann@mayfly.test", &pro).await;
    world.deliver(&own, MAIL).await;
    let clear = async |token: &str| {
        let path = "/v1/inbox/ann@mayfly.test";
        world.call_v1("DELETE", path, token, Value::Null).await.status
    };
    assert_eq!(clear("").await, 404);
    let listed = async || world.get("/api/messages", &own.token).await.json()["messages"].clone();
    assert_eq!(listed().await.as_array().unwrap().len(), 1);
    assert_eq!(clear(&pro).await, 204);
    assert_eq!(listed().await.as_array().unwrap().len(), 0);
    world.get("/api/me", &own.token).await.expect_status(200);
}
