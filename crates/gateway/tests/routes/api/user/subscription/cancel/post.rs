//! `POST /api/user/subscription/cancel`

use serde_json::Value;

use crate::support::World;

#[tokio::test]
async fn subscription_cancel_without_subscription_is_not_found() {
    let world = World::sqlite().await;
    let pro = world.register().await;
    let answer = world
        .post("/api/user/subscription/cancel", &pro, Value::Null)
        .await
        .expect_status(404);
    assert_eq!(answer.text("error"), "no_subscription");
    world
        .assert_unauthorized_td("POST", "/api/user/subscription/cancel", &[])
        .await;
}
