//! `GET /api/user/subscription/status`

use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn get_subscription_is_empty() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let answer = world
        .get("/api/user/subscription/status", &pro)
        .await
        .expect_status(200);
    let expected = json!({"status": "", "cancel_mode": "", "scheduled_cancel_at": null});
    assert_eq!(answer.json(), expected);
    world
        .assert_unauthorized_td("GET", "/api/user/subscription/status", &[])
        .await;
}
