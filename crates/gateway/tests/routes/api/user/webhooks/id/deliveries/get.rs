//! `GET /api/user/webhooks/{id}/deliveries`

use crate::support::World;

#[tokio::test]
async fn list_webhook_deliveries_answers_as_the_bearer_api() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let id = world.create_webhook(&pro).await;
    let expected = world.failed_delivery(&pro, &id).await.json();
    let path = format!("/api/user/webhooks/{id}/deliveries");
    assert_eq!(world.get(&path, &pro).await.expect_status(200).json(), expected);
}

#[tokio::test]
async fn list_webhook_deliveries_without_pro_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world
        .assert_unauthorized_td(
            "GET",
            "/api/user/webhooks/01a20846-fe00-7000-8000-000000000000/deliveries",
            &[&mailbox.token],
        )
        .await;
}
