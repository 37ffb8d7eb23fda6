//! `DELETE /messages/{id}`

use mayfly_testkit::{Db, db_test};

use crate::{
    hydra::assert_error,
    support::{MAIL, World},
};

db_test!(delete_message_lowers_the_total);

async fn delete_message_lowers_the_total(db: Db) {
    let world = World::start(db).await;
    let mailbox = world.create_mailbox().await;
    let mut ids = Vec::new();
    for _ in 0..31 {
        ids.push(world.deliver(&mailbox, MAIL).await);
    }
    let total = async || world.get("/messages", &mailbox.token).await.json()["hydra:totalItems"].clone();
    assert_eq!(total().await, 31);
    let path = format!("/messages/{}", ids[3]);
    world.assert_jwt_only("DELETE", &path).await;
    world.delete(&path, &mailbox.token).await.expect_status(204);
    assert_eq!(total().await, 30);
    assert_error(&world.delete(&path, &mailbox.token).await, 404, "Not Found");
    let me = world.get("/me", &mailbox.token).await.json();
    assert_eq!(me["used"], 30 * MAIL.len());
}
