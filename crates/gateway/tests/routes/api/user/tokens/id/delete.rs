//! `DELETE /api/user/tokens/{id}`

use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn revoke_token_answers_as_the_bearer_api() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let created = world.post("/api/user/tokens", &pro, json!({"name": "ci"})).await;
    let path = format!("/api/user/tokens/{}", created.text("id"));
    world.delete(&path, &pro).await.expect_status(204);
    let refused = world
        .get("/api/user/me", &created.text("token"))
        .await
        .expect_status(401);
    assert_eq!(refused.text("error"), "invalid_or_expired_token");
}

#[tokio::test]
async fn revoke_token_without_pro_token_is_unauthorized() {
    let world = World::sqlite().await;
    let mailbox = world.create_mailbox().await;
    world
        .assert_unauthorized_td(
            "DELETE",
            "/api/user/tokens/01a20846-fe00-7000-8000-000000000000",
            &[&mailbox.token],
        )
        .await;
}
