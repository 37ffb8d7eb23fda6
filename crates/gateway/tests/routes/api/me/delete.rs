//! `DELETE /api/me`

use insta::assert_json_snapshot;
use mayfly_testkit::{Db, db_test};
use serde_json::json;

use crate::support::{PASSWORD, World};

db_test!(delete_me_revokes_token_and_reserves_address);

async fn delete_me_revokes_token_and_reserves_address(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    assert_json_snapshot!(world.delete("/api/me", &mailbox.token).await.snapshot(), @r#"
    {
      "body": null,
      "status": 204
    }
    "#);
    world.get("/api/me", &mailbox.token).await.expect_status(401);
    let body = json!({"address": "ann@mayfly.test", "password": PASSWORD});
    world.post("/api/accounts", "", body).await.expect_status(409);
}

#[tokio::test]
async fn delete_me_without_valid_token_is_unauthorized() {
    let world = World::sqlite().await;
    world.assert_mailbox_only("DELETE", "/api/me").await;
}

#[tokio::test]
async fn delete_me_with_two_credentials_deletes_nothing() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world
        .delete("/api/me?access_token=a", &mailbox.token)
        .await
        .expect_status(400);
    world.get("/api/me", &mailbox.token).await.expect_status(200);
}
