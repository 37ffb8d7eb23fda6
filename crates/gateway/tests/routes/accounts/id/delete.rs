//! `DELETE /accounts/{id}`

use mayfly_testkit::{Db, db_test};

use crate::{hydra::assert_error, support::World};

db_test!(delete_account_ends_its_token);

async fn delete_account_ends_its_token(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    let other = world.create_mailbox_for("other@mayfly.test", "").await;
    let path = format!("/accounts/{}", mailbox.id);
    assert_error(&world.delete(&path, &other.token).await, 404, "Not Found");
    let deleted = world.delete(&path, &mailbox.token).await.expect_status(204);
    assert!(deleted.body.is_empty());
    assert_error(&world.get("/me", &mailbox.token).await, 401, "Invalid JWT Token");
    world.get("/me", &other.token).await.expect_status(200);
    let path = format!("/accounts/{}", other.id);
    assert_error(&world.delete(&path, "").await, 401, "JWT Token not found");
}
