//! `GET /sources/{id}`

use serde_json::json;

use crate::{
    hydra::{JSON, SHOP, assert_error, node},
    support::World,
};

#[tokio::test]
async fn get_source_returns_text_in_json() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let id = world.deliver(&mailbox, SHOP).await;
    let path = format!("/sources/{id}");
    let expected = json!({"id": id, "downloadUrl": format!("/messages/{id}/download"), "data": SHOP});
    let plain = world.accept("GET", &path, &mailbox.token, JSON).await;
    assert_eq!(plain.expect_status(200).json(), expected);
    let answer = world.get(&path, &mailbox.token).await.expect_status(200);
    assert_eq!(answer.json(), node("Source", &path, expected, true));
    world.assert_jwt_only("GET", &path).await;
}

#[tokio::test]
async fn get_source_above_ten_mebibytes_is_not_found() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    let mail = format!("Subject: x\r\n\r\n{}", "x".repeat(10 << 20));
    let id = world.deliver(&mailbox, &mail).await;
    let answer = world.get(&format!("/sources/{id}"), &mailbox.token).await;
    assert_error(&answer, 404, "Not Found");
    let answer = world
        .get(&format!("/messages/{id}/download"), &mailbox.token)
        .await;
    assert_eq!(answer.expect_status(200).body.len(), mail.len());
}
