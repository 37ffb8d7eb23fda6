//! `DELETE /api/user/webhooks/{id}`

use crate::support::World;

#[tokio::test]
async fn delete_webhook_answers_as_the_bearer_api() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let id = world.create_webhook(&pro).await;
    let path = format!("/api/user/webhooks/{id}");
    world.delete(&path, &pro).await.expect_status(204);
    world.delete(&path, &pro).await.expect_status(404);
}

#[tokio::test]
async fn delete_webhook_without_pro_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world
        .assert_unauthorized_td(
            "DELETE",
            "/api/user/webhooks/01a20846-fe00-7000-8000-000000000000",
            &[&mailbox.token],
        )
        .await;
}
